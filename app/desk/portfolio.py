"""Accounts: the whole book as one table, filtered, sorted and paged by its address alone."""

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from flask import Blueprint, Response, flash, g, redirect, render_template, request, stream_with_context, url_for
from sqlalchemy import text
from werkzeug.wrappers import Response as BaseResponse

from app.accounts import portfolio as book
from app.accounts import queries as accounts
from app.accounts.models import BANDS, STAGES, Segment
from app.core import tenancy
from app.core.http.words import counted
from app.core.money import minor_digits
from app.core.paging import write_cursor
from app.core.problems import NotFoundError, Problem
from app.extensions import db
from app.identity import guard
from app.identity.guard import May
from app.playbooks.tasks.handing_over import hand_over

blueprint = Blueprint("portfolio", __name__, template_folder="templates", url_prefix="/accounts")

COLUMNS = {
    "health": "Health", "trend": "12 weeks", "risk": "Risk, 90 days", "arr": "ARR", "renews": "Renews",
    "owner": "Owner", "touch": "Last touch", "usage": "Usage, 28 days", "plan": "Plan", "seats": "Seats",
    "stage": "Stage", "tier": "Tier",
}  # fmt: skip
DEFAULT_COLUMNS = ("health", "trend", "risk", "arr", "renews", "owner", "touch", "usage")
_LONGEST_CSV, _STRETCH = 200_000, 1_000


@blueprint.get("")
@guard.allow(May.READ)
def show() -> str:
    """Show a page of the accounts that match the address."""
    asked = book.Asked.of(request.args)
    after = book.read_key(request.args.get("after"), asked.sort)
    rows = book.page(asked, guard.today(), after, minor=_minor())
    more = write_cursor(asked.sort, *book.key_of(rows[book.PAGE - 1])) if len(rows) > book.PAGE else None
    return render_template(
        "desk/portfolio.html",
        asked=asked,
        rows=rows[: book.PAGE],
        more=more,
        columns=_columns(),
        all_columns=COLUMNS,
        people={person.id: person.name for person in accounts.members()},
        segments=accounts.segments(),
        bands=BANDS,
        stages=STAGES[1:],
        address=address_with,
        guard_today=guard.today(),
        is_empty=not rows and not asked.filters and after is None,
    )


@blueprint.get("/totals")
@guard.allow(May.READ)
def totals() -> str:
    """Sum all that matches the address: a line that the page asks for once it stands, so that the list is not kept."""
    asked = book.Asked.of(request.args)
    summed = book.totals(asked, guard.today(), minor=_minor())
    return render_template("desk/portfolio_totals.html", summed=summed, is_filtered=bool(asked.filters))


@blueprint.get("/columns")
@guard.allow(May.READ)
def columns() -> BaseResponse:
    """Turn ticked columns into an address."""
    chosen = ",".join(name for name in COLUMNS if name in request.args.getlist("column"))
    return redirect(url_for("portfolio.show", columns=chosen or None, **book.Asked.of(request.args).as_args()))


@blueprint.get("/export.csv")
@guard.allow(May.READ)
def export() -> Response:
    """Give all accounts that match the address as CSV."""
    asked, today = book.Asked.of(request.args), guard.today()
    people = {person.id: person.name for person in accounts.members()}
    lines = stream_with_context(_in_scope(_lines(asked, today, people, _minor())))
    return Response(lines, mimetype="text/csv", headers={"Content-Disposition": "attachment; filename=accounts.csv"})


@blueprint.post("/bulk")
@guard.allow(May.WORK)
def bulk() -> BaseResponse:
    """Give the selected accounts an owner."""
    ids = [int(value) for value in request.form.getlist("account") if value.isdecimal()]
    owner = request.form.get("owner_choice", "")
    members = {person.id: person.name for person in accounts.members()}
    if not ids or not owner.isdecimal() or int(owner) not in members:
        raise Problem(400, "Select at least one account and a member of this workspace as its owner.", "bulk")
    handed = hand_over(ids, int(owner))
    for account_id in handed:
        guard.note("hand over", "account", account_id, owner=members[int(owner)])
    db.session.commit()
    flash(f"{counted(len(handed), 'account')} handed to {members[int(owner)]}.", "success")
    return redirect(url_for("portfolio.show", **book.Asked.of(request.form).as_args()))


