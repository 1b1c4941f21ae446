"""Whether a new model takes the place of the one in force: both are asked about months that neither had seen.

The newcomer's learner is walked forward from the day up to which the incumbent has learnt, as it would have been
retrained in life; the incumbent is what it was. Their hazards are compared month by month.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from ml.checks.backtest import LANDMARKS_A_BLOCK, Block, Learner, calibrations, walk_forward
from ml.checks.readiness import FEWEST_UNSEEN_CHURNS, SURE
from ml.evaluate import Outcomes, compare
from ml.facts import FloatArray
from ml.features import EDGES
from ml.hazard.curve import hazard_of
from ml.hazard.fitting import TooLittleToLearn
from ml.hazard.model import Calibration, HazardModel
from ml.labels import Panel, Periods, periods_of
from ml.signals import SIGNALS

PATIENCE_DAYS = 180  # a model that cannot be compared is followed by a new one after so long
MOST_LANDMARKS = 12


@dataclass(frozen=True)
class Incumbent:
    """The model in force, and the last day of what it has learnt from."""

    model: HazardModel
    learnt_until: date


@dataclass(frozen=True)
class Decision:
    """Whether the newcomer is put in force (or, when it was refused, the incumbent stays), and why, in words."""

    takes_over: bool
    why: str


def contest(
    panel: Panel, landmarks: Sequence[date], as_of: date, incumbent: Incumbent, learn: Learner | None, seed: int
) -> dict[str, Any]:
    """Return how both did on months after the incumbent's, JSON-able; without a learner, the incumbent alone.

    `base_rate` and `newcomer` are paired comparisons of log loss, below 0 in favour of the incumbent and of the
    newcomer; None when there is nothing to compare.
    """
    found: dict[str, Any] = {"learnt_until": incumbent.learnt_until.isoformat(), "churned_accounts": 0}
    days = [day for day in landmarks if day >= incumbent.learnt_until and (as_of - day).days >= EDGES[1]]
    cuts = _cuts(days[-MOST_LANDMARKS:])
    found |= {"base_rate": None, "newcomer": None}
    if not cuts:
        return found
    theirs = walk_forward(panel, cuts, lambda _panel, _until: _scorer(incumbent.model))
    outcomes = _months(theirs, [Calibration()] * len(theirs), as_of)
    found |= {
        "first_month": cuts[0][0].isoformat(),
        "last_month": as_of.isoformat(),
        "rows": len(outcomes),
        "churned_accounts": outcomes.churned_accounts,
    }
    if outcomes.churned_accounts < FEWEST_UNSEEN_CHURNS:
        return found
    known = periods_of(panel, incumbent.learnt_until)
    rate = np.full(len(outcomes), known.churned.mean() if len(known) else np.nan)
    found["base_rate"] = compare(outcomes.risk, rate, outcomes, seed)
    if learn is not None:
        found["newcomer"] = _against(panel, cuts, as_of, outcomes, learn, seed)
    return found


def succeed(found: dict[str, Any], as_of: date) -> Decision:
    """Decide whether a newcomer that passed its own tests follows the incumbent."""
    since, churns = date.fromisoformat(found["learnt_until"]), found["churned_accounts"]
    compared = found["newcomer"]
    if compared is None:
        few = {0: "no account", 1: "only one account"}.get(churns, f"only {churns} accounts")
        seen = f"{few} left in the months after {_day(since)}"
        why = f"{seen}, which the model in force had not seen; {FEWEST_UNSEEN_CHURNS} are needed to compare the two"
        if (as_of - since).days > PATIENCE_DAYS:
            return Decision(True, f"It takes over without a comparison: {why}, and that one is over half a year old.")
        return Decision(False, f"It waits: {why}. After half a year it would take over without.")
    share = compared["share_lower"] or 0.0
    said = (
        f"on {churns} churns between {_day(since)} and {_day(as_of)}, which neither had seen, its error (log loss) is"
        f" {_signed(compared['difference'])} against the other's, between {_signed(compared['low'])} and"
        f" {_signed(compared['high'])} (below 0 is better); it was better in {100 * share:.0f} % of redraws"
    )
    if share >= SURE:
        return Decision(True, f"It beat the model in force: {said}.")
    return Decision(False, f"It did not beat the model in force: {said}; {100 * SURE:.0f} % are asked.")


def outlast(found: dict[str, Any]) -> Decision:
    """Decide whether the incumbent stays when the newest training was refused: unless the base rate does better."""
    compared, churns = found["base_rate"], found["churned_accounts"]
    if compared is None:
        return Decision(True, f"It stays: too few ({churns}) have left since it was trained to judge it anew.")
    share = compared["share_lower"] or 0.0
    said = f"than the base rate on {churns} churns since it was trained (better in {100 * share:.0f} % of redraws)"
    if share < 0.5:
        return Decision(False, f"It is no longer in force: it did no better {said}.")
    return Decision(True, f"It stays, though the newest training was refused: it still does better {said}.")


def _against(
    panel: Panel, cuts: Sequence[tuple[date, date]], as_of: date, outcomes: Outcomes, learn: Learner, seed: int
) -> dict[str, Any] | None:
    try:
        ours = walk_forward(panel, cuts, learn)
    except TooLittleToLearn:
        return None
    nested, _, _ = calibrations(ours, as_of)
    return compare(_months(ours, nested, as_of).risk, outcomes.risk, outcomes, seed)


def _cuts(days: Sequence[date]) -> list[tuple[date, date]]:
    parts = [days[at : at + LANDMARKS_A_BLOCK] for at in range(0, len(days), LANDMARKS_A_BLOCK)]
    return [(part[0], part[-1]) for part in parts]


def _scorer(model: HazardModel) -> Any:
    columns = [[signal.code for signal in SIGNALS].index(code) for code in model.codes]

    def log_odds(rows: Panel) -> FloatArray:
        raw = model.raw_log_odds(rows.values[:, columns], rows.flags)
        return model.calibration.intercept + model.calibration.slope * raw

    return log_odds


def _months(blocks: Sequence[Block], nested: Sequence[Calibration], as_of: date) -> Outcomes:
    """Return the hazard given to every month that was over by `as_of`, and whether the account churned in it."""
    parts = []
    for block, at in zip(blocks, nested, strict=True):
        periods: Periods = periods_of(block.test, as_of)
        risk = hazard_of(at.intercept + at.slope * block.log_odds[periods.row, periods.month - 1])
        test = block.test
        parts.append(
            (risk, periods.churned.astype(float), *(of[periods.row] for of in (test.account, test.landmark, test.arr)))
        )
    return Outcomes(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def _signed(number: float | None) -> str:
    return "unknown" if number is None else f"{number:+.4f}".replace("-", "\N{MINUS SIGN}")
