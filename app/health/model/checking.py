"""Checks the model in force against the book of the day: does it look as in training, and did its risks come true?"""

from datetime import date, timedelta
from math import sqrt
from typing import Any

import pandas as pd
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from app.extensions import db
from app.health import queries
from app.health.models import ModelCheck, ModelVersion
from ml.drift import Drift, drift_of
from ml.signals import BY_CODE

HORIZONS = (90, 30)  # days; the longest whose outcome is known is looked at
NORMAL, RARE = 1.96, 3.29  # standard deviations: 95 %, and once in a thousand days
FEWEST_ACCOUNTS = 30
NAMED = 3
LASTING_DAYS, FEWEST_CHECKS = 7, 5  # every account is a day quieter on a Sunday: what passes within a week is no drift
MOVES_BY_ITSELF = {"tenure"}  # every account grows older


def check_model(as_of: date, values: pd.DataFrame) -> ModelCheck | None:
    """Write down how the model in force stands by the book's signals of a day; None without one, or without accounts.

    A breach is noted, never acted on: a person decides whether to train anew.
    """
    champion = queries.find_champion()
    if champion is None or champion.artifact is None or values.empty:
        return None
    reference = champion.artifact["model"].get("about", {}).get("reference")
    moved = [_as_row(each) for each in drift_of(reference, values)] if reference else []
    drift, kept = _with_lasting(moved, champion, as_of), _kept(champion, as_of)
    found = {
        "model_version_id": champion.id,
        "accounts": len(values),
        "drift": drift,
        "kept": kept,
        "breach": " ".join(filter(None, (_moved(drift, champion), _missed(kept)))),
    }
    query = insert(ModelCheck).values(checked_on=as_of, **found)
    again = query.on_conflict_do_update(index_elements=("workspace_id", "checked_on"), set_=found)
    return db.session.scalars(again.returning(ModelCheck), execution_options={"populate_existing": True}).one()


def _as_row(drift: Drift) -> dict[str, Any]:
    """Give a signal's drift with the words that pages need, which must not load `ml`."""
    found = {"code": drift.code, "title": BY_CODE[drift.code].title, "psi": round(drift.psi, 4)}
    return found | {"limit": round(drift.limit, 4), "has_moved": drift.has_moved and drift.code not in MOVES_BY_ITSELF}


def _with_lasting(drift: list[dict[str, Any]], champion: ModelVersion, as_of: date) -> list[dict[str, Any]]:
    """Say of each signal whether it has stood moved in every check of a week."""
    query = select(ModelCheck.drift).where(
        ModelCheck.model_version_id == champion.id,
        ModelCheck.checked_on < as_of,
        ModelCheck.checked_on > as_of - timedelta(days=LASTING_DAYS),
    )
    nights = [{each["code"] for each in found if each["has_moved"]} for found in db.session.scalars(query)]
    lasting = set.intersection(*nights) if len(nights) >= FEWEST_CHECKS - 1 else set()
    return [each | {"lasts": each["has_moved"] and each["code"] in lasting} for each in drift]


def _moved(drift: list[dict[str, Any]], champion: ModelVersion) -> str:
    moved = [each["title"] for each in drift if each["lasts"]]
    if not moved:
        return ""
    more = f" and {len(moved) - NAMED} more" if len(moved) > NAMED else ""
    have = "has" if len(moved) == 1 else "have"
    return (
        f"{', '.join(moved[:NAMED])}{more} {have} moved in the book as a whole since the model was trained on what was"
        f" known on {_day(champion.trained_on)}: its risks may no longer fit."
    )


def _missed(kept: dict[str, Any]) -> str:
    if not kept or abs(kept["left"] - kept["expected"]) <= RARE * kept["spread"]:
        return ""
    more = "more" if kept["left"] > kept["expected"] else "fewer"
    return (
        f"Of {kept['accounts']} accounts scored around {_day(date.fromisoformat(kept['since']))}, {kept['left']} left"
        f" within {kept['days']} days, {more} than the {kept['expected']:.0f} it foretold."
    )


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def _kept(champion: ModelVersion, as_of: date) -> dict[str, Any]:
    """Give how many of the accounts scored a horizon ago were expected to leave and left, and what chance allows."""
    for days in HORIZONS:
        row = db.session.execute(
            text(_OUTCOMES.format(days=days)), {"as_of": as_of, "days": days, "version": champion.id}
        ).one()
        if row.accounts < FEWEST_ACCOUNTS:
            continue
        spread = sqrt(row.variance)
        return {
            "since": row.since.isoformat(),
            "until": as_of.isoformat(),
            "days": days,
            "accounts": row.accounts,
            "expected": round(row.expected, 2),
            "left": row.left_,
            "low": round(max(0.0, row.expected - NORMAL * spread), 1),
            "high": round(row.expected + NORMAL * spread, 1),
            "spread": round(spread, 4),
        }
    return {}


# Accounts that a playbook treated then or in the half year before are left out, as in training: the risk is that of
# leaving when nobody acts.
_OUTCOMES = """
WITH told AS (
    SELECT DISTINCT ON (c.account_id) c.workspace_id, c.account_id, c.scored_on, c.risk_{days} AS risk
    FROM churn_score c
    WHERE c.scored_on BETWEEN CAST(:as_of AS date) - :days - 6 AND CAST(:as_of AS date) - :days
      AND c.basis = 'model' AND c.model_version_id = :version
    ORDER BY c.account_id, c.scored_on DESC
), outcome AS (
    SELECT t.*, EXISTS (
        SELECT FROM movement m WHERE m.workspace_id = t.workspace_id AND m.account_id = t.account_id
          AND m.kind = 'churn' AND m.moved_on > t.scored_on AND m.moved_on <= t.scored_on + :days) AS is_lost
    FROM told t
    WHERE NOT EXISTS (SELECT FROM enrolment e WHERE e.workspace_id = t.workspace_id AND e.account_id = t.account_id
                      AND e.arm = 'treated' AND e.enrolled_on BETWEEN t.scored_on - 180 AND t.scored_on + :days)
)
SELECT count(*) AS accounts, min(scored_on) AS since, coalesce(sum(risk), 0) AS expected,
       coalesce(sum(risk * (1 - risk)), 0) AS variance, count(*) FILTER (WHERE is_lost) AS left_
FROM outcome
"""
