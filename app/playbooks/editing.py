"""Makes and changes playbooks from what a person has filled in."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.core import tenancy
from app.core.problems import NotFoundError, Problem
from app.extensions import db
from app.identity.refusals import too_long
from app.playbooks.models import Playbook
from app.playbooks.tasks.planning import ROLES
from app.playbooks.triggers import TRIGGERS
from app.playbooks.triggers.trigger import Field

SHARES = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)
_PROOF_OF = ("trigger", "steps", "holdout_share", "outcome_days")
"""What a proof is a proof of: a change of these starts it anew."""


@dataclass(frozen=True)
class Draft:
    """A playbook as a person wants it. `steps`: [{after_days, role, title, advice}]; `trigger`: {kind, …settings}."""

    name: str
    aim: str
    trigger: Mapping[str, Any]
    steps: Sequence[Mapping[str, Any]]
    holdout_share: float = 0.1
    cooldown_days: int = 90
    outcome_days: int = 90
    daily_limit: int = 10
    is_on: bool = True


def make(draft: Draft, now: datetime) -> Playbook:
    """Make a playbook, with a salt that nobody is shown. Raises Problem(422) with one error a field."""
    _check(draft, None)
    playbook = Playbook(**asdict(draft), salt=secrets.token_hex(16), created_at=now)
    db.session.add(playbook)
    db.session.flush()
    return playbook


def change(playbook: Playbook, draft: Draft) -> dict[str, list[Any]]:
    """Change a playbook. Gives {field: [before, after]}. Raises Problem(422) with one error a field.

    A change of trigger, steps (but for their wording), share or window raises the revision: the accounts are drawn
    anew from then on, and earlier outcomes no longer count.
    """
    _check(draft, playbook.id)
    changes = {
        name: [getattr(playbook, name), value]
        for name, value in asdict(draft).items()
        if getattr(playbook, name) != value
    }
    if any(_essence(name, before) != _essence(name, after) for name, (before, after) in changes.items()):
        playbook.revision, playbook.tally = playbook.revision + 1, {}
    for name, (_, after) in changes.items():
        setattr(playbook, name, after)
    db.session.flush()
    return changes


def get_playbook(playbook_id: int) -> Playbook:
    """Give a playbook of the workspace in force. Raises NotFoundError."""
    found = db.session.get(Playbook, (tenancy.workspace_id(), playbook_id))
    if found is None:
        raise NotFoundError("playbook")
    return found


def wrong_trigger(settings: Mapping[str, Any]) -> dict[str, str]:
    """Say what is wrong with the settings of a trigger, by the name of its field on the form."""
    trigger = TRIGGERS.get(settings.get("kind", ""))
    if trigger is None:
        return {"kind": "Choose when it fires."}
    return {
        f"{trigger.code}.{field.name}": why
        for field in trigger.fields
        if (why := _wrong(field, settings.get(field.name)))
    }


def _essence(name: str, value: Any) -> Any:
    """Give what of a setting the proof depends on."""
    if name == "steps":
        return [(step["after_days"], step["role"]) for step in value]
    return value if name in _PROOF_OF else None


def _check(draft: Draft, own_id: int | None) -> None:
    errors = wrong_trigger(draft.trigger) | _wrong_steps(draft.steps) | _wrong_numbers(draft)
    if not draft.name:
        errors["name"] = "Give it a name that says what it is for."
    elif db.session.scalar(select(Playbook.id).where(Playbook.name == draft.name, Playbook.id != (own_id or 0))):
        errors["name"] = "Another playbook has this name already: choose a different one."
    if errors:
        pointers = [{"pointer": field, "detail": why} for field, why in errors.items()]
        raise Problem(422, "The playbook was not saved: see the marked fields.", "refused", pointers)


def _wrong(field: Field, value: Any) -> str:
    if field.kind == "choice":
        return "" if value in {choice for choice, _ in field.choices} else "Choose one of these."
    if value is None:
        return "" if field.optional else "Fill this in."
    if field.kind == "share":
        return "" if 0 < value < 1 else "Give a percentage between 0 and 100."
    return "" if 1 <= value <= 730 else "Give a number of days from 1 to 730."


def _wrong_steps(steps: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    if not steps:
        return {"steps": "Give it at least one step with a title."}
    if any(step["role"] not in ROLES for step in steps):
        return {"steps": "Choose who does each step."}
    wrong = (too_long("title", s["title"], 200) or too_long("advice", s["advice"], 20_000) for s in steps)
    if why := next(filter(None, wrong), ""):
        return {"steps": why}
    if not all(0 <= step["after_days"] <= 250 for step in steps):
        return {"steps": "A step is due after 0 to 250 working days."}
    return {}


def _wrong_numbers(draft: Draft) -> dict[str, str]:
    limits = {"cooldown_days": (0, 730), "outcome_days": (14, 365), "daily_limit": (1, 200)}
    wrong = {
        name: f"Give a whole number from {low} to {high}."
        for name, (low, high) in limits.items()
        if not low <= getattr(draft, name) <= high
    }
    return wrong if draft.holdout_share in SHARES else wrong | {"holdout_share": "Choose one of these shares."}
