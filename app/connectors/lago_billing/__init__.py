"""Lago's webhooks, signed by HMAC or as a JWT. Usage that is sent the Lago way comes in elsewhere."""

from app.connectors.lago_billing.signing import flaw_of, verify
from app.connectors.lago_billing.telling import label, tell
from app.connectors.webhooks.provider import Provider

PROVIDER = Provider(
    code="lago",
    title="Lago",
    verify=verify,
    label=label,
    tell=tell,
    signs_with="HMAC key of the organisation, or for JWT signatures its public key (PEM)",
    flaw_of=flaw_of,
    keeps=("X-Lago-Signature", "X-Lago-Signature-Algorithm", "X-Lago-Unique-Key"),
)
