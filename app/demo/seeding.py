"""Brings a simulated company into a workspace, through the same verbs that real data take."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import text

from app.accounts import movements, summarising
from app.accounts.intake import recording
from app.accounts.intake.touching import forget_touched
from app.accounts.queries import account_ids_by_external_id
from app.conversations import summarising as conversations
from app.conversations.recording import record_interactions
from app.core.clock import utc_now
from app.demo.company import Company
from app.extensions import db
from app.health.knowing.reading import Progress
from app.usage import summarising as usage_summarising
from app.usage.intake import ingesting

SLICE = 2_000


def seed(company: Company, owners: Sequence[str], progress: Progress = lambda *_: None) -> None:
    """Write a company into the workspace in force. `owners`: e-mail addresses of those who look after accounts."""
    now = utc_now()
    steps = _steps(company, owners, now)
    for done, (doing, step) in enumerate(steps):
        progress(done, len(steps), doing)
        step()


def _steps(company: Company, owners: Sequence[str], now: datetime) -> list[tuple[str, Any]]:
    as_of = company.ends_on
    return [
        ("Accounts", lambda: recording.record_accounts(_accounts(company, owners), now)),
        ("People", lambda: recording.record_contacts(_contacts(company), now)),
        ("Contracts", lambda: recording.record_subscriptions(_subscriptions(company), now)),
        ("Statistics", _count_again),
        ("Invoices", lambda: recording.record_invoices(_invoices(company), now)),
        ("Revenue movements", movements.rebuild),
        ("Summaries", lambda: summarising.refresh(None, as_of)),
        ("Usage", lambda: _write_usage(company)),
        ("Conversations", lambda: _write_interactions(company, now)),
        ("Statistics", _count_again),
        ("Conversation summaries", lambda: conversations.refresh(None)),
        ("Usage summaries", lambda: usage_summarising.refresh(None, as_of)),
        ("Settling", forget_touched),
    ]


def _rows(frame: pd.DataFrame) -> Iterator[Any]:
    """Give rows by the names of their columns, whose types only the frame knows; `Index` is the row's number."""
    return frame.itertuples()


def _count_again() -> None:
    """Have PostgreSQL look at what was written, so that what follows is planned for its size."""
    db.session.execute(text("ANALYZE"))


def _accounts(company: Company, owners: Sequence[str]) -> list[dict[str, Any]]:
    frame = company.accounts
    external = frame["external_id"].to_numpy()
    return [
        {
            "external_id": row.external_id, "name": row.name, "domain": row.domain, "industry": row.industry,
            "country": row.country, "tier": row.tier, "signed_up_on": row.signed_up_on.date(),
            "owner_email": owners[row.owner % len(owners)], "custom": {"employees": int(row.employees)},
            "parent": external[row.parent] if row.parent >= 0 else None,
        }
        for row in _rows(frame)
    ]  # fmt: skip


def _contacts(company: Company) -> list[dict[str, Any]]:
    external = company.accounts["external_id"].to_numpy()
    return [
        {
            "external_id": f"person-{n}", "account": external[row.account], "name": row.name, "email": row.email,
            "role": row.role, "title": row.title, "phone": None, "joined_on": _day(row.joined_on),
            "left_on": _day(row.left_on), "left_known_at": _moment(row.known_left_on),
        }
        for n, row in enumerate(_rows(company.contacts))
    ]  # fmt: skip


def _subscriptions(company: Company) -> list[dict[str, Any]]:
    external = company.accounts["external_id"].to_numpy()
    return [
        {
            "external_id": row.external_id, "account": external[row.account], "plan": row.plan, "seats": int(row.seats),
            "arr_minor": 12 * int(row.mrr), "started_on": row.started_on.date(), "ended_on": _day(row.ended_on),
            "end_known_at": _moment(row.known_end_on), "term_months": int(row.term_months),
            "renews_on": _day(row.renews_on), "auto_renew": bool(row.auto_renew), "is_trial": False,
        }
        for row in _rows(company.subscriptions)
    ]  # fmt: skip


