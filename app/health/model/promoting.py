"""Puts a version of the churn model in force, by its merits or by hand."""

from sqlalchemy import select

from app.core import tenancy
from app.core.problems import NotFoundError
from app.extensions import db
from app.health.models import ModelVersion
from app.health.scorecard import SIGNALS
from app.identity.refusals import Refusal


def put_in_force(version: ModelVersion, because: str) -> ModelVersion | None:
    """Make a version the champion and retire the former one, which is given back. Two at once follow each other."""
    db.session.execute(select(ModelVersion.id).order_by(ModelVersion.id).with_for_update())
    champions = select(ModelVersion).where(ModelVersion.state == "champion", ModelVersion.id != version.id)
    former = db.session.scalars(champions.execution_options(populate_existing=True)).one_or_none()
    if former is not None:
        former.state, former.because = "retired", f"Version {version.id} took its place."
        db.session.flush()  # before the other, for only one may be in force
    version.state, version.because = "champion", because
    db.session.flush()
    return former


def promote(version_id: int, reason: str) -> tuple[ModelVersion, ModelVersion | None]:
    """Put a kept version in force because a person says so. Gives it and the one it replaces.

    Raises NotFoundError, or Refusal of a version that nothing can be scored with.
    """
    version = get_version(version_id)
    if not reason:
        raise Refusal("reason", "Say why this version is to be in force: others will read it.")
    if version.state == "champion":
        raise Refusal("version", "This version is in force already.")
    if version.artifact is None:
        raise Refusal("version", "This version did not pass its tests, so there is nothing to score with.")
    unknown = _codes(version) - set(SIGNALS)
    if unknown:
        raise Refusal(
            "version", f"This version reads signals that are no longer measured: {', '.join(sorted(unknown))}."
        )
    return version, put_in_force(version, reason)


def get_version(version_id: int) -> ModelVersion:
    """Give a version of the workspace in force. Raises NotFoundError."""
    version = db.session.get(ModelVersion, (tenancy.workspace_id(), version_id))
    if version is None:
        raise NotFoundError("version of the model")
    return version


def _codes(version: ModelVersion) -> set[str]:
    return {shape["code"] for shape in (version.artifact or {})["model"]["shapes"]}
