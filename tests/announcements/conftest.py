"""A book in which things happen, subscribers on loopback, and a hand that carries what is due at a given time."""

import base64
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.accounts.models import Account, AccountSummary
from app.announcements.announcing import announce
from app.announcements.delivery.claiming import claim
from app.announcements.delivery.recording import record
from app.announcements.delivery.sending import send
from app.announcements.models import Announcement, Delivery, DeliveryAttempt, Subscriber
from app.announcements.subscribing import Draft, subscribe
from app.core import tenancy
from app.extensions import db
from app.forecast.models import ForecastSnapshot, RenewalForecast
from app.health.models import ChurnScore, HealthChange
from app.local.ports import any_free_port
from app.playbooks.models import Task
from config import Config
from tests.cast import NOW, TODAY, Cast
from tests.receivers import Receiver, receiving

BASE_URL = "https://perennial.example"
SECRET = "whsec_" + base64.b64encode(b"thirty-two bytes, of no worth...").decode()
ALL = (
    "score.band_changed",
    "risk.threshold_crossed",
    "renewal.due",
    "task.due",
    "forecast.changed",
)


@pytest.fixture
def open_config(config: Config) -> Config:
    """The settings of an installation that lets webhooks call its own network."""
    return replace(config, base_url=BASE_URL, allow_private_targets=True)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def new_account(cast: Cast) -> Callable[..., int]:
    """Write an account and its summary; gives its id. Settings are columns of the summary."""

    def write(name: str = "Slate & Sons", **summary: Any) -> int:
        values = {"owner_id": cast.owner.id, "arr_minor": 24_000_00, "band": "watch"} | summary
        account = Account(
            external_id=name.split(maxsplit=1)[0].lower(), name=name, stage="established", owner_id=values["owner_id"]
        )
        db.session.add(account)
        db.session.flush()
        db.session.add(AccountSummary(account_id=account.id, name=name, stage="established", **values))
        db.session.flush()
        return account.id

    return write


@pytest.fixture
def happen(cast: Cast) -> "Happen":
    return Happen()


class Happen:
    """What other domains write down."""

    def change(self, account_id: int, old: str = "steady", new: str = "watch", **columns: Any) -> HealthChange:
        values = {"changed_on": TODAY, "why": "active users fell from 42 to 18"} | columns
        return self._add(HealthChange(account_id=account_id, from_band=old, to_band=new, **values))

    def risks(self, account_id: int, *risks: float, last: date = TODAY) -> None:
        """Score an account on the days up to `last`."""
        for back, risk in enumerate(reversed(risks)):
            shares = {f"risk_{days}": risk for days in (30, 90, 180, 365)}
            self._add(
                ChurnScore(account_id=account_id, scored_on=last - timedelta(days=back), basis="base rate",
                           survival=[1.0], average_90=0.1, reasons=[], **shares)
            )  # fmt: skip
        summary = db.session.get_one(AccountSummary, (tenancy.workspace_id(), account_id))
        summary.risk, summary.risk_reason, summary.scored_on = risks[-1], "seat use is 31 %", last
        db.session.flush()

    def renewal(self, account_id: int, renews_on: date, probability: float = 0.8) -> RenewalForecast:
        return self._add(
            RenewalForecast(account_id=account_id, renews_on=renews_on, arr_minor=24_000_00, probability=probability,
                            basis="model", expected_minor=19_200_00, projected_on=TODAY)
        )  # fmt: skip

    def task(self, account_id: int, due_on: date = TODAY, **columns: Any) -> Task:
        return self._add(Task(account_id=account_id, due_on=due_on, **({"title": "Call them"} | columns)))

    def snapshot(self, taken_on: date, p50: int, quarter: date = date(2026, 10, 1), lost: int = 0) -> None:
        self._add(
            ForecastSnapshot(taken_on=taken_on, quarter=quarter, due_minor=200_000_00, booked_minor=10_000_00,
                             lost_minor=lost, p10_minor=p50 - 100, p50_minor=p50, p90_minor=p50 + 100, renewals=4, detail={})
        )  # fmt: skip

    def _add(self, row: Any) -> Any:
        db.session.add(row)
        db.session.flush()
        return row


@pytest.fixture
def tell(cast: Cast) -> Callable[..., list[Announcement]]:
    """Announce what happened; gives what is new."""

    def run(now: datetime = NOW) -> list[Announcement]:
        known = set(db.session.scalars(select(Announcement.id)))
        announce(cast.workspace, now, BASE_URL)
        query = select(Announcement).order_by(Announcement.id)
        return [each for each in db.session.scalars(query) if each.id not in known]

    return run


@pytest.fixture
def new_subscriber(cast: Cast, receiver: Receiver) -> Callable[..., Subscriber]:
    """Make a subscriber; by default a webhook on loopback that is told everything."""

    def make(**fields: Any) -> Subscriber:
        values = {"kind": "webhook", "name": "warehouse", "url": receiver.address, "types": ALL}
        values |= {"risk_threshold": 0.5, "forecast_share": 0.05} | fields
        return subscribe(Draft(**values), None, NOW, allow_private=True)

    return make


@pytest.fixture
def carry(open_config: Config) -> Callable[..., int]:
    """Deliver what is due for a subscriber at a time, as the job does; gives how many tries there were."""

    def run(subscriber: Subscriber, now: datetime, config: Config = open_config) -> int:
        tries = 0
        while parcel := claim(subscriber.id, now):
            record(parcel, send(parcel, config, now), now, config.base_url)
            tries += 1
        db.session.expire_all()
        return tries

    return run


def deliveries(subscriber: Subscriber) -> list[Delivery]:
    query = select(Delivery).where(Delivery.subscriber_id == subscriber.id).order_by(Delivery.id)
    return list(db.session.scalars(query))


@pytest.fixture
def one(new_account, happen, tell, new_subscriber):
    """A webhook for which one change of band is due."""
    subscriber = new_subscriber()
    happen.change(new_account())
    tell()
    return subscriber


def attempts(subscriber):
    query = select(DeliveryAttempt).join(Delivery, Delivery.id == DeliveryAttempt.delivery_id)
    query = query.where(Delivery.subscriber_id == subscriber.id).order_by(DeliveryAttempt.id)
    return list(db.session.scalars(query))


def states(subscriber):
    return [each.state for each in deliveries(subscriber)]


def dead_address():
    return f"http://127.0.0.1:{any_free_port()}/hook"
