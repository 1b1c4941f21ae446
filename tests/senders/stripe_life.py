"""Lives of customers at a Stripe, told by its official SDK. Run in an environment that holds it, never imported.

python stripe_life.py http://127.0.0.1:8420 http://…/hooks/stripe/… whsec_…
"""

import json
import sys
import time
import urllib.request

import stripe

DAY_S = 24 * 3600


def main(base: str, hook: str, secret: str) -> None:
    stripe.api_key, stripe.api_base = "sk_test_12345", base
    _tell_to(base, hook, secret)
    pro = stripe.Plan.create(id="pro", amount=120_000, currency="usd", interval="year", product={"name": "Pro"})
    small = stripe.Plan.create(id="small", amount=1_500, currency="usd", interval="month", product={"name": "Small"})
    begun = int(time.time()) - 100 * DAY_S
    stays = _customer("Northwind Traders", "ap@northwind.example", {"account_id": "northwind"})
    stripe.Subscription.create(customer=stays, items=[{"plan": pro.id, "quantity": 2}], backdate_start_date=begun)
    leaves = _customer("Fourth Coffee", "pay@fourth.example", {})
    left = stripe.Subscription.create(customer=leaves, items=[{"plan": small.id}], backdate_start_date=begun)
    time.sleep(1.1)  # localstripe counts in seconds, and does not say what was before a change
    stripe.Customer.modify(leaves, name="Fourth Coffee Ltd")
    stripe.Subscription.cancel(left.id)
    sys.stdout.write(json.dumps({"leaves": leaves, "left": left.id}))


def _tell_to(base: str, hook: str, secret: str) -> None:
    body = json.dumps({"url": hook, "secret": secret}).encode()
    headers = {"Content-Type": "application/json", "Authorization": "Bearer sk_test_12345"}
    urllib.request.urlopen(urllib.request.Request(f"{base}/_config/webhooks/ours", body, headers), timeout=10)


def _customer(name: str, email: str, metadata: dict[str, str]) -> str:
    """A customer who has a card."""
    customer = stripe.Customer.create(name=name, email=email, metadata=metadata)
    card = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2039, "cvc": "123"}
    method = stripe.PaymentMethod.create(type="card", card=card)
    stripe.PaymentMethod.attach(method.id, customer=customer.id)
    stripe.Customer.modify(customer.id, invoice_settings={"default_payment_method": method.id})
    return str(customer.id)


if __name__ == "__main__":
    main(*sys.argv[1:])
