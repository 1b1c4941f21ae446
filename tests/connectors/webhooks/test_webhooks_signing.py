"""Signatures: vectors made by the vendors' own libraries, and everything that must not pass."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from joserfc import jws
from joserfc.jwk import RSAKey

from app.connectors.chargebee import signing as chargebee
from app.connectors.lago_billing import signing as lago
from app.connectors.standard_webhooks import signing as standard
from app.connectors.stripe import signing as stripe
from app.connectors.webhooks import signing
from app.connectors.webhooks.provider import BadSignatureError

AT = 1_793_534_400
NOW = datetime.fromtimestamp(AT, UTC)
BODY = b'{"type":"account.health_changed","timestamp":"2026-11-01T12:00:00Z","data":{"id":"acc_1"}}'


def refused(verify, headers, body=BODY, secrets=(), now=NOW):
    with pytest.raises(BadSignatureError) as error:
        verify(headers, body, secrets, now)
    return str(error.value)


# --- Stripe ---

STRIPE = "whsec_test"


def stripe_header(*secrets, at=AT, body=BODY):
    return {"Stripe-Signature": ",".join([f"t={at}", *(f"v1={_hex(secret, at, body)}" for secret in secrets)])}


def _hex(secret, at, body):
    return signing.digest(secret.encode(), str(at).encode(), body).hex()


def test_stripe_signs_time_and_body_as_its_own_library_does():
    """Made by `stripe.WebhookSignature.generate_signature_header` of stripe 16.1.0."""
    made = {"Stripe-Signature": "t=1793534400,v1=f4856ebfed4abc238ca5c0107bc53076e255a1d1e2270906634ed2b01d83d1e2"}
    stripe.verify(made, BODY, [STRIPE], NOW)
    assert made == stripe_header(STRIPE)
    assert refused(stripe.verify, made, secrets=["whsec_other"])


def test_stripe_may_sign_with_two_secrets_and_we_may_hold_two():
    stripe.verify(stripe_header("whsec_old", "whsec_new"), BODY, ["whsec_new"], NOW)
    stripe.verify(stripe_header("whsec_old"), BODY, ["whsec_new", "whsec_old"], NOW)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Stripe-Signature": ""},
        {"Stripe-Signature": "t=1793534400"},
        {"Stripe-Signature": "v1=00"},
        {"Stripe-Signature": "t=1793534400,v1=ü"},
        {"Stripe-Signature": f"t={AT},v0={_hex(STRIPE, AT, BODY)}"},
        {"Stripe-Signature": f"t={AT + 1},v1={_hex(STRIPE, AT, BODY)}"},
        {"Stripe-Signature": f"t=x,v1={signing.digest(STRIPE.encode(), b'x', BODY).hex()}"},
    ],
)
def test_what_stripe_did_not_sign_is_refused(headers):
    assert refused(stripe.verify, headers, secrets=[STRIPE])


def test_one_changed_byte_is_enough():
    refused(stripe.verify, stripe_header(STRIPE), BODY + b" ", [STRIPE])


def test_a_stripe_signature_lasts_five_minutes():
    stripe.verify(stripe_header(STRIPE), BODY, [STRIPE], NOW + timedelta(minutes=5))
    assert "5 minutes" in refused(stripe.verify, stripe_header(STRIPE), BODY, [STRIPE], NOW + timedelta(seconds=301))


@pytest.mark.parametrize("secret", ["sk_live_x", "rk_x", "secret"])
def test_another_kind_of_key_is_no_signing_secret(secret):
    assert "whsec_" in stripe.flaw_of(secret)
    assert stripe.flaw_of("whsec_x") is None


# --- Standard Webhooks ---

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
SIGNED = {
    "webhook-id": "msg_1",
    "webhook-timestamp": str(AT),
    "webhook-signature": "v1,enCXut0CQoM51LKGVdZANHpNlrgBBdPbEjoYPehiT8g=",
}


def test_a_standard_signature_of_the_reference_library_passes():
    """Made by standardwebhooks 1.1.0 and verified by svix 2.9.1."""
    standard.verify(SIGNED, BODY, [SECRET], NOW)
    several = SIGNED | {"webhook-signature": f"v1a,xx v1,AAAA {SIGNED['webhook-signature']}"}
    standard.verify(several, BODY, [standard.new_secret(), SECRET], NOW)


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": "msg_2"},
        {"webhook-timestamp": str(AT + 1)},
        {"webhook-timestamp": "soon"},
        {"webhook-signature": ""},
        {"webhook-signature": "v2,enCXut0CQoM51LKGVdZANHpNlrgBBdPbEjoYPehiT8g="},
        {"webhook-signature": "enCXut0CQoM51LKGVdZANHpNlrgBBdPbEjoYPehiT8g="},
    ],
)
def test_a_standard_signature_covers_id_time_and_body(change):
    refused(standard.verify, SIGNED | change, secrets=[SECRET])
    refused(standard.verify, SIGNED, BODY[:-1], [SECRET])


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_standard_signature_holds_five_minutes_both_ways(minutes):
    refused(standard.verify, SIGNED, BODY, [SECRET], NOW + timedelta(minutes=minutes))
    standard.verify(SIGNED, BODY, [SECRET], NOW + timedelta(minutes=minutes * 2 / 3))


def test_a_made_secret_is_long_and_a_short_one_is_refused():
    assert standard.flaw_of(standard.new_secret()) is None
    assert standard.new_secret() != standard.new_secret()
    assert standard.flaw_of("whsec_" + base64.b64encode(b"short").decode())
    assert standard.flaw_of("whsec_???")
    assert standard.flaw_of("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")


# --- Chargebee ---


def basic(words):
    return {"Authorization": "Basic " + base64.b64encode(words.encode()).decode()}


def test_chargebee_presents_a_name_and_a_password():
    assert basic("cb:pass") == {"Authorization": "Basic Y2I6cGFzcw=="}
    chargebee.verify(basic("cb:pass"), BODY, ["new:word", "cb:pass"], NOW)
    assert chargebee.flaw_of(chargebee.new_secret()) is None


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Basic"}, {"Authorization": "Basic ü"}, {"Authorization": "Bearer x"}, basic("cb:past")],
)
def test_without_them_chargebee_is_refused(headers):
    refused(chargebee.verify, headers, secrets=["cb:pass"])


@pytest.mark.parametrize("secret", ["", "short", "name:short", ":a long enough password"])
def test_a_name_and_a_long_password_are_needed(secret):
    assert chargebee.flaw_of(secret)


# --- Lago ---

LAGO = "the key of the organisation"


@pytest.fixture(scope="module")
def key():
    return RSAKey.generate_key(2048)


def public(key):
    return key.as_pem(private=False).decode()


def token(key, claim, alg="RS256"):
    return jws.serialize_compact({"alg": alg}, json.dumps({"data": claim, "iss": "lago"}), key)


def test_lago_signs_the_body_by_hmac():
    made = base64.b64encode(signing.digest(LAGO.encode(), BODY)).decode()
    lago.verify({"X-Lago-Signature": made, "X-Lago-Signature-Algorithm": "hmac"}, BODY, ["other", LAGO], NOW)
    for wrong in ("", "x", made[:-4] + "AAA="):
        refused(lago.verify, {"X-Lago-Signature": wrong}, secrets=[LAGO])


def test_lago_signs_the_body_as_a_token_too(key):
    for claim in (BODY.decode(), json.loads(BODY)):
        lago.verify({"X-Lago-Signature": token(key, claim)}, BODY, [LAGO, public(key)], NOW)
    large = json.dumps({"rows": ["x" * 100] * 3_000}).encode()
    lago.verify({"X-Lago-Signature": token(key, large.decode())}, large, [public(key)], NOW)


def test_a_token_about_another_body_or_by_another_key_is_refused(key):
    held = [public(key)]
    refused(lago.verify, {"X-Lago-Signature": token(key, "{}")}, secrets=held)
    refused(lago.verify, {"X-Lago-Signature": token(RSAKey.generate_key(2048), BODY.decode())}, secrets=held)
    refused(lago.verify, {"X-Lago-Signature": token(key, BODY.decode())[:-3]}, secrets=held)
    refused(lago.verify, {"X-Lago-Signature": token(key, 7)}, b"\xff", held)


def test_a_public_key_cannot_be_used_as_a_shared_one(key):
    made = base64.b64encode(signing.digest(public(key).encode(), BODY)).decode()
    refused(lago.verify, {"X-Lago-Signature": made, "X-Lago-Signature-Algorithm": "hmac"}, secrets=[public(key)])
    unsigned = ".".join(
        base64.urlsafe_b64encode(json.dumps(each).encode()).decode().rstrip("=")
        for each in ({"alg": "none"}, {"data": BODY.decode()})
    )
    refused(lago.verify, {"X-Lago-Signature": unsigned + "."}, secrets=[public(key)])


def test_only_public_rsa_keys_are_taken(key):
    assert lago.flaw_of(public(key)) is None
    assert "private" in lago.flaw_of(key.as_pem(private=True).decode())
    assert lago.flaw_of("-----BEGIN PUBLIC KEY-----\nno\n-----END PUBLIC KEY-----")
    assert lago.flaw_of("short")
