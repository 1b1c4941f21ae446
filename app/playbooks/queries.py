"""Reads of playbooks, tasks and what was proven."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select, text

from app.core.problems import NotFoundError
from app.extensions import db
from app.playbooks.matching import is_taken, matching
from app.playbooks.models import Playbook, Task
from app.playbooks.proving import ASSUMED_RATE, Proof, Tally, prove
from app.playbooks.triggers import Settings, trigger_of

DUE_WITHIN_DAYS = 7


@dataclass(frozen=True)
class DayItem:
    """An account on somebody's day: its task due first, and why it stands where it stands.

    `expected_minor` is the ARR expected to be saved, per year: `ranked_by` says from what: `lift` (proven lift × ARR),
    `risk` (risk × ARR) or `unknown risk` (an assumed rate × ARR).
    """

    task_id: int
    title: str
    advice: str
    due_on: date
    is_overdue: bool
    others: int
    playbook_id: int | None
    playbook: str | None
    account_id: int
    name: str
    band: str
    score: float | None
    risk: float | None
    risk_reason: str | None
    arr_minor: int
    renews_on: date | None
    owner_id: int | None
    expected_minor: int
    ranked_by: str


@dataclass(frozen=True)
class Listed:
    """A playbook in a list, with how many it has enrolled, what is open, and what it has proven."""

    playbook: Playbook
    sentence: str
    treated: int
    held_out: int
    running: int
    open_tasks: int
    overdue: int
    proof: Proof


@dataclass(frozen=True)
class Match:
    """Who would be enrolled today, were there room: how many, their ARR, and the most valuable of them."""

    accounts: int
    arr_minor: int
    rows: Sequence[Any]


_DAY = """
SELECT d.id AS task_id, d.title, d.advice, d.due_on, d.due_on < :today AS is_overdue, d.tasks - 1 AS others,
       d.playbook_id, p.name AS playbook, s.account_id, s.name, s.band, s.score, s.risk, s.risk_reason, s.arr_minor,
       s.renews_on, s.owner_id, round(coalesce(lift, s.risk, :assumed) * s.arr_minor)::bigint AS expected_minor,
       CASE WHEN lift IS NOT NULL THEN 'lift' WHEN s.risk IS NOT NULL THEN 'risk' ELSE 'unknown risk' END AS ranked_by
FROM account_summary s
JOIN LATERAL (
    SELECT t.id, t.title, t.advice, t.due_on, t.playbook_id, count(*) OVER () AS tasks
    FROM task t
    WHERE t.workspace_id = s.workspace_id AND t.account_id = s.account_id AND t.is_open AND t.due_on <= :until {whose}
    ORDER BY t.due_on, t.id LIMIT 1
) d ON true
LEFT JOIN playbook p ON p.workspace_id = s.workspace_id AND p.id = d.playbook_id
CROSS JOIN LATERAL (SELECT CAST(CAST(:lifts AS jsonb) ->> d.playbook_id::text AS float8) AS lift) l
WHERE {which}
  AND NOT EXISTS (SELECT FROM snooze z WHERE z.workspace_id = s.workspace_id AND z.account_id = s.account_id
                  AND z.user_id = :viewer AND z.until > :today)
ORDER BY {order}, d.due_on, s.account_id LIMIT :limit
"""
_HAS_TASK = """(s.workspace_id, s.account_id) IN (
    SELECT workspace_id, account_id FROM task WHERE is_open AND owner_id = :owner AND due_on <= :until)"""
_IS_ENROLLED = """(s.workspace_id, s.account_id) IN (
    SELECT workspace_id, account_id FROM enrolment WHERE playbook_id = {playbook_id} AND ended_on IS NULL)"""
_TASKS = """
SELECT t.id, t.account_id, t.enrolment_id, t.title, t.advice, t.due_on, t.is_open, t.owner_id, t.created_by,
       t.is_open AND t.due_on < :today AS is_overdue, s.name, s.band, s.score, s.risk, s.arr_minor, u.name AS owner,
       u.email AS owner_email, t.created_at,
       t.playbook_id, p.name AS playbook, c.result, c.note, c.completed_at, d.name AS completed_by
FROM task t
JOIN account_summary s ON s.workspace_id = t.workspace_id AND s.account_id = t.account_id
LEFT JOIN playbook p ON p.workspace_id = t.workspace_id AND p.id = t.playbook_id
LEFT JOIN completion c ON c.workspace_id = t.workspace_id AND c.task_id = t.id
LEFT JOIN "user" u ON u.id = t.owner_id
LEFT JOIN "user" d ON d.id = c.completed_by
WHERE {where} ORDER BY {order} LIMIT :limit
"""
_ENROLMENTS = """
SELECT e.*, s.name, s.band, s.score, p.name AS playbook, o.churned, o.arr_after_minor, o.measured_on,
       e.enrolled_on + p.outcome_days::int AS closes_on, e.revision = p.revision AS counts, t.tasks, t.done
