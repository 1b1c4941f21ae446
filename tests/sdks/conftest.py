"""A running product that SDKs of other people send to: a workspace, a meter, and a key for each of them."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine

from app.cli import _children
from app.local.ports import any_free_port
from app.local.processes import wait_until
from tests.product import ROOT, Person, Product, product_on
from tests.sdks.running import METER, SDKS, Sdk

EMAIL, PASSWORD = "ada@harbour.example", "seven small green trees"
AT_ONCE = 4
NARROW = 20  # events a minute: one in three seconds
Everyone = Callable[[Callable[[Sdk], Any]], dict[str, "Future[Any]"]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark them, so that they can be chosen or left out by `-m`."""
    for item in items:
        if item.path.is_relative_to(ROOT / "tests" / "sdks"):
            item.add_marker(pytest.mark.sdk)


@dataclass
class Harbour:
    """The workspace, read past row security. `narrow` is the address of a web process that takes little a minute."""

    product: Product
    ada: Person
    narrow: str
    keys: dict[str, str] = field(default_factory=dict)

    def key(self, name: str) -> str:
        """Give the key of a sender, made on the page that makes keys."""
        if name not in self.keys:
            answer = self.ada.post("/settings/keys", on="/settings/keys", name=name, scopes="usage:write")
            self.keys[name] = re.search(r'<code id="key">(prn_[^<]+)</code>', answer.text)[1]
        return self.keys[name]

    def use_up(self, name: str) -> None:
        """Have the key of a sender spend, at the narrow web process, all that it may and one event more."""
        batch = [{"type": "alias", "userId": f"u-{n}", "previousId": f"p-{n}"} for n in range(NARROW + 1)]
        answer = httpx.post(f"{self.narrow}/v1/batch", json={"batch": batch}, auth=(self.key(name), ""))
        assert answer.status_code == 200, answer.text

    def make_accounts(self, *names: str) -> None:
        batch = [
            {"type": "group", "userId": "setter-up", "groupId": name, "messageId": f"make-{name}"} for name in names
        ]
        key = self.key("setting up")
        answer = httpx.post(f"{self.product.address}/v1/batch", json={"batch": batch}, auth=(key, ""))
        assert answer.status_code == 200, answer.text

    def account(self, name: str):
        return self.product.rows("SELECT name, industry FROM account WHERE external_id = :name", name=name)

    def counted(self, account: str) -> float:
        """Give what is counted for an account, on all meters and days."""
        query = (
            "SELECT coalesce(sum(total), 0) AS total FROM daily_usage u, unnest(u.totals) AS total"
            " WHERE account_id = (SELECT id FROM account WHERE external_id = :account)"
        )
        return self.product.rows(query, account=account)[0].total

    def people(self, account: str) -> set[tuple[str, ...]]:
        query = "SELECT c.external_id, c.name, c.email FROM contact c JOIN account a ON a.id = c.account_id WHERE a.external_id = :a"
        return {tuple(row) for row in self.product.rows(query, a=account)}

    def active(self, account: str) -> set[str]:
        query = (
            "SELECT DISTINCT u.person FROM user_month u JOIN account a ON a.id = u.account_id WHERE a.external_id = :a"
        )
        return {row.person for row in self.product.rows(query, a=account)}

    def held(self, account: str) -> list[tuple[str, str, str | None]]:
        """Give what was ever held for lack of an account: (protocol, reason, how it ended)."""
        query = 'SELECT protocol, reason, "end" FROM held_event WHERE value = :account'
        return [tuple(row) for row in self.product.rows(query, account=account)]

    def replay(self) -> None:
        """Press the button that replays all that is held, and wait for the worker to end it."""
        self.ada.post("/data/held/replay", on="/data/held")
        open_jobs = "SELECT FROM job WHERE name = 'replay_held' AND state IN ('ready', 'running')"
        assert wait_until(lambda: not self.product.rows(open_jobs), within_s=90)


@pytest.fixture(scope="session")
def harbour(
    new_database: Callable[[str], str], admin: Engine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Harbour]:
    with ThreadPoolExecutor() as pool:  # makes the environments the first time; where that cannot be done, this skips
        list(pool.map(Sdk.command, {sdk.pins: sdk for sdk in SDKS}.values()))
    for sdk in SDKS:
        sdk.command()
    with product_on(new_database("sdks"), admin, tmp_path_factory.mktemp("sdks")) as product:
        product.command("found", "Harbour", "--email", EMAIL, "--person", "Ada", "--password", PASSWORD)
        product.start("web")
        product.start("worker-1")
        made = Harbour(product, product.sign_in(EMAIL, PASSWORD), _start_narrow(product))
        made.ada.post("/data/meters", on="/data", code=METER, kind="sum")
        for name in (*(sdk.name for sdk in SDKS), "segment-browser", "posthog-browser"):
            made.key(name)
        yield made


def _start_narrow(product: Product) -> str:
    port = any_free_port()
    product.children["narrow"] = next(c for c in _children(port, product.environment) if c.name == "web")
    product.environment["INGEST_PER_MINUTE"] = str(NARROW)
    product.start("narrow")
    del product.environment["INGEST_PER_MINUTE"]
    return f"http://127.0.0.1:{port}"


@pytest.fixture(scope="session")
def everyone() -> Iterator[Everyone]:
    """Have every SDK do the same, some at once; gives what will come of it by name, so that each test fails alone."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield lambda act: {sdk.name: pool.submit(act, sdk) for sdk in SDKS}
