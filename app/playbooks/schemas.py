"""Tasks, playbooks, enrolments and proofs as the REST API writes them."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field, JsonValue, StringConstraints

from app.accounts.schemas import Band, Person
from app.core.rest.schemas import Asked, Day, Email, Given, Line, Number, Page, Paged, Shown, Text

Result = Literal["helped", "no effect", "could not reach", "not needed"]
Title = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*[^\x00\s][^\x00]*$")]
Note = Annotated[str, StringConstraints(max_length=2_000, pattern=r"^[^\x00]*$")]


class TaskPath(Asked):
    """Which task."""

    task_id: Number = Field(description="Our number of the task.")


class PlaybookPath(Asked):
    """Which playbook."""

    playbook_id: Number = Field(description="Our number of the playbook.")


class TasksAsked(Paged):
    """Which tasks."""

    account_id: Number | None = None
    owner: Person | None = Field(None, description="An e-mail, or a person's number.")
    state: Literal["open", "done", "all"] = "open"


class TaskGiven(Given):
    """Something to do for an account."""

    account: Line = Field(description="The account's external id.", examples=["acme"])
    title: Title = Field(examples=["Call about the export"])
    advice: Text | None = Field(None, examples=["They have written about it three times."])
    owner: Email = Field(description="Who is to do it: somebody of the workspace.", examples=["ann@example.com"])
    due_on: Day = Field(examples=["2026-11-25"])


class Task(Shown):
    """Something to do for an account, and what came of it."""

    id: int = Field(examples=[1])
    account_id: int = Field(examples=[1])
    account: str = Field(examples=["Acme Ltd"])
    title: str = Field(examples=["Call about the export"])
    advice: str = Field(examples=["They have written about it three times."])
    owner_email: str | None = Field(examples=["ann@example.com"])
    due_on: date = Field(examples=["2026-11-25"])
    is_open: bool = Field(examples=[True])
    is_overdue: bool = Field(examples=[False])
    playbook_id: int | None = Field(examples=[None])
    enrolment_id: int | None = Field(examples=[None])
    created_at: datetime = Field(examples=["2026-11-18T09:30:00Z"])
    result: str | None = Field(description="What came of it, once it is done or withdrawn.", examples=[None])
    note: str | None = Field(examples=[None])
    completed_at: datetime | None = Field(examples=[None])
    completed_by: str | None = Field(examples=[None])


class Tasks(Page[Task]):
    """A page of tasks, the last written first."""


class CompletionGiven(Given):
    """What came of a task."""

    result: Result = Field(examples=["helped"])
    note: Note = Field("", examples=["They will try the new export."])
    by: Email | None = Field(None, description="Who did it; else the key.", examples=["ann@example.com"])


class SnoozeGiven(Given):
    """Until when an account shall not stand on a person's day."""

    person: Email = Field(description="On whose day.", examples=["ann@example.com"])
    until: Day = Field(description="After today.", examples=["2026-12-01"])


class Snooze(Shown):
    """That an account is off a person's day."""

    account_id: int = Field(examples=[1])
    person: str = Field(examples=["ann@example.com"])
    until: date = Field(examples=["2026-12-01"])


class WakeAsked(Asked):
    """On whose day."""

    person: Email = Field(description="The person's e-mail.")


class PlaybookChange(Given):
    """Whether a playbook enrols anybody new."""

    is_on: bool = Field(examples=[False])


class Counts(Shown):
    """Closed outcomes by arm."""

    treated: int = Field(examples=[120])
    treated_churned: int = Field(examples=[9])
    held: int = Field(examples=[31])
    held_churned: int = Field(examples=[6])


class Proof(Shown):
    """What a playbook has proven, every enrolled account counted in the arm it was drawn into."""

    state: Literal["works", "harms", "unseen", "waiting", "unprovable"] = Field(examples=["waiting"])
    verdict: str = Field(examples=["Not enough data yet: needs about 260 more accounts."])
    counts: Counts
    lift: float | None = Field(description="Retention of the treated less that of the held out.", examples=[0.12])
    low: float = Field(description="Of the 95 % interval.", examples=[-0.02])
    high: float = Field(examples=[0.27])
    needed: int = Field(description="Accounts in all at which it can be expected to say something.", examples=[411])


class Step(Shown):
    """What is to be done, so many working days after enrolment."""

    after_days: int = Field(examples=[0])
    role: str = Field(examples=["owner"])
    title: str = Field(examples=["Call the champion"])
    advice: str = Field(examples=["Ask what has changed in their work."])


class Playbook(Shown):
    """When it fires, what is then done, and what it has proven."""

    id: int = Field(examples=[1])
    name: str = Field(examples=["Rescue"])
    aim: str = Field(examples=["Find out what went wrong before they decide"])
    sentence: str = Field(description="When it fires, in words.", examples=["the score falls into at risk"])
    trigger: dict[str, JsonValue] = Field(examples=[{"kind": "band_change", "band": "at risk"}])
    steps: list[Step]
    is_on: bool = Field(examples=[True])
    holdout_share: float = Field(description="The share that is left alone, to compare with.", examples=[0.1])
    cooldown_days: int = Field(examples=[90])
    outcome_days: int = Field(examples=[90])
    daily_limit: int = Field(examples=[10])
    revision: int = Field(examples=[1])
    treated: int = Field(examples=[120])
    held_out: int = Field(examples=[31])
    running: int = Field(description="Enrolments that are open.", examples=[12])
    open_tasks: int = Field(examples=[9])
    overdue: int = Field(examples=[2])
    proof: Proof


class Playbooks(Page[Playbook]):
    """All playbooks, those that are on first."""


class EnrolmentsAsked(Paged):
    """Which enrolments."""

    arm: Literal["treated", "held out"] | None = None


class Enrolment(Shown):
    """An account in a playbook, and what became of it."""

    id: int = Field(examples=[1])
    playbook_id: int = Field(examples=[1])
    account_id: int = Field(examples=[1])
    account: str = Field(examples=["Acme Ltd"])
    band: Band = Field(description="The account's today.", examples=["watch"])
    arm: Literal["treated", "held out"] = Field(examples=["treated"])
    why: str = Field(examples=["Risk 31 %: used 38 % less than in the 28 days before"])
    arr_minor: int = Field(description="On the day of enrolment.", examples=[2_400_000])
    risk: float | None = Field(examples=[0.31])
    enrolled_on: date = Field(examples=["2026-11-01"])
    closes_on: date = Field(description="When its outcome is measured.", examples=["2027-01-30"])
    ended_on: date | None = Field(examples=[None])
    ended_why: str | None = Field(examples=[None])
    tasks: int = Field(examples=[3])
    done: int = Field(examples=[1])
    counts: bool = Field(description="Whether it counts in the present proof.", examples=[True])
    churned: bool | None = Field(description="The outcome; null until it is measured.", examples=[None])
    arr_after_minor: int | None = Field(examples=[None])
    measured_on: date | None = Field(examples=[None])


class Enrolments(Page[Enrolment]):
    """A page of enrolments, the newest first."""