FROM enrolment e
JOIN playbook p ON p.workspace_id = e.workspace_id AND p.id = e.playbook_id
JOIN account_summary s ON s.workspace_id = e.workspace_id AND s.account_id = e.account_id
LEFT JOIN outcome o ON o.workspace_id = e.workspace_id AND o.enrolment_id = e.id
LEFT JOIN LATERAL (
    SELECT count(*) AS tasks, count(*) FILTER (WHERE c.result <> 'withdrawn') AS done
    FROM task t LEFT JOIN completion c ON c.workspace_id = t.workspace_id AND c.task_id = t.id
    WHERE t.workspace_id = e.workspace_id AND t.enrolment_id = e.id
) t ON true
WHERE {where} ORDER BY e.id DESC LIMIT :limit
"""
_ENROLLED = """
SELECT playbook_id, count(*) FILTER (WHERE arm = 'treated') AS treated,
       count(*) FILTER (WHERE arm = 'held out') AS held_out, count(*) FILTER (WHERE ended_on IS NULL) AS running
FROM enrolment {where} GROUP BY playbook_id
"""
_OPEN_TASKS = """
SELECT playbook_id, count(*) AS open, count(*) FILTER (WHERE due_on < :today) AS overdue
FROM task WHERE is_open AND playbook_id IS NOT NULL {where} GROUP BY playbook_id
"""


def day_items(owner_id: int | None, today: date, limit: int, *, viewer_id: int | None = None) -> list[DayItem]:
    """Give the accounts with something to do by next week, one row each, the most expected ARR saved first.

    `owner_id` None: everybody's, of paying accounts. What `viewer_id` (by default the owner) has snoozed is left out.
    """
    lifts = known_lifts()
    values = {"today": today, "until": today + timedelta(days=DUE_WITHIN_DAYS), "limit": limit}
    values |= {"owner": owner_id, "viewer": viewer_id or owner_id or 0}
    values |= {"lifts": json.dumps(lifts), "assumed": ASSUMED_RATE}
    if owner_id is None:
        found = [item for which, order in _ways_up(lifts) for item in _day(which, order, "", values)]
    else:
        best = "coalesce(lift, s.risk, :assumed) * s.arr_minor DESC"
        found = _day(_HAS_TASK, best, "AND t.owner_id = :owner", values)
    return sorted(found, key=lambda item: (-item.expected_minor, item.due_on, item.account_id))[:limit]


def _ways_up(lifts: Iterable[int]) -> Iterator[tuple[str, str]]:
    """Give the conditions and orders in which a whole book can be walked from its top, each along an index.

    By risk × ARR; by ARR, which is all at stake, among those never scored; by ARR within each playbook whose lift is
    known. The best of all are among the best of each.
    """
    yield "lift IS NULL AND s.risk * s.arr_minor IS NOT NULL", "s.risk * s.arr_minor DESC"
    yield "lift IS NULL AND s.band = 'unknown' AND s.risk IS NULL AND s.arr_minor > 0", "s.at_stake_minor DESC"
    for playbook_id in lifts:
        enrolled = _IS_ENROLLED.format(playbook_id=int(playbook_id))
        yield f"d.playbook_id = {int(playbook_id)} AND {enrolled}", "s.arr_minor DESC"


def _day(which: str, order: str, whose: str, values: Mapping[str, Any]) -> list[DayItem]:
    query = text(_DAY.format(which=which, order=order, whose=whose))
    return [DayItem(**row) for row in db.session.execute(query, values).mappings()]


def book_tasks(owner_id: int | None) -> Sequence[Task]:
    """Give the open tasks about the book as a whole, of a person or of all."""
    query = select(Task).where(Task.account_id.is_(None), Task.is_open).order_by(Task.due_on, Task.id)
    return db.session.scalars(query if owner_id is None else query.where(Task.owner_id == owner_id)).all()


def tasks_of(account_id: int, today: date, limit: int = 100) -> list[Any]:
    """Give an account's tasks: the open ones first by due day, then the newest done, with result and note."""
    order = "t.is_open DESC, CASE WHEN t.is_open THEN t.due_on END, c.completed_at DESC, t.id"
    query = _TASKS.format(where="t.account_id = :account", order=order)
    return list(db.session.execute(text(query), {"account": account_id, "today": today, "limit": limit}))


def tasks_in(playbook_id: int, today: date, limit: int = 50) -> list[Any]:
    """Give a playbook's open tasks, the first due first."""
    query = _TASKS.format(where="t.is_open AND t.playbook_id = :playbook", order="t.due_on")
    return list(db.session.execute(text(query), {"playbook": playbook_id, "today": today, "limit": limit}))


