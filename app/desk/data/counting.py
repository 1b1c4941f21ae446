"""Meters: what counts, by which rule, and which names of events nothing singles out yet."""

from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from app.core import queue
from app.core.problems import NotFoundError, Problem
from app.extensions import db
from app.identity import guard
from app.identity.guard import May
from app.usage import metering, queries
from app.usage.models import Meter, MeterRule

blueprint = Blueprint("counting", __name__, template_folder="../templates", url_prefix="/data/counting")


@blueprint.get("")
@guard.allow(May.READ)
def show() -> str:
    """Show meters with their rules, and the names of events that came."""
    by_meter: dict[int, list[Any]] = {}
    for rule in queries.rules():
        by_meter.setdefault(rule.meter_id, []).append(rule)
    return render_template(
        "desk/counting.html",
        meters=list(db.session.scalars(select(Meter).order_by(Meter.position, Meter.id).limit(100))),
        rules=by_meter,
        names=queries.event_names(),
        chosen=request.args.get("event", ""),
    )


@blueprint.post("/rules")
@guard.allow(May.DATA)
def make_rule() -> Response:
    """Have a meter count an event from now on, and what is kept of the past."""
    form = request.form
    meter = db.session.get(Meter, (g.workspace.id, int(form["meter_id"]))) if _is_number("meter_id") else None
    event = form.get("event_name", "").strip()
    if meter is None or not event:
        raise Problem(422, "Choose a meter and name the event, as it is sent.", "event_name")
    name, value = form.get("property", "").strip(), form.get("equals", "").strip()
    made = metering.make_rule(
        meter.code, event, {name: value} if name else {}, form.get("quantity_from", "").strip() or None
    )
    if made is not None:
        queue.defer("backfill_rule", rule_id=made)
    guard.note("make", f"rule of {meter.code}", made, event=event)
    db.session.commit()
    flash(f"{meter.name} counts {event}. What is kept of the past is being counted too.", "success")
    return redirect(url_for(".show"))


@blueprint.post("/rules/<int:rule_id>/removal")
@guard.allow(May.DATA)
def remove_rule(rule_id: int) -> Response:
    """Count no more by a rule; what it counted stays."""
    rule = db.session.get(MeterRule, (g.workspace.id, rule_id))
    if rule is None:
        raise NotFoundError("rule")
    guard.note("remove", "rule", rule_id, event=rule.event_name)
    db.session.delete(rule)
    db.session.commit()
    flash(f"{rule.event_name} counts no more by this rule. What was counted stays.", "success")
    return redirect(url_for(".show"))


def _is_number(name: str) -> bool:
    return request.form.get(name, "").isdecimal()
