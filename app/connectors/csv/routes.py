"""The pages of imports: bring files, say what they hold, see what would happen, watch it, act on what was found."""

from pathlib import PurePath
from typing import Any

from flask import Blueprint, Response, flash, g, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as Answer

from app.connectors.csv import importing, previewing, queries, receiving
from app.connectors.csv.kinds import BY_CODE, KINDS
from app.connectors.csv.models import Import, ImportFile
from app.connectors.csv.reading.sheets import read
from app.core import clock, queue
from app.core.problems import NotFoundError, Problem
from app.core.queue import Job
from app.extensions import db
from app.identity import guard
from app.identity.guard import May, allow

blueprint = Blueprint("imports", __name__, url_prefix="/data/imports", template_folder="templates")


@blueprint.get("/new")
@allow(May.DATA)
def new() -> str:
    return render_template("csv/new.html", kinds=KINDS, recent=queries.recent())


@blueprint.post("")
@allow(May.DATA)
def create() -> Answer | tuple[str, int]:
    files = [(PurePath(file.filename).name, file.read()) for file in request.files.getlist("files") if file.filename]
    if not files:
        return render_template(
            "csv/new.html", kinds=KINDS, recent=queries.recent(), error="Choose at least one file."
        ), 422
    name = files[0][0] if len(files) == 1 else f"{files[0][0]} and {len(files) - 1} more"
    made = receiving.bring_in(name, files, clock.utc_now(), by=current_user.id)
    guard.note("import.upload", "import", made.id, files=[file[0] for file in files])
    db.session.commit()
    return redirect(url_for("imports.mapping", import_id=made.id))


@blueprint.get("/template/<kind>.csv")
@allow(May.DATA)
def template(kind: str) -> Response:
    """An empty file with the usual headers of a kind, to be filled in by people who export nothing."""
    if kind not in BY_CODE:
        raise NotFoundError("kind of file")
    headers = [field.names[0] for field in BY_CODE[kind].fields if field.names and not field.many]
    return _download("﻿" + ",".join(headers) + "\r\n", f"{kind}.csv")


@blueprint.get("/<int:import_id>")
@allow(May.DATA)
def show(import_id: int) -> str | Answer:
    made = importing.get_import(import_id)
    if made.state == "mapping":
        return redirect(url_for("imports.mapping", import_id=made.id))
    job = queries.job_of(made)
    state = queries.state_of(made, job)
    if state != "done":
        files = importing.files_of(made)
        return render_template("csv/running.html", made=made, job=job, state=state, files=files, left=_left(job))
    return render_template(
        "csv/result.html",
        made=made,
        files=importing.files_of(made),
        kinds=BY_CODE,
        findings=queries.findings_of(made),
        reasons=queries.reasons_of(made),
        rejections=queries.rejections_of(made),
        bridge=queries.revenue_bridge(guard.today()),
    )


@blueprint.get("/<int:import_id>/mapping")
@allow(May.DATA)
def mapping(import_id: int) -> str | Answer:
    made = importing.get_import(import_id)
    if made.state == "waiting":
        return redirect(url_for("imports.show", import_id=made.id))
    views = [previewing.view_of(file, made.day_first) for file in importing.files_of(made)]
    return render_template("csv/mapping.html", made=made, views=views, kinds=KINDS)


@blueprint.post("/<int:import_id>/mapping")
@allow(May.DATA)
def change_mapping(import_id: int) -> Answer:
    made = _changeable(import_id)
    made.day_first = {"day": True, "month": False}.get(request.form.get("order", ""))
    rereads = [_change(file) for file in importing.files_of(made)]
    db.session.commit()
    wants_preview = request.form.get("then") == "preview" and not any(rereads)
    return redirect(url_for("imports.preview" if wants_preview else "imports.mapping", import_id=made.id))


@blueprint.get("/<int:import_id>/preview")
@allow(May.DATA)
def preview(import_id: int) -> str | Answer:
    made = importing.get_import(import_id)
    if made.state == "waiting":
        return redirect(url_for("imports.show", import_id=made.id))
    rehearsals = previewing.rehearse(made.id, clock.utc_now())
    left_out = [file for file in importing.files_of(made) if file.id not in {each.file.id for each in rehearsals}]
    return render_template("csv/preview.html", made=made, rehearsals=rehearsals, left_out=left_out, kinds=BY_CODE)


