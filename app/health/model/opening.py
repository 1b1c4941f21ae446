"""Opens what storage keeps of a model; one that this version of Perennial cannot read is as good as none."""

from typing import Any

import structlog

from ml import artifacts
from ml.hazard.model import HazardModel
from ml.reasons.explain import BookAverage

_log = structlog.get_logger(__name__)


def open_model(artifact: dict[str, Any] | None, version_id: int | None = None) -> HazardModel | None:
    """Give the model, or None: base rates are told then, and the next training takes its place."""
    if artifact is None:
        return None
    try:
        return artifacts.load(artifact.get("model", {}))
    except ValueError as error:
        _log.warning("model_unreadable", version_id=version_id, error=str(error))
        return None


def kept_average(artifact: dict[str, Any], *, whole_book: bool) -> BookAverage | None:
    """Give the average of the book's last night; None where the whole book is at hand and makes its own."""
    kept = artifact.get("average")
    return BookAverage.load(kept) if kept and not whole_book else None
