"""What came late is told beside the score that did not know it."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.accounts.intake.recording import record_accounts, record_contacts, record_invoices, record_subscriptions
from app.accounts.intake.touching import claim_touched
from app.accounts.models import LateFact
from app.conversations.recording import record_interactions
from app.core import tenancy
from app.core.clock import utc_now
from app.extensions import db
from app.forecast.deriving import derive_some
from app.health import queries, scoring
from app.health.knowing.hindsight import correct_scores, forget_before
from app.health.models import CorrectedScore, HealthScore
from app.health.scorecard import SIGNALS
from app.usage.intake.ingesting import ingest
from tests.books import at, days_ago
from tests.cast import NOW, TODAY

TOMORROW = days_ago(-1)


@pytest.fixture
def known(workspace, lived):
    """The book, scored on three days that are over."""
    for day in (days_ago(14), days_ago(7), days_ago(1)):
        scoring.score_accounts(workspace, day)
    db.session.execute(db.text("UPDATE usage_source SET first_seen_at = '2020-01-01'"))
    db.session.commit()
    return lived


def come_late(account, day, quantity=340.0, number=1):
    events = [{"event_id": f"late-{account}-{day}-{number}", "account": account, "meter": "events", "person": None,
               "quantity": quantity, "happened_at": at(day)}]  # fmt: skip
    assert ingest("test", events, NOW).accepted == 1


def corrections():
    db.session.expire_all()
    return {(row.account_id, row.scored_on): row for row in db.session.scalars(select(CorrectedScore))}


def test_scores_that_did_not_know_are_computed_with_what_came_and_say_why(workspace, known):
    come_late("falling", days_ago(8))
    derive_some(workspace, TODAY, [known.falling])
    found = corrections()
    assert set(found) == {(known.falling, days_ago(7)), (known.falling, days_ago(1))}
    row = found[known.falling, days_ago(7)]
    assert row.because == {"quantity": 340, "meter": "Events", "day": str(days_ago(8)), "known_on": str(TODAY)}
    stored = db.session.get(HealthScore, (tenancy.workspace_id(), known.falling, days_ago(7)))
    assert row.values[SIGNALS.index("usage_change")] > stored.values[SIGNALS.index("usage_change")]
    assert row.score > stored.score
    assert queries.correction_of(stored).score == row.score


def test_nothing_is_computed_twice_nor_for_accounts_that_nothing_came_late_to(workspace, known):
    come_late("falling", days_ago(8))
    ids = sorted([known.falling, known.busy])
    correct_scores(workspace, ids, TODAY)
    first = {where: row.computed_at for where, row in corrections().items()}
    correct_scores(workspace, ids, TODAY)
    assert {where: row.computed_at for where, row in corrections().items()} == first
    come_late("falling", days_ago(8), number=2)
    correct_scores(workspace, ids, TODAY)
    assert all(row.computed_at > first[where] for where, row in corrections().items())


@pytest.fixture
def owing(workspace, known):
    """The same book with a champion, an invoice that is not paid and an open ticket, scored once more."""
    record_contacts([CHAMPION], NOW)
    record_invoices([INVOICE], NOW)
    record_interactions("crm", [TICKET], NOW)
    db.session.commit()
    for day in (days_ago(14), days_ago(7), days_ago(1)):
        scoring.score_accounts(workspace, day)
    db.session.execute(db.text("DELETE FROM late_fact"))
    db.session.commit()
    return known


OF = {"account": "falling"}
CHAMPION = {"external_id": "p", **OF, "name": "Pat", "role": "champion"}
INVOICE = {"external_id": "i", **OF, "issued_on": days_ago(40), "due_on": days_ago(30), "amount_minor": 900}
MAIL = {"external_id": "m", **OF, "channel": "email", "direction": "in", "happened_at": at(days_ago(8))}
TICKET = {
    "external_id": "t",
    **OF,
    "channel": "ticket",
    "direction": "in",
    "happened_at": at(days_ago(20)),
    "priority": "urgent",
}
CONTRACT = {"external_id": "more", **OF, "arr_minor": 100, "seats": 5, "term_months": 12}
TOLD = {
    "an e-mail": lambda: record_interactions("crm", [MAIL], utc_now()),
    "a ticket closed": lambda: record_interactions("crm", [TICKET | {"resolved_at": at(days_ago(8))}], utc_now()),
    "an invoice": lambda: record_invoices([INVOICE | {"external_id": "j", "issued_on": days_ago(8)}], utc_now()),
    "an invoice paid": lambda: record_invoices([INVOICE | {"paid_on": days_ago(8)}], utc_now()),
    "an invoice moved": lambda: record_invoices([INVOICE | {"due_on": days_ago(8)}], utc_now()),
    "a contract": lambda: record_subscriptions([CONTRACT | {"started_on": days_ago(8)}], utc_now()),
    "a contract of long ago": lambda: record_subscriptions([CONTRACT | {"started_on": days_ago(500)}], utc_now()),
    "a champion": lambda: record_contacts(
        [CHAMPION | {"external_id": "q", "joined_on": days_ago(400), "left_on": days_ago(8)}], utc_now()
    ),
    "a leaver": lambda: db.session.execute(
        db.text("UPDATE contact SET left_on = :on WHERE external_id = 'p'"), {"on": days_ago(8)}
    ),
}


@pytest.mark.parametrize(
    ("what", "because"),
    [
        ("an e-mail", "a conversation (email) of 12 Nov came on"),
        ("a ticket closed", "that a ticket was closed on 12 Nov, or open again, was told on"),
        ("an invoice", "an invoice of 12 Nov came on"),
        ("an invoice paid", "that an invoice was paid on 21 Oct, or was not, was told on"),
        ("an invoice moved", "an invoice that counts from 21 Oct was changed on"),
        ("a contract", "a contract from 12 Nov came on"),
        ("a contract of long ago", "a contract from 8 Jul 2025 came on"),
        ("a champion", "a person who counts since 16 Oct 2025 was told of on"),
        ("a leaver", "that somebody had left on 12 Nov, or had not, was told on"),
    ],
)
def test_whatever_is_told_of_a_day_that_was_scored_corrects_it(workspace, owing, opened, what, because):
    TOLD[what]()
    db.session.commit()
    correct_scores(workspace, sorted([owing.falling, owing.busy]), TODAY)
    found = corrections()
    assert {account for account, _ in found} == {owing.falling}
    assert {days_ago(7), days_ago(1)} <= {day for _, day in found}
    stored = db.session.get(HealthScore, (tenancy.workspace_id(), owing.falling, days_ago(7)))
    assert found[owing.falling, days_ago(7)].values != stored.values
    assert because in opened(days_ago(7)).replace(" 2026", "")
    first = {where: row.computed_at for where, row in found.items()}
    correct_scores(workspace, [owing.falling], TODAY)
    assert {where: row.computed_at for where, row in corrections().items()} == first


def test_what_moves_no_score_is_not_noted(owing):
    trial = CONTRACT | {"started_on": days_ago(8), "is_trial": True}
    record_interactions("crm", [MAIL | {"direction": "internal"}, TICKET | {"priority": "low"}], utc_now())
    record_subscriptions([trial], utc_now())
    record_invoices([INVOICE], utc_now())
    record_contacts([{"external_id": "q", **OF, "name": "Quinn"}], utc_now())
    assert db.session.query(LateFact).count() == 0


def test_what_is_too_much_for_one_round_is_left_to_the_next(workspace, owing, monkeypatch):
    monkeypatch.setattr("app.health.knowing.hindsight.AT_ONCE", 1)
    TOLD["an e-mail"]()
    db.session.execute(db.text("DELETE FROM touched_account"))
    correct_scores(workspace, [owing.falling], TODAY)
    assert len(corrections()) == 1
    assert claim_touched(10).account_ids == [owing.falling]
    correct_scores(workspace, [owing.falling], TODAY)
    assert len(corrections()) == 2


def test_what_is_told_on_its_day_or_of_an_account_without_scores_is_no_news_of_the_past(workspace, known):
    record_accounts([{"external_id": "new", "name": "New"}], NOW)
    said = {"channel": "email", "direction": "in"}
    now = utc_now()
    mails = [
        {"external_id": "1", "account": "falling", "happened_at": now, **said},
        {"external_id": "2", "account": "new", "happened_at": now - timedelta(days=9), **said},
    ]
    record_interactions("crm", mails, now)
    assert db.session.query(LateFact).count() == 0


def test_what_came_late_is_forgotten_once_it_has_been_seen_to(known):
    TOLD["an e-mail"]()
    forget_before(utc_now() - timedelta(hours=1))
    assert db.session.query(LateFact).count() == 1
    forget_before(utc_now() + timedelta(hours=1))
    assert db.session.query(LateFact).count() == 0


def test_only_the_newest_days_are_looked_at(workspace, known, monkeypatch):
    monkeypatch.setattr("app.health.knowing.hindsight.DAYS", 1)
    come_late("falling", days_ago(20))
    correct_scores(workspace, [known.falling], TODAY)
    assert set(corrections()) == {(known.falling, days_ago(1))}


@pytest.fixture
def opened(cast, known, sign_in):
    """Open the receipt of a day as a CSM; gives the page."""
    browser = sign_in(cast.owner)

    def show(day, **more):
        answer = browser.get(f"/accounts/{known.falling}/receipt", query_string={"day": day, **more})
        assert answer.status_code == 200
        return answer.text

    return show


def test_the_receipt_says_what_the_score_would_be_today_and_why_and_opens_it(workspace, known, opened):
    assert "As corrected since" not in opened(days_ago(7))
    come_late("falling", days_ago(8))
    correct_scores(workspace, [known.falling], TODAY)
    page = opened(days_ago(7))
    assert "because 340 uses (Events) of 12 Nov came on 20 Nov" in page.replace(" 2026", "")
    assert "corrected=1" in page
    corrected = opened(days_ago(7), corrected=1)
    assert "with all that is known now" in corrected
    row = corrections()[known.falling, days_ago(7)]
    assert f"{row.score:.1f}" in corrected


def test_what_was_taken_back_is_told_as_such(workspace, known, opened):
    come_late("falling", days_ago(8), -40.0)
    correct_scores(workspace, [known.falling], TODAY)
    assert "40 uses (Events)" in opened(days_ago(7))
    assert "were taken back on" in opened(days_ago(7))


def test_a_corrected_score_of_a_day_without_one_is_not_shown(opened):
    assert "with all that is known now" not in opened(TODAY - timedelta(days=7), corrected=1)
