"""Scores accounts: facts as of a day → signals → scorecard, risk and reasons → rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from app.core.money import minor_digits
from app.health import freshness, queries, witnessing, writing
from app.health.base_rates import base_rates
from app.health.gathering import gather
from app.health.knowledge import Knowledge
from app.health.scorecard import SIGNALS, Card, Scores, band_of, score
from app.identity.models import Workspace
from ml import artifacts
from ml.explain import BookAverage, Reasons, average_of, reasons
from ml.facts import Facts
from ml.features import MONTHS, Snapshot, snapshot_as_of
from ml.hazard.curve import risk_within
from ml.hazard.model import HazardModel
from ml.signals import BY_CODE

LOOK_BACK_DAYS = 400
CHUNK = 10_000
HORIZONS = (30, 90, 180, 365)
TELLING = 0.5  # points of risk below which a reason is not worth a sentence of its own
GOOD = 60.0  # points below which a measure is a concern
_UNSAID = "its figures moved"
Progress = Callable[[int, int | None, str], None]


@dataclass(frozen=True)
class Book:
    """The signals of paying accounts on a day: `ids` [n], frames [n, signals], renewal flags [n, MONTHS], ARR [n]."""

    ids: np.ndarray
    values: pd.DataFrame
    before: pd.DataFrame
    flags: np.ndarray
    arr: np.ndarray


@dataclass(frozen=True)
class Risks:
    """Survival [n, MONTHS], risk at HORIZONS [n, 4] and expected months [n]; reasons only where there is a model."""

    basis: str
    model_version_id: int | None
    survival: np.ndarray
    within: np.ndarray
    lifetime: np.ndarray
    average: float
    told: list[list[dict[str, Any]]]


def score_accounts(
    workspace: Workspace, as_of: date, account_ids: Sequence[int] | None = None, progress: Progress = lambda *_: None
) -> int:
    """Score some accounts (or all) as of the end of a day and write everything down. Gives how many were scored."""
    ids = sorted(account_ids) if account_ids is not None else queries.all_account_ids()
    card_row, card = queries.scorecard_in_force()
    read_at = queries.clock()
    book = _book(workspace, ids, as_of, card, progress)
    was = queries.standing_of(book.ids.tolist())
    scores = score(card, {code: book.values[code].to_numpy(float) for code in SIGNALS})
    bands = [
        band_of(card, s, was[i].band if i in was else None)
        for i, s in zip(book.ids.tolist(), scores.score, strict=True)
    ]
    risks = _risks(book, as_of, whole_book=account_ids is None)
    progress(len(ids), len(ids), "Writing scores")
    _write(book, as_of, card_row.id, card, scores, bands, risks, was, read_at)
    writing.clear_former(sorted(set(ids) - set(book.ids.tolist())))
    return len(book.ids)


def score_past(workspace: Workspace, days: Sequence[date], progress: Progress = lambda *_: None) -> None:
    """Score the whole book as of past days, the oldest first, so that a new installation has a history to show.

    Each day sees only what was known by its end. Health only: risk is not told with hindsight.
    """
    card_row, card = queries.scorecard_in_force()
    ids = queries.all_account_ids()
    standing: dict[int, str] = {}
    read_at = queries.clock()
    facts = _facts(workspace, ids, min(days), max(days)) if ids else None
    for done, as_of in enumerate(days):
        progress(done, len(days), f"Scoring the book as of {as_of}")
        if facts is None:
            continue
        book, scores = score_facts(facts, Knowledge(as_of, workspace.time_zone), card)
        bands = [band_of(card, s, standing.get(i)) for i, s in zip(book.ids.tolist(), scores.score, strict=True)]
        standing |= dict(zip(book.ids.tolist(), bands, strict=True))
        writing.write_scores(as_of, card_row.id, score_rows(book, scores, bands), read_at)
        writing.write_summaries(as_of, _summary_rows(book, card, scores, bands, None))


def score_facts(facts: Facts, knowledge: Knowledge, card: Card) -> tuple[Book, Scores]:
    """Measure a book as it was known on a day, and score it with a card."""
    book = _stale_out(_snapshot_book(facts, knowledge.as_of), freshness.source_ages(knowledge, card.deadlines), card)
    return book, score(card, {code: book.values[code].to_numpy(float) for code in SIGNALS})


def _book(workspace: Workspace, ids: Sequence[int], as_of: date, card: Card, progress: Progress) -> Book:
    """Read the signals of accounts, some thousands at a time; witnesses say what the rest of the book would."""
    knowledge = Knowledge(as_of, workspace.time_zone)
    parts, ages = [], freshness.source_ages(knowledge, card.deadlines)
    witnesses = witnessing.witnesses(knowledge, LOOK_BACK_DAYS)
    for start in range(0, len(ids), CHUNK):
        progress(start, len(ids), "Reading signals")
        chunk = set(ids[start : start + CHUNK])
        facts = _facts(workspace, sorted(chunk | witnesses), as_of, as_of)
        parts.append(_stale_out(_of_accounts(_snapshot_book(facts, as_of), chunk), ages, card))
    return _joined(parts)


def _of_accounts(book: Book, ids: set[int]) -> Book:
    ours = np.isin(book.ids, list(ids))
    return Book(book.ids[ours], book.values[ours], book.before[ours], book.flags[ours], book.arr[ours])


def _facts(workspace: Workspace, ids: Sequence[int], first_as_of: date, as_of: date) -> Facts:
    minor = 10 ** minor_digits(workspace.currency)
    first = first_as_of - timedelta(days=LOOK_BACK_DAYS)
    return gather(ids, first, as_of, workspace.time_zone, minor, known_after=first_as_of)


def _snapshot_book(facts: Facts, as_of: date) -> Book:
    snapshot: Snapshot = snapshot_as_of(facts, as_of)
    ids = facts.accounts["id"].to_numpy()[snapshot.values.index.to_numpy()]
    return Book(ids, snapshot.values, snapshot.before, snapshot.flags, snapshot.arr)


def _stale_out(book: Book, ages: Mapping[str, int | None], card: Card) -> Book:
    """Make unknown what a source that has missed its deadline would say: a dead feed must not look like health."""
    stale = {m.signal for m in card.measures if _is_stale(ages[m.source], card.deadlines[m.source])}
    values = book.values.copy()
    values[sorted(stale)] = np.nan
    return Book(book.ids, values, book.before, book.flags, book.arr)


def _is_stale(age: int | None, deadline: int) -> bool:
    return age is None or age > deadline


def _joined(parts: Sequence[Book]) -> Book:
    if not parts:
        empty = pd.DataFrame({code: pd.Series(dtype=float) for code in SIGNALS})
        return Book(np.array([], np.int64), empty, empty, np.zeros((0, MONTHS), bool), np.array([]))
    return Book(
        np.concatenate([part.ids for part in parts]),
        pd.concat([part.values for part in parts], ignore_index=True),
        pd.concat([part.before for part in parts], ignore_index=True),
        np.concatenate([part.flags for part in parts]),
        np.concatenate([part.arr for part in parts]),
    )


def _risks(book: Book, as_of: date, *, whole_book: bool) -> Risks | None:
    if not len(book.ids):
        return None
    champion = queries.find_champion()
    if champion is None or champion.artifact is None:
        return _base_risks(book, as_of)
    model = artifacts.load(champion.artifact["model"])
    average = _average(model, book, champion.artifact.get("average"), whole_book=whole_book)
    if whole_book:
        writing.keep_average(champion.id, average.dump())
    return _model_risks(model, champion.id, book, average)


def _average(model: HazardModel, book: Book, kept: dict[str, Any] | None, *, whole_book: bool) -> BookAverage:
    if kept and not whole_book:
        return BookAverage.load(kept)
    return average_of(model, book.values, book.flags)


def _model_risks(model: HazardModel, version: int, book: Book, average: BookAverage) -> Risks:
    found = reasons(model, book.values, book.before, book.flags, book=average)
    return Risks(
        basis="model",
        model_version_id=version,
        survival=model.survival(book.values, book.flags),
        within=model.risk_at(book.values, book.flags, HORIZONS),
        lifetime=model.expected_lifetime_months(book.values, book.flags).in_all,
        average=average.risk,
        told=[_told(found, row) for row in range(len(book.ids))],
    )


def _base_risks(book: Book, as_of: date) -> Risks:
    """Tell each account what is known of accounts with its kind of contract, when no model can be trusted."""
    tiers = queries.tiers_of(book.ids.tolist())
    is_term = book.values["term"].to_numpy(float) >= 2
    hazards = base_rates(as_of).hazards([tiers.get(i) for i in book.ids.tolist()], book.flags, is_term)
    hazards = hazards.clip(1e-6, 1 - 1e-6)
    log_odds = np.log(hazards) - np.log1p(-hazards)
    survival = np.cumprod(1 - hazards, axis=1)
    within = np.column_stack([risk_within(log_odds, days) for days in HORIZONS])
    lifetime = survival.sum(axis=1) / (1 - survival[:, -1])
    return Risks("base rate", None, survival, within, lifetime, float(within[:, 1].mean()), [[] for _ in book.ids])


def _write(
    book: Book,
    as_of: date,
    card_id: int,
    card: Card,
    scores: Scores,
    bands: Sequence[str],
    risks: Risks | None,
    was: dict[int, Any],
    read_at: datetime,
) -> None:
    if risks is None:
        return
    changes = _changes(book, as_of, card, scores, bands, risks, was)
    writing.write_scores(as_of, card_id, score_rows(book, scores, bands), read_at)
    writing.write_risks(as_of, _risk_rows(book, risks))
    writing.write_summaries(as_of, _summary_rows(book, card, scores, bands, risks))
    writing.write_changes(as_of, changes)


def score_rows(book: Book, scores: Scores, bands: Sequence[str]) -> list[dict[str, Any]]:
    """Give what is stored of scores."""
    values, before = (
        _nullable(book.values[list(SIGNALS)].to_numpy(float)),
        _nullable(book.before[list(SIGNALS)].to_numpy(float)),
    )
    columns = zip(
        book.ids.tolist(), _nullable(scores.score), scores.coverage.tolist(), bands, values, before, strict=True
    )
    return [
        {"account_id": i, "score": s, "coverage": c, "band": b, "values": v, "before": f}
        for i, s, c, b, v, f in columns
    ]


def _risk_rows(book: Book, risks: Risks) -> list[dict[str, Any]]:
    survival, within = risks.survival.round(6).tolist(), risks.within.round(6)
    return [
        {
            "account_id": account_id, "basis": risks.basis, "model_version_id": risks.model_version_id,
            "survival": survival[row], "average_90": risks.average, "lifetime_months": float(risks.lifetime[row]),
            **{f"risk_{days}": float(within[row, n]) for n, days in enumerate(HORIZONS)},
            "reasons": risks.told[row],
        }
        for row, account_id in enumerate(book.ids.tolist())
    ]  # fmt: skip


def _told(found: Reasons, row: int) -> list[dict[str, Any]]:
    return [
        {
            "code": reason.code, "sentence": reason.sentence, "points": round(reason.points, 4),
            "act": BY_CODE[reason.code].acts_on if reason.code in BY_CODE else None,
        }
        for reason in found.of(row)
    ]  # fmt: skip


def _summary_rows(
    book: Book, card: Card, scores: Scores, bands: Sequence[str], risks: Risks | None
) -> list[dict[str, Any]]:
    score_, coverage = _nullable(scores.score), scores.coverage.tolist()
    return [
        {
            "account_id": account_id, "band": bands[row], "score": score_[row], "coverage": coverage[row],
            "risk": None if risks is None else float(risks.within[row, 1]),
            "risk_reason": _concern(book, card, scores, risks, row),
        }
        for row, account_id in enumerate(book.ids.tolist())
    ]  # fmt: skip


def _concern(book: Book, card: Card, scores: Scores, risks: Risks | None, row: int) -> str | None:
    """Give what to look at first: what raises the risk most and can be acted on, else the weakest measure."""
    raising = [reason for reason in risks.told[row] if reason["act"] and reason["points"] > TELLING] if risks else []
    if raising:
        return str(max(raising, key=lambda reason: reason["points"])["sentence"])
    missing = np.nan_to_num((GOOD - scores.points[row]) * card.weights)
    return _said(book, card, int(missing.argmax()), row) if missing.max(initial=0.0) > 0 else None


def _said(book: Book, card: Card, measure: int, row: int) -> str:
    signal = card.measures[measure].signal
    return BY_CODE[signal].say(float(book.values[signal].iloc[row]), float(book.before[signal].iloc[row]))


def _changes(
    book: Book, as_of: date, card: Card, scores: Scores, bands: Sequence[str], risks: Risks, was: dict[int, Any]
) -> list[dict[str, Any]]:
    """Give the rows for accounts whose band moved, or whose risk moved by 5 points or more."""
    moved = [
        row
        for row, i in enumerate(book.ids.tolist())
        if i in was
        and (bands[row] != was[i].band or (was[i].risk is not None and abs(risks.within[row, 1] - was[i].risk) >= 0.05))
    ]
    earlier = queries.latest_values([int(book.ids[row]) for row in moved], as_of)
    return [_change(book, card, scores, bands, risks, was[int(book.ids[row])], earlier, row) for row in moved]


def _change(
    book: Book,
    card: Card,
    scores: Scores,
    bands: Sequence[str],
    risks: Risks,
    was: Any,
    earlier: dict[int, Any],
    row: int,
) -> dict[str, Any]:
    account_id, to_score = int(book.ids[row]), scores.score[row]
    return {
        "account_id": account_id, "from_band": was.band, "to_band": bands[row],
        "from_score": was.score, "to_score": None if np.isnan(to_score) else float(to_score),
        "from_risk": was.risk, "to_risk": float(risks.within[row, 1]),
        "why": _why(book, card, scores, earlier.get(account_id), row) or _UNSAID,
    }  # fmt: skip


def _why(book: Book, card: Card, scores: Scores, earlier: Sequence[float | None] | None, row: int) -> str | None:
    """Name the measure that moved the score most since the last scoring."""
    if earlier is None or len(earlier) != len(SIGNALS):
        return None
    old = np.array([np.nan if v is None else v for v in earlier])
    then = np.array([float(m.points(old[[SIGNALS.index(m.signal)]])[0]) for m in card.measures])
    moved = np.nan_to_num((scores.points[row] - then) * card.weights)
    if not np.abs(moved).max(initial=0.0):
        return None
    return _said(book, card, int(np.abs(moved).argmax()), row)


def _nullable(numbers: np.ndarray) -> list[Any]:
    return np.where(np.isnan(numbers), None, numbers.astype(object)).tolist()
