"""Connect: five steps from nothing to the first event, a page a protocol."""

from datetime import datetime
from json import dumps
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, redirect, render_template, request, url_for
from flask_login import current_user
from sqlalchemy import select
from werkzeug.wrappers import Response

from app.accounts.models import Account
from app.core import clock
from app.core.problems import NotFoundError, Problem
from app.desk.data.guides import BY_CODE, GUIDES, KEY, Guide
from app.extensions import db
from app.identity import guard, keys
from app.identity.guard import May
from app.identity.refusals import by_field
from app.usage import queries
from app.usage.models import Meter

blueprint = Blueprint("connect", __name__, template_folder="../templates", url_prefix="/data/connect")
_SPOKEN = {"rudderstack": "segment", "perennial": "api"}


@blueprint.get("")
@guard.allow(May.DATA)
def choose() -> str:
    """List the protocols."""
    return render_template("desk/connect.html", guides=GUIDES)


@blueprint.get("/<code>")
@guard.allow(May.DATA)
def show(code: str) -> str:
    """Show the five steps of a protocol."""
    return _page(_guide(code))


@blueprint.post("/<code>/key")
@guard.allow(May.DATA)
def make_key(code: str) -> str | tuple[str, int]:
    """Make a key that may send usage, and show the steps with it; the key is shown this once."""
    guide = _guide(code)
    try:
        key, shown = keys.make_key(request.form.get("name", ""), ["usage:write"], current_user.id)
    except Problem as problem:
        return _page(guide, errors=by_field(problem)), 422
    guard.note("made", "key", key.id, name=key.name, scopes=key.scopes)
    db.session.commit()
    return _page(guide, made=key, key=shown)


@blueprint.get("/<code>/first")
@guard.allow(May.DATA)
def first(code: str) -> str | Response:
    """Give what has come by a protocol since a moment; the page asks again until there is something."""
    guide = _guide(code)
    if not request.headers.get("HX-Request"):
        return redirect(url_for(".show", code=code, since=_since().isoformat()) + "#wait")
    return render_template("desk/connect_first.html", guide=guide, **_heard(guide, _since()))


def _page(guide: Guide, **shown: Any) -> str:
    known: dict[str, Any] = {"errors": {}, "made": None, "key": KEY}
    waits = "since" in request.args
    heard = _heard(guide, _since()) if waits else {}
    samples = [(sample, sample.text.format(**_filled((known | shown)["key"]))) for sample in guide.samples]
    return render_template(
        "desk/connect_one.html",
        guide=guide,
        samples=samples,
        waits=waits,
        now=clock.utc_now(),
        **known | shown,
        **heard,
    )


def _filled(key: str) -> dict[str, str]:
    """Give what a sample is filled in with: our address, the key, an account and a meter of this workspace."""
    host = request.host_url
    first = db.session.execute(select(Account.external_id, Account.name).order_by(Account.id).limit(1)).first()
    account, name = first or ("your-account-id", "Acme Inc")
    meter = db.session.scalars(select(Meter.code).order_by(Meter.position).limit(1)).first()
    return {
        "host": host, "origin": host.rstrip("/"), "bare": host.partition("://")[2], "scheme": urlsplit(host).scheme,
        "key": key, "account": account, "name": dumps(name)[1:-1], "meter": meter or "api_calls",
    }  # fmt: skip


def _heard(guide: Guide, since: datetime) -> dict[str, Any]:
    spoken = _SPOKEN.get(guide.code, guide.code)
    return {
        "events": queries.recent_events(3, since, spoken),
        "held": queries.recent_held(3, since, "perennial" if guide.code == "perennial" else spoken),
        "since": since,
    }


def _since() -> datetime:
    try:
        return datetime.fromisoformat(request.args.get("since", ""))
    except ValueError:
        return clock.utc_now()


def _guide(code: str) -> Guide:
    if code not in BY_CODE:
        raise NotFoundError("guide")
    return BY_CODE[code]
