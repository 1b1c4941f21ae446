"""Playbooks: what each is for, when it fires, who is in it, and what it has proven."""

from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict

from app.core.clock import utc_now
from app.core.http.words import counted
from app.core.problems import Problem
from app.extensions import db
from app.identity import guard
from app.identity.guard import May
from app.identity.refusals import by_field
from app.playbooks import editing, ending, queries
from app.playbooks.defaults import ensure_defaults
from app.playbooks.editing import SHARES, Draft, get_playbook
from app.playbooks.models import Playbook
from app.playbooks.proving import PRICE_OF_LOOKING
from app.playbooks.tasks.planning import ROLES
from app.playbooks.trial.power import accounts_needed
from app.playbooks.triggers import TRIGGERS, Settings, trigger_of
from app.playbooks.triggers.trigger import Field

blueprint = Blueprint("plays", __name__, url_prefix="/playbooks", template_folder="templates")

PAGE = 25
TASKS = 10
BLANK_STEP = {"after_days": 0, "role": "owner", "title": "", "advice": ""}


@blueprint.get("")
@guard.allow(May.READ)
def show() -> Any:
    return render_template("desk/plays.html", listed=queries.playbooks_listed(guard.today()))


@blueprint.post("/defaults")
@guard.allow(May.STEER)
def take_defaults() -> Any:
    ensure_defaults(utc_now())
    guard.note("made", "playbooks", names="the three defaults")
    db.session.commit()
    return redirect(url_for(".show"))


@blueprint.get("/<int:playbook_id>")
@guard.allow(May.READ)
def one(playbook_id: int) -> Any:
    playbook, today = get_playbook(playbook_id), guard.today()
    arm, before = request.args.get("arm"), request.args.get("before", type=int)
    enrolments = queries.enrolments_in(playbook_id, arm, before, PAGE + 1)
    return render_template(
        "desk/plays_one.html",
        playbook=playbook,
        listed=queries.listed(playbook, today),
        roles=ROLES,
        matches=queries.would_match(playbook.trigger, today, playbook),
        tasks=queries.tasks_in(playbook_id, today, TASKS),
        enrolments=enrolments[:PAGE],
        older=enrolments[PAGE - 1].id if len(enrolments) > PAGE else None,
        arm=arm,
        plan=_plan(playbook),
        counted_on=_day(playbook.tally.get("counted_on")),
    )


@blueprint.post("/<int:playbook_id>/switch")
@guard.allow(May.STEER)
def switch(playbook_id: int) -> Any:
    playbook = get_playbook(playbook_id)
    playbook.is_on = "on" in request.form
    guard.note("switched", "playbook", playbook_id, name=playbook.name, is_on=playbook.is_on)
    db.session.commit()
    how = "on" if playbook.is_on else "off: it enrols nobody new. What it has begun goes on"
    flash(f"{playbook.name} is {how}.", "success")
    return redirect(url_for(".one", playbook_id=playbook_id))


@blueprint.post("/<int:playbook_id>/withdrawal")
@guard.allow(May.STEER)
def withdraw(playbook_id: int) -> Any:
    playbook = get_playbook(playbook_id)
    ended = ending.end(ending.open_enrolments(playbook_id), "the playbook was stopped", guard.today(), utc_now())
    guard.note("withdrew", "playbook", playbook_id, name=playbook.name, enrolments=ended)
    db.session.commit()
    how_many = counted(ended, "enrolment is ended and its", "enrolments are ended and their")
    flash(f"{how_many} open tasks withdrawn. Outcomes are still measured.", "success")
    return redirect(url_for(".one", playbook_id=playbook_id))


@blueprint.get("/new")
@guard.allow(May.STEER)
def new() -> Any:
    return _editor(_draft_of(None), None)


@blueprint.post("/new")
@guard.allow(May.STEER)
def make() -> Any:
    return _save(None)


@blueprint.get("/<int:playbook_id>/edit")
@guard.allow(May.STEER)
def edit(playbook_id: int) -> Any:
    playbook = get_playbook(playbook_id)
    return _editor(_draft_of(playbook), playbook)


@blueprint.post("/<int:playbook_id>/edit")
@guard.allow(May.STEER)
def change(playbook_id: int) -> Any:
    return _save(get_playbook(playbook_id))


@blueprint.post("/preview")
@guard.allow(May.STEER)
def preview() -> Any:
    """Say who would match what stands in the form, without saving it."""
    settings = _read(request.form).trigger
    wrong = editing.wrong_trigger(settings)
    matches = None if wrong else queries.would_match(settings, guard.today())
    return render_template("desk/plays_matches.html", matches=matches, sentence=_sentence(settings, wrong))


