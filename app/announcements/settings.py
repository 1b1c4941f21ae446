"""Settings → Notifications: who is told what, what came of each delivery, and sending again."""

import json
from typing import Any

from flask import Blueprint, current_app, flash, g, redirect, render_template, request, url_for
from flask_login import current_user

from app.announcements import queries, subscribing, trying_out
from app.announcements.channels.slack import body_of as slack_body
from app.announcements.channels.webhook import body_of
from app.announcements.delivery import giving_up, redelivering
from app.announcements.delivery.claiming import claim
from app.announcements.delivery.parcel import Message
from app.announcements.delivery.recording import record
from app.announcements.delivery.sending import send
from app.announcements.events import EVENTS
from app.announcements.models import FORECAST_SHARE, KINDS, RISK_THRESHOLD, Announcement, Delivery, Subscriber
from app.announcements.subscribing import Draft, get_subscriber
from app.core import clock
from app.core.paging import read_number, write_cursor
from app.core.problems import Problem
from app.extensions import db, limiter
from app.identity import guard
from app.identity.guard import May
from app.identity.refusals import by_field

blueprint = Blueprint("notifications", __name__, url_prefix="/settings/notifications", template_folder="templates")


@blueprint.get("")
@guard.allow(May.DATA)
def index() -> Any:
    return _index()


@blueprint.post("")
@guard.allow(May.DATA)
def add() -> Any:
    try:
        subscriber = subscribing.subscribe(_draft(), current_user.id, clock.utc_now(), allow_private=_allow_private())
    except Problem as problem:
        db.session.rollback()
        return _index(422, by_field(problem))
    guard.note("added", "subscriber", subscriber.id, name=subscriber.name, types=subscriber.types)
    db.session.commit()
    return _page(subscriber, shown=subscriber.secret)


@blueprint.get("/<int:subscriber_id>")
@guard.allow(May.DATA)
def show(subscriber_id: int) -> Any:
    return _page(get_subscriber(subscriber_id))


@blueprint.post("/<int:subscriber_id>")
@guard.allow(May.DATA)
def change(subscriber_id: int) -> Any:
    subscriber = get_subscriber(subscriber_id)
    try:
        subscribing.change(subscriber, _draft(), allow_private=_allow_private())
    except Problem as problem:
        db.session.rollback()
        return _page(get_subscriber(subscriber_id), 422, errors=by_field(problem))
    guard.note("changed", "subscriber", subscriber.id, name=subscriber.name, types=subscriber.types)
    return _done(f"“{subscriber.name}” is changed.", subscriber)


@blueprint.post("/<int:subscriber_id>/secret")
@guard.allow(May.DATA)
def rotate(subscriber_id: int) -> Any:
    subscriber = get_subscriber(subscriber_id)
    subscribing.rotate(subscriber, clock.utc_now())
    guard.note("rotated", "secret", subscriber.id, name=subscriber.name)
    db.session.commit()
    return _page(subscriber, shown=subscriber.secret)


@blueprint.post("/<int:subscriber_id>/test")
@guard.allow(May.DATA)
@limiter.limit("20/minute")
def try_out(subscriber_id: int) -> Any:
    """Send a test event now, while the person waits, and show what came back."""
    subscriber, now, config = get_subscriber(subscriber_id), clock.utc_now(), current_app.config["PERENNIAL"]
    delivery = trying_out.try_out(subscriber, g.workspace.name, now)
    delivery_id, parcel = delivery.id, claim(subscriber_id, now, only=delivery.id)
    db.session.commit()
    if parcel is not None:
        record(parcel, send(parcel, config, now), clock.utc_now(), config.base_url)
        db.session.commit()
    return redirect(url_for(".delivery", subscriber_id=subscriber_id, delivery_id=delivery_id))


@blueprint.post("/<int:subscriber_id>/off")
@guard.allow(May.DATA)
def switch_off(subscriber_id: int) -> Any:
    subscriber = get_subscriber(subscriber_id)
    giving_up.switch_off(subscriber, f"{current_user.name} switched it off.", clock.utc_now())
    guard.note("switched off", "subscriber", subscriber.id, name=subscriber.name)
    return _done(f"“{subscriber.name}” is told nothing from now on.", subscriber)


@blueprint.post("/<int:subscriber_id>/on")
@guard.allow(May.DATA)
def switch_on(subscriber_id: int) -> Any:
    subscriber = get_subscriber(subscriber_id)
    subscribing.switch_on(subscriber)
    guard.note("switched on", "subscriber", subscriber.id, name=subscriber.name)
    return _done(f"“{subscriber.name}” is told what happens from now on.", subscriber)


@blueprint.post("/<int:subscriber_id>/removal")
@guard.allow(May.DATA)
def remove(subscriber_id: int) -> Any:
    subscriber = get_subscriber(subscriber_id)
    guard.note("removed", "subscriber", subscriber.id, name=subscriber.name)
    db.session.delete(subscriber)
    db.session.commit()
    flash(f"“{subscriber.name}” is removed.", "success")
    return redirect(url_for(".index"))


