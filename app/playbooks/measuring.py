"""Measures what became of enrolled accounts once their windows close, and counts it for the proof."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, text

from app.extensions import db
from app.playbooks.ending import end
from app.playbooks.models import Playbook
from app.playbooks.trial.drawing import HELD_OUT, TREATED

_MEASURE = text(
    """
INSERT INTO outcome (enrolment_id, churned, arr_after_minor, measured_on)
SELECT e.id, after.arr_minor = 0, after.arr_minor, :today
FROM enrolment e
JOIN playbook p ON p.workspace_id = e.workspace_id AND p.id = e.playbook_id
CROSS JOIN LATERAL (
    SELECT coalesce((
        SELECT m.closing_minor FROM movement m
        WHERE m.workspace_id = e.workspace_id AND m.account_id = e.account_id
          AND m.moved_on <= e.enrolled_on + p.outcome_days::int
        ORDER BY m.moved_on DESC LIMIT 1), e.arr_minor) AS arr_minor OFFSET 0
) after
WHERE e.enrolled_on + p.outcome_days::int <= :today
  AND NOT EXISTS (SELECT FROM outcome o WHERE o.workspace_id = e.workspace_id AND o.enrolment_id = e.id)
RETURNING enrolment_id
"""
)
_COUNT = text(
    """
WITH counted AS (
    SELECT DISTINCT ON (account_id) workspace_id, id, arm, risk, date_trunc('month', enrolled_on)::date AS month
    FROM enrolment WHERE playbook_id = :playbook AND revision = :revision ORDER BY account_id, id
)
SELECT month, count(o.churned) FILTER (WHERE arm = :treated) AS treated,
       count(*) FILTER (WHERE arm = :treated AND o.churned) AS treated_churned,
       count(o.churned) FILTER (WHERE arm = :held_out) AS held,
       count(*) FILTER (WHERE arm = :held_out AND o.churned) AS held_churned,
       count(*) AS enrolled, sum(risk) AS risk, count(risk) AS risks
FROM counted c LEFT JOIN outcome o ON o.workspace_id = c.workspace_id AND o.enrolment_id = c.id
GROUP BY month ORDER BY month
"""
)


def measure(today: date, now: datetime) -> int:
    """Write the outcome of every enrolment whose window has closed, end it, and count anew. Gives how many."""
    measured = db.session.scalars(_MEASURE, {"today": today}).all()
    end(measured, "its window closed", today, now)
    for playbook in db.session.scalars(select(Playbook).order_by(Playbook.id)):
        playbook.tally = _tally(playbook, today)
    return len(measured)


def _tally(playbook: Playbook, today: date) -> dict[str, Any]:
    """Count the outcomes in batches of a month. An account counts once, by its first enrolment of this revision."""
    arms = {"treated": TREATED, "held_out": HELD_OUT}
    months = db.session.execute(_COUNT, {"playbook": playbook.id, "revision": playbook.revision, **arms}).all()
    complete = [row for row in months if row.enrolled == row.treated + row.held and row.month < today.replace(day=1)]
    partial = [row for row in months if row not in complete]
    risks = sum(row.risks for row in months)
    return {
        "complete": _batches(complete),
        "partial": _batches(partial),
        "under_way": sum(row.enrolled - row.treated - row.held for row in months),
        "mean_risk": sum(row.risk or 0 for row in months) / risks if risks else None,
        "counted_on": today.isoformat(),
    }


def _batches(rows: Iterable[Any]) -> list[list[int]]:
    return [[row.treated, row.treated_churned, row.held, row.held_churned] for row in rows if row.treated + row.held]
