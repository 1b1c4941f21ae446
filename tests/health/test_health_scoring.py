"""Scores are made of what was known by the end of a day, and the same day scored again says the same."""

from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import select, text

from app.accounts.intake import recording
from app.accounts.queries import get_summary
from app.core import tenancy
from app.core.clock import utc_now
from app.extensions import db
from app.health import queries, scoring
from app.health.cards.choosing import cards_in_force
from app.health.models import ChurnScore, HealthChange, HealthScore, ModelVersion
from app.health.receipts import receipt_of
from app.health.scorecard import SIGNALS, band_of
from tests.books import at, days_ago, say, stretch, subscribe, use, write_accounts
from tests.cast import NOW, TODAY

YESTERDAY = days_ago(1)


def scored(workspace, as_of=TODAY, ids=None):
    number = scoring.score_accounts(workspace, as_of, ids)
    db.session.expire_all()
    return number


def kept(day=TODAY):
    """Give everything that was written for a day but the moment of writing, by account."""
    query = "SELECT to_jsonb(s) - 'computed_at' FROM {table} s WHERE scored_on = :day ORDER BY account_id"
    return [
        [str(row) for row in db.session.scalars(text(query.format(table=table)), {"day": day})]
        for table in ("health_score", "churn_score")
    ]


def health_of(account_id, day=TODAY):
    return db.session.get(HealthScore, (tenancy.workspace_id(), account_id, day))


def signal(account_id, code, day=TODAY):
    return health_of(account_id, day).values[SIGNALS.index(code)]


def test_every_paying_account_is_scored_and_nobody_else(workspace, lived):
    assert scored(workspace) == 3
    paying = {lived.busy, lived.falling, lived.monthly}
    assert set(db.session.scalars(select(HealthScore.account_id))) == paying
    assert set(db.session.scalars(select(ChurnScore.account_id))) == paying
    gone = get_summary(lived.gone)
    assert (gone.band, gone.score, gone.risk, gone.scored_on) == ("unknown", None, None, None)


def test_the_score_is_what_its_receipt_adds_up_to(workspace, lived):
    scored(workspace)
    for account_id in (lived.busy, lived.falling, lived.monthly):
        row = health_of(account_id)
        assert sum(line.brings or 0 for line in receipt_of(row).lines) == pytest.approx(row.score)
        summary = get_summary(account_id)
        assert (summary.score, summary.band, summary.coverage) == (row.score, row.band, row.coverage)
        assert summary.scored_on == TODAY


def test_who_uses_it_and_pays_stands_better_than_who_does_not(workspace, lived):
    scored(workspace)
    assert get_summary(lived.busy).score > get_summary(lived.falling).score + 15


def test_the_figures_are_those_of_the_facts(workspace, lived):
    scored(workspace)
    assert (signal(lived.busy, "days_since_use"), signal(lived.falling, "days_since_use")) == (0, 3)
    assert (signal(lived.busy, "overdue"), signal(lived.falling, "overdue")) == (0, 20)
    assert (signal(lived.busy, "urgent_tickets"), signal(lived.falling, "urgent_tickets")) == (0, 1)
    assert (signal(lived.busy, "term"), signal(lived.monthly, "term")) == (12, 1)
    assert signal(lived.busy, "seat_use") == pytest.approx(0.2)


def test_the_same_day_scored_again_gives_the_same_bytes(workspace, lived, champion):
    scored(workspace)
    before = kept()
    scored(workspace)
    assert kept() == before
    assert len(before[0]) == len(before[1]) == 3


@pytest.mark.parametrize(
    "groups", [[["busy", "monthly"], ["falling", "gone"]], [["busy"], ["falling"], ["monthly"], ["gone"]]]
)
def test_some_accounts_scored_alone_say_what_they_say_among_all(workspace, lived, champion, groups):
    """Their neighbours' facts lie between their ids, and only a neighbour shows that tickets are on record at all."""
    (silent,) = write_accounts("silent")
    subscribe(stretch("silent", 100_00, days_ago(300)))
    scored(workspace)
    whole = kept()
    for group in [*groups, ["silent"]]:
        scored(workspace, ids=[silent if name == "silent" else getattr(lived, name) for name in group])
    assert kept() == whole


def test_what_is_learnt_later_does_not_move_the_score_of_an_earlier_day(workspace, lived, champion):
    scored(workspace, YESTERDAY)
    before = kept(YESTERDAY)
    late = at(days_ago(5))
    say(
        "busy",
        {"happened_at": late, "recorded_at": NOW, "channel": "ticket", "priority": "urgent", "body": "It is broken"},
    )
    say("busy", {"happened_at": at(TODAY), "channel": "ticket", "priority": "urgent", "body": "All is down"})
    left = {"external_id": "champion", "account": "busy", "name": "Kim", "role": "champion", "joined_on": days_ago(300)}
    recording.record_contacts([left | {"left_on": days_ago(9), "left_known_at": NOW}], NOW)
    subscribe(stretch("busy", 24_000_00, days_ago(500), days_ago(-20), end_known_at=NOW))
    scored(workspace, YESTERDAY)
    assert kept(YESTERDAY) == before
    scored(workspace)
    assert signal(lived.busy, "urgent_tickets") == 2
    assert signal(lived.busy, "champion_left") == 1


