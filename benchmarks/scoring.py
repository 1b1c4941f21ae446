"""Scoring the whole book: signals, scorecard, risk, moves, reasons, hints, writing them back; plain pandas beside it.

The models in force were learnt from a smaller company of 24 months, so that reasons and hints are told and paid for.
"""

import re
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from flask import Flask

from app.core import tenancy
from app.demo.company import simulate
from app.extensions import db
from app.forecast import projecting
from app.forecast.deriving import READING_LANES
from app.health import queries, scoring
from app.health.knowing.knowledge import Knowledge
from app.health.knowing.reading import read_book
from app.health.model import learning
from app.health.models import ModelVersion, MoveModel
from app.health.moves.learning import train_moves
from app.identity.models import Workspace
from benchmarks import book
from benchmarks.plain_features import CHECKED, plain_features
from benchmarks.results import Result
from ml import artifacts
from ml.learning import learn
from ml.moves import learn_moves
from tests.demo_facts import facts_of

ACCOUNTS, MONTHS = 100_000, 12
LEARNT_FROM, SAMPLE, TOUCHED = 1_000, 2_000, 2_000


def measure(_app: Flask) -> Iterator[Result]:
    """Score and forecast a large book with a year behind it once more, as a nightly run does."""
    with _app.app_context():
        workspace = book.book_of(ACCOUNTS, MONTHS)
        with tenancy.workspace(workspace.id):
            _put_models_in_force(book.last_day())
            yield from _scoring(workspace, book.last_day())
            yield _beside_pandas(workspace, book.last_day())
            yield from _training(workspace, book.last_day())
            db.session.rollback()


def _scoring(workspace: Workspace, day: date) -> Iterator[Result]:
    ids = queries.all_account_ids()
    few, scored_few = _timed(lambda: scoring.score_accounts(workspace, day, ids[: len(ids) // 10], lanes=READING_LANES))
    Path("/proc/self/clear_refs").write_text("5")  # what making the book took is forgotten
    before = _memory("VmRSS")
    seconds, scored = _timed(lambda: scoring.score_accounts(workspace, day, lanes=READING_LANES))
    peak = f"{_memory('VmHWM'):,} MB at most, {before:,} of them from making the book"
    how = f"{scored:,} paying accounts, {MONTHS} months × 5 meters; {peak}"
    yield Result("Score the book", f"{seconds:.1f} s", how, "< 20 s for 100,000", seconds * 100_000 / scored < 20)
    growth = seconds / scored / (few / scored_few)
    how = f"seconds an account, {scored:,} accounts against {scored_few:,}"
    yield Result("Growth of its cost", f"{growth:.2f} ×", how, "≤ 1.1 × (linear)", growth <= 1.1)
    seconds, _ = _timed(lambda: projecting.take_snapshot(workspace, day))
    how = f"four quarters, {projecting.DRAWS:,} draws each with a shared shock"
    yield Result("Forecast the year's renewals", f"{seconds:.1f} s", how, "< 5 s", seconds < 5)
    seconds, scored = _timed(lambda: scoring.score_accounts(workspace, day, ids[:TOUCHED]))
    how = f"{scored:,} of them pay"
    yield Result(f"Score {TOUCHED:,} touched accounts", f"{seconds:.1f} s", how, "< 5 s", seconds < 5)


def _beside_pandas(workspace: Workspace, day: date) -> Result:
    ids = queries.all_account_ids()[:SAMPLE]
    plainly, plain = _timed(lambda: plain_features(ids, day))
    ours, found = _timed(lambda: read_book(workspace, ids, Knowledge(day, workspace.time_zone)))
    for code in CHECKED:
        theirs = plain[code].reindex(found.ids).to_numpy(float)
        both = ~np.isnan(theirs) & ~np.isnan(found.values[code].to_numpy(float))
        np.testing.assert_allclose(found.values[code].to_numpy(float)[both], theirs[both], rtol=1e-4, atol=1e-6)
    how = f"{SAMPLE:,} accounts: {plainly:.1f} s for ten features, {ours:.1f} s here for two dozen, reading included"
    return Result("Features, to plain pandas", f"{plainly / ours:.1f} ×", how, "≥ 5 ×", plainly / ours >= 5)


def _training(workspace: Workspace, day: date) -> Iterator[Result]:
    for name, train in (("churn", learning.train), ("moves", train_moves)):
        seconds, _ = _timed(lambda train=train: train(workspace, day))
        how = "history of at most 10,000 accounts gathered, 5,000 of them learnt from"
        yield Result(f"Train {name}", f"{seconds:.1f} s", how, "shown", is_met=True)


def _memory(what: str) -> int:
    """Give a line of Linux's account of this process, in MB."""
    (found,) = re.findall(rf"{what}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found) // 1024


def _put_models_in_force(day: date) -> None:
    facts = facts_of(simulate(LEARNT_FROM, 24, 101, day))
    kept: dict[str, Any] = {"verdict": [], "report": {}, "trained_on": day}
    churn = learn(facts, day, seed=1).model
    assert churn is not None
    db.session.add(ModelVersion(state="champion", artifact={"model": artifacts.dump(churn)}, **kept))
    for learned in learn_moves(facts, day, seed=1):
        artifact = learned.model and {"model": artifacts.dump(learned.model)}
        db.session.add(MoveModel(kind=learned.kind, artifact=artifact, **kept))
    db.session.flush()


def _timed(act: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    result = act()
    return time.perf_counter() - started, result
