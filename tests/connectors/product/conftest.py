"""A workspace with an account, a key and a way to send as a client of some protocol does."""

import json
from base64 import b64encode
from datetime import date

import pytest
from sqlalchemy import select, text

from app.connectors import replaying
from app.core import clock
from app.extensions import db
from app.identity import keys
from app.usage.models import HeldEvent, Meter
from tests.books import write_accounts


@pytest.fixture
def key(cast):
    write_accounts("acme")
    return keys.make_key("web app", ["usage:write"], cast.admin.id)[1]


@pytest.fixture
def basic(key):
    return {"Authorization": f"Basic {b64encode(f'{key}:'.encode()).decode()}"}


@pytest.fixture
def bearer(key):
    return {"Authorization": f"Bearer {key}"}


@pytest.fixture
def send(client):
    """Post a body to a path, as JSON unless it is bytes; the Content-Type is a client's own whim."""

    def post(path, body, headers=None, content_type="application/json"):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return client.post(path, data=data, headers=headers or {}, content_type=content_type)

    return post


def totals():
    """Give what is counted: {(account, meter, day): total}."""
    query = text(
        "SELECT a.external_id, m.code, u.month, u.totals FROM daily_usage u"
        " JOIN account a ON a.id = u.account_id JOIN meter m ON m.id = u.meter_id"
    )
    return {
        (account, meter, month.replace(day=n)): total
        for account, meter, month, values in db.session.execute(query)
        for n, total in enumerate(values, 1)
        if total
    }


def counted(meter, account="acme", day=date(2026, 11, 20)):
    return totals().get((account, meter, day), 0)


def held():
    """Give what is held: [(protocol, reason, value)]."""
    query = select(HeldEvent.protocol, HeldEvent.reason, HeldEvent.value).where(HeldEvent.ended_at.is_(None))
    return [tuple(row) for row in db.session.execute(query.order_by(HeldEvent.id))]


def people():
    """Give the people of accounts: {id: (account, name, email)}."""
    query = text(
        "SELECT c.external_id, a.external_id, c.name, c.email FROM contact c JOIN account a ON a.id = c.account_id"
    )
    return {row[0]: tuple(row[1:]) for row in db.session.execute(query)}


def active():
    """Give who was active: {(account, person)}."""
    query = text("SELECT a.external_id, u.person FROM user_month u JOIN account a ON a.id = u.account_id")
    return {tuple(row) for row in db.session.execute(query)}


def meters():
    return set(db.session.scalars(select(Meter.code)))


@pytest.fixture
def replay(workspace):
    """Replay what is held; gives how many were looked at and how many were settled."""

    def run(reason=None, value=None):
        looked, settled, _ = replaying.replay(workspace, clock.utc_now(), reason, value)
        return looked, settled

    return run
