"""A renewal comes near."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import and_

from app.accounts.models import BANDS, AccountSummary
from app.playbooks.triggers.trigger import Condition, Field, Settings, Trigger

_ANY = "any"


def _sentence(settings: Settings) -> str:
    bands = {_ANY: "", "watch": " and the band is watch or below", "at risk": " and the band is at risk"}
    return f"the contract renews within {settings['days']} days{bands[settings['band']]}"


def _matches(settings: Settings, today: date) -> Condition:
    near = AccountSummary.renews_on.between(today, today + timedelta(days=settings["days"]))
    if settings["band"] == _ANY:
        return near
    return and_(near, AccountSummary.band.in_(BANDS[BANDS.index(settings["band"]) : 4]))


def _exits(settings: Settings, today: date) -> tuple[tuple[Condition, str], ...]:
    return ((AccountSummary.renews_on > today + timedelta(days=settings["days"]), "the contract was renewed"),)


def _why(_settings: Settings, row: Any) -> str:
    return f"The contract renews in {(row.renews_on - row.today).days} days; health is {row.band}"


RENEWAL_WINDOW = Trigger(
    code="renewal_window",
    title="A renewal comes near",
    fields=(
        Field("days", "Renews within", "days", 90),
        Field("band", "Health", "choice", _ANY, ((_ANY, "any"), ("watch", "watch or below"), ("at risk", "at risk"))),
    ),
    sentence=_sentence,
    matches=_matches,
    exits=_exits,
    why=_why,
)
