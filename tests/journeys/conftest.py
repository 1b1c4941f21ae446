"""A company from its first hour, over HTTP, with real workers that may be killed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from tests.product import ROOT, Person, Product, product_on

EMAIL, PASSWORD = "ada@harbour.example", "seven small green trees"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark them, so that they can be chosen or left out by `-m`."""
    for item in items:
        if item.path.is_relative_to(ROOT / "tests" / "journeys"):
            item.add_marker(pytest.mark.journey)


@dataclass
class Company:
    """A workspace made at the command line, whose files came in the same way. Ada is its admin."""

    product: Product
    ada: Person

    def account(self, external_id: str) -> int:
        (row,) = self.product.rows("SELECT id FROM account WHERE external_id = :id", id=external_id)
        return row.id

    def job(self, job_id: int):
        (row,) = self.product.rows("SELECT state, attempts, error FROM job WHERE id = :id", id=job_id)
        return row

    def is_quiet(self) -> bool:
        """Whether every job that was asked for or due is over."""
        return not self.product.rows("SELECT FROM job WHERE state IN ('ready', 'running')")

    def ask_for_scores(self) -> int:
        """Press the button on the Data page. Gives the job."""
        self.ada.post("/data/jobs", on="/data", name="score_accounts")
        return self.product.rows("SELECT max(id) AS id FROM job WHERE name = 'score_accounts'")[0].id


@pytest.fixture(scope="session")
def company(
    new_database: Callable[[str], str], admin: Engine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Company]:
    folder = tmp_path_factory.mktemp("journeys")
    with product_on(new_database("journeys"), admin, folder) as product:
        product.command("found", "Harbour", "--email", EMAIL, "--person", "Ada", "--password", PASSWORD)
        _write_files(folder / "files")
        product.command("import", str(folder / "files"), "--workspace", "Harbour")
        product.start("web")
        product.start("worker-1")
        product.start("timekeeper")
        yield Company(product, product.sign_in(EMAIL, PASSWORD))


def _write_files(folder) -> None:
    """Write twelve customers who pay by the year and used the product every working day until yesterday."""
    folder.mkdir()
    today = datetime.now(UTC).date()
    names = [f"A-{n}" for n in range(1, 13)]
    accounts = [f"{name},Company {name},{today - timedelta(days=500)}" for name in names]
    contracts = [f"S-{name},{name},{today - timedelta(days=500)},10,12000" for name in names]
    days = [today - timedelta(days=back) for back in range(1, 120)]
    usage = [f"{name}-{day},{name},{day},logins,20" for name in names for day in days]
    for file, header, rows in (
        ("accounts.csv", "account_id,account_name,signup_date", accounts),
        ("subscriptions.csv", "subscription_id,account_id,start_date,seats,arr_amount", contracts),
        ("usage.csv", "usage_id,account_id,usage_date,feature_name,usage_count", usage),
    ):
        (folder / file).write_text("\n".join([header, *rows, ""]))
