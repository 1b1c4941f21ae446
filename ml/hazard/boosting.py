"""Additive gradient boosting: each signal may interact with the horizon (month ahead, renewal) and nothing else.

So every tree path asks about one signal at most, and the trees add up to one table a signal, exactly.
"""

from dataclasses import dataclass, replace

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from ml.facts import BoolArray, FloatArray
from ml.features import MONTHS
from ml.hazard.model import HazardModel, Shape
from ml.signals import SIGNALS

TREES, LEARNING_RATE, BINS, RIDGE = 250, 0.06, 64, 20.0
LEAVES = 8  # with fewer, what is seen today fades too slowly over the months ahead, and near risks come out too level


def fit_trees(
    values: FloatArray,
    horizon: FloatArray,
    churned: BoolArray,
    seed: int,
    *,
    additive: bool = True,
    is_held: bool = True,
) -> HistGradientBoostingClassifier:
    """Fit boosted trees on signals [rows, signals] and horizon [rows, 2] = (month ahead, renewal in it).

    `is_held`: no step may run against its signal's direction.
    """
    month, renewal = values.shape[1], values.shape[1] + 1
    together = [{column, month, renewal} for column in range(values.shape[1])]
    trees = HistGradientBoostingClassifier(
        max_iter=TREES,
        learning_rate=LEARNING_RATE,
        max_leaf_nodes=LEAVES,
        min_samples_leaf=_smallest_leaf(len(values)),
        l2_regularization=RIDGE,
        max_bins=BINS,
        early_stopping=False,
        monotonic_cst=[signal.direction * is_held for signal in SIGNALS] + [0, 0],
        interaction_cst=together if additive else None,
        random_state=seed,
    )
    never_known = np.isnan(values).all(axis=0)  # the binning of scikit-learn cannot stand a column without a value
    known = np.where(never_known, 0.0, values)
    with threadpool_limits(limits=1):  # two OpenMP threads beside another busy process cost tenfold
        return trees.fit(np.column_stack([known, horizon]), churned)


def _smallest_leaf(rows: int) -> int:
    """Return about half a per cent of the rows: an account fills up to a hundred, and one is not a pattern."""
    return int(np.clip(rows // 200, 20, 500))


def tabulated(trees: HistGradientBoostingClassifier) -> HazardModel:
    """Return the additive trees as tables; they give the trees' own log-odds to rounding."""
    leaves = [leaf for (tree,) in trees._predictors for leaf in _leaves(tree.nodes)]  # noqa: SLF001
    base = np.full((2, MONTHS), float(trees._baseline_prediction.ravel()[0]))  # noqa: SLF001
    for leaf in leaves:
        if leaf.signal is None:
            base += leaf.value * leaf.cells
    shapes = tuple(
        _shape(signal.code, [leaf for leaf in leaves if leaf.signal == place]) for place, signal in enumerate(SIGNALS)
    )
    return HazardModel("boosting", base, shapes)


@dataclass(frozen=True)
class _Leaf:
    """A path's end: low < signal <= high (or unknown, when taken), in the horizon's cells, adds `value`."""

    value: float
    cells: BoolArray  # [2, MONTHS]
    signal: int | None = None
    low: float = -np.inf
    high: float = np.inf
    takes_unknown: bool = True


def _leaves(nodes: np.ndarray) -> list[_Leaf]:
    found: list[_Leaf] = []
    open_paths = [(0, _Leaf(0.0, np.ones((2, MONTHS), dtype=bool)))]
    while open_paths:
        place, path = open_paths.pop()
        node = nodes[place]
        if node["is_leaf"]:
            found.append(replace(path, value=float(node["value"])))
        else:
            open_paths.append((int(node["left"]), _narrowed(path, node, left=True)))
            open_paths.append((int(node["right"]), _narrowed(path, node, left=False)))
    return found


def _narrowed(path: _Leaf, node: np.void, *, left: bool) -> _Leaf:
    feature, threshold = int(node["feature_idx"]), float(node["num_threshold"])
    if feature >= len(SIGNALS):
        axis = np.arange(1, MONTHS + 1)[None, :] if feature == len(SIGNALS) else np.arange(2)[:, None]
        return replace(path, cells=path.cells & ((axis <= threshold) == left))
    takes_unknown = path.takes_unknown and bool(node["missing_go_to_left"]) == left
    if left:
        return replace(path, signal=feature, high=min(path.high, threshold), takes_unknown=takes_unknown)
    return replace(path, signal=feature, low=max(path.low, threshold), takes_unknown=takes_unknown)


def _shape(code: str, leaves: list[_Leaf]) -> Shape:
    bounds = {bound for leaf in leaves for bound in (leaf.low, leaf.high)}
    thresholds = np.array(sorted(bounds - {-np.inf, np.inf}), dtype=float)
    table = np.zeros((len(thresholds) + 2, 2, MONTHS))
    for leaf in leaves:
        first = np.searchsorted(thresholds, leaf.low, side="left") + 1 if leaf.low > -np.inf else 0
        last = np.searchsorted(thresholds, leaf.high, side="left")
        table[first : last + 1 if last < len(thresholds) else len(thresholds) + 1] += leaf.value * leaf.cells
        table[-1] += leaf.value * leaf.cells * leaf.takes_unknown
    return Shape(code, thresholds, table)
