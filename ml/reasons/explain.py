"""Why an account's risk differs from the book's average, in points of risk that add up exactly."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd

from ml.facts import BoolArray, FloatArray, IntArray
from ml.features import MONTHS
from ml.hazard.curve import exposure, hazard_of, log_survival, risk_within
from ml.hazard.model import CHUNK, HazardModel
from ml.signals import BY_CODE
from ml.signals.wording import count

RENEWAL, REST = "renewal", "rest"
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)
BISECTIONS = 60
_Average = tuple[FloatArray, FloatArray, FloatArray]
"""Mean share of each signal [signals, 2, MONTHS], level [2, MONTHS], and log-odds of a month [MONTHS]."""
PATH, PATH_WEIGHTS = (_NODES + 1) / 2, _WEIGHTS / 2


class Reason(NamedTuple):
    """One signal's share in the difference, in percentage points of risk, with the sentence that says it."""

    code: str
    sentence: str
    points: float


@dataclass(frozen=True)
class BookAverage:
    """What accounts are compared with. Kept with a night's scores, one account alone is explained just so by day."""

    horizon_days: int
    risk: float
    log_odds: FloatArray  # [MONTHS]: where the path to an account begins
    level: FloatArray  # [2, MONTHS]: calibrated log-odds of a month with and without renewal, over the book's signals
    means: FloatArray  # [signals, 2, MONTHS]

    def dump(self) -> dict[str, Any]:
        arrays = {name: getattr(self, name).tolist() for name in ("log_odds", "level", "means")}
        return {"horizon_days": self.horizon_days, "risk": self.risk, **arrays}

    @classmethod
    def load(cls, kept: dict[str, Any]) -> Self:
        arrays = {name: np.array(kept[name], dtype=float) for name in ("log_odds", "level", "means")}
        return cls(int(kept["horizon_days"]), float(kept["risk"]), **arrays)


@dataclass(frozen=True)
class Reasons:
    """Reasons of many accounts as arrays; `of(row)` words them.

    risk [n], log_odds [n, MONTHS]; code [n, top] indexes `codes`; points [n, top], largest effect first; rest [n].
    For each row points.sum() + rest = 100 × (risk - book.risk), exactly.
    """

    book: BookAverage
    risk: FloatArray
    log_odds: FloatArray
    codes: tuple[str, ...]
    code: IntArray
    points: FloatArray
    rest: FloatArray
    values: FloatArray
    before: FloatArray
    flags: BoolArray

    def of(self, row: int) -> list[Reason]:
        """Return one account's reasons in words, the last being everything else."""
        return next(self.in_words(slice(row, row + 1)))

    def in_words(self, rows: slice = slice(None)) -> Iterator[list[Reason]]:
        """Yield the reasons of each account in words."""
        chosen = np.minimum(self.code[rows], len(self.codes) - 2)  # the renewal has no figure
        figures = (np.take_along_axis(of[rows], chosen, axis=1) for of in (self.values, self.before))
        columns = (self.code[rows], self.points[rows], *figures, self.rest[rows])
        for row, (codes, points, values, before, rest) in enumerate(
            zip(*(column.tolist() for column in columns), strict=True), start=rows.start or 0
        ):
            found = [
                Reason(self.codes[code], self._sentence(row, code, value, figure), share)
                for code, share, value, figure in zip(codes, points, values, before, strict=True)
            ]
            yield [*found, Reason(REST, "everything else", rest)]

    def _sentence(self, row: int, code: int, value: float, before: float) -> str:
        if self.codes[code] == RENEWAL:
            return _say_renewal(self.flags[row].tobytes())
        return _say(self.codes[code], value, before)


def reasons(
    model: HazardModel,
    features: pd.DataFrame,
    before: pd.DataFrame,
    flags: BoolArray,
    *,
    horizon_days: int = 90,
    top: int = 5,
    book: BookAverage | None = None,
) -> Reasons:
    """Return each account's `top` contributions to its risk within `horizon_days`, against the book's average.

    A signal's share in the log-odds of each month is turned into risk along the straight path from the book's
    average to the account (Aumann–Shapley): shares that are additive in log-odds stay additive in risk. The timing
    of the renewal is a contribution of its own. `book` defaults to the accounts given. Raises ValueError without any.
    """
    values = model.matrix(features)
    log_odds = model.log_odds(features, flags)
    average = book or _average(model, values, flags, log_odds, horizon_days)
    risk = risk_within(log_odds, average.horizon_days)
    points = 100 * _contributions(model, average, values, flags, log_odds)
    chosen = np.argsort(-np.abs(points), axis=1, kind="stable")[:, :top]
    shown = np.take_along_axis(points, chosen, axis=1)
    rest = 100 * (risk - average.risk) - shown.sum(axis=1)
    codes = (*model.codes, RENEWAL)
    figures = before[model.codes].to_numpy(float)
    return Reasons(average, risk, log_odds, codes, chosen, shown, rest, values, figures, flags)


