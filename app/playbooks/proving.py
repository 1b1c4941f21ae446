"""What a playbook has proven: intention to treat, every enrolled account counted in the arm it was drawn into."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from typing import Any

from app.playbooks.trial.evidence import ENOUGH, Batch, evidence
from app.playbooks.trial.intervals import difference
from app.playbooks.trial.power import accounts_needed

CUT = 1 / 3
"""The effect that a proof is planned for: a third fewer churns."""
PRICE_OF_LOOKING = 1.75
"""What an always-valid test takes over one planned look at 80 % power, as tests/playbooks/test_evidence.py measures."""
ASSUMED_RATE = 0.2
_PRIOR_ACCOUNTS = 20


@dataclass(frozen=True)
class Tally:
    """Closed outcomes of a playbook. `complete` batches are those none of whose windows are open.

    `mean_risk` is the average risk of the enrolled on the day they were enrolled, None where none was known.
    `under_way` counts the enrolled whose window has not closed yet.
    """

    share: float
    complete: tuple[Batch, ...] = ()
    partial: tuple[Batch, ...] = ()
    mean_risk: float | None = None
    under_way: int = 0

    @classmethod
    def read(cls, stored: Mapping[str, Any], share: float) -> "Tally":
        """Make one of what measuring.py has stored on the playbook."""
        complete, partial = (tuple(Batch(*row) for row in stored.get(kind, ())) for kind in ("complete", "partial"))
        return cls(share, complete, partial, stored.get("mean_risk"), stored.get("under_way", 0))

    def total(self) -> Batch:
        """Add all batches up."""
        rows = [(b.treated, b.treated_churned, b.held, b.held_churned) for b in self.complete + self.partial]
        return Batch(*map(sum, zip(*rows, strict=True))) if rows else Batch(0, 0, 0, 0)


@dataclass(frozen=True)
class Proof:
    """What the outcomes say. `lift` is the retention of the treated minus that of the held-out, −1…1.

    state: works · harms · unseen (enough accounts, no difference) · waiting (not enough) · unprovable (none held out).
    `needed` is the number of accounts in all at which it can be expected to say something.
    """

    state: str
    verdict: str
    counts: Batch
    lift: float | None
    low: float
    high: float
    evidence: float
    base_rate: float
    needed: int

    @property
    def known_lift(self) -> float | None:
        """The lift, where it is proven to be one."""
        return self.lift if self.state == "works" else None


@lru_cache(maxsize=512)
def prove(tally: Tally) -> Proof:
    """Weigh the outcomes of a playbook."""
    counts = tally.total()
    low, high = difference((counts.held_churned, counts.held), (counts.treated_churned, counts.treated))
    lift = _lift(counts)
    e_value = evidence(tally.complete)
    rate = base_rate(tally)
    needed = ceil(accounts_needed(rate, rate * (1 - CUT), tally.share).total * PRICE_OF_LOOKING) if tally.share else 0
    state = _state(tally, lift, e_value, needed)
    verdict = _verdict(state, needed - counts.treated - counts.held, lift or 0, (low, high))
    return Proof(state, verdict, counts, lift, low, high, e_value, rate, needed)


def base_rate(tally: Tally) -> float:
    """Give the churn rate to plan with: that of the held-out, leaning on the risk at enrolment while they are few."""
    counts = tally.total()
    expected = ASSUMED_RATE if tally.mean_risk is None else tally.mean_risk
    rate = (counts.held_churned + _PRIOR_ACCOUNTS * expected) / (counts.held + _PRIOR_ACCOUNTS)
    return min(max(rate, 0.005), 0.95)


def _lift(counts: Batch) -> float | None:
    if not counts.treated or not counts.held:
        return None
    return counts.held_churned / counts.held - counts.treated_churned / counts.treated


def _state(tally: Tally, lift: float | None, e_value: float, needed: int) -> str:
    if not tally.share:
        return "unprovable"
    if lift is not None and lift != 0 and e_value >= ENOUGH:
        return "works" if lift > 0 else "harms"
    counts = tally.total()
    return "unseen" if lift is not None and counts.treated + counts.held >= needed else "waiting"


def _verdict(state: str, missing: int, lift: float, interval: tuple[float, float]) -> str:
    low, high = map(_points, interval)
    return {
        "unprovable": "Nobody is held out, so what it does cannot be known.",
        "works": f"It works: {_points(lift)} points more accounts stay (95 % interval {low} to {high}).",
        "harms": f"It does harm: {_points(-lift)} points fewer accounts stay (95 % interval {low} to {high}).",
        "unseen": f"No effect to be seen: the lift lies between {low} and {high} points.",
        "waiting": f"Not enough data yet: needs about {_round(missing):,} more accounts.",
    }[state]


def _points(share: float) -> str:
    points = round(share * 100)
    return f"−{-points}" if points < 0 else str(points)


def _round(accounts: int) -> int:
    """Keep two figures: a plan is not exact to the account."""
    size: int = 10 ** max(0, len(str(max(accounts, 1))) - 2)
    return max(1, -(-accounts // size) * size)
