import numpy as np
import pytest
from tiny import DAYS, TODAY, book, contract, day, talk, user_days

from ml.features import snapshot_as_of
from ml.signals import BY_CODE, SIGNALS


def figures(facts, code, as_of=TODAY):
    """Return value, before and sentence of the first paying account."""
    book_today = snapshot_as_of(facts, as_of)
    value, before = float(book_today.values[code].iloc[0]), float(book_today.before[code].iloc[0])
    return value, before, BY_CODE[code].say(value, before)


def used(*windows, meters=1):
    """Return usage of one account: (days, per day) windows, newest last, zeros before them."""
    usage = np.zeros((1, meters, DAYS))
    end = DAYS
    for length, level in reversed(windows):
        usage[0, 0, end - length : end] = level
        end -= length
    return usage


def test_codes_are_unique_and_sentences_need_no_help():
    assert len(BY_CODE) == len(SIGNALS) >= 20
    for signal in SIGNALS:
        assert signal.direction in {-1, 0, 1}
        assert signal.say(float("nan"), 1.0).endswith(": not known")
        assert signal.say(0.5, 10.0)[0].islower() or signal.say(0.5, 10.0)[0].isdigit()


def test_usage_change_compares_four_weeks_with_the_four_before():
    value, before, sentence = figures(book(contract(), usage=used((28, 10), (28, 4))), "usage_change")
    assert (value, before) == (pytest.approx(-0.6), 280)
    assert sentence == "usage fell from 280 to 112 in four weeks"


@pytest.mark.parametrize("share", [0.0, 0.25, 0.75, 1.0])
def test_a_day_that_has_just_begun_is_no_fall_in_usage(share):
    weeks = np.tile([9.0, 8.0, 10.0, 7.0, 8.0, 1.0, 1.0], 60)[-DAYS:]
    usage = weeks[None, None, :].repeat(1, axis=0).copy()
    usage[..., -1] *= share
    today = snapshot_as_of(book(contract(), usage=usage), TODAY, share)
    assert today.values["usage_change"].iloc[0] == pytest.approx(0, abs=1e-6)
    assert today.before["usage_change"].iloc[0] == pytest.approx(4 * 44)
    assert today.values["usage_habit"].iloc[0] == pytest.approx(1, abs=0.04)


def test_usage_change_of_an_account_never_used_is_unknown():
    assert np.isnan(figures(book(contract(), usage=used()), "usage_change")[0])


def test_usage_change_of_a_young_account_is_unknown():
    assert np.isnan(figures(book(contract(started="2025-11-20")), "usage_change")[0])


def test_errors_are_no_usage():
    usage = np.stack([used((28, 10), (28, 10))[:, 0], used((28, 0), (28, 99))[:, 0]], axis=1)
    facts = book(contract(), usage=usage, meters=("sessions", "errors"))
    assert figures(facts, "usage_change")[0] == 0
    assert figures(facts, "errors_change")[2] == "errors per 1,000 uses rose from 0 to 9,900 in four weeks"


def test_usage_against_habit_reads_ninety_days():
    value, _, sentence = figures(book(contract(), usage=used((90, 10), (28, 5))), "usage_habit")
    assert value == pytest.approx(0.5)
    assert sentence == "usage of 140 in four weeks against a habit of 280"


def test_days_since_use_counts_from_the_last_use():
    assert figures(book(contract(), usage=used((10, 3), (12, 0))), "days_since_use")[::2] == (
        12,
        "not used for 12 days",
    )


def test_a_book_in_which_nobody_was_ever_seen_knows_no_silence():
    assert np.isnan(figures(book(contract(), usage=used()), "days_since_use")[0])


def test_an_account_never_used_in_a_book_that_is_used_is_silent_since_it_began():
    usage = np.concatenate([used(), used((50, 1))])
    facts = book(contract(started="2025-12-02"), contract(account=1), usage=usage)
    assert figures(facts, "days_since_use")[::2] == (30, "not used once in its 30 days")


def people():
    before = [row for user in range(5) for row in user_days(0, user, "2025-11-10", "2025-11-11")]
    now = user_days(0, 0, "2025-12-20", "2025-12-31", "2026-01-01")
    after = user_days(0, 4, "2026-01-02")
    return before + now + after + user_days(0, 0, "2025-10-01")


def test_active_users_are_distinct_over_the_turn_of_a_month():
    _value, before, sentence = figures(book(contract(), user_months=people()), "active_users_change")
    assert before == 5
    assert sentence == "active users fell from 5 to 1 in four weeks"


def test_seat_use_and_stickiness_read_the_same_28_days():
    facts = book(contract(), user_months=people())
    assert figures(facts, "seat_use")[2] == "1 of 10 seats in use"
    assert figures(facts, "stickiness")[0] == pytest.approx(3 / 28)


def test_seats_that_are_not_known_are_not_zero():
    assert np.isnan(figures(book(contract(seats=np.nan), user_months=people()), "seat_use")[0])


def test_without_people_on_record_nothing_is_said_of_them():
    for code in ("active_users_change", "seat_use", "stickiness"):
        assert np.isnan(figures(book(contract()), code)[0])


def test_breadth_counts_features_in_use():
    usage = np.stack([np.ones((1, DAYS)), np.zeros((1, DAYS)), np.ones((1, DAYS))], axis=1)
    assert figures(book(contract(), usage=usage, meters=("a", "b", "errors")), "breadth")[2] == "1 of 2 features in use"


