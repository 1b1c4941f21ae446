"""Stripe's webhooks: signed events with a whole object in each, in the shapes before and since API 2025-03-31."""

from app.connectors.stripe.signing import flaw_of, verify
from app.connectors.stripe.telling import label, tell
from app.connectors.webhooks.provider import Provider

PROVIDER = Provider(
    code="stripe",
    title="Stripe",
    verify=verify,
    label=label,
    tell=tell,
    signs_with="signing secret of the endpoint (whsec_…)",
    flaw_of=flaw_of,
    keeps=("Stripe-Signature",),
)
