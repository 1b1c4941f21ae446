"""A person's judgement in place of a computed score: with a reason, for a time, and later judged itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import or_, select, text

from app.core import tenancy
from app.core.problems import NotFoundError, Problem
from app.extensions import db
from app.health.models import ScoreOverride
from app.identity.refusals import too_long

LONGEST = timedelta(days=180)
JUDGED_AFTER = timedelta(days=90)
MOST_LETTERS = 1_000
"""How long a reason may be."""


@dataclass(frozen=True)
class Draft:
    """The score (0–100) that a person gives an account, until the end of which day, and why; None where not given."""

    score: float | None
    until_on: date | None
    reason: str


def override(
    account_id: int, draft: Draft, computed: float | None, by: int, today: date, now: datetime
) -> ScoreOverride:
    """Put a person's score in force from `today` on, in place of an earlier one. Raises Problem(422) by field."""
    errors = _wrong(draft, today)
    if errors:
        raise Problem(422, "The override is not kept yet.", "invalid", errors)
    for earlier in overrides_on([account_id], today).values():
        earlier.withdrawn_on = today
    made = ScoreOverride(
        account_id=account_id, score=draft.score, computed=computed, reason=draft.reason.strip(), made_by=by,
        made_at=now, from_on=today, until_on=draft.until_on,
    )  # fmt: skip
    db.session.add(made)
    db.session.flush()
    return made


def withdraw(override_id: int, today: date) -> ScoreOverride:
    """End an override: from `today` on the computed score stands again. Raises NotFoundError."""
    found = db.session.get(ScoreOverride, (tenancy.workspace_id(), override_id))
    if found is None:
        raise NotFoundError("override")
    if found.is_in_force(today):
        found.withdrawn_on = today
        db.session.flush()
    return found


def overrides_on(account_ids: Sequence[int], day: date) -> dict[int, ScoreOverride]:
    """Give the override in force at the end of a day, by account; those without one are left out."""
    query = (
        select(ScoreOverride)
        .where(ScoreOverride.from_on <= day, ScoreOverride.until_on >= day)
        .where(or_(ScoreOverride.withdrawn_on.is_(None), ScoreOverride.withdrawn_on > day))
        .order_by(ScoreOverride.id)
    )
    wanted = set(account_ids)
    return {each.account_id: each for each in db.session.scalars(query) if each.account_id in wanted}


def track_record(today: date) -> list[Any]:
    """Judge overrides by what happened: rows (made_by, made, judged, right, card_right), most overrides first.

    An override is judged 90 days after it was made, when the card had a score to differ from. One that lowered the
    score is right when the account churned or contracted within these days, one that raised it when it did neither;
    the card is right where the override is wrong.
    """
    return list(db.session.execute(text(_RECORD), {"before": today - JUDGED_AFTER, "days": JUDGED_AFTER.days}))


_RECORD = """
WITH judged AS (
    SELECT o.made_by, o.from_on <= :before AND o.computed IS NOT NULL AND o.score <> o.computed AS is_judged,
           (o.score < o.computed) = EXISTS (
               SELECT FROM movement m WHERE m.workspace_id = o.workspace_id AND m.account_id = o.account_id
               AND m.kind IN ('churn', 'contraction') AND m.moved_on > o.from_on
               AND m.moved_on <= o.from_on + CAST(:days AS int)) AS is_right
    FROM score_override o
)
SELECT made_by, count(*) AS made, count(*) FILTER (WHERE is_judged) AS judged,
       count(*) FILTER (WHERE is_judged AND is_right) AS right,
       count(*) FILTER (WHERE is_judged AND NOT is_right) AS card_right
FROM judged GROUP BY made_by ORDER BY made DESC
"""


def _wrong(draft: Draft, today: date) -> list[dict[str, str]]:
    errors = []
    if draft.score is None or not 0 <= draft.score <= 100:
        errors.append({"pointer": "score", "detail": "Give a score from 0 to 100."})
    if draft.until_on is None or not today <= draft.until_on <= today + LONGEST:
        latest = today + LONGEST
        errors.append({"pointer": "until_on", "detail": f"Give a day from today to {latest:%-d %b %Y}."})
    if not draft.reason.strip():
        errors.append({"pointer": "reason", "detail": "Say why: whoever opens the receipt will read it."})
    if why := too_long("reason", draft.reason.strip(), MOST_LETTERS):
        errors.append({"pointer": "reason", "detail": why})
    return errors