def test_slow_onboarding_reads_the_first_sixty_days_only():
    usage = used((6, 1), (40, 0), (30, 1))
    facts = book(contract(started="2025-10-18"), usage=usage)
    assert figures(facts, "slow_onboarding")[2] == "used on 20 of its first 60 days"
    assert np.isnan(figures(book(contract(), usage=usage), "slow_onboarding")[0])


def test_ticket_burst_is_told_against_habit():
    usual = [talk(on=f"2025-{month:02}-05") for month in (8, 9, 10, 11)]
    burst = [talk(on=f"2025-12-{number:02}") for number in range(10, 20)]
    value, _before, sentence = figures(book(contract(), interactions=usual + burst), "ticket_change")
    assert value > 5
    assert sentence == "10 tickets in four weeks, usually 0.6"


def test_urgent_and_escalated_tickets_count_once():
    rows = [talk(on="2025-09-01"), talk(priority="Urgent", escalated=True), talk(escalated=True), talk()]
    assert (
        figures(book(contract(), interactions=rows), "urgent_tickets")[2]
        == "2 urgent or escalated tickets of 3 in 90 days"
    )


def test_no_tickets_is_a_fact_only_where_tickets_are_recorded():
    two = (contract(), contract(account=1))
    assert np.isnan(figures(book(*two), "urgent_tickets")[0])
    assert figures(book(*two, interactions=[talk(account=1, on="2025-06-01")]), "urgent_tickets")[0] == 0


def test_the_oldest_open_ticket_waits_until_it_is_resolved():
    rows = [talk(on="2025-12-02"), talk(on="2025-12-20"), talk(on="2025-11-01", resolved_on=day("2025-11-03"))]
    assert (
        figures(book(contract(), interactions=rows), "open_ticket_age")[2]
        == "2 open tickets, the oldest waiting for 30 days"
    )


def test_sentiment_reads_what_they_wrote_and_says_the_plain_mean():
    rows = [talk(sentiment=-0.6), talk(sentiment=-0.4), talk(sentiment=0.9, direction="out")]
    value, _, sentence = figures(book(contract(), interactions=rows), "sentiment")
    assert value == pytest.approx(-0.25)
    assert sentence == "a negative tone (\N{MINUS SIGN}0.50) in 2 messages over 90 days"


def test_satisfaction_without_answers_is_unknown():
    assert figures(book(contract(), interactions=[talk(satisfaction=2.0)]), "satisfaction")[0] == 2
    assert np.isnan(figures(book(contract(), interactions=[talk()]), "satisfaction")[0])


def test_a_public_voice_is_no_contact():
    rows = [talk(on="2025-12-31", channel="social", reach=900.0), talk(on="2025-12-12", channel="email")]
    assert figures(book(contract(), interactions=rows), "days_since_contact")[2] == "last word from them 20 days ago"


def person(left=None, known=None, role="champion"):
    return {
        "account": 0,
        "role": role,
        "joined_on": day("2024-06-01"),
        "left_on": day(left),
        "known_left_on": day(known or left),
    }


def test_a_champion_who_left_counts_from_the_day_it_was_known():
    facts = book(contract(), contacts=[person(left="2025-12-22", known="2025-12-30")])
    assert figures(facts, "champion_left")[2] == "a champion or sponsor left 10 days ago"
    assert figures(facts, "champion_left", as_of=TODAY.replace(year=2025, month=12, day=29))[0] == 0


def test_without_a_named_champion_nobody_can_have_left():
    assert np.isnan(figures(book(contract(), contacts=[person(role="user")]), "champion_left")[0])


def bill(due, paid=None):
    return {
        "account": 0,
        "issued_on": day(due) - np.timedelta64(14, "D"),
        "due_on": day(due),
        "paid_on": day(paid),
        "amount": 9.0,
    }


def test_invoices_are_overdue_until_paid_and_late_ever_after():
    facts = book(
        contract(), invoices=[bill("2025-12-02"), bill("2025-06-01", "2025-07-20"), bill("2025-05-01", "2025-05-02")]
    )
    assert figures(facts, "overdue")[2] == "1 invoice overdue, the oldest by 30 days"
    assert figures(facts, "late_payers")[2] == "2 of 3 invoices paid late in a year"


def test_an_account_never_invoiced_is_not_punctual():
    assert np.isnan(figures(book(contract()), "overdue")[0])
    assert np.isnan(figures(book(contract()), "late_payers")[0])


def test_price_is_compared_per_seat():
    facts = book(contract(ended="2025-06-01"), contract(started="2025-06-01", arr=2880.0, seats=20.0))
    assert figures(facts, "price_increase")[2] == "price per seat rose by 20 % to 144 a year"


def test_contraction_is_what_was_taken_away():
    facts = book(contract(ended="2025-10-01"), contract(started="2025-10-01", arr=900.0))
    assert figures(facts, "contraction")[2] == "recurring revenue contracted by 25 % from 1,200 in 180 days"


def test_auto_renewal_is_weighed_by_revenue():
    facts = book(contract(auto=False, arr=300.0), contract(arr=900.0))
    assert figures(facts, "auto_renew_off")[2] == "automatic renewal is off for 25 % of its ARR"


def test_tenure_is_that_of_the_current_life():
    facts = book(contract(ended="2025-06-01"), contract(started="2025-07-01"))
    assert figures(facts, "tenure")[1] == 184


def test_term_and_size_are_read_from_running_contracts():
    facts = book(contract(ended="2025-06-01", term=1), contract(started="2025-06-01", arr=1000.0))
    assert figures(facts, "term")[0] == 12
    assert figures(facts, "size")[::2] == (3, "pays 1,000 a year")
