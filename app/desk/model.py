"""Model: can the risk figures be trusted, what was tried, and which version is in force?"""

from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user
from sqlalchemy import select
from werkzeug.wrappers import Response

from app.core import queue, tenancy
from app.core.problems import NotFoundError
from app.core.queue import Job
from app.desk import charts
from app.extensions import db
from app.health import queries
from app.health.model import promoting, reports
from app.health.model.base_rates import base_rates
from app.health.models import ModelCheck, ModelVersion
from app.identity import guard
from app.identity.guard import May

blueprint = Blueprint("model", __name__, template_folder="templates", url_prefix="/model")

VERSIONS = 12  # three months of weekly trainings
CHALLENGERS = 3
CHECKS = 14
TRAINING = "train_model"


@blueprint.get("")
@guard.allow(May.READ)
def show() -> str:
    """Show whether there is a model to trust, its report, and every training before."""
    before = min(request.args.get("before", 0, type=int), 2**63 - 1) or None
    champion, versions = queries.find_champion(), queries.model_versions(VERSIONS + 1, before)
    newest, checks = queries.find_latest_model() if before else next(iter(versions), None), _checks(champion)
    listed = list(zip(versions[:VERSIONS], [*versions[1:], None], strict=False))
    return render_template(
        "desk/model.html",
        champion=champion,
        newest=newest,
        headline=reports.headline(champion, newest, checks[0] if checks else None),
        rates=None if champion else base_rates(guard.today()),
        versions=[(version, reports.changed(version, former)) for version, former in listed],
        older=listed[-1][0].id if len(versions) > VERSIONS else None,
        challengers=[version for version, _ in listed if version.state == "challenger"][:CHALLENGERS],
        checks=checks,
        job=_open_training(),
        **_told(champion),
    )


@blueprint.get("/versions/<int:version_id>")
@guard.allow(May.READ)
def version(version_id: int) -> str:
    """Show a version's card: everything that its training said of itself."""
    found = promoting.get_version(version_id)
    return render_template(
        "desk/model_version.html",
        version=found,
        champion=queries.find_champion(),
        changes=reports.changed(found, queries.version_before(found.id)),
        **_told(found),
    )


@blueprint.post("/versions/<int:version_id>/promotion")
@guard.allow(May.STEER)
def promote(version_id: int) -> Response:
    """Put an earlier version, or a challenger, in force; the book is scored with it."""
    found, former = promoting.promote(version_id, _reason(version_id))
    guard.note("put in force", "model version", found.id, instead_of=former and former.id, because=found.because)
    queue.defer("score_accounts", unique_key="all")
    db.session.commit()
    flash(f"Version {found.id} is in force. A worker scores the whole book with it now.", "success")
    return redirect(url_for(".show"))


@blueprint.post("/training")
@guard.allow(May.STEER)
def train() -> Response:
    """Ask for a training now; several wishes are one while it waits."""
    job = _open_training()
    job_id = job.id if job else queue.defer(TRAINING, unique_key="asked", asked=True)
    guard.note("ask for", "train the churn model")
    db.session.commit()
    return redirect(url_for(".training", job_id=job_id) if job_id else url_for(".show"))


@blueprint.get("/training/<int:job_id>")
@guard.allow(May.READ)
def training(job_id: int) -> str | Response:
    """Show how far a training is; once it is done, the version it made."""
    job = _get_training(job_id)
    made = _made_by(job)
    if made is not None:
        return redirect(url_for(".version", version_id=made.id))
    return render_template("desk/model_training.html", job=job)


@blueprint.get("/training/<int:job_id>/progress")
@guard.allow(May.READ)
def progress(job_id: int) -> str | tuple[str, int, dict[str, str]]:
    """Give the moving part of a page; once it is over, lead who waits for it to where it ends, and tell others."""
    job = _get_training(job_id)
    if job.is_over and urlsplit(request.headers.get("HX-Current-URL", "")).path != url_for(".show"):
        return "", 200, {"HX-Redirect": url_for(".training", job_id=job.id)}
    return render_template("desk/model_progress.html", job=job)


@blueprint.post("/training/<int:job_id>/cancellation")
@guard.allow(May.STEER)
def cancel(job_id: int) -> Response:
    """Ask a training to stop; the model in force stays."""
    job = _get_training(job_id)
    queue.ask_to_cancel(job.id)
    guard.note("cancel", "job", job.id)
    db.session.commit()
    return redirect(url_for(".training", job_id=job.id))


def _told(version: ModelVersion | None) -> dict[str, Any]:
    """Give what pages tell of a version's report, in words, rows and charts."""
    report = version.report if version else {}
    bins, hits = reports.bins_of(report), report.get("hits") or []
    return {
        "beside": reports.table_beside(report),
        "horizons": reports.by_horizon(report),
        "segments": reports.by_segment(report),
        "hit_sentence": reports.hit_sentence(report),
        "hits": hits,
        "bins": bins,
        "calibration": charts.calibration(bins),
        "hits_chart": charts.hits(hits),
        "measures": reports.MEASURES,
        "by_code": reports.BY_CODE,
        "terms": reports.TERMS,
        "missing": reports.missing_of(version) if version and version.state == "refused" else [],
    }


def _checks(champion: ModelVersion | None) -> list[ModelCheck]:
    return list(queries.model_checks(CHECKS, champion.id)) if champion else []


def _reason(version_id: int) -> str:
    """Give the reason of the form; a return to an earlier version by one click says who did it."""
    return request.form.get("reason", "").strip() or (
        f"Brought back by {current_user.name}." if promoting.get_version(version_id).state == "retired" else ""
    )


def _open_training() -> Job | None:
    query = select(Job).where(Job.name == TRAINING, Job.state.in_(("ready", "running")))
    return db.session.scalars(query.order_by(Job.id.desc()).limit(1)).one_or_none()


def _get_training(job_id: int) -> Job:
    job = db.session.get(Job, (tenancy.workspace_id(), job_id))
    if job is None or job.name != TRAINING:
        raise NotFoundError("training")
    return job


def _made_by(job: Job) -> ModelVersion | None:
    """Give the version that a finished training has kept."""
    if job.state != "done" or job.started_at is None:
        return None
    made = select(ModelVersion).where(ModelVersion.trained_at.between(job.started_at, job.finished_at))
    return db.session.scalars(made.order_by(ModelVersion.id.desc()).limit(1)).one_or_none()
