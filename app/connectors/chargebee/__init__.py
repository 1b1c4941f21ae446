"""Chargebee's webhooks: events behind HTTP Basic, each with the subscription, customer and invoice it is about."""

from app.connectors.chargebee.signing import flaw_of, new_secret, verify
from app.connectors.chargebee.telling import label, tell
from app.connectors.webhooks.provider import Provider

PROVIDER = Provider(
    code="chargebee",
    title="Chargebee",
    verify=verify,
    label=label,
    tell=tell,
    signs_with="user name and password, with a colon between them",
    flaw_of=flaw_of,
    new_secret=new_secret,
)
