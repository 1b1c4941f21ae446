"""Opens a model that storage keeps; one that this version of Perennial cannot read is as good as none."""

from typing import Any

import structlog

from ml import artifacts
from ml.hazard.model import HazardModel

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
