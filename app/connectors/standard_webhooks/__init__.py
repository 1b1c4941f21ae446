"""The way in for whatever has no connector: signed JSON as Standard Webhooks describes it, in our own terms."""

from app.connectors.standard_webhooks.signing import flaw_of, new_secret, verify
from app.connectors.standard_webhooks.telling import label, tell
from app.connectors.webhooks.provider import Provider

PROVIDER = Provider(
    code="standard",
    title="Signed JSON (Standard Webhooks)",
    verify=verify,
    label=label,
    tell=tell,
    signs_with="signing secret (whsec_…)",
    flaw_of=flaw_of,
    keeps=("webhook-id", "webhook-timestamp", "webhook-signature"),
    new_secret=new_secret,
    is_billing=False,
)