@blueprint.post("/<int:import_id>/run")
@allow(May.DATA)
def run(import_id: int) -> Answer:
    made = _changeable(import_id)
    if not any(receiving.kind_of(file) for file in importing.files_of(made)):
        raise Problem(
            422, "None of these files has a kind yet: say on the mapping page what each of them holds.", "no_kind"
        )
    made.state = "waiting"
    made.job_id = queue.defer("run_import", unique_key=f"import {made.id}", import_id=made.id)
    guard.note("import.run", "import", made.id)
    db.session.commit()
    return redirect(url_for("imports.show", import_id=made.id))


@blueprint.get("/<int:import_id>/progress")
@allow(May.DATA)
def progress(import_id: int) -> str | tuple[str, int, dict[str, str]]:
    """The moving part of the page, asked for each second; once it is over, the whole page anew."""
    made = importing.get_import(import_id)
    job = queries.job_of(made)
    if job is None or job.is_over:
        return "", 200, {"HX-Redirect": url_for("imports.show", import_id=made.id)}
    return render_template("csv/_progress.html", made=made, job=job, left=_left(job))


@blueprint.post("/<int:import_id>/cancellation")
@allow(May.DATA)
def cancel(import_id: int) -> Answer:
    made = importing.get_import(import_id)
    if made.job_id:
        queue.ask_to_cancel(made.job_id)
        guard.note("import.cancel", "import", made.id)
        db.session.commit()
    return redirect(url_for("imports.show", import_id=made.id))


@blueprint.post("/<int:import_id>/reopening")
@allow(May.DATA)
def reopen(import_id: int) -> Answer:
    """Back to the mapping, after a stop, a failure or a finished import that is to be read otherwise."""
    made = importing.get_import(import_id)
    if queries.state_of(made, queries.job_of(made)) in {"waiting", "running"}:
        raise Problem(409, "This import is at work: stop it first.", "running")
    made.state, made.job_id = "mapping", None
    db.session.commit()
    return redirect(url_for("imports.mapping", import_id=made.id))


@blueprint.post("/<int:import_id>/discarding")
@allow(May.DATA)
def discard(import_id: int) -> Answer:
    """Forget an import that was never run, with its files."""
    made = _changeable(import_id)
    guard.note("import.discard", "import", made.id, name=made.name)
    db.session.delete(made)
    db.session.commit()
    flash(f"{made.name} was discarded. Nothing had been imported from it.", "success")
    return redirect(url_for("imports.new"))


@blueprint.get("/<int:import_id>/rejected/<int:file_id>.csv")
@allow(May.DATA)
def rejected(import_id: int, file_id: int) -> Response:
    """A file's refused rows, to be mended and brought in again."""
    made = importing.get_import(import_id)
    file = queries.get_file(made, file_id)
    lines = "".join(queries.rejected_csv(made, file, read(file.content).columns))
    return _download(lines, f"{PurePath(file.name).stem}-rejected.csv")


def _changeable(import_id: int) -> Import:
    """Give an import that nobody has started, and hold it until this request ends: two clicks start it once."""
    made = importing.get_import(import_id)
    db.session.refresh(made, with_for_update=True)
    if made.state != "mapping":
        raise Problem(409, "This import has been started already.", "started")
    return made


def _change(file: ImportFile) -> bool:
    """Take a file's part of the form; say whether it is now read as another kind, whose guesses are new."""
    if "unreadable" in file.mapping:
        return False
    chosen = request.form.get(f"kind-{file.id}", "")
    if chosen != (file.kind or ""):
        receiving.change_kind(file, BY_CODE.get(chosen))
        return True
    kind = receiving.kind_of(file)
    if kind is not None:
        given = {
            column: request.form.get(f"column-{file.id}-{n}", "") for n, column in enumerate(read(file.content).columns)
        }
        receiving.change_columns(file, kind, given, request.form.get(f"channel-{file.id}"))
    return False


def _left(job: Job | None) -> str:
    """Say how long a running import will still take at its present pace; nothing in its first moments."""
    if job is None or job.state != "running" or not job.started_at or not job.total or not job.done:
        return ""
    passed = (clock.utc_now() - job.started_at).total_seconds()
    seconds = passed * (job.total - job.done) / job.done
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def _download(content: str, name: str) -> Response:
    answer = Response(content, mimetype="text/csv; charset=utf-8")
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer


def _context() -> dict[str, Any]:
    return {"currency": g.workspace.currency} if g.get("workspace") else {}


blueprint.context_processor(_context)