def test_what_happened_on_the_very_day_counts(workspace, lived):
    say("busy", {"happened_at": at(TODAY, 23), "channel": "ticket", "priority": "urgent", "body": "x"})
    scored(workspace)
    assert signal(lived.busy, "urgent_tickets") == 1


def test_a_day_ends_when_it_ends_in_the_workspaces_zone(workspace, lived):
    workspace.time_zone = "America/Los_Angeles"
    say("busy", {"happened_at": at(TODAY, 23) + timedelta(hours=6), "channel": "ticket", "priority": "urgent", "body": "x"},
        now=NOW + timedelta(days=1))  # fmt: skip
    scored(workspace)
    assert signal(lived.busy, "urgent_tickets") == 1
    workspace.time_zone = "UTC"
    scored(workspace)
    assert signal(lived.busy, "urgent_tickets") == 0


def test_a_source_that_fell_silent_makes_its_figures_unknown_and_never_green(workspace, lived):
    """Nobody's use came in for eight days: that is the feed, not the customers."""
    scored(workspace, days_ago(-8))
    assert signal(lived.busy, "days_since_use", days_ago(-8)) is None
    assert signal(lived.busy, "overdue", days_ago(-8)) is not None
    summary = get_summary(lived.busy)
    assert (summary.score, summary.band) == (None, "unknown")
    assert summary.coverage < 0.5


def test_a_source_within_its_deadline_is_believed(workspace, lived):
    scored(workspace, days_ago(-7))
    assert signal(lived.busy, "days_since_use", days_ago(-7)) == 7


def test_a_workspace_without_facts_abstains(workspace):
    (acme,) = write_accounts("acme")
    subscribe(stretch("acme", 100_00, days_ago(100)))
    assert scored(workspace) == 1
    assert (get_summary(acme).band, get_summary(acme).score) == ("unknown", None)
    assert get_summary(acme).risk is not None


def test_a_workspace_without_accounts_is_scored_in_peace(workspace):
    assert scored(workspace) == 0


def test_without_a_model_the_risk_is_the_rate_of_accounts_like_it(workspace, lived):
    scored(workspace)
    risks = {row.account_id: row for row in db.session.scalars(select(ChurnScore))}
    assert {row.basis for row in risks.values()} == {"base rate"}
    assert all(row.reasons == [] and row.model_version_id is None for row in risks.values())
    for row in risks.values():
        assert 0 < row.risk_30 <= row.risk_90 <= row.risk_180 <= row.risk_365 < 1
        assert list(row.survival) == sorted(row.survival, reverse=True)


def test_reasons_add_up_to_the_difference_from_the_books_average(workspace, lived, champion):
    scored(workspace)
    risks = {row.account_id: row for row in db.session.scalars(select(ChurnScore))}
    for row in risks.values():
        assert (row.basis, row.model_version_id) == ("model", champion.id)
        told = sum(reason["points"] for reason in row.reasons)
        assert told == pytest.approx(100 * (row.risk_90 - row.average_90), abs=0.01)
        assert row.reasons[-1]["code"] == "rest"
    mean = np.mean([row.risk_90 for row in risks.values()])
    assert risks[lived.busy].average_90 == pytest.approx(mean, abs=0.02)
    assert risks[lived.falling].risk_90 > risks[lived.busy].risk_90
    summary = get_summary(lived.falling)
    assert summary.risk == pytest.approx(risks[lived.falling].risk_90, abs=1e-5)
    assert summary.risk_reason == next(
        r["sentence"] for r in risks[lived.falling].reasons if r["code"] == "days_since_use"
    )


def test_drift_is_looked_at_of_whole_days_alone(workspace, lived, monkeypatch):
    checked = []
    monkeypatch.setattr(scoring.checking, "check_model", lambda day, _values: checked.append(day))
    scoring.score_accounts(workspace, TODAY)
    scoring.score_accounts(workspace, utc_now().date())
    assert checked == [TODAY]


def test_by_day_one_account_is_held_against_the_average_of_the_night(workspace, lived, champion):
    scored(workspace)
    night = db.session.get(ChurnScore, (workspace.id, lived.falling, TODAY)).average_90
    assert "average" in db.session.get(ModelVersion, (workspace.id, champion.id)).artifact
    use("falling", {TODAY: 10.0})
    scored(workspace, ids=[lived.falling])
    assert db.session.get(ChurnScore, (workspace.id, lived.falling, TODAY)).average_90 == night


