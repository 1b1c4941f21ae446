"""Finds the accounts that meet a playbook's trigger and enrols them, as many as their owners have room for.

Changes of health are claimed as rows (house.md §2.3); dates and risks are read from the summary. Who is chosen is
settled before an arm is drawn, so the limit of a day cannot favour one arm.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Date, Select, and_, exists, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import distinct_on

from app.accounts.models import AccountSummary
from app.core.bulk.among import among
from app.extensions import db
from app.health.models import HealthChange
from app.playbooks.ending import end_met
from app.playbooks.enrolling import Book, enrol, read_book
from app.playbooks.models import Enrolment, Playbook
from app.playbooks.triggers import Settings, trigger_of

PATIENCE = timedelta(days=7)
"""How long a change of health waits for room in its owner's day before it is let go."""


def match(now: datetime, today: date) -> int:
    """End the enrolments that are over, enrol who meets a trigger today. Gives how many were enrolled.

    Runs of one workspace follow each other: the playbooks' rows are locked first.
    """
    playbooks = _lock_playbooks()
    end_met(playbooks, today, now)
    changes, book = _claim_changes(), read_book()
    enrolled, waiting = 0, set()
    for playbook in filter(lambda each: each.is_on, playbooks):
        chosen, late = _choose(playbook, changes, book, today)
        enrolled += enrol(playbook, chosen, book, today, now)
        waiting |= late
    _settle(set(changes) - waiting, now)
    return enrolled


def matching(settings: Settings, today: date) -> Select[Any]:
    """Select the customers who meet a trigger, one row an account, the change that did it (if any) the newest."""
    trigger = trigger_of(settings)
    account = AccountSummary
    columns: list[Any] = [
        account.workspace_id,
        account.account_id,
        account.name,
        account.owner_id,
        account.arr_minor,
        account.risk,
    ]
    columns += [account.risk_reason, account.band, account.renews_on, literal(today, Date).label("today")]
    query: Select[Any] = select(*columns).where(account.arr_minor > 0, trigger.matches(settings, today))
    if not trigger.waits_for_change:
        return query
    same = and_(HealthChange.workspace_id == account.workspace_id, HealthChange.account_id == account.account_id)
    cause = (HealthChange.id.label("change_id"), HealthChange.from_band, HealthChange.to_band)
    return (
        query.add_columns(*cause, HealthChange.why.label("change_why"))
        .join(HealthChange, same)
        .where(HealthChange.changed_on > today - PATIENCE)
        .ext(distinct_on(account.account_id))
        .order_by(account.account_id, HealthChange.changed_on.desc())
    )


def is_taken(playbook_id: int, cooldown_days: int, today: date) -> Any:
    """Say of the account of a summary row whether it is enrolled already, or was too short a time ago."""
    over = or_(Enrolment.ended_on.is_(None), Enrolment.ended_on > today - timedelta(days=cooldown_days))
    same = and_(
        Enrolment.workspace_id == AccountSummary.workspace_id, Enrolment.account_id == AccountSummary.account_id
    )
    return exists().where(same, Enrolment.playbook_id == playbook_id, over)


def _lock_playbooks() -> Sequence[Playbook]:
    return db.session.scalars(select(Playbook).order_by(Playbook.id).with_for_update(key_share=True)).all()


def _claim_changes() -> list[int]:
    fresh = select(HealthChange.id).where(HealthChange.processed_at.is_(None)).order_by(HealthChange.id)
    return list(db.session.scalars(fresh.with_for_update(skip_locked=True)))


def _choose(playbook: Playbook, changes: list[int], book: Book, today: date) -> tuple[list[Any], set[int]]:
    """Give the rows to enrol, and the changes of those that must wait for another day."""
    rows = db.session.execute(_ranked(playbook, changes, book, today)).all()
    used = _enrolled_on(playbook.id, today)
    fits = [row.place + used[row.owner_id] <= playbook.daily_limit for row in rows]
    chosen = [row for row, fit in zip(rows, fits, strict=True) if fit]
    late = {row.change_id for row, fit in zip(rows, fits, strict=True) if not fit and "change_id" in row._fields}
    return chosen, late


def _ranked(playbook: Playbook, changes: list[int], book: Book, today: date) -> Select[Any]:
    """Number the candidates of each owner, the most ARR at risk first."""
    query = matching(playbook.trigger, today).where(~is_taken(playbook.id, playbook.cooldown_days, today))
    is_waiting = trigger_of(playbook.trigger).waits_for_change
    found = (query.where(among(HealthChange.id, changes)) if is_waiting else query).subquery()
    at_stake = found.c.arr_minor * func.coalesce(found.c.risk, book.mean_risk)
    order = (at_stake.desc(), found.c.arr_minor.desc(), found.c.account_id)
    place = func.row_number().over(partition_by=found.c.owner_id, order_by=order).label("place")
    numbered = select(found, place).subquery()
    rows = select(numbered).order_by(numbered.c.place, numbered.c.account_id)
    return rows if is_waiting else rows.where(numbered.c.place <= playbook.daily_limit)


def _enrolled_on(playbook_id: int, today: date) -> Counter[int | None]:
    same = and_(
        Enrolment.workspace_id == AccountSummary.workspace_id, Enrolment.account_id == AccountSummary.account_id
    )
    query = (
        select(AccountSummary.owner_id, func.count())
        .join(Enrolment, same)
        .where(Enrolment.playbook_id == playbook_id, Enrolment.enrolled_on == today)
        .group_by(AccountSummary.owner_id)
    )
    return Counter(dict(db.session.execute(query).all()))


def _settle(changes: set[int], now: datetime) -> None:
    db.session.execute(update(HealthChange).where(among(HealthChange.id, changes)).values(processed_at=now))