def _invoices(company: Company) -> list[dict[str, Any]]:
    external = company.accounts["external_id"].to_numpy()
    return [
        {
            "external_id": f"invoice-{n}", "account": external[row.account], "issued_on": row.issued_on.date(),
            "due_on": row.due_on.date(), "paid_on": _day(row.paid_on), "amount_minor": int(row.amount),
        }
        for n, row in enumerate(_rows(company.invoices))
    ]  # fmt: skip


def _write_usage(company: Company) -> None:
    """Fold the simulated days straight into months; each slice of accounts is made, written and forgotten."""
    ingesting.ensure_meters(company.meters)
    meters: dict[str, int] = dict(db.session.execute(text("SELECT code, id FROM meter")).all())
    ids = account_ids_by_external_id(company.accounts["external_id"])
    positions = np.array([ids[external] for external in company.accounts["external_id"]])
    for start in range(0, len(company), SLICE):
        part = slice(start, start + SLICE)
        totals, people = company.activity_of(part)
        months = _months(totals, positions[part], [meters[code] for code in company.meters], company.first_day)
        _copy("daily_usage", {"account_id": "int8", "meter_id": "int8", "month": "date", "totals": "float8[]"}, months)
        persons = _people(people, positions)
        _copy("user_month", {"account_id": "int8", "person": "text", "month": "date", "days": "int4"}, persons)


def _months(totals: Any, ids: Any, meters: Sequence[int], first_day: date) -> Iterator[tuple[Any, ...]]:
    days = pd.date_range(first_day, periods=totals.shape[2])
    month_of = days.to_period("M")
    for month in month_of.unique():
        at = days[month_of == month]
        block = np.zeros((*totals.shape[:2], 31))
        block[:, :, at.day - 1] = totals[:, :, (at - days[0]).days]
        begin = month.start_time.date()
        for account, meter in zip(*np.nonzero(block.any(axis=2)), strict=True):
            yield int(ids[account]), meters[meter], begin, block[account, meter].tolist()


def _people(people: pd.DataFrame, ids: Any) -> Iterator[tuple[Any, ...]]:
    for row in _rows(people):
        yield int(ids[row.account]), f"user-{row.user}", date(row.month // 12, row.month % 12 + 1, 1), int(row.days)


def _copy(table: str, types: Mapping[str, str], rows: Iterator[tuple[Any, ...]]) -> None:
    """Write rows through a stage: binary COPY is the fastest way in, and the insert from it fills in the workspace."""
    columns = ", ".join(types)
    connection: Any = db.session.connection().connection.driver_connection
    stage = f"CREATE TEMP TABLE stage ON COMMIT DROP AS SELECT {columns} FROM {table} WITH NO DATA"
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS stage")
        cursor.execute(stage)
        with cursor.copy(f"COPY stage ({columns}) FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(list(types.values()))
            for row in rows:
                copy.write_row(row)
        cursor.execute(f"INSERT INTO {table} ({columns}) SELECT * FROM stage ON CONFLICT DO NOTHING")
        cursor.execute("DROP TABLE stage")


def _write_interactions(company: Company, now: datetime) -> None:
    frame = company.interactions
    external = company.accounts["external_id"].to_numpy()
    for start in range(0, len(frame), SLICE * 5):
        rows = _rows(frame.iloc[start : start + SLICE * 5])
        record_interactions("demo", [_interaction(row, external) for row in rows], now)


def _interaction(row: Any, external: Any) -> dict[str, Any]:
    happened_at = row.happened_at.to_pydatetime().replace(tzinfo=UTC)
    return {
        "external_id": f"said-{row.Index}", "account": external[row.account],
        "contact": f"person-{row.contact}" if row.contact >= 0 else None,
        "channel": row.channel, "direction": row.direction, "subject": row.subject or None, "body": row.text or None,
        "happened_at": happened_at, "author": None, "priority": row.priority or None, "escalated": bool(row.escalated),
        "satisfaction": None if np.isnan(row.satisfaction) else float(row.satisfaction),
        "resolved_at": _moment(row.resolved_at), "reach": None if np.isnan(row.reach) else int(row.reach),
        "thread": f"thread-{row.thread}",
    }  # fmt: skip


def _day(value: Any) -> date | None:
    return None if pd.isna(value) else value.date()


def _moment(value: Any) -> datetime | None:
    return None if pd.isna(value) else value.to_pydatetime().replace(tzinfo=UTC)