@blueprint.post("/<int:subscriber_id>/redelivery")
@guard.allow(May.DATA)
def redeliver_failed(subscriber_id: int) -> Any:
    subscriber = get_subscriber(subscriber_id)
    count = redelivering.redeliver_failed(subscriber, clock.utc_now())
    guard.note("sent again", "failed deliveries", subscriber.id, name=subscriber.name, count=count)
    return _done(f"{count} {'delivery goes' if count == 1 else 'deliveries go'} out again now.", subscriber)


@blueprint.get("/<int:subscriber_id>/deliveries/<int:delivery_id>")
@guard.allow(May.DATA)
def delivery(subscriber_id: int, delivery_id: int) -> Any:
    subscriber = get_subscriber(subscriber_id)
    found, announcement = queries.get_delivery(subscriber_id, delivery_id)
    shown = {"subscriber": subscriber, "delivery": found, "announcement": announcement}
    body = _body(subscriber, found, announcement)
    return render_template("announcements/delivery.html", **shown, body=body, attempts=queries.attempts_of(delivery_id))


@blueprint.post("/<int:subscriber_id>/deliveries/<int:delivery_id>/redelivery")
@guard.allow(May.DATA)
def redeliver(subscriber_id: int, delivery_id: int) -> Any:
    subscriber = get_subscriber(subscriber_id)
    found, _ = queries.get_delivery(subscriber_id, delivery_id)
    redelivering.redeliver(found, subscriber, clock.utc_now())
    guard.note("sent again", "delivery", delivery_id, name=subscriber.name)
    db.session.commit()
    flash("It goes out again now. Load this page again to see what comes back.", "success")
    return redirect(url_for(".delivery", subscriber_id=subscriber_id, delivery_id=delivery_id))


def _draft() -> Draft:
    form = request.form
    return Draft(
        kind=form.get("kind", ""),
        name=form.get("name", ""),
        url=form.get("url", ""),
        types=form.getlist("types"),
        risk_threshold=share_in("risk_threshold", RISK_THRESHOLD),
        forecast_share=share_in("forecast_share", FORECAST_SHARE),
    )


def share_in(field: str, otherwise: float) -> float:
    """Read a percentage of the form as a share of 1; what is not one is refused by its range."""
    given = request.form.get(field, "").strip()
    try:
        return float(given) / 100 if given else otherwise
    except ValueError:
        return -1.0


def _index(status: int = 200, errors: dict[str, str] | None = None) -> Any:
    shown = {"subscribers": queries.subscribers(), "events": EVENTS, "kinds": KINDS, "errors": errors or {}}
    return render_template("announcements/index.html", **shown, draft=_given()), status


def _page(subscriber: Subscriber, status: int = 200, **shown: Any) -> Any:
    state = request.args.get("state") if request.args.get("state") in queries.STATES else None
    lines, following = queries.deliveries_to(subscriber.id, state, read_number(request.args.get("cursor")))
    known = {
        "subscriber": subscriber,
        "lines": lines,
        "following": write_cursor(following) if following else None,
        "state": state,
        "events": EVENTS,
        "kinds": KINDS,
        "draft": _given() if status == 422 else _kept(subscriber),
        "errors": {},
        "shown": None,
        "now": clock.utc_now(),
    }
    return render_template("announcements/subscriber.html", **known | shown), status


def _given() -> dict[str, Any]:
    """Give the form as it came, so that nothing has to be written twice."""
    form = request.form
    first = {
        "kind": "webhook",
        "risk_threshold": f"{RISK_THRESHOLD * 100:g}",
        "forecast_share": f"{FORECAST_SHARE * 100:g}",
    }
    return first | form.to_dict() | {"types": form.getlist("types") if form else list(EVENTS)}


def _kept(subscriber: Subscriber) -> dict[str, Any]:
    shares = {name: f"{getattr(subscriber, name) * 100:g}" for name in ("risk_threshold", "forecast_share")}
    return {"kind": subscriber.kind, "name": subscriber.name, "url": subscriber.url, "types": subscriber.types} | shares


def _body(subscriber: Subscriber, found: Delivery, announcement: Announcement) -> str:
    """Give what is sent, laid out for reading."""
    message = Message(
        delivery_id=found.id,
        announcement_id=announcement.id,
        message_id="",
        type=announcement.type,
        occurred_at=announcement.occurred_at,
        account_id=announcement.account_id,
        data=announcement.data,
        attempts=found.attempts,
        first_tried_at=announcement.occurred_at,
    )
    sent = slack_body(message) if subscriber.kind == "slack" else body_of(message)
    return json.dumps(json.loads(sent), indent=2, ensure_ascii=False)


def _allow_private() -> bool:
    return bool(current_app.config["PERENNIAL"].allow_private_targets)


def _done(message: str, subscriber: Subscriber) -> Any:
    db.session.commit()
    flash(message, "success")
    return redirect(url_for(".show", subscriber_id=subscriber.id))
