"""The kinds of files that are taken in, in the order in which one refers to another."""

from app.connectors.csv.kinds import accounts, churn_events, contacts, interactions, invoices, subscriptions, usage
from app.connectors.csv.kinds.kind import Field, Kind, Refusal, Values

KINDS = (
    accounts.KIND,
    contacts.KIND,
    subscriptions.KIND,
    invoices.KIND,
    usage.KIND,
    interactions.KIND,
    churn_events.KIND,
)
BY_CODE = {kind.code: kind for kind in KINDS}
ORDER = {kind.code: place for place, kind in enumerate(KINDS)}

__all__ = ["BY_CODE", "KINDS", "ORDER", "Field", "Kind", "Refusal", "Values"]