def renewal_sentence(flags: BoolArray) -> str:
    """Say when the next renewal falls, from an account's flags of the coming months."""
    if not flags.any():
        return "no renewal is due in the coming year"
    month = int(flags.argmax())
    if flags[month:].all() and month < MONTHS - 1:
        return "the contract renews every month"
    return "a renewal falls in the coming month" if month == 0 else f"a renewal falls in {count(month, 'month')}"


@lru_cache(maxsize=10_000)
def _say(code: str, value: float, before: float) -> str:
    """Say a signal; the same figures come again in the reasons of other chances, and in other accounts."""
    return BY_CODE[code].say(value, before)


@lru_cache(maxsize=4_096)
def _say_renewal(flags: bytes) -> str:
    return renewal_sentence(np.frombuffer(flags, dtype=bool))


def _average(
    model: HazardModel, values: FloatArray, flags: BoolArray, log_odds: FloatArray, horizon_days: int
) -> BookAverage:
    """Return the average of a book of accounts.

    An account whose every signal is at the book's mean log-odds is safer than the average account, for the book's
    risk is made by its risky few; at the mean odds it is riskier. The average lies between, where its risk is the
    book's average risk, so that no constant remains to be explained.
    """
    if not len(values):
        raise ValueError("features: a book without accounts has no average")
    risk = float(risk_within(log_odds, horizon_days).mean())
    by_log_odds, by_odds = _averages(model, values, flags)
    low, high = 0.0, 1.0
    for _ in range(BISECTIONS):
        blend = (low + high) / 2
        _, _, level_odds = _blended(by_log_odds, by_odds, blend)
        low, high = (blend, high) if risk_within(level_odds, horizon_days) < risk else (low, blend)
    means, level, path = _blended(by_log_odds, by_odds, (low + high) / 2)
    return BookAverage(horizon_days, risk, path, level, means)


def _averages(model: HazardModel, values: FloatArray, flags: BoolArray) -> tuple[_Average, _Average]:
    """Return the book's average by log-odds and by odds."""
    slope, renewing = model.calibration.slope, flags.mean(axis=0)
    constant = model.calibration.intercept + slope * model.base
    plain, odds = np.empty((2, len(model.shapes), 2, MONTHS))
    for column, shape in enumerate(model.shapes):
        share = np.bincount(shape.steps(values[:, column]), minlength=len(shape.table)) / len(values)
        plain[column] = np.tensordot(share, slope * shape.table, axes=1)
        odds[column] = np.log(np.tensordot(share, np.exp(slope * shape.table), axes=1))
    level, level_of_odds = constant + plain.sum(axis=0), constant + odds.sum(axis=0)
    timed = renewing * level[1] + (1 - renewing) * level[0]
    timed_by_odds = np.log(renewing * np.exp(level_of_odds[1]) + (1 - renewing) * np.exp(level_of_odds[0]))
    return (plain, level, timed), (odds, level_of_odds, timed_by_odds)


def _blended(first: _Average, second: _Average, blend: float) -> _Average:
    means, level, log_odds = ((1 - blend) * one + blend * two for one, two in zip(first, second, strict=True))
    return means, level, log_odds


def _contributions(
    model: HazardModel, book: BookAverage, values: FloatArray, flags: BoolArray, log_odds: FloatArray
) -> FloatArray:
    """Return each signal's and the renewal's contribution to risk (a fraction): [n, signals + 1]."""
    months = len(np.trim_zeros(exposure(book.horizon_days), "b"))
    tables = [_centred(model, book, column, months) for column in range(len(model.shapes))]
    found = np.empty((len(values), len(tables) + 1))
    for start in range(0, len(values), CHUNK):
        part = slice(start, start + CHUNK)
        slope = _risk_per_log_odds(book, log_odds[part, :months])
        due = flags[part, :months]
        by_cell = np.concatenate([np.where(due, 0.0, slope), np.where(due, slope, 0.0)], axis=1)
        for column, (shape, table) in enumerate(zip(model.shapes, tables, strict=True)):
            found[part, column] = np.einsum("ij,ij->i", table[shape.steps(values[part, column])], by_cell)
        timing = np.where(due, book.level[1, :months], book.level[0, :months]) - book.log_odds[:months]
        found[part, -1] = (timing * slope).sum(axis=1)
    return found


def _centred(model: HazardModel, book: BookAverage, column: int, months: int) -> FloatArray:
    """Return a shape's calibrated table less the book's mean, cells flattened: [steps, 2 × months]."""
    table = model.calibration.slope * model.shapes[column].table - book.means[column]
    return np.ascontiguousarray(table[:, :, :months]).reshape(len(table), -1)


def _risk_per_log_odds(book: BookAverage, log_odds: FloatArray) -> FloatArray:
    """Return d risk / d log-odds of each of the first months, averaged along the path from the book's average."""
    months = log_odds.shape[1]
    part, average = exposure(book.horizon_days)[:months], book.log_odds[:months]
    away = log_odds - average
    slope = np.zeros_like(log_odds)
    for step, weight in zip(PATH, PATH_WEIGHTS, strict=True):
        on_path = average + step * away
        alive = np.exp(log_survival(on_path) @ part)
        slope += weight * alive[:, None] * part * hazard_of(on_path)
    return slope
