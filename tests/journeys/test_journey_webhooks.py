"""Senders that nobody here wrote: a Stripe in a process of its own, driven by its official SDK; the reference signer."""

import html
import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from signal import SIGTERM

import psutil
import pytest

from app.local.ports import any_free_port, is_answered
from app.local.processes import end, last_lines, launch, wait_until
from tests.environments import python_environment
from tests.product import ROOT

PINS = ("localstripe==1.15.10", "stripe==16.1.0", "standardwebhooks==1.1.0")
SECRET = "whsec_entered_on_the_page"
SENDERS = ROOT / "tests" / "senders"
PICKLE = Path("/tmp/localstripe.pickle")  # where localstripe leaves its store, whatever one asks


@contextmanager
def a_stripe(python: Path, log: Path) -> Iterator[str]:
    """Run localstripe (GPL, hence a process of its own) and give its address."""
    port = any_free_port()
    process = launch(
        [str(python), "-m", "localstripe", "--from-scratch", "--port", str(port)], log=log, ends_with=SIGTERM
    )
    try:
        assert wait_until(lambda: is_answered(port), within_s=60), last_lines(log)
        yield f"http://127.0.0.1:{port}"
    finally:
        end([psutil.Process(process.pid)], SIGTERM)
        process.wait()
        PICKLE.unlink(missing_ok=True)


def run(python: Path, script: str, *arguments: str) -> str:
    done = subprocess.run(
        [python, SENDERS / script, *arguments], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def python() -> Path:
    return python_environment(*PINS)


def make_source(company, provider: str, name: str) -> tuple[str, str]:
    """Make a source on the page. Gives where its page is, and the address it takes messages at."""
    page = company.ada.post("/data/webhooks", on="/data/webhooks", provider=provider, name=name)
    return page.url.path, html.unescape(re.search(r'<code id="address">([^<]+)</code>', page.text)[1])


def states(company, place: str) -> dict[str, int]:
    query = "SELECT state, count(*) AS n FROM webhook_delivery WHERE source_id = :id GROUP BY 1"
    return {row.state: row.n for row in company.product.rows(query, id=int(place.rsplit("/", 1)[1]))}


CONTRACTS = """
SELECT a.external_id, a.name, s.plan, s.seats, s.arr_minor, s.started_on, s.ended_on
FROM subscription s JOIN account a ON a.id = s.account_id WHERE a.external_id = ANY(:ids) ORDER BY a.name DESC"""
MOVES = """
SELECT a.name, m.kind, m.moved_on FROM movement m JOIN account a ON a.id = m.account_id
WHERE a.external_id = ANY(:ids) ORDER BY a.name DESC, m.moved_on"""


def test_customers_plans_subscriptions_and_a_cancellation_at_a_stripe_end_in_the_book(company, python, tmp_path):
    place, address = make_source(company, "stripe", "Stripe")
    company.ada.post(f"{place}/secrets", on=place, secret=SECRET)
    with a_stripe(python, tmp_path / "stripe.log") as base:
        told = json.loads(run(python, "stripe_life.py", base, address, SECRET))
        expected = {"customer.created": 2, "customer.subscription.created": 2, "customer.subscription.deleted": 1}
        heard = "SELECT event_type, count(*) AS n FROM webhook_delivery WHERE source_id = :id GROUP BY 1"
        source_id = int(place.rsplit("/", 1)[1])
        assert wait_until(
            lambda: expected.items() <= {r.event_type: r.n for r in company.product.rows(heard, id=source_id)}.items(),
            within_s=60, pause_s=0.2,
        ), last_lines(tmp_path / "stripe.log")  # fmt: skip
    assert wait_until(lambda: not states(company, place).keys() & {"waiting", "held"}, within_s=60, pause_s=0.2)
    assert states(company, place).keys() == {"done", "ignored"}
    ids = ["northwind", told["leaves"]]
    today = datetime.now(UTC).date()
    begun = today - timedelta(days=100)
    assert [tuple(row) for row in company.product.rows(CONTRACTS, ids=ids)] == [
        ("northwind", "Northwind Traders", "Pro", 2, 240_000, begun, None),
        (told["leaves"], "Fourth Coffee Ltd", "Small", 1, 18_000, begun, today),
    ]
    assert [tuple(row) for row in company.product.rows(MOVES, ids=ids)] == [
        ("Northwind Traders", "new", begun),
        ("Fourth Coffee Ltd", "new", begun),
        ("Fourth Coffee Ltd", "churn", today),
    ]
    paid = "SELECT count(*) AS n FROM invoice i JOIN account a ON a.id = i.account_id WHERE a.external_id = ANY(:ids) AND paid_on IS NOT NULL"
    assert company.product.rows(paid, ids=ids)[0].n == 2
    assert "customer.subscription.deleted" in company.ada.read(place)


def test_a_message_of_the_reference_signer_becomes_an_account_on_screen(company, python):
    place, address = make_source(company, "standard", "Own systems")
    secret = html.unescape(re.search(r'<code id="secret-\d+">([^<]+)</code>', company.ada.read(place))[1])
    record = {
        "type": "account.upserted",
        "timestamp": "2026-03-01T10:00:00Z",
        "data": {"id": "signed-1", "name": "Signed and Sons"},
    }
    repeats = [
        json.loads(run(python, "standard_message.py", address, secret, "msg-1", json.dumps(record)))["repeat"]
        for _ in range(2)
    ]
    assert repeats == [False, True]
    assert wait_until(lambda: states(company, place) == {"done": 1}, within_s=60, pause_s=0.2)
    assert "Signed and Sons" in company.ada.read(f"/accounts/{company.account('signed-1')}")
