"""Temper a model that is too bold even about the rows it was learnt from.

Hazards are fitted month by month. Where the months of an account hang together in a way that lines and steps cannot
tell (in a shop, whoever was silent longest leaves next month or comes back, and is then the safest of all), each month
may be right and the risk of all of them together too extreme. What is too bold on rows it knows is so on others; what
is too timid there is not, but rightly careful.
"""

from dataclasses import replace
from datetime import date

import numpy as np

from ml.hazard.calibration import fit_calibration
from ml.hazard.curve import exposure
from ml.hazard.model import Calibration, HazardModel
from ml.labels import HORIZON, Panel, known_labels

UNTOUCHED = 0.999  # a slope so close to 1 changes nothing


def tempered(model: HazardModel, panel: Panel, until: date | None) -> HazardModel:
    """Draw the hazards' log-odds together until the risk within HORIZON fits the rows learnt from; never apart.

    Of `panel` those rows count whose HORIZON was over by `until` (by the end of the data, when None); repeats of an
    account share its weight.
    """
    over, label = known_labels(panel, HORIZON, until)
    rows, churned = panel.rows(over), label[over] > 0
    if not churned.any() or churned.all():
        return model
    months, weight = exposure(HORIZON) > 0, len(np.unique(rows.account[churned])) / churned.sum()
    found = fit_calibration(
        model.raw_log_odds(rows.values, rows.flags)[:, months],
        churned,
        np.full(len(rows), weight),
        exposed=exposure(HORIZON)[months],
        steepest=1.0,
    )
    return _scaled(model, found) if found.slope < UNTOUCHED else model


def _scaled(model: HazardModel, by: Calibration) -> HazardModel:
    shapes = tuple(replace(shape, table=by.slope * shape.table) for shape in model.shapes)
    about = {**model.about, "tempered": round(by.slope, 3)}
    return replace(model, base=by.intercept + by.slope * model.base, shapes=shapes, about=about)
