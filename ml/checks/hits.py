"""How often a warning came true: of the accounts ranked riskiest at each landmark, how many left."""

from typing import Any

import numpy as np

from ml.evaluate import Outcomes


def hits_of(outcomes: Outcomes) -> list[dict[str, Any]]:
    """Return, newest landmark first, what became of its riskiest tenth and of all the others."""
    return [_hits_at(outcomes.rows(outcomes.landmark == day), str(day)) for day in np.unique(outcomes.landmark)[::-1]]


def _hits_at(outcomes: Outcomes, landmark: str) -> dict[str, Any]:
    size = max(1, round(len(outcomes) / 10))
    ranked = outcomes.churned[np.argsort(-outcomes.risk, kind="stable")]
    return {
        "landmark": landmark,
        "ranked": size,
        "left": int(ranked[:size].sum()),
        "others": len(ranked) - size,
        "others_left": int(ranked[size:].sum()),
    }
