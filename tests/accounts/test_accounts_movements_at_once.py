from datetime import date

from sqlalchemy import text

from app.accounts import movements
from app.accounts.intake.recording import record_accounts, record_subscriptions
from app.core.clock import utc_now
from app.extensions import db


def test_two_that_rebuild_the_movements_at_once_do_not_meet(committed, at_once):
    """An import at the command line and the worker that scores after it both do."""
    names = [f"A-{n}" for n in range(200)]
    record_accounts([{"external_id": name, "name": name} for name in names], utc_now())
    contract = {"plan": "pro", "seats": 5, "arr_minor": 1200_00, "started_on": date(2025, 1, 1), "ended_on": None}
    terms = {"term_months": 12, "auto_renew": True, "is_trial": False}
    record_subscriptions([contract | terms | {"external_id": f"S-{n}", "account": n} for n in names], utc_now())
    db.session.commit()

    def rebuild():
        for _ in range(3):
            movements.rebuild()
            db.session.commit()

    at_once(rebuild, rebuild)
    assert db.session.execute(text("SELECT count(*) FROM movement")).scalar() == len(names)
