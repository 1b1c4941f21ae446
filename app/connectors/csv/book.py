"""What is known while files are read: the accounts, contracts and people that rows refer to."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text

from app.core import tenancy
from app.core.clock import day_in
from app.extensions import db
from app.identity.models import Workspace


@dataclass
class KnownAccount:
    """What rows about an account are held against. `is_flagged`: its own file says that it has churned."""

    external_id: str
    signed_up_on: date | None = None
    is_flagged: bool | None = None


@dataclass(frozen=True)
class Stretch:
    """A stretch of a contract. `ended_on` is the first day no longer paid."""

    external_id: str
    account: str
    started_on: date
    ended_on: date | None
    arr_minor: int

    def runs_on(self, day: date) -> bool:
        return self.started_on <= day and (self.ended_on is None or day < self.ended_on)


@dataclass
class Book:
    """The workspace as far as rows may refer to it; grows as files are read."""

    currency: str
    zone: ZoneInfo
    now: datetime
    accounts: dict[str, KnownAccount] = field(default_factory=dict)
    names: dict[str, str | None] = field(default_factory=dict)
    people: dict[str, str] = field(default_factory=dict)
    contacts: dict[str, str] = field(default_factory=dict)
    stretches: dict[str, dict[date, Stretch]] = field(default_factory=lambda: defaultdict(dict))

    @property
    def today(self) -> date:
        return day_in(self.zone.key, self.now)

    def learn_account(self, record: Mapping[str, Any], *, is_flagged: bool | None = None) -> None:
        """Know an account from here on, by its id and, as long as only one bears it, by its name."""
        external_id = record["external_id"]
        known = self.accounts.setdefault(external_id, KnownAccount(external_id))
        known.signed_up_on = record.get("signed_up_on") or known.signed_up_on
        known.is_flagged = known.is_flagged if is_flagged is None else is_flagged
        name = (record.get("name") or "").casefold()
        self.names[name] = external_id if self.names.get(name, external_id) == external_id else None

    def learn_contact(self, record: Mapping[str, Any]) -> None:
        """Know a person by id and by e-mail address."""
        self.contacts[record["external_id"]] = record["account"]
        if record.get("email"):
            self.people[record["email"].casefold()] = record["external_id"]

    def learn_subscription(self, record: Mapping[str, Any]) -> None:
        """Know a stretch; a corrected one takes the place of the one with the same start."""
        self.stretches[record["external_id"]][record["started_on"]] = Stretch(
            record["external_id"], record["account"], record["started_on"], record.get("ended_on"), record["arr_minor"]
        )

    def account_of_subscription(self, external_id: str) -> str | None:
        return next((stretch.account for stretch in self.stretches.get(external_id, {}).values()), None)

    def by_account(self, *, paid_only: bool = True) -> dict[str, list[Stretch]]:
        """Give each account's stretches that ran for at least a day; with `paid_only` those with ARR."""
        found: dict[str, list[Stretch]] = defaultdict(list)
        for stretches in self.stretches.values():
            for stretch in stretches.values():
                if stretch.ended_on != stretch.started_on and (stretch.arr_minor > 0 or not paid_only):
                    found[stretch.account].append(stretch)
        return found


def open_book(now: datetime) -> Book:
    """Read what the workspace in force holds already."""
    workspace = db.session.get_one(Workspace, tenancy.workspace_id())
    book = Book(workspace.currency, ZoneInfo(workspace.time_zone), now)
    for row in _rows("SELECT external_id, name, signed_up_on FROM account"):
        book.learn_account(row)
    for row in _rows(
        "SELECT c.external_id, c.email, a.external_id AS account FROM contact c JOIN account a" + _ON.format("c")
    ):
        book.learn_contact(row)
    for row in _rows(
        "SELECT s.external_id, s.started_on, s.ended_on, s.arr_minor, a.external_id AS account"
        " FROM subscription s JOIN account a" + _ON.format("s")
    ):
        book.learn_subscription(row)
    return book


_ON = " ON a.workspace_id = {0}.workspace_id AND a.id = {0}.account_id"


def _rows(query: str) -> Iterator[Any]:
    return iter(db.session.execute(text(query)).mappings())
