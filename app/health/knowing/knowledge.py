"""What may be known of a book when a day is looked at."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from app.core.clock import end_of_day
from app.usage.ledger.late_history import NEVER

LATER = "(known_on > :known_on OR recorded_at > CAST(:stored_by AS timestamptz))"
"""Late usage that may not be known."""


@dataclass(frozen=True)
class Knowledge:
    """What was known by the end of `as_of`, of what was stored by `stored_by` (None: by now).

    `in_hindsight`: of what happened by the end of `as_of`, everything, whenever it became known.
    """

    as_of: date
    zone: str
    stored_by: datetime | None = None
    in_hindsight: bool = False

    @property
    def values(self) -> dict[str, Any]:
        """Give what queries ask by: the day, its end, and the last day and moment by which a fact was known."""
        known_on = NEVER if self.in_hindsight else self.as_of
        ends, known_before = end_of_day(self.zone, self.as_of), end_of_day(self.zone, known_on)
        return {
            "as_of": self.as_of, "ends": ends, "known_on": known_on, "known_before": known_before,
            "stored_by": self.stored_by,
        }  # fmt: skip

    @property
    def moment(self) -> str | None:
        """Give the moment as SQL, where there is one (former.py)."""
        return None if self.stored_by is None else ":stored_by"
