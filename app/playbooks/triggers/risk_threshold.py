"""The risk of losing an account reaches a threshold, at any time or only near its renewal."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import and_, true

from app.accounts.models import AccountSummary
from app.core.http.words import percent
from app.playbooks.triggers.trigger import Condition, Field, Settings, Trigger

_CALM = 0.8
"""An account has calmed down at this part of the threshold, so that a risk that trembles about it does not flap."""


def _sentence(settings: Settings) -> str:
    within = settings.get("within_days")
    near = f" and the contract renews within {within} days" if within else ""
    return f"the risk of leaving within 90 days is {percent(settings['risk'])} or more{near}"


def _matches(settings: Settings, today: date) -> Condition:
    within = settings.get("within_days")
    near = AccountSummary.renews_on.between(today, today + timedelta(days=within)) if within else true()
    return and_(AccountSummary.risk >= settings["risk"], near)


def _exits(settings: Settings, today: date) -> tuple[tuple[Condition, str], ...]:
    calm = settings["risk"] * _CALM
    exits = [(AccountSummary.risk < calm, f"the risk has fallen below {percent(calm)}")]
    if settings.get("within_days"):
        beyond = today + timedelta(days=settings["within_days"])
        exits.append((AccountSummary.renews_on > beyond, "the contract was renewed"))
    return tuple(exits)


def _why(settings: Settings, row: Any) -> str:
    renewal = f", renewal in {(row.renews_on - row.today).days} days" if settings.get("within_days") else ""
    reason = f": {row.risk_reason}" if row.risk_reason else ""
    return f"Risk {percent(row.risk)}{renewal}{reason}"


RISK_THRESHOLD = Trigger(
    code="risk_threshold",
    title="Risk is high",
    fields=(
        Field("risk", "Risk of leaving within 90 days, at least", "share", 0.3),
        Field("within_days", "Only when the contract renews within", "days", 120, optional=True),
    ),
    sentence=_sentence,
    matches=_matches,
    exits=_exits,
    why=_why,
)
