"""A stored score can be computed again from storage to the last bit, whatever was learnt since."""

import random
from datetime import UTC, datetime, time, timedelta

import pytest
from sqlalchemy import select, text

from app.accounts.models import Account
from app.core.clock import utc_now
from app.demo import making
from app.extensions import db
from app.health import scoring
from app.health.knowing import verifying
from app.health.knowing.recomputing import recompute
from app.health.knowing.verifying import last_closed, verify
from app.health.models import HealthScore
from app.health.scorecard import SIGNALS
from app.identity.guard import SCOPES
from app.identity.keys import make_key
from app.usage.intake.ingesting import ensure_meters, ingest
from app.usage.ledger.merging import merge_people
from app.usage.models import Meter
from tests.books import days_ago
from tests.cast import NOW

ACCOUNTS = 60


@pytest.fixture
def demo(cast, monkeypatch):
    """The demo, made as the product makes it but smaller; nobody is needed to look after it."""
    monkeypatch.setattr(making, "MONTHS", 14)
    monkeypatch.setattr(making, "WEEKS_SCORED", 12)
    for name, step in making.steps(cast.workspace, ACCOUNTS, utc_now()):
        if "Training" not in name and "playbooks" not in name:
            step()
    db.session.commit()
    return cast.workspace


@pytest.fixture
def post(client, demo):
    """Post to the API with a key that may write everything."""
    _, secret = make_key("late", list(SCOPES), None)
    db.session.commit()

    def send(path, body):
        answer = client.post(f"/api/v1{path}", json=body, headers={"Authorization": f"Bearer {secret}"})
        assert answer.status_code in {200, 201}, answer.text
        return answer.json

    return send


def stored_days():
    return list(db.session.scalars(select(HealthScore.scored_on).distinct().order_by(HealthScore.scored_on)))


def scored(workspace):
    """Compute every stored score once more, a part of the book at a time: {(day, account): Recomputed}."""
    found = {}
    for day in stored_days():
        ids = list(db.session.scalars(select(HealthScore.account_id).where(HealthScore.scored_on == day)))
        for part in (ids[::2], ids[1::2]):
            again = recompute(workspace, part, day)
            assert sorted(again) == sorted(part)
            found |= {(day, account_id): each for account_id, each in again.items()}
    return found


def astray(found):
    return [where for where, each in found.items() if each.as_known != each.stored]


def corrected(found):
    return {where for where, each in found.items() if each.as_corrected != each.stored}


def at(day, hour=12):
    return datetime.combine(day, time(hour), UTC).isoformat()


def test_every_score_of_the_demo_is_computed_again_to_the_last_bit(demo):
    found = scored(demo)
    assert len(stored_days()) == 14
    assert len(found) > 14 * ACCOUNTS / 3
    assert astray(found) == []


def test_a_score_that_storage_does_not_give_again_is_found(demo, monkeypatch):
    monkeypatch.setattr(verifying, "CHUNK", 7)
    good = verify(demo, last_closed(stored_days()[-1] + timedelta(days=1)), most=1_000)
    assert (good.day, good.astray) == (stored_days()[-1], [])
    assert last_closed(good.day) == stored_days()[-2]
    assert good.scores > ACCOUNTS / 3
    changed = db.session.scalars(select(HealthScore).where(HealthScore.scored_on == good.day).limit(1)).one()
    changed.values = [*changed.values[:-1], 77.0]
    db.session.flush()
    assert verify(demo, good.day, most=1_000).astray == [changed.account_id]
    assert verify(demo, days_ago(4_000), most=10).scores == 0


def test_a_meter_that_is_made_later_makes_no_score_another(demo):
    day = stored_days()[-1]
    before = verify(demo, day, most=1_000)
    ensure_meters(["made_later"])
    assert any(each.as_corrected != each.stored for each in recompute(demo, _scored_on(day), day).values())
    assert verify(demo, day, most=1_000) == before


def _scored_on(day):
    return sorted(db.session.scalars(select(HealthScore.account_id).where(HealthScore.scored_on == day)))


def test_it_still_is_when_late_usage_corrections_and_people_have_come(demo, post):
    """Of a source known for long and of one that brings history, on meters of both kinds, and corrections of both."""
    days = stored_days()
    names = list(db.session.scalars(select(Account.external_id).order_by(Account.id)))
    meters = [*db.session.scalars(select(Meter.code)), "seats_taken"]
    ensure_meters(["seats_taken"], "max")
    known = "INSERT INTO usage_source (name, first_seen_at, last_seen_at) VALUES ('old', :at, :at)"
    db.session.execute(text(known), {"at": datetime(2020, 1, 1, tzinfo=UTC)})
    luck = random.Random(5)
    for source in ("old", "new"):
        events = [
            {"id": f"{source}-{n}", "account": luck.choice(names), "meter": luck.choice(meters),
             "quantity": luck.choice([1, 40, 0.1, 2.7]), "user": luck.choice(["user-3", "somebody new"]),
             "at": at(luck.choice(days) - timedelta(days=luck.randrange(100)), luck.randrange(24))}
            for n in range(150)
        ]  # fmt: skip
        other = [each | {"quantity": 3.3, "at": at(luck.choice(days)), "replace": True} for each in events[::4]]
        for batch in (events[:100], events[100:], other):
            post("/usage", {"source": source, "events": batch})
    merge_people({"user-4": "somebody new", "user-5": "user-6"}, utc_now().date())
    found = scored(demo)
    assert astray(found) == []
    assert len(corrected(found)) > len(found) / 2


def test_it_still_is_when_every_other_kind_of_fact_was_changed_or_came_late(demo, post):
    days = stored_days()
    early = at(days[0] - timedelta(days=20))
    for n, account in enumerate(db.session.scalars(select(Account).order_by(Account.id).limit(20)).all()):
        said = {"external_id": f"i{n}", "account": account.external_id, "channel": "ticket", "direction": "in"}
        post("/interactions", said | {"priority": "urgent", "happened_at": early, "source": "crm", "body": "Broken"})
    for change in (
        "interaction SET escalated = NOT escalated, sentiment = 0.1, resolved_at = NULL",
        "invoice SET paid_on = NULL WHERE id % 3 = 0",
        "contact SET role = 'champion', left_on = joined_on + 300, left_known_at = now()",
        "subscription SET arr_minor = arr_minor + 777, seats = seats + 3, auto_renew = false",
        "subscription SET ended_on = started_on + 200, end_known_at = now() WHERE ended_on IS NULL AND id % 4 = 0",
    ):
        db.session.execute(text(f"UPDATE {change}"))
    found = scored(demo)
    assert astray(found) == []
    assert len(corrected(found)) > len(found) / 2


def test_a_feed_that_was_silent_stays_silent_when_it_has_caught_up(workspace, lived):
    day = days_ago(-10)
    scoring.score_accounts(workspace, day)
    db.session.expire_all()
    late = [
        {"event_id": f"late-{n}", "account": "busy", "meter": "events", "quantity": 10.0, "person": None,
         "happened_at": datetime.combine(day - timedelta(days=n), time(12), UTC)}
        for n in range(3, 10)
    ]  # fmt: skip
    ingest("test", late, NOW + timedelta(days=11))
    (again,) = recompute(workspace, [lived.busy], day).values()
    assert again.as_known == again.stored
    use = SIGNALS.index("days_since_use")
    assert again.stored.values[use] is None
    assert again.as_corrected.values[use] == 3
