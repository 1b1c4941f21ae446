"""Every system whose webhooks we take, in the order in which the page offers them."""

from app.connectors.chargebee import PROVIDER as CHARGEBEE
from app.connectors.lago_billing import PROVIDER as LAGO
from app.connectors.standard_webhooks import PROVIDER as STANDARD
from app.connectors.stripe import PROVIDER as STRIPE

PROVIDERS = {each.code: each for each in (STRIPE, CHARGEBEE, LAGO, STANDARD)}
