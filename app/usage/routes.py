"""Meters, made by people."""

import re

from flask import Blueprint, flash, redirect, request, url_for
from werkzeug.wrappers import Response

from app.core.problems import Problem
from app.extensions import db
from app.identity import guard
from app.identity.guard import May
from app.usage.intake.ingesting import ensure_meters

blueprint = Blueprint("meters", __name__, url_prefix="/data/meters")

_CODE = re.compile(r"[a-z][a-z0-9_.:-]{0,79}")


@blueprint.post("")
@guard.allow(May.DATA)
def make() -> Response:
    """Make a meter; one that exists stays as it is."""
    code, kind = request.form.get("code", "").strip(), request.form.get("kind", "sum")
    if not _CODE.fullmatch(code) or kind not in {"sum", "max"}:
        raise Problem(
            400, "`code` must begin with a small letter and hold letters, digits, _ . : or -, up to 80.", "code"
        )
    ensure_meters([code], kind)
    guard.note("make", f"meter {code}")
    db.session.commit()
    flash(f"The meter {code} takes events now.", "success")
    return redirect(url_for("counting.show"))
