"""Brings a data set in as a customer would: CSV files, the product's own import with its own guesses, its own facts."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from app.connectors.csv import importing
from app.core import tenancy
from app.core.clock import utc_now
from app.extensions import db
from app.health import queries
from app.health.knowing.gathering import gather
from app.identity.founding import found
from app.identity.models import Workspace
from benchmarks.book import PASSWORD
from ml.facts import Facts

FOUNDER = ("bench@perennial.example", "Benchmark", "admin", PASSWORD)
ACCEPTED = {"accounts", "contacts", "subscriptions", "invoices", "usage", "interactions", "churn_events"}


@dataclass(frozen=True)
class Imported:
    """A workspace and what its import said. `rows` and `rejected` count lines of all files."""

    workspace: Workspace
    rows: int
    rejected: int
    seconds: float

    @property
    def line(self) -> str:
        return f"{self.rows:,} lines, {self.rejected:,} refused, {self.rows / self.seconds:,.0f} lines/s"


@contextmanager
def imported(
    name: str, files: Mapping[str, pd.DataFrame] | Path, *, day_first: bool | None = None
) -> Iterator[Imported]:
    """Import frames (or a folder of CSV files) into a workspace of their own, in force while the context lasts."""
    workspace = found(name, "UTC", "USD", [FOUNDER])
    with tenancy.workspace(workspace.id), TemporaryDirectory(prefix="perennial-foreign-") as made:
        folder = files if isinstance(files, Path) else _written(files, Path(made))
        started = time.perf_counter()
        done = importing.get_import(importing.import_folder(folder, utc_now(), day_first))
        db.session.flush()
        seconds = time.perf_counter() - started
        kept = importing.files_of(done)
        strangers = [file.name for file in kept if file.kind not in ACCEPTED]
        assert not strangers, f"the import did not know what {strangers} are"
        yield Imported(workspace, sum(file.rows for file in kept), sum(file.rejected for file in kept), seconds)
        db.session.rollback()


def facts_known(first_day: date, as_of: date) -> Facts:
    """Give the facts of all accounts of the workspace in force, as the product gathers them."""
    return gather(queries.all_account_ids(), first_day, as_of, "UTC")


def _written(files: Mapping[str, pd.DataFrame], folder: Path) -> Path:
    for name, frame in files.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    return folder
