"""The types of events, one file each, in the order in which forms offer them."""

from app.announcements.events.band_changed import BAND_CHANGED
from app.announcements.events.event import Data, Event, Found, Moment
from app.announcements.events.forecast_changed import FORECAST_CHANGED
from app.announcements.events.renewal_due import RENEWAL_DUE
from app.announcements.events.risk_crossed import RISK_CROSSED
from app.announcements.events.task_due import TASK_DUE

__all__ = ["EVENTS", "TEST", "Data", "Event", "Found", "Moment", "headline"]

EVENTS: dict[str, Event] = {
    each.code: each for each in (BAND_CHANGED, RISK_CROSSED, RENEWAL_DUE, TASK_DUE, FORECAST_CHANGED)
}
TEST = "test"


def headline(code: str, data: Data) -> str:
    """Say in one line what happened."""
    return str(data["why"]) if code == TEST else EVENTS[code].headline(data)
