"""A small book with a row of everything that the API shows."""

from datetime import timedelta

from app.accounts import movements, summarising
from app.accounts.intake import naming
from app.connectors.webhooks.models import WebhookDelivery, WebhookSource
from app.conversations.recording import record_interactions
from app.core.clock import utc_now
from app.extensions import db
from app.forecast import projecting
from app.forecast.models import RenewalCall
from app.health.cards.choosing import cards_in_force
from app.health.models import ChurnScore, HealthChange, HealthScore, ModelVersion
from app.health.scorecard import SIGNALS
from app.playbooks.defaults import ensure_defaults
from app.playbooks.models import Enrolment, Playbook, Task
from app.usage.intake import taking
from app.usage.intake.ingesting import ensure_meters, ingest
from tests.cast import Accounts, Cast, book_of


def seed_book(cast: Cast) -> Accounts:
    """Write the five accounts of cast.py, and for the slipping one a row of everything else; as of now."""
    accounts, now = book_of(cast), utc_now()
    cast.owner.email = "ann@example.com"  # whom the examples of the document speak of
    slipping, today = accounts.slipping, now.date()
    movements.rebuild()
    ensure_meters(["logins", "exports"])
    ingest("test", [_event(n, slipping.external_id, now - timedelta(days=n)) for n in range(5)], now)
    _wait(now)
    record_interactions("test", [_word(n, slipping.external_id, now - timedelta(days=n)) for n in range(3)], now)
    summarising.refresh(None, today)
    _score(slipping.id, today)
    _train(today)
    projecting.project(cast.workspace, today)
    projecting.take_snapshot(cast.workspace, today)
    db.session.add(
        RenewalCall(account_id=slipping.id, renews_on=today, category="likely", amount_minor=1, reason="They say so",
                    made_by=cast.owner.id)
    )  # fmt: skip
    _work(cast, slipping.id, today, now)
    db.session.commit()
    return accounts


def _event(n, account, at):
    return {"event_id": f"e{n}", "account": account, "meter": "logins", "quantity": 1.5, "happened_at": at,
            "person": f"person {n % 2}"}  # fmt: skip


def _word(n, account, at):
    return {"external_id": f"w{n}", "account": account, "channel": "ticket", "direction": "in", "subject": "Export fails",
            "body": "It has failed again.", "happened_at": at}  # fmt: skip


def _score(account_id, today):
    card = cards_in_force()[-1]
    for days, score, band in ((7, 76.0, "steady"), (0, 67.4, "watch")):
        values = [0.1 * n for n, _ in enumerate(SIGNALS)]
        db.session.add(
            HealthScore(account_id=account_id, scored_on=today - timedelta(days=days), scorecard_id=card.id, score=score,
                        coverage=0.9, band=band, values=values, before=values)
        )  # fmt: skip
    reason = {"code": "usage_change", "sentence": "used 38 % less", "points": 4.2, "act": None}
    db.session.add(
        ChurnScore(account_id=account_id, scored_on=today, basis="model", survival=[1.0, 0.96], risk_30=0.04, risk_90=0.12,
                   risk_180=0.2, risk_365=0.31, lifetime_months=31.5, average_90=0.05, reasons=[reason],
                   expansion_90=0.12, contraction_90=0.04, moves={
                       "expansion": {"basis": "base rate", "average": 0.08, "reasons": []},
                       "contraction": {"basis": "base rate", "average": 0.03, "reasons": []},
                   })
    )  # fmt: skip
    db.session.add(
        HealthChange(account_id=account_id, changed_on=today, from_band="steady", to_band="watch", from_score=76.0,
                     to_score=67.4, from_risk=0.06, to_risk=0.12, why="used 38 % less")
    )  # fmt: skip


def _train(today):
    report = {"churns": 112, "learner": "ridge logistic", "seed": 1}
    db.session.add(
        ModelVersion(state="champion", verdict=["It ranks well."], report=report, artifact={"model": {}},
                     because="It passed its tests.", trained_on=today)
    )  # fmt: skip


def _wait(now):
    """Something of everything that was sent and is not in the book yet."""
    naming.make_rule("test_*", "*")
    taking.take("test", [b'{"id": "lost", "account": "nobody", "meter": "logins"}'], now, "UTC")
    source = WebhookSource(provider="standard", name="test", token="t" * 32)
    db.session.add(source)
    db.session.flush()
    db.session.add(
        WebhookDelivery(source_id=source.id, event_id="e1", event_type="account.upserted", happened_at=now,
                        received_at=now, headers={}, body=b"{}", state="failed", reason="no data")
    )  # fmt: skip


def _work(cast, account_id, today, now):
    ensure_defaults(now)
    playbook = db.session.query(Playbook).order_by(Playbook.id).first()
    enrolment = Enrolment(playbook_id=playbook.id, account_id=account_id, arm="treated", why="Risk 31 %", stratum="s",
                          arr_minor=24_000_00, risk=0.31, enrolled_on=today)  # fmt: skip
    db.session.add(enrolment)
    db.session.flush()
    db.session.add(
        Task(account_id=account_id, enrolment_id=enrolment.id, playbook_id=playbook.id, step=0, title="Call them",
             owner_id=cast.owner.id, due_on=today)
    )  # fmt: skip
