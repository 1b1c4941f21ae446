"""The triggers, one file each, in the order in which forms offer them."""

from app.playbooks.triggers.band_change import BAND_CHANGE
from app.playbooks.triggers.renewal_window import RENEWAL_WINDOW
from app.playbooks.triggers.risk_threshold import RISK_THRESHOLD
from app.playbooks.triggers.trigger import Settings, Trigger

__all__ = ["TRIGGERS", "Settings", "trigger_of"]

TRIGGERS: dict[str, Trigger] = {each.code: each for each in (BAND_CHANGE, RISK_THRESHOLD, RENEWAL_WINDOW)}


def trigger_of(settings: Settings) -> Trigger:
    """Give the trigger whose settings these are. Raises KeyError for a kind that does not exist."""
    return TRIGGERS[settings["kind"]]
