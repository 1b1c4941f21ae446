"""The mood of what customers write: polite is not pleased, and some words mean risk whatever the tone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.conversations.sentiment import mood_of


@pytest.mark.parametrize(
    "text",
    [
        "Please help us with the setup, thanks.",
        "Hello, thank you, could you please send the invoice again?",
        "Support ticket 4711",
    ],
)
def test_a_polite_question_is_no_praise(text):
    assert -0.3 < mood_of(text).score < 0.5


def test_praise_is_above_politeness_and_complaint_below_it():
    praise, polite = mood_of("We love the new reports, great work!"), mood_of("Thanks, please call us back.")
    angry = mood_of("This is unacceptable. The export is broken and the app is slow.")
    assert praise.score > 0.5 > polite.score > angry.score < -0.5


@pytest.mark.parametrize(
    ("text", "flags"),
    [
        ("Thanks for everything! We will cancel at the end of the year.", ("cancel",)),
        ("We are happy, yet a competitor made an offer", ("competitor",)),
        ("We are switching to another tool", ("competitor",)),
        ("Our lawyer will write to you about termination.", ("legal",)),
        ("I want my money back and a REFUND", ("refund",)),
        ("Please cancel it and give us a credit note", ("cancel", "refund")),
        ("Sorry, I cancelled the meeting", ()),
        ("We cancelled the contract", ("cancel",)),
        ("All is well", ()),
    ],
)
def test_words_of_risk_are_flagged_whatever_the_tone(text, flags):
    assert mood_of(text).flags == flags


def test_what_others_wrote_is_not_their_mood():
    own = "Works well now, great."
    quoted = f"{own}\nOn Tuesday at 09:00 Ann wrote:\n> This is terrible, broken, we cancel\n>> unusable"
    assert mood_of(quoted) == mood_of(own)
    assert mood_of(f"{own}\n-- \nHate & Anger Ltd, the worst").score == mood_of(own).score


def test_the_words_that_decided_come_strongest_first():
    mood = mood_of("The new release is unusable and a bit slow, but the team is nice")
    assert mood.words[0] == "unusable"
    assert {"slow", "nice"} <= set(mood.words)
    assert "release" not in mood.words


@given(st.text(max_size=300))
def test_any_text_has_a_mood_between_minus_one_and_one(text):
    mood = mood_of(text)
    assert -1 <= mood.score <= 1
    assert len(mood.words) <= 4