@blueprint.post("/segments")
@guard.allow(May.WORK)
def save_segment() -> BaseResponse:
    """Save the present filter under a name; a name in use is replaced."""
    name = request.form.get("name", "").strip()
    asked = book.Asked.of(request.form)
    if not name or len(name) > 60:
        raise Problem(400, "Give the segment a name of up to 60 letters.", "name")
    db.session.execute(
        text(
            "INSERT INTO segment (name, filters) VALUES (:name, CAST(:filters AS jsonb))"
            " ON CONFLICT (workspace_id, name) DO UPDATE SET filters = excluded.filters"
        ),
        {"name": name, "filters": book.as_json_object(asked.as_args())},
    )
    guard.note("save", f"segment {name}", **asked.as_args())
    db.session.commit()
    return redirect(url_for("portfolio.show", **asked.as_args()))


@blueprint.post("/segments/<int:segment_id>/removal")
@guard.allow(May.WORK)
def remove_segment(segment_id: int) -> BaseResponse:
    """Forget a saved filter."""
    segment = db.session.query(Segment).filter_by(id=segment_id).one_or_none()
    if segment is None:
        raise NotFoundError("segment")
    guard.note("remove", f"segment {segment.name}")
    db.session.delete(segment)
    db.session.commit()
    return redirect(url_for("portfolio.show"))


def address_with(**changes: str | None) -> str:
    """Give the address of this list with some of its words changed (None: left out), from its first page.

    Words that mean nothing here are not carried on: `url_for` would take some, such as `_scheme`, for its own.
    """
    words: dict[str, Any] = {name: request.args[name] for name in request.args if name in (*book.WORDS, "columns")}
    return url_for("portfolio.show", **(words | changes))


def _minor() -> int:
    minor: int = 10 ** minor_digits(g.workspace.currency)
    return minor


def _columns() -> list[str]:
    asked = request.args.get("columns", "")
    return [name for name in asked.split(",") if name in COLUMNS] or list(DEFAULT_COLUMNS)


def _in_scope(lines: Iterator[str]) -> Iterator[str]:
    """Make lines for the workspace of this request, which is over and forgotten when they are made."""
    scope = tenancy.current_scope()

    def made() -> Iterator[str]:
        tenancy.enter(scope)
        yield from lines

    return made()


def _lines(asked: book.Asked, today: date, people: Mapping[int, str], minor: int) -> Iterator[str]:
    yield _line(
        ["account", "name", "band", "score", "risk_90d", "arr", "renews_on", "owner", "plan", "seats", "stage", "tier"]
    )
    after, written = None, 0
    while written < _LONGEST_CSV:
        rows = book.page(asked, today, after, _STRETCH, minor)
        for row in rows[:_STRETCH]:
            yield _line(_cells(row, people, minor))
        written += _STRETCH
        if len(rows) <= _STRETCH:
            return
        after = book.key_of(rows[_STRETCH - 1])


def _cells(row: Any, people: Mapping[int, str], minor: int) -> list[Any]:
    return [
        row.account_id, row.name, row.band, None if row.score is None else round(row.score, 1),
        None if row.risk is None else round(row.risk, 4), row.arr_minor / minor, row.renews_on,
        people.get(row.owner_id), row.plan, row.seats, row.stage, row.tier,
    ]  # fmt: skip


def _line(cells: list[Any]) -> str:
    """Write one line; a cell that a spreadsheet would run as a formula is disarmed."""
    out = io.StringIO()
    csv.writer(out).writerow(f"'{cell}" if isinstance(cell, str) and cell[:1] in "=+-@\t\r" else cell for cell in cells)
    return out.getvalue()
