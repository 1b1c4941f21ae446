"""Renewals, for leaders: what will renew this quarter, how sure are we, what changed?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, g, render_template, request

from app.accounts import queries as accounts
from app.core.money import minor_digits
from app.core.problems import Problem
from app.desk import charts
from app.forecast import queries as forecast
from app.forecast.models import CALLS, ForecastSnapshot
from app.identity import guard
from app.identity.guard import May

blueprint = Blueprint("renewals", __name__, template_folder="templates", url_prefix="/renewals")

QUARTERS = 4
BOOK = 100


@dataclass(frozen=True)
class Tab:
    """A quarter to choose, with the median expected of it."""

    quarter: date
    snapshot: ForecastSnapshot | None


@blueprint.get("")
@guard.allow(May.READ)
def show() -> str:
    """Show a quarter's forecast and its book of renewals."""
    today = guard.today()
    quarters = [forecast.quarter_of(today, ahead) for ahead in range(QUARTERS)]
    chosen = _chosen(quarters)
    taken = forecast.snapshots(chosen)
    newest = _newest(taken)
    unit, minor = _unit(newest)
    rows = forecast.renewals_ahead(max(chosen, today + timedelta(days=1)), forecast.quarter_after(chosen), limit=BOOK)
    return render_template(
        "desk/renewals.html",
        tabs=[Tab(quarter, _newest(forecast.snapshots(quarter, 1))) for quarter in quarters],
        chosen=chosen,
        newest=newest,
        week_ago=_before(taken, newest),
        unit=unit,
        distribution=_distribution(newest, minor),
        over_time=charts.snapshots_over_time(taken, minor),
        taken=taken,
        rows=rows,
        categories=_categories(rows),
        people={person.id: person.name for person in accounts.members()},
        monthly=forecast.monthly_book(),
        most=BOOK,
    )


def _newest(taken: Sequence[ForecastSnapshot]) -> ForecastSnapshot | None:
    return taken[-1] if taken else None


def _unit(newest: ForecastSnapshot | None) -> tuple[str, int]:
    """Give the unit that keeps a chart's figures short, and how many minor units make one."""
    one = 10 ** minor_digits(g.workspace.currency)
    for size, name in ((10**6, "million"), (10**3, "thousand")):
        if newest is not None and newest.p50_minor >= 2 * size * one:
            return f"{name} {g.workspace.currency}", size * one
    return g.workspace.currency, one


def _chosen(quarters: list[date]) -> date:
    asked = request.args.get("quarter", quarters[0].isoformat())
    try:
        chosen = date.fromisoformat(asked)
        if forecast.quarter_of(chosen) == chosen and forecast.quarter_after(chosen):
            return chosen
    except ValueError:
        pass
    raise Problem(400, "`quarter` must be the first day of a quarter, as 2026-10-01.", "quarter")


def _before(taken: list[ForecastSnapshot], newest: ForecastSnapshot | None) -> ForecastSnapshot | None:
    """Give the newest snapshot that is at least a week older than the last."""
    if newest is None:
        return None
    return next((s for s in reversed(taken) if s.taken_on <= newest.taken_on - timedelta(days=7)), None)


def _distribution(newest: ForecastSnapshot | None, minor: int) -> dict[str, Any] | None:
    if newest is None or not newest.renewals:
        return None
    marks = [("P10", newest.p10_minor), ("P50", newest.p50_minor), ("P90", newest.p90_minor)]
    return charts.distribution(newest.detail["edges"], newest.detail["histogram"], minor, marks)


def _categories(rows: list[Any]) -> list[dict[str, Any]]:
    """Sum the book by the managers' category, with what the model expects of the same renewals."""
    found = []
    for category in (*CALLS, None):
        of = [row for row in rows if row.category == category]
        found.append(
            {
                "category": category or "no call yet", "renewals": len(of), "due": sum(row.arr_minor for row in of),
                "model": sum(row.arr_minor * row.probability for row in of),
                "called": sum(row.called_minor or 0 for row in of) if category else None,
            }
        )  # fmt: skip
    return [each for each in found if each["renewals"]]