def tasks_before(
    task_id: int | None, today: date, limit: int, *, account_id: int | None, owner_id: int | None, is_open: bool | None
) -> list[Any]:
    """Give tasks, the last written first, those before one: of an account, of a person, open or done."""
    terms = {
        "t.id < :before": task_id,
        "t.account_id = :account": account_id,
        "t.owner_id = :owner": owner_id,
        f"t.is_open = {bool(is_open)}": is_open,
    }
    where = " AND ".join(term for term, value in terms.items() if value is not None) or "true"
    values = {"before": task_id, "account": account_id, "owner": owner_id, "today": today, "limit": limit}
    return list(db.session.execute(text(_TASKS.format(where=where, order="t.id DESC")), values))


def get_task_row(task_id: int, today: date) -> Any:
    """Give a task as lists give it. Raises NotFoundError."""
    query = text(_TASKS.format(where="t.id = :id", order="t.id"))
    found = db.session.execute(query, {"id": task_id, "today": today, "limit": 1}).one_or_none()
    if found is None:
        raise NotFoundError("task")
    return found


def enrolments_of(account_id: int) -> list[Any]:
    """Give an account's enrolments, the newest first: playbook, arm, why, days, tasks done and in all, outcome."""
    query = _ENROLMENTS.format(where="e.account_id = :account")
    return list(db.session.execute(text(query), {"account": account_id, "limit": 50}))


def enrolments_in(playbook_id: int, arm: str | None = None, before: int | None = None, limit: int = 50) -> list[Any]:
    """Give a playbook's enrolments, the newest first; `before`: older than that one."""
    where = (
        "e.playbook_id = :playbook" + (" AND e.arm = :arm" if arm else "") + (" AND e.id < :before" if before else "")
    )
    values = {"playbook": playbook_id, "arm": arm, "before": before, "limit": limit}
    return list(db.session.execute(text(_ENROLMENTS.format(where=where)), values))


def playbooks_listed(today: date) -> list[Listed]:
    """Give all playbooks with their counts and proofs: those that are on first, then by name."""
    enrolled = {row.playbook_id: row for row in db.session.execute(text(_ENROLLED.format(where="")))}
    tasks = {row.playbook_id: row for row in db.session.execute(text(_OPEN_TASKS.format(where="")), {"today": today})}
    playbooks = db.session.scalars(select(Playbook).order_by(Playbook.is_on.desc(), Playbook.name))
    return [_listed(each, enrolled.get(each.id), tasks.get(each.id)) for each in playbooks]


def listed(playbook: Playbook, today: date) -> Listed:
    """Give one playbook with its counts and proof."""
    values = {"playbook": playbook.id, "today": today}
    enrolled = db.session.execute(text(_ENROLLED.format(where="WHERE playbook_id = :playbook")), values)
    tasks = db.session.execute(text(_OPEN_TASKS.format(where="AND playbook_id = :playbook")), values)
    return _listed(playbook, enrolled.one_or_none(), tasks.one_or_none())


def proof_of(playbook: Playbook) -> Proof:
    """Give what a playbook has proven, as of its last count."""
    return prove(Tally.read(playbook.tally, playbook.holdout_share))


def known_lifts() -> dict[int, float]:
    """Give the lifts that are proven, by playbook."""
    playbooks = db.session.scalars(select(Playbook))
    lifts = {each.id: proof_of(each).known_lift for each in playbooks}
    return {playbook_id: lift for playbook_id, lift in lifts.items() if lift is not None}


def would_match(settings: Settings, today: date, playbook: Playbook | None = None, limit: int = 8) -> Match:
    """Say who meets a trigger today, leaving out whom `playbook` has enrolled or lately had."""
    query = matching(settings, today)
    if playbook is not None:
        query = query.where(~is_taken(playbook.id, playbook.cooldown_days, today))
    found = query.subquery()
    at_stake = found.c.arr_minor * func.coalesce(found.c.risk, 1)
    sums = (func.count().over().label("accounts"), func.sum(found.c.arr_minor).over().label("sum_minor"))
    rows = db.session.execute(select(found, *sums).order_by(at_stake.desc(), found.c.account_id).limit(limit)).all()
    trigger = trigger_of(settings)
    named = [(row, trigger.why(settings, row)) for row in rows]
    return Match(rows[0].accounts if rows else 0, int(rows[0].sum_minor) if rows else 0, named)


def _listed(playbook: Playbook, enrolled: Any, tasks: Any) -> Listed:
    return Listed(
        playbook,
        trigger_of(playbook.trigger).sentence(playbook.trigger),
        treated=enrolled.treated if enrolled else 0,
        held_out=enrolled.held_out if enrolled else 0,
        running=enrolled.running if enrolled else 0,
        open_tasks=tasks.open if tasks else 0,
        overdue=tasks.overdue if tasks else 0,
        proof=proof_of(playbook),
    )
