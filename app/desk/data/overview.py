"""Data: is it flowing, is anything broken?"""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import func, or_, select, text
from werkzeug.wrappers import Response

from app.connectors.csv.models import Import
from app.core import clock, queue
from app.core.problems import NotFoundError
from app.core.queue import Job
from app.extensions import db
from app.health import queries as health
from app.identity import guard
from app.identity.guard import May
from app.usage import queries as usage
from app.usage.intake import holding
from app.usage.models import Meter

blueprint = Blueprint("data", __name__, template_folder="../templates", url_prefix="/data")

QUIET = ("score_touched", "match_playbooks", "fold_intake", "announce", "deliver")  # done all the time
ASKABLE = {"score_accounts": "Score the whole book", "train_model": "Train the churn model"}


@blueprint.get("")
@guard.allow(May.READ)
def show() -> str:
    """Show sources, imports, jobs and processes."""
    return render_template("desk/data.html", **_state())


@blueprint.get("/jobs")
@guard.allow(May.READ)
def jobs() -> str:
    """Give the jobs alone, for the page to keep itself up to date."""
    return render_template("desk/jobs.html", jobs=_jobs())


@blueprint.get("/live")
@guard.allow(May.READ)
def live() -> str:
    """Give sources and the newest events alone, for the page to keep itself up to date."""
    return render_template("desk/live.html", **_live())


@blueprint.post("/jobs")
@guard.allow(May.DATA)
def ask() -> Response:
    """Ask for the whole book to be scored, or the model to be trained, now."""
    name = request.form.get("name", "")
    if name not in ASKABLE:
        raise NotFoundError("job")
    args: dict[str, Any] = {"asked": True} if name == "train_model" else {}
    queue.defer(name, unique_key="asked", **args)
    guard.note("ask for", ASKABLE[name].lower())
    db.session.commit()
    flash(f"{ASKABLE[name]}: a worker begins now.", "success")
    return redirect(url_for(".show") + "#jobs")


@blueprint.post("/jobs/<int:job_id>/cancellation")
@guard.allow(May.DATA)
def cancel(job_id: int) -> Response:
    """Ask a job to stop."""
    queue.ask_to_cancel(job_id)
    guard.note("cancel", "job", job_id)
    db.session.commit()
    return redirect(url_for(".show") + "#jobs")


@blueprint.post("/jobs/<int:job_id>/retry")
@guard.allow(May.DATA)
def retry(job_id: int) -> Response:
    """Give a failed job a fresh set of attempts."""
    queue.try_again(job_id)
    guard.note("retry", "job", job_id)
    db.session.commit()
    return redirect(url_for(".show") + "#jobs")


def _live() -> dict[str, Any]:
    now = clock.utc_now()
    return {"senders": usage.senders(now), "events": usage.recent_events()}


def _state() -> dict[str, Any]:
    return _live() | {
        "lag": usage.lag(clock.utc_now()),
        "held": holding.open_groups(6),
        "meters": db.session.execute(select(func.count()).select_from(Meter)).scalar_one(),
        "ages": health.source_ages(guard.today()),
        "imports": list(db.session.scalars(select(Import).order_by(Import.id.desc()).limit(8))),
        "jobs": _jobs(),
        "processes": list(
            db.session.execute(text("SELECT process, kind, seen_at FROM heartbeat ORDER BY kind, process"))
        ),
        "model": health.find_latest_model(),
        "askable": ASKABLE,
    }


def _jobs() -> list[Job]:
    """Give open and failed jobs first, then the newest finished ones; what is done every minute is left out."""
    query = (
        select(Job)
        .where(or_(Job.state.in_(("ready", "running", "dead")), Job.name.not_in(QUIET)))
        .order_by(
            text("CASE state WHEN 'dead' THEN 0 WHEN 'running' THEN 1 WHEN 'ready' THEN 2 ELSE 3 END"), Job.id.desc()
        )
        .limit(15)
    )
    return list(db.session.scalars(query))
