"""Playbooks, who is enrolled, what is to be done and what came of it, as rows."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Double

from app.accounts.models import owned_by
from app.core.tenancy import Tenant, TenantKey, refers_to
from app.extensions import Model

RESULTS = ("helped", "no effect", "could not reach", "not needed")
WITHDRAWN = "withdrawn"


class Playbook(Tenant, Model):
    """When (trigger), what (steps with working-day offsets), and which share is held out to prove it.

    `revision` rises when a change makes earlier outcomes those of another playbook: the proof begins again.
    `tally` is what measuring.py counted last: {batches: [[treated, churned, held out, churned]], base, counted_on}.
    """

    __tablename__ = "playbook"
    name: Mapped[str]
    aim: Mapped[str]
    trigger: Mapped[dict[str, Any]]
    steps: Mapped[list[Any]]
    holdout_share: Mapped[float] = mapped_column(Double, default=0.1)
    salt: Mapped[str]
    cooldown_days: Mapped[int] = mapped_column(default=90)
    outcome_days: Mapped[int] = mapped_column(default=90)
    daily_limit: Mapped[int] = mapped_column(default=10, server_default="10")
    is_on: Mapped[bool] = mapped_column(default=True)
    revision: Mapped[int] = mapped_column(default=1, server_default="1")
    tally: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (UniqueConstraint("workspace_id", "name"),)


class Enrolment(Tenant, Model):
    """An account that met a trigger: treated or held out, drawn before anything was done."""

    __tablename__ = "enrolment"
    playbook_id: Mapped[int]
    account_id: Mapped[int]
    revision: Mapped[int] = mapped_column(default=1, server_default="1")
    arm: Mapped[str]
    why: Mapped[str]
    stratum: Mapped[str]
    arr_minor: Mapped[int]
    risk: Mapped[float | None] = mapped_column(Double)
    enrolled_on: Mapped[date]
    enrolled_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_on: Mapped[date | None]
    ended_why: Mapped[str | None]
    __table_args__ = (
        refers_to("playbook", "playbook_id"),
        refers_to("account", "account_id"),
        Index(
            "uq_enrolment_open",
            "workspace_id",
            "playbook_id",
            "account_id",
            unique=True,
            postgresql_where=text("ended_on IS NULL"),
        ),
        Index("ix_enrolment_account", "workspace_id", "account_id"),
        Index("ix_enrolment_playbook", "workspace_id", "playbook_id", "enrolled_on", "arm", "ended_on"),
    )


class Task(Tenant, Model):
    """Something a person is to do for an account, or for the book as a whole, by a day. Open until a Completion of it.

    `is_open` repeats that, so that the indexes of open tasks stay small however many were done; `playbook_id`
    repeats the enrolment's, so that they need no join.
    """

    __tablename__ = "task"
    account_id: Mapped[int | None]
    enrolment_id: Mapped[int | None]
    playbook_id: Mapped[int | None]
    step: Mapped[int | None]
    title: Mapped[str]
    advice: Mapped[str] = mapped_column(default="")
    owner_id: Mapped[int | None]
    due_on: Mapped[date]
    is_open: Mapped[bool] = mapped_column(default=True, server_default="true")
    created_by: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (
        refers_to("account", "account_id"),
        refers_to("enrolment", "enrolment_id"),
        refers_to("playbook", "playbook_id"),
        owned_by(),
        UniqueConstraint("workspace_id", "enrolment_id", "step"),
        Index("ix_task_account", "workspace_id", "account_id"),
        Index("ix_task_open", "workspace_id", "owner_id", "due_on", postgresql_where=text("is_open")),
        Index("ix_task_playbook", "workspace_id", "playbook_id", "due_on", postgresql_where=text("is_open")),
    )


class Completion(TenantKey, Model):
    """That a task is done: by whom, when, with what result."""

    __tablename__ = "completion"
    task_id: Mapped[int] = mapped_column(primary_key=True)
    result: Mapped[str]
    note: Mapped[str]
    completed_by: Mapped[int | None]
    completed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (refers_to("task", "task_id"), Index("ix_completion_at", "workspace_id", "completed_at"))


class Snooze(TenantKey, Model):
    """That an account shall not stand on a person's day until a date."""

    __tablename__ = "snooze"
    account_id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(primary_key=True)
    until: Mapped[date]
    snoozed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (refers_to("account", "account_id"),)


class Outcome(TenantKey, Model):
    """What became of an enrolled account when its window closed: the figure that the proof counts."""

    __tablename__ = "outcome"
    enrolment_id: Mapped[int] = mapped_column(primary_key=True)
    churned: Mapped[bool]
    arr_after_minor: Mapped[int]
    measured_on: Mapped[date]
    __table_args__ = (refers_to("enrolment", "enrolment_id"),)
