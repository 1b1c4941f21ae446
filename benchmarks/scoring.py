"""Scoring the whole book of 100,000 accounts: signals, scorecard, risk, reasons, writing them back."""

import resource
import time
from collections.abc import Iterator

from flask import Flask

from app.core import tenancy
from app.extensions import db
from app.forecast import projecting
from app.health import queries, scoring
from benchmarks import book, pages
from benchmarks.results import Result


def measure(app: Flask) -> Iterator[Result]:
    """Score and forecast the large book of the pages' benchmark once more, as a nightly run does."""
    with app.app_context():
        workspace = book.large_book(pages.ACCOUNTS)
        with tenancy.workspace(workspace.id):
            seconds, scored = _timed(lambda: scoring.score_accounts(workspace, book.last_day()))
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            how = f"{scored:,} paying accounts, {book.MONTHS} months × 5 meters; peak of the process {peak:,.0f} MB"
            yield Result("Score the book", f"{seconds:.1f} s", how, "< 20 s", seconds < 20)
            seconds, _ = _timed(lambda: projecting.take_snapshot(workspace, book.last_day()))
            how = f"four quarters, {projecting.DRAWS:,} draws each with a shared shock"
            yield Result("Forecast the year's renewals", f"{seconds:.1f} s", how, "< 5 s", seconds < 5)
            some = queries.all_account_ids()[:2000]
            seconds, scored = _timed(lambda: scoring.score_accounts(workspace, book.last_day(), some))
            yield Result(
                "Score 2,000 touched accounts", f"{seconds:.1f} s", f"{scored:,} of them pay", "< 5 s", seconds < 5
            )
            db.session.rollback()


def _timed(act) -> tuple[float, int]:  # noqa: ANN001
    started = time.perf_counter()
    result = act()
    return time.perf_counter() - started, result or 0
