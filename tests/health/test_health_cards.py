"""Several scorecards: each account has the first that is for it; a change is replayed before it is made."""

import copy
from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import func, select

from app.accounts import movements
from app.accounts.models import Subscription
from app.core.problems import Problem
from app.core.queue import Job
from app.extensions import db
from app.health import scoring
from app.health.cards import editing, publishing, replaying
from app.health.cards.choosing import EVERYONE, are_inside, cards_in_force, choose, segment_in_words
from app.health.cards.defaults import DEFAULT, ONBOARDING
from app.health.models import HealthScore, Scorecard, ScorecardTrial
from app.health.scorecard import SIGNALS
from tests.books import days_ago, stretch, subscribe, write_accounts
from tests.cast import NOW, TODAY


def trial_of(name="Default", position=1_000, segment=None, **weights):
    """A trial of the default card in which some dimensions weigh otherwise."""
    definition = copy.deepcopy(DEFAULT)
    for dimension in definition["dimensions"]:
        dimension["weight"] = weights.get(dimension["code"], dimension["weight"])
    definition["dimensions"] = [d for d in definition["dimensions"] if d["weight"]]
    trial = ScorecardTrial(
        name=name, definition=definition, segment=segment or {}, position=position, reason="To see.", made_at=NOW
    )
    db.session.add(trial)
    db.session.flush()
    return trial


def form_of(definition=DEFAULT, **changed):
    """What the editor posts when nothing but `changed` was touched (dots written as __)."""
    words = {"reason": "Because.", "position": "20", "segment.stage": "onboarding"}
    words |= {f"band.{name}": f"{floor:g}" for name, floor in definition["bands"][:-1]}
    words |= {"hysteresis": "2", "coverage_floor": "50"}
    words |= {f"deadline.{source}": str(days) for source, days in definition["deadlines"].items()}
    for dimension in editing.editable(definition)["dimensions"]:
        words[f"weight.{dimension['code']}"] = f"{dimension['weight']:g}"
        for measure in dimension["measures"]:
            words[f"weight.{dimension['code']}.{measure['signal']}"] = f"{measure['weight']:g}"
            words[f"curve.{dimension['code']}.{measure['signal']}"] = editing.corners_in_words(measure["curve"])
    return words | {name.replace("__", "."): value for name, value in changed.items()}


def test_an_account_is_scored_with_the_first_card_that_is_for_it(workspace):
    new, old = write_accounts("new", "old")
    subscribe(stretch("new", 1_000_00, days_ago(20)), stretch("old", 1_000_00, days_ago(500)))
    scoring.score_accounts(workspace, TODAY)
    cards = {each.id: each.name for each in cards_in_force()}
    used = dict(db.session.execute(select(HealthScore.account_id, HealthScore.scorecard_id)).all())
    assert (cards[used[new]], cards[used[old]]) == ("Onboarding", "Default")


def test_the_order_of_the_cards_decides_where_several_fit(workspace):
    (acme,) = write_accounts("acme", tier="gold")
    subscribe(stretch("acme", 50_000_00, days_ago(500)))
    cards_in_force()
    for name, position in (("Gold", 40), ("Large", 30)):
        segment = {"tier": "gold"} if name == "Gold" else {"arr_from": 40_000}
        publishing.publish(trial_of(name, position, segment), 1, NOW)
    cards = cards_in_force()
    assert [each.name for each in cards] == ["Onboarding", "Large", "Gold", "Default"]
    assert cards[choose(cards, [acme], 100)[0]].name == "Large"
    publishing.take_out("Large")
    cards = cards_in_force()
    assert cards[choose(cards, [acme], 100)[0]].name == "Gold"


@pytest.mark.parametrize(
    ("segment", "inside"),
    [
        ({}, True), ({"stage": "adopting"}, True), ({"stage": "onboarding"}, False), ({"tier": "gold", "plan": "pro"}, True),
        ({"tier": "gold", "plan": "basic"}, False), ({"contract": "term"}, True), ({"contract": "monthly"}, False),
        ({"arr_from": 100}, True), ({"arr_from": 101}, False),
    ],
)  # fmt: skip
def test_every_word_of_a_segment_must_hold(segment, inside):
    traits = {"stage": "adopting", "tier": "gold", "plan": "pro", "contract": "term", "arr": 100_00.0}
    other = {"stage": None, "tier": None, "plan": None, "contract": None, "arr": 0.0}
    columns = {name: np.array([other[name], traits[name]]) for name in traits}
    assert are_inside(segment, columns, 100).tolist() == [not segment, inside]


