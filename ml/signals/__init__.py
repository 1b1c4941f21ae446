"""Every signal the models read, in the one order that feature tables, artifacts and screens share."""

from ml.signals.adoption import (
    active_users_change,
    breadth,
    days_since_use,
    errors_change,
    seat_use,
    slow_onboarding,
    stickiness,
    usage_change,
    usage_habit,
)
from ml.signals.commercial import (
    auto_renew_off,
    contraction,
    late_payers,
    overdue,
    price_increase,
    size,
    tenure,
    term,
)
from ml.signals.relationship import champion_left, days_since_contact
from ml.signals.signal import Signal
from ml.signals.support import open_ticket_age, satisfaction, sentiment, ticket_change, urgent_tickets

SIGNALS: tuple[Signal, ...] = (
    usage_change.SIGNAL,
    usage_habit.SIGNAL,
    days_since_use.SIGNAL,
    active_users_change.SIGNAL,
    seat_use.SIGNAL,
    stickiness.SIGNAL,
    breadth.SIGNAL,
    errors_change.SIGNAL,
    slow_onboarding.SIGNAL,
    ticket_change.SIGNAL,
    urgent_tickets.SIGNAL,
    open_ticket_age.SIGNAL,
    sentiment.SIGNAL,
    satisfaction.SIGNAL,
    days_since_contact.SIGNAL,
    champion_left.SIGNAL,
    overdue.SIGNAL,
    late_payers.SIGNAL,
    price_increase.SIGNAL,
    contraction.SIGNAL,
    auto_renew_off.SIGNAL,
    tenure.SIGNAL,
    size.SIGNAL,
    term.SIGNAL,
)
BY_CODE: dict[str, Signal] = {signal.code: signal for signal in SIGNALS}
