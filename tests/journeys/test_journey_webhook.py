import json
import re
from datetime import UTC, datetime

from sqlalchemy import text
from standardwebhooks import Webhook

from app.local.processes import wait_until
from tests.receivers import receiving


def test_a_band_that_changes_is_told_to_a_webhook_signed(company):
    """Scores by a real worker, told by it to a receiver that checks the signature."""
    job = company.ask_for_scores()
    assert wait_until(lambda: company.job(job).state == "done", within_s=120, pause_s=0.5)
    with receiving() as receiver:
        secret = _subscribe(company, receiver.address)
        (row,) = company.product.rows(
            "SELECT account_id, band FROM account_summary WHERE scored_on IS NOT NULL LIMIT 1"
        )
        other = "steady" if row.band != "steady" else "watch"
        _execute(
            company, "UPDATE account_summary SET band = :band WHERE account_id = :id", band=other, id=row.account_id
        )
        company.ask_for_scores()
        assert wait_until(lambda: _told(receiver, row.account_id), within_s=90, pause_s=0.2)
        heard = _told(receiver, row.account_id)
        body = Webhook(secret).verify(heard.body, heard.headers)
        assert body["type"] == "score.band_changed"
        assert body["data"]["old"]["band"] == other
        assert body["data"]["new"]["band"] == row.band
        assert datetime.fromisoformat(body["timestamp"]) <= datetime.now(UTC)
        assert body["data"]["account"]["url"] == f"{company.product.address}/accounts/{row.account_id}"
    kept = "SELECT state FROM delivery WHERE state = 'delivered'"
    assert wait_until(lambda: company.product.rows(kept), within_s=30, pause_s=0.2)
    assert wait_until(company.is_quiet, within_s=60, pause_s=0.5)


def _subscribe(company, address):
    page = "/settings/notifications"
    answer = company.ada.post(page, on=page, kind="webhook", name="journey", url=address, types="score.band_changed")
    return re.search(r'<code id="secret">(whsec_[^<]+)</code>', answer.text)[1].replace("&#43;", "+")


def _told(receiver, account_id):
    about = (each for each in receiver.heard if json.loads(each.body)["data"]["account"]["id"] == account_id)
    return next(about, None)


def _execute(company, statement, **values):
    with company.product.eyes.connect() as connection:
        connection.execute(text(statement), values)
