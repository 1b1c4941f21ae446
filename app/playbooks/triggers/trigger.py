"""What a trigger is: a condition on an account, in words for people and in SQL for the matcher."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement

Settings = Mapping[str, Any]
Condition = ColumnElement[bool]


@dataclass(frozen=True)
class Field:
    """A setting of a trigger on a form. kind: `choice` (of `choices`: value, word), `share` (percent) or `days`."""

    name: str
    label: str
    kind: str
    default: Any
    choices: tuple[tuple[str, str], ...] = ()
    optional: bool = False


@dataclass(frozen=True)
class Trigger:
    """A reason to act. Its conditions speak of AccountSummary, and of HealthChange when it waits for a change.

    `exits` are the conditions under which an enrolled account no longer needs the playbook, each with its reason.
    `why` says of one account (a row with name, band, risk, renews_on) what met the trigger.
    """

    code: str
    title: str
    fields: tuple[Field, ...]
    sentence: Callable[[Settings], str]
    matches: Callable[[Settings, date], Condition]
    exits: Callable[[Settings, date], tuple[tuple[Condition, str], ...]]
    why: Callable[[Settings, Any], str]
    waits_for_change: bool = False
