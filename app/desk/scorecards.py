"""Settings → Scorecards: what scores are made of, for whom, and what a change would do before it is made."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user

from app.accounts import queries as accounts
from app.accounts.models import STAGES
from app.core import clock, queue
from app.core.problems import Problem
from app.core.queue import Job
from app.extensions import db
from app.health import overriding
from app.health.cards import editing, publishing
from app.health.cards.choosing import CONTRACTS, EVERYONE, cards_in_force, segment_in_words
from app.health.cards.editing import Draft
from app.health.models import Scorecard, ScorecardTrial
from app.health.queries import accounts_by_card
from app.identity import guard
from app.identity.guard import May
from app.identity.refusals import by_field

blueprint = Blueprint("scorecards", __name__, url_prefix="/settings/scorecards", template_folder="templates")

SOURCES = {"usage": "Usage", "conversations": "Conversations", "invoices": "Invoices"}


@blueprint.get("")
@guard.allow(May.READ)
def index() -> Any:
    cards = cards_in_force()
    db.session.commit()  # a new workspace has just been given its first cards
    return render_template(
        "desk/scorecards.html",
        cards=cards,
        scored=accounts_by_card(),
        in_words=segment_in_words,
        trials=publishing.open_trials(),
        people=_people(),
        record=overriding.track_record(guard.today()),
    )


@blueprint.get("/<name>")
@guard.allow(May.READ)
def show(name: str) -> Any:
    versions = publishing.versions_of(name)
    asked = request.args.get("version", type=int)
    shown = next((row for row in versions if row.version == asked), None)
    shown = shown or next((row for row in versions if row.is_in_force), versions[0])
    return render_template(
        "desk/scorecard.html",
        shown=shown,
        versions=versions,
        in_words=segment_in_words,
        corners=editing.corners_in_words,
        people=_people(),
        sources=SOURCES,
        is_everyones=name == EVERYONE,
    )


@blueprint.get("/<name>/edit")
@guard.allow(May.STEER)
def edit(name: str) -> Any:
    base = publishing.find_in_force(name) or publishing.versions_of(name)[0]
    if "as" in request.args:
        return _editor(Draft("", "", 50, {}, base.definition), base, is_new=True)
    return _editor(Draft(base.name, "", base.position, dict(base.segment), base.definition), base, is_new=False)


@blueprint.post("/<name>/trials")
@guard.allow(May.STEER)
def try_out(name: str) -> Any:
    """Keep what stands in the form as a trial, and have it replayed."""
    base = publishing.find_in_force(name) or publishing.versions_of(name)[0]
    is_new = "as_new" in request.form
    taken = [card.name for card in cards_in_force()]
    draft = editing.read(request.form, base.definition, None if is_new else name, taken)
    try:
        draft.check()
    except Problem as problem:
        return _editor(draft, base, is_new=is_new, errors=by_field(problem)), 422
    trial = ScorecardTrial(
        name=draft.name, definition=draft.definition, segment=draft.segment, position=draft.position,
        reason=draft.reason, made_by=current_user.id, made_at=clock.utc_now(),
    )  # fmt: skip
    db.session.add(trial)
    db.session.flush()
    trial.job_id = queue.defer("replay_scorecard", trial_id=trial.id)
    guard.note("tried", "scorecard", trial.id, name=trial.name, reason=trial.reason)
    db.session.commit()
    return redirect(url_for(".trial", trial_id=trial.id))


@blueprint.get("/trials/<int:trial_id>")
@guard.allow(May.STEER)
def trial(trial_id: int) -> Any:
    found = publishing.get_trial(trial_id)
    result = found.result or {}
    ids = [each["account_id"] for each in result.get("changed", ())]
    return render_template(
        "desk/scorecard_trial.html",
        trial=found,
        job=_job(found),
        result=result,
        named=accounts.summaries_of(ids),
        in_words=segment_in_words,
        differences=_differences(found),
    )


@blueprint.get("/trials/<int:trial_id>/progress")
@guard.allow(May.STEER)
def progress(trial_id: int) -> Any:
    """The moving part of the page, asked for each second; once it is over, the whole page anew."""
    found = publishing.get_trial(trial_id)
    job = _job(found)
    if job is None or job.is_over:
        return "", 200, {"HX-Redirect": url_for(".trial", trial_id=trial_id)}
    return render_template("desk/scorecard_progress.html", trial=found, job=job)


@blueprint.post("/trials/<int:trial_id>/cancellation")
@guard.allow(May.STEER)
def cancel(trial_id: int) -> Any:
    found = publishing.get_trial(trial_id)
    if found.job_id:
        queue.ask_to_cancel(found.job_id)
        db.session.commit()
    return redirect(url_for(".trial", trial_id=trial_id))


@blueprint.post("/trials/<int:trial_id>/publication")
@guard.allow(May.STEER)
def publish(trial_id: int) -> Any:
    made = publishing.publish(publishing.get_trial(trial_id), current_user.id, clock.utc_now())
    guard.note("published", "scorecard", made.id, name=made.name, version=made.version, reason=made.reason)
    db.session.commit()
    flash(f"{made.name}, version {made.version}, is in force. The book is being scored with it.", "success")
    return redirect(url_for(".show", name=made.name))


@blueprint.post("/trials/<int:trial_id>/disposal")
@guard.allow(May.STEER)
def throw_away(trial_id: int) -> Any:
    found = publishing.get_trial(trial_id)
    publishing.throw_away(found, clock.utc_now())
    guard.note("threw away", "scorecard trial", trial_id, name=found.name)
    db.session.commit()
    flash("The trial is thrown away; nothing has changed.", "success")
    return redirect(url_for(".index"))


@blueprint.post("/versions/<int:scorecard_id>/return")
@guard.allow(May.STEER)
def bring_back(scorecard_id: int) -> Any:
    found = publishing.bring_back(scorecard_id)
    guard.note("brought back", "scorecard", found.id, name=found.name, version=found.version)
    db.session.commit()
    flash(f"{found.name}, version {found.version}, is in force again. The book is being scored with it.", "success")
    return redirect(url_for(".show", name=found.name))


@blueprint.post("/<name>/retirement")
@guard.allow(May.STEER)
def take_out(name: str) -> Any:
    publishing.take_out(name)
    guard.note("took out", "scorecard", name=name)
    db.session.commit()
    flash(f"{name} is out of force; its accounts have the next card that fits. Bring it back any time.", "success")
    return redirect(url_for(".index"))


def _editor(draft: Draft, base: Scorecard, *, is_new: bool, errors: dict[str, str] | None = None) -> str:
    return render_template(
        "desk/scorecard_edit.html",
        draft=draft,
        base=base,
        is_new=is_new,
        is_everyones=base.name == EVERYONE and not is_new,
        definition=editing.editable(base.definition),
        given=request.form,
        errors=errors or {},
        corners=editing.corners_in_words,
        stages=STAGES,
        contracts=CONTRACTS,
        sources=SOURCES,
    )


def _differences(trial: ScorecardTrial) -> list[tuple[str, Any, Any]]:
    """Say in which weights, floors and deadlines a trial differs from the card in force: (what, was, would be)."""
    present = publishing.find_in_force(trial.name)
    was, would = (_settings(row.definition) if row else {} for row in (present, trial))
    names = [*would, *(name for name in was if name not in would)]
    return [(name, was.get(name), would.get(name)) for name in names if was.get(name) != would.get(name)]


def _settings(definition: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {f"{name} begins at": f"{floor:g}" for name, floor in definition["bands"]}
    found |= {"Least share known": f"{definition['coverage_floor']:.0%}", "Hysteresis": f"{definition['hysteresis']:g}"}
    found |= {f"{SOURCES[name]}, silent for": f"{definition['deadlines'][name]} days" for name in SOURCES}
    for dimension in definition["dimensions"]:
        found[f"{dimension['title']}, weight"] = f"{dimension['weight']:g}"
        for measure in dimension["measures"]:
            found[f"{measure['title']}, weight"] = f"{measure['weight']:g}"
            found[f"{measure['title']}, curve"] = editing.corners_in_words(measure["curve"])
    return found


def _job(trial: ScorecardTrial) -> Job | None:
    return queue.find_job(trial.job_id) if trial.job_id and trial.result is None else None


def _people() -> dict[int, str]:
    return {person.id: person.name for person in accounts.members()}