def test_a_segment_is_said_in_words():
    assert segment_in_words({}) == "everyone else"
    assert segment_in_words({"stage": "onboarding", "contract": "term"}) == "stage onboarding, contract with a term"


def test_an_untouched_form_reads_back_the_card_it_showed():
    for definition in (DEFAULT, ONBOARDING):
        draft = editing.read(form_of(definition), definition, EVERYONE, [])
        draft.check()
        assert draft.definition == definition


def test_a_measure_can_be_left_out_and_taken_in_again():
    out = editing.read(form_of(weight__commercial__overdue="0"), DEFAULT, EVERYONE, []).definition
    commercial = next(d for d in out["dimensions"] if d["code"] == "commercial")
    assert "overdue" not in {m["signal"] for m in commercial["measures"]}
    again = editing.read(form_of(out, weight__commercial__overdue="40"), out, EVERYONE, []).definition
    commercial = next(d for d in again["dimensions"] if d["code"] == "commercial")
    assert {"overdue"} <= {m["signal"] for m in commercial["measures"]}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("reason", " "), ("position", "0"), ("position", "x"), ("band.thriving", "70"), ("band.watch", "200"), ("coverage_floor", ""),
        ("deadline.usage", "-1"), ("weight.adoption", "nan"), ("weight.adoption.breadth", "-3"), ("curve.adoption.breadth", "4: 0, 2: 50"),
        ("curve.adoption.breadth", "0: 0"), ("curve.adoption.breadth", "0: 0, 1: 101"), ("curve.adoption.breadth", "none"),
        ("segment.stage", "asleep"), ("segment.arr_from", "many"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said_at_its_field(field, value):
    draft = editing.read(form_of() | {field: value}, DEFAULT, "Onboarding", [])
    assert field in draft.errors
    with pytest.raises(Problem):
        draft.check()


def test_a_new_card_needs_a_name_of_its_own_and_somebody_it_is_for():
    words = form_of() | {"segment.stage": "", "name": "Default"}
    draft = editing.read(words, DEFAULT, None, ["Default"])
    assert set(draft.errors) == {"name", "segment"}
    assert (
        "weights"
        in editing.read(
            form_of() | {f"weight.{d['code']}": "0" for d in DEFAULT["dimensions"]}, DEFAULT, EVERYONE, []
        ).errors
    )


def test_a_published_trial_is_the_next_version_and_the_book_is_scored_with_it(workspace):
    first = cards_in_force()[-1]
    made = publishing.publish(trial_of(adoption=80), 1, NOW)
    assert (made.name, made.version, made.is_in_force) == ("Default", 2, True)
    assert cards_in_force()[-1].id == made.id
    assert db.session.scalar(select(func.count()).where(Job.name == "score_accounts")) == 1
    assert not db.session.get(Scorecard, (workspace.id, first.id)).is_in_force


def test_an_earlier_version_comes_back_as_it_was(workspace):
    first = cards_in_force()[-1]
    publishing.publish(trial_of(adoption=80), 1, NOW)
    publishing.bring_back(first.id)
    back = cards_in_force()[-1]
    assert (back.id, back.version, back.card) == (first.id, 1, first.card)
    assert [(row.version, row.is_in_force) for row in publishing.versions_of("Default")] == [(2, False), (1, True)]


def test_a_trial_ends_once(workspace):
    trial = trial_of()
    publishing.throw_away(trial, NOW)
    for act in (lambda: publishing.publish(trial, 1, NOW), lambda: publishing.throw_away(trial, NOW)):
        with pytest.raises(Problem, match="thrown away already"):
            act()


def test_everyones_card_cannot_be_taken_out(workspace):
    with pytest.raises(Problem, match="must stay"):
        publishing.take_out(EVERYONE)


@pytest.fixture
def past(workspace):
    """Forty accounts scored on six days in the past year; those that were idle left soon, late payers stayed."""
    names = [f"a{n}" for n in range(40)]
    ids = write_accounts(*names)
    idle = set(ids[:10])
    gone = days_ago(20)
    subscribe(
        *(
            stretch(name, 1_000_00, days_ago(700), gone if i in idle else None)
            for name, i in zip(names, ids, strict=True)
        )
    )
    movements.rebuild()
    card = cards_in_force()[-1]
    for ago in (190, 100, 30, 0):
        for i in ids:
            if ago or i not in idle:
                known = {"days_since_use": 25.0 if i in idle else 1.0, "usage_habit": 1.0, "seat_use": 0.8, "overdue": 0.0 if i in idle else 40.0,
                         "late_payers": 0.0 if i in idle else 0.6, "stickiness": 0.4, "urgent_tickets": 0.0, "breadth": 3.0, "sentiment": 0.2}  # fmt: skip
                values = [known.get(code) for code in SIGNALS]
                db.session.add(HealthScore(account_id=i, scored_on=days_ago(ago), scorecard_id=card.id, score=70.0, coverage=0.7,
                                           band="watch", values=values, before=[None] * len(SIGNALS)))  # fmt: skip
    db.session.flush()
    return ids


def test_a_replay_says_who_changes_band_and_whether_leavers_are_ranked_better(workspace, past):
    trial = trial_of(commercial=0)
    replaying.replay(trial, workspace, TODAY)
    result = trial.result
    assert (result["days"], result["accounts"]) == (4, 30)
    moved = sum(move["accounts"] for move in result["moves"] if move["from"] != move["to"])
    assert moved == len(result["changed"]) > 0
    ranking = result["ranking"]
    assert (
        ranking["churns"] == 10
    )  # of the day 100 days ago; after 190 days they had not left yet, 30 days ago is too late to judge
    assert ranking["now"]["value"] < 0.1
    assert ranking["then"]["value"] > 0.9
    assert ranking["difference"]["low"] > 0
    assert sum(row["then"][1] for row in ranking["by_band"]) == 10


def test_a_replay_looks_at_the_last_day_of_the_whole_book_not_at_one_of_few(workspace, past):
    row = db.session.scalars(select(HealthScore).where(HealthScore.scored_on == TODAY)).first()
    values = {name: getattr(row, name) for name in ("scorecard_id", "score", "coverage", "band", "values", "before")}
    db.session.add(HealthScore(account_id=row.account_id, scored_on=TODAY + timedelta(days=1), **values))
    trial = trial_of(commercial=0)
    replaying.replay(trial, workspace, TODAY + timedelta(days=1))
    assert (trial.result["days"], trial.result["accounts"]) == (4, 30)


def test_a_replay_of_the_card_in_force_changes_nothing_and_says_the_same_again(workspace, past):
    trial = trial_of()
    replaying.replay(trial, workspace, TODAY)
    first = copy.deepcopy(trial.result)
    assert first["changed"] == []
    assert first["ranking"]["difference"]["difference"] == 0
    replaying.replay(trial, workspace, TODAY)
    assert trial.result == first


def test_who_had_given_notice_is_not_a_prediction(workspace, past):
    for row in db.session.scalars(select(Subscription).where(Subscription.ended_on.is_not(None))):
        row.end_known_at = NOW - timedelta(days=150)
    db.session.flush()
    trial = trial_of(commercial=0)
    replaying.replay(trial, workspace, TODAY)
    assert trial.result["ranking"]["churns"] == 0
    assert "now" not in trial.result["ranking"]


def test_a_card_on_trial_for_a_segment_is_replayed_for_its_accounts_only(workspace, past):
    trial = trial_of("Monthly", 20, {"contract": "monthly"}, commercial=0)
    replaying.replay(trial, workspace, TODAY)
    assert trial.result["changed"] == []  # all contracts here run for a year


def test_without_past_scores_there_is_nothing_to_replay(workspace):
    trial = trial_of()
    replaying.replay(trial, workspace, TODAY)
    assert trial.result == {"days": 0}


def test_a_replay_tells_how_far_it_is_and_stops_when_asked(workspace, past):
    told = []

    def stop(done, total, doing):
        told.append((done, total))
        if done:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        replaying.replay(trial_of(), workspace, TODAY, stop)
    assert told == [(0, 4), (1, 4)]
    assert np.isfinite(told).all()