def test_a_change_of_band_is_told_once_with_its_reason(workspace, lived):
    scored(workspace, YESTERDAY)
    assert db.session.scalars(select(HealthChange)).all() == []
    summary = get_summary(lived.busy)
    summary.band, summary.score = "at risk", 20.0
    db.session.flush()
    scored(workspace)
    scored(workspace)
    (change,) = db.session.scalars(select(HealthChange))
    assert (change.account_id, change.from_band, change.to_band) == (
        lived.busy,
        "at risk",
        get_summary(lived.busy).band,
    )
    assert (change.from_score, change.to_score) == (20.0, get_summary(lived.busy).score)
    assert (change.changed_on, change.processed_at) == (TODAY, None)
    assert len(change.why) > 5


def test_a_change_names_the_figure_that_moved_the_score_most(workspace, lived):
    scored(workspace, YESTERDAY)
    get_summary(lived.busy).band = "at risk"
    say(
        "busy",
        *(
            {"happened_at": at(TODAY, hour), "channel": "ticket", "priority": "urgent", "body": "x"}
            for hour in (1, 2, 3, 4)
        ),
    )
    scored(workspace)
    (change,) = db.session.scalars(select(HealthChange))
    assert "urgent" in change.why


def test_a_risk_that_moved_by_five_points_is_a_change_too(workspace, lived):
    scored(workspace, YESTERDAY)
    summary = get_summary(lived.busy)
    summary.risk += 0.05
    get_summary(lived.monthly).risk += 0.04
    db.session.flush()
    scored(workspace)
    assert [change.account_id for change in db.session.scalars(select(HealthChange))] == [lived.busy]


def test_who_left_loses_score_and_risk_the_next_day(workspace, lived):
    scored(workspace, YESTERDAY)
    subscribe(stretch("busy", 24_000_00, days_ago(500), TODAY))
    scored(workspace)
    gone = get_summary(lived.busy)
    assert (gone.arr_minor, gone.band, gone.score, gone.risk, gone.coverage) == (0, "unknown", None, None, None)
    assert health_of(lived.busy, YESTERDAY) is not None


def test_twelve_weeks_of_scores_move_on_with_the_week(workspace, lived):
    mondays = [TODAY - timedelta(days=TODAY.weekday(), weeks=back) for back in (2, 1, 0)]
    for day in (*mondays, mondays[-1] + timedelta(days=1)):
        scored(workspace, day)
    weeks = get_summary(lived.busy).score_weeks
    assert len(weeks) == 12
    assert weeks[:9] == [None] * 9
    assert all(week is not None for week in weeks[9:])
    assert weeks[-1] == round(get_summary(lived.busy).score)


def test_past_days_are_scored_as_they_were_known_and_without_risk(workspace, lived):
    past = [days_ago(21), days_ago(14)]
    scoring.score_past(workspace, past)
    db.session.expire_all()
    assert health_of(lived.falling, past[0]).score > 0
    assert signal(lived.falling, "urgent_tickets", past[1]) == 0
    assert db.session.scalars(select(ChurnScore)).all() == []
    assert get_summary(lived.busy).scored_on == past[1]


def test_a_past_day_scored_later_says_what_it_said_then(workspace, lived):
    scored(workspace, days_ago(7))
    then = [
        (row.account_id, row.values) for row in db.session.scalars(select(HealthScore).order_by(HealthScore.account_id))
    ]
    scoring.score_past(workspace, [days_ago(7)])
    db.session.expire_all()
    assert [
        (row.account_id, row.values) for row in db.session.scalars(select(HealthScore).order_by(HealthScore.account_id))
    ] == then


def test_another_workspace_is_neither_read_nor_scored(cast, lived):
    with tenancy.workspace(cast.elsewhere.id):
        assert scoring.score_accounts(cast.elsewhere, TODAY) == 0
        assert scoring.score_accounts(cast.elsewhere, TODAY, [lived.busy]) == 0
        assert queries.all_account_ids() == []


def test_a_model_that_cannot_be_read_any_more_leaves_base_rates_in_its_place(workspace, lived, champion):
    champion.artifact = {"model": {**champion.artifact["model"], "version": 99}}
    db.session.flush()
    scored(workspace)
    assert set(db.session.scalars(select(ChurnScore.basis))) == {"base rate"}


def test_a_band_is_held_by_the_card_that_gave_it_and_by_no_other(workspace, lived):
    scored(workspace)
    card, other = cards_in_force()[-1], cards_in_force()[0]
    fits, held = band_of(card.card, get_summary(lived.busy).score, None), "at risk"
    db.session.execute(text("UPDATE scorecard SET definition = jsonb_set(definition, '{hysteresis}', '90')"))
    for by, band in ((card.id, held), (other.id, fits), (None, fits)):
        given = {"by": by, "held": held, "id": lived.busy}
        db.session.execute(
            text("UPDATE account_summary SET band = :held, scorecard_id = :by WHERE account_id = :id"), given
        )
        scored(workspace)
        assert (get_summary(lived.busy).band, get_summary(lived.busy).scorecard_id) == (band, card.id)
    assert "Default, version 1" in db.session.scalars(select(HealthChange.why).filter_by(account_id=lived.busy)).one()
