"""The health of an account falls into a worse band."""

from datetime import date
from itertools import combinations
from typing import Any

from sqlalchemy import and_, or_

from app.accounts.models import BANDS, AccountSummary
from app.health.models import HealthChange
from app.playbooks.triggers.trigger import Condition, Field, Settings, Trigger

_KNOWN = BANDS[:4]
_WELL = BANDS[:2]


def _sentence(settings: Settings) -> str:
    return f"the band falls to {settings['band']}" + ("" if settings["band"] == _KNOWN[-1] else " or below")


def _matches(settings: Settings, _today: date) -> Condition:
    """A fall, not a first score; and the account is still down when it is looked at."""
    low = _KNOWN[_KNOWN.index(settings["band"]) :]
    falls = [
        and_(HealthChange.from_band == better, HealthChange.to_band == worse)
        for better, worse in combinations(_KNOWN, 2)
        if worse in low
    ]
    return and_(or_(*falls), AccountSummary.band.in_(low))


def _exits(_settings: Settings, _today: date) -> tuple[tuple[Condition, str], ...]:
    return ((AccountSummary.band.in_(_WELL), "the account has recovered"),)


def _why(_settings: Settings, row: Any) -> str:
    return f"Health fell from {row.from_band} to {row.to_band}: {row.change_why}"


BAND_CHANGE = Trigger(
    code="band_change",
    title="Health falls",
    fields=(Field("band", "Falls to", "choice", "watch", (("watch", "watch or below"), ("at risk", "at risk"))),),
    sentence=_sentence,
    matches=_matches,
    exits=_exits,
    why=_why,
    waits_for_change=True,
)