def _save(playbook: Playbook | None) -> Any:
    draft = _read(request.form)
    if "more" in request.form:
        return _editor(draft, playbook, blank_steps=1)
    try:
        playbook = _store(draft, playbook)
    except Problem as problem:
        return _editor(draft, playbook, by_field(problem)), 422
    db.session.commit()
    return redirect(url_for(".one", playbook_id=playbook.id))


def _store(draft: Draft, playbook: Playbook | None) -> Playbook:
    if playbook is None:
        playbook = editing.make(draft, utc_now())
        guard.note("made", "playbook", playbook.id, name=playbook.name)
        flash(f"{playbook.name} is saved. It enrols accounts within five minutes.", "success")
        return playbook
    revision = playbook.revision
    changes = editing.change(playbook, draft)
    guard.note("changed", "playbook", playbook.id, name=playbook.name, fields=sorted(changes))
    again = " Its proof begins anew, because what it does has changed." if playbook.revision > revision else ""
    flash(f"{playbook.name} is saved.{again}", "success")
    return playbook


def _editor(draft: Draft, playbook: Playbook | None, errors: dict[str, str] | None = None, blank_steps: int = 0) -> Any:
    blanks = blank_steps or (0 if draft.steps else 2)
    wrong = editing.wrong_trigger(draft.trigger)
    return render_template(
        "desk/plays_edit.html",
        playbook=playbook,
        draft=draft,
        steps=[*draft.steps, *([BLANK_STEP] * blanks)],
        errors=errors or {},
        triggers=TRIGGERS.values(),
        roles=ROLES,
        shares=SHARES,
        sentence=_sentence(draft.trigger, wrong),
        matches=None if wrong else queries.would_match(draft.trigger, guard.today()),
    )


def _sentence(settings: Settings, wrong: dict[str, str]) -> str:
    return "" if wrong else trigger_of(settings).sentence(settings)


def _draft_of(playbook: Playbook | None) -> Draft:
    if playbook is None:
        return Draft(name="", aim="", trigger={"kind": "band_change", "band": "watch"}, steps=[])
    return Draft(**{name: getattr(playbook, name) for name in Draft.__dataclass_fields__})


def _read(form: MultiDict[str, str]) -> Draft:
    """Read the editor's form. What is no number becomes one that the check refuses."""
    return Draft(
        name=form.get("name", "").strip(),
        aim=form.get("aim", "").strip(),
        trigger=_read_trigger(form),
        steps=_read_steps(form),
        holdout_share=_number(form.get("holdout_share", ""), -1.0),
        cooldown_days=int(_number(form.get("cooldown_days", ""), -1)),
        outcome_days=int(_number(form.get("outcome_days", ""), -1)),
        daily_limit=int(_number(form.get("daily_limit", ""), -1)),
        is_on="is_on" in form,
    )


def _read_trigger(form: MultiDict[str, str]) -> dict[str, Any]:
    kind = form.get("kind", "")
    fields = TRIGGERS[kind].fields if kind in TRIGGERS else ()
    return {"kind": kind} | {
        field.name: _value(field, form.get(f"{kind}.{field.name}", "").strip()) for field in fields
    }


def _value(field: Field, given: str) -> Any:
    if field.kind == "choice":
        return given
    if not given:
        return None
    return _number(given, -100.0) / 100 if field.kind == "share" else int(_number(given, -1))


def _read_steps(form: MultiDict[str, str]) -> list[dict[str, Any]]:
    columns = (form.getlist("after_days"), form.getlist("role"), form.getlist("title"), form.getlist("advice"))
    return [
        {"after_days": int(_number(after, -1)), "role": role, "title": title.strip(), "advice": advice.strip()}
        for after, role, title, advice in zip(*columns, strict=False)
        if title.strip()
    ]


def _number(given: str, otherwise: float) -> float:
    """Read a number of an ordinary size, and no other."""
    try:
        number = float(given)
    except ValueError:
        return otherwise
    return number if abs(number) < 1e9 else otherwise


def _day(stored: str | None) -> date | None:
    return date.fromisoformat(stored) if stored else None


def _plan(playbook: Playbook) -> dict[str, Any]:
    """Answer the power calculator: how many accounts it takes to see a cut, at this share and at an even split."""
    proof = queries.proof_of(playbook)
    rate = min(max(_number(request.args.get("rate", ""), proof.base_rate * 100) / 100, 0.01), 0.95)
    cut = min(max(_number(request.args.get("cut", ""), 100 / 3) / 100, 0.05), 0.95)
    shares = sorted({playbook.holdout_share or 0.1, 0.5})
    return {
        "rate": rate,
        "cut": cut,
        "reduced": rate * (1 - cut),
        "looking": PRICE_OF_LOOKING,
        "arms": [(share, accounts_needed(rate, rate * (1 - cut), share)) for share in shares],
    }
