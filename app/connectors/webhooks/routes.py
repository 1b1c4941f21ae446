"""Data → Webhooks: make an address, enter its secret, see what came and what became of it, replay."""

from typing import Any

import msgspec
from flask import Blueprint, current_app, flash, g, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from app.connectors.webhooks import queries, replaying, sources
from app.connectors.webhooks.models import STATES, WebhookSource
from app.connectors.webhooks.providers import PROVIDERS
from app.core import clock
from app.core.paging import read_number, write_cursor
from app.core.problems import NotFoundError, Problem
from app.extensions import db
from app.identity import guard
from app.identity.guard import May
from app.identity.refusals import by_field

blueprint = Blueprint("webhooks", __name__, url_prefix="/data/webhooks", template_folder="templates")


@blueprint.get("")
@guard.allow(May.DATA)
def index() -> Any:
    return _index()


@blueprint.post("")
@guard.allow(May.DATA)
def make() -> Any:
    provider, name = request.form.get("provider", ""), request.form.get("name", "")
    try:
        source = sources.make_source(provider, name, current_user.id)
    except Problem as problem:
        return _index(422, errors=by_field(problem), chosen=provider, name=name)
    guard.note("made", "webhook", source.id, provider=provider, name=source.name)
    db.session.commit()
    return redirect(url_for(".show", source_id=source.id))


@blueprint.get("/<int:source_id>")
@guard.allow(May.DATA)
def show(source_id: int) -> Any:
    return _show(queries.get_source(source_id))


@blueprint.post("/<int:source_id>/secrets")
@guard.allow(May.DATA)
def add_secret(source_id: int) -> Any:
    source = queries.get_source(source_id)
    try:
        sources.add_secret(source, request.form.get("secret", ""))
    except Problem as problem:
        db.session.rollback()
        return _show(queries.get_source(source_id), 422, errors=by_field(problem))
    guard.note("added", "webhook secret", source_id, name=source.name)
    return _done(source, "The secret counts from now on.")


@blueprint.post("/<int:source_id>/secrets/<int:secret_id>/removal")
@guard.allow(May.DATA)
def remove_secret(source_id: int, secret_id: int) -> Any:
    source = queries.get_source(source_id)
    sources.remove_secret(source, secret_id)
    guard.note("removed", "webhook secret", source_id, name=source.name)
    return _done(source, "The secret is removed: what is signed with it is refused from now on.")


@blueprint.post("/<int:source_id>/disabling")
@guard.allow(May.DATA)
def disable(source_id: int) -> Any:
    source = sources.disable(source_id, clock.utc_now())
    guard.note("disabled", "webhook", source_id, name=source.name)
    return _done(source, f"{source.name} is disabled: what it sends is refused, and it may try again later.")


@blueprint.post("/<int:source_id>/enabling")
@guard.allow(May.DATA)
def enable(source_id: int) -> Any:
    source = sources.enable(source_id)
    guard.note("enabled", "webhook", source_id, name=source.name)
    return _done(source, f"{source.name} is enabled.")


@blueprint.post("/<int:source_id>/deletion")
@guard.allow(May.DATA)
def delete(source_id: int) -> Response:
    source = sources.delete(source_id)
    guard.note("deleted", "webhook", source_id, provider=source.provider, name=source.name)
    db.session.commit()
    flash(f"{source.name} is deleted. What it brought into the book stays.", "success")
    return redirect(url_for(".index"))


@blueprint.post("/<int:source_id>/replay")
@guard.allow(May.DATA)
def replay_all(source_id: int) -> Any:
    source = queries.get_source(source_id)
    number = replaying.replay_unfinished(source_id)
    guard.note("replayed", "webhook deliveries", source_id, name=source.name, deliveries=number)
    words = f"{number:,} deliver{'y is' if number == 1 else 'ies are'} on the way again."
    return _done(source, words if number else "Nothing is held or failed.")


@blueprint.get("/<int:source_id>/deliveries/<int:delivery_id>")
@guard.allow(May.DATA)
def delivery(source_id: int, delivery_id: int) -> str:
    found = _delivery_of(source_id, delivery_id)
    body = found.body or b""
    return render_template(
        "webhooks/delivery.html",
        source=queries.get_source(source_id),
        delivery=found,
        facts=queries.facts_of(delivery_id),
        body=body.decode("utf-8", "replace"),
        indented=_indented(body),
        keep_days=current_app.config["PERENNIAL"].keep_events_days,
    )


@blueprint.post("/<int:source_id>/deliveries/<int:delivery_id>/replay")
@guard.allow(May.DATA)
def replay(source_id: int, delivery_id: int) -> Response:
    replaying.replay(_delivery_of(source_id, delivery_id).id)
    guard.note("replayed", "webhook delivery", delivery_id)
    db.session.commit()
    flash("It is on the way again.", "success")
    return redirect(url_for(".delivery", source_id=source_id, delivery_id=delivery_id))


def _delivery_of(source_id: int, delivery_id: int) -> Any:
    found = queries.get_delivery(delivery_id)
    if found.source_id != source_id:
        raise NotFoundError("delivery")
    return found


def _indented(body: bytes) -> str | None:
    """Lay JSON out for reading; None for what is none."""
    try:
        return msgspec.json.format(body, indent=2).decode()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _index(status: int = 200, **said: Any) -> Any:
    shown = {"errors": {}, "chosen": "", "name": ""} | said
    page = render_template(
        "webhooks/index.html",
        sources=queries.sources(),
        unfinished=queries.unfinished(),
        providers=PROVIDERS,
        **shown,
    )
    return page, status


def _show(source: WebhookSource, status: int = 200, **said: Any) -> Any:
    state, cursor = request.args.get("state", ""), request.args.get("cursor")
    page = queries.deliveries_of(source.id, state if state in STATES else None, read_number(cursor))
    html = render_template(
        "webhooks/source.html",
        source=source,
        provider=PROVIDERS[source.provider],
        address=_address(source),
        secrets=queries.secrets_of(source.id),
        most_secrets=sources.MOST_SECRETS,
        page=page,
        following=write_cursor(page.before) if page.before else None,
        unfinished=queries.unfinished().get(source.id, 0),
        state=state,
        states=STATES,
        cursor=cursor,
        **({"errors": {}} | said),
    )
    return html, status


def _address(source: WebhookSource) -> str:
    base = current_app.config["PERENNIAL"].base_url.rstrip("/")
    return f"{base}/hooks/{source.provider}/{g.workspace.id}-{source.token}"


def _done(source: WebhookSource, words: str) -> Response:
    db.session.commit()
    flash(words, "success")
    return redirect(url_for(".show", source_id=source.id))
