"""Errors as RFC 9457 problem details for machines, and as a plain page for people."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import psycopg
import structlog
from flask import Flask, Response, current_app, json, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException

from app.core.http.returning import safe_next
from app.extensions import db

_log = structlog.get_logger()
_OF_MACHINES = ("/api/", "/v1/", "/batch", "/e/", "/i/", "/capture", "/cloudevents", "/hooks/")
_REMEDIES = {
    401: "Sign in, or send a valid API key as `Authorization: Bearer …`.",
    403: "Ask an administrator of your workspace for the role that may do this.",
    404: "It may have been moved or erased, or it belongs to another workspace.",
    405: "Check the method and the address.",
    413: "Send less at once.",
    429: "Wait for the time given in Retry-After, then try again.",
    500: "It is our fault, and it has been written down under the request number below. What you had saved is kept.",
    503: "The database is away for a moment. Nothing was changed; try again in a few seconds.",
}

_OUTLIVED = (
    "This form has outlived your session: you have been signed out, or signed in anew, since it was opened."
    " Copy what you wrote, reload the page and send it again."
)

_MENDABLE = {400, 409, 422}
_TOO_OFTEN = "That was tried too often in a short time. Wait a minute, then try again."


class Problem(Exception):  # noqa: N818 - the RFC's own word
    """What is wrong, said so that the reader can mend it. `errors`: [{pointer, detail}] one a field.

    `headers` go along with the answer, such as Retry-After.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        code: str = "",
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.code, self.errors = status, detail, code, list(errors)
        self.headers = dict(headers or {})


class NotFoundError(Problem):
    """Nothing of that kind is in this workspace."""

    def __init__(self, what: str) -> None:
        super().__init__(404, f"There is no such {what} in this workspace.", "not_found")


def answer_with_problems(app: Flask) -> None:
    """Register one way of answering for every error."""
    app.register_error_handler(Problem, _answer)
    app.register_error_handler(HTTPException, _from_http)
    for away in (OperationalError, InterfaceError, PoolTimeoutError, psycopg.OperationalError, psycopg.InterfaceError):
        app.register_error_handler(away, _from_database)
    app.register_error_handler(DataError, _from_value)
    app.register_error_handler(psycopg.DataError, _from_value)
    app.register_error_handler(RecursionError, _from_nesting)
    app.register_error_handler(Exception, _from_fault)


def _from_http(error: HTTPException) -> Response | HTTPException:
    if error.code is None or error.code < 400:
        return error
    if isinstance(error, CSRFError):
        return _answer(Problem(400, _OUTLIVED, "form_outlived"))
    detail, code = str(error.description or error.name), ""
    if error.code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        most = (request.max_content_length or 0) / 2**20
        detail, code = f"A request may hold up to {most:g} MB as sent.", "too_large"
    elif error.code == HTTPStatus.TOO_MANY_REQUESTS and not _is_for_machines():
        detail = _TOO_OFTEN
    answer = _answer(Problem(error.code, detail, code))
    for name, value in error.get_headers():
        if name.lower() not in {"content-type", "content-length"}:
            answer.headers[name] = value
    return answer


def _from_database(error: Exception) -> Response:
    """Away, full, out of connections, or two writers in each other's way: nothing was kept, the sender tries again."""
    _log.error("database_away", error=str(error))
    with suppress(SQLAlchemyError, psycopg.Error):
        db.session.rollback()
    return _answer(Problem(503, "The database did not answer.", "database_away", headers={"Retry-After": "5"}))


def _from_value(error: Exception) -> Response:
    """PostgreSQL refuses what no column can hold: a NUL in a text, a number beyond a bigint."""
    _log.warning("value_refused", error=str(error))
    db.session.rollback()
    return _answer(Problem(400, "A value in the request is beyond what can be kept or looked for.", "value"))


def _from_nesting(error: RecursionError) -> Response:
    """A body of brackets within brackets: thousands deep it says nothing, and no reader follows it."""
    _log.warning("nested_too_deeply", error=str(error))
    db.session.rollback()
    return _answer(Problem(400, "The body is nested too deeply.", "bad_body"))


def _from_fault(error: Exception) -> Response:
    _log.exception("fault", error=repr(error))
    db.session.rollback()
    return _answer(Problem(500, "Something went wrong on our side."))


def is_from_script() -> bool:
    """Say whether the script of our pages sent a form: it shows a problem at the form, and goes itself to what follows.

    It prefers problem details to a page, which no browser does by itself.
    """
    wanted = request.accept_mimetypes
    return wanted.quality("application/problem+json") > wanted.quality("text/html")


def _answer(problem: Problem) -> Response:
    answer = _page(problem) if _is_for_reading() else _json(problem)
    answer.headers.update(problem.headers)
    return answer


def _is_for_reading() -> bool:
    is_of_script = is_from_script() or "HX-Request" in request.headers
    return request.accept_mimetypes.accept_html and not is_of_script and not _is_for_machines()


def _is_for_machines() -> bool:
    """A door that asks for a key (its guard is a scope such as usage:write), or an address that only machines use."""
    guard = str(getattr(current_app.view_functions.get(request.endpoint or ""), "guard", ""))
    return ":" in guard or request.path.startswith(_OF_MACHINES)


def _json(problem: Problem) -> Response:
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        "instance": request.path,
        "request_id": request.environ.get("perennial.request_id"),
        "code": problem.code or HTTPStatus(problem.status).phrase.lower().replace(" ", "_"),
        "message": problem.detail,  # read, with `code`, by clients of the Segment protocol: without them they retry
    }
    body |= {"errors": problem.errors} if problem.errors else {}
    return Response(json.dumps(body), problem.status, mimetype="application/problem+json")


def _page(problem: Problem) -> Response:
    form = _page_of_form() if problem.status < HTTPStatus.INTERNAL_SERVER_ERROR else ""
    title = "Not kept yet" if form and problem.status in _MENDABLE else HTTPStatus(problem.status).phrase
    page = render_template(
        "core/error.html",
        problem=problem,
        title=title,
        details=[each for each in problem.errors if each.get("detail") != problem.detail],
        form=form,
        remedy=_REMEDIES.get(problem.status, ""),
        request_id=request.environ.get("perennial.request_id"),
    )
    return Response(page, problem.status)


def _page_of_form() -> str:
    """Give the address of the page that the refused form stood on, or '' where it is not one of ours."""
    came_from = urlsplit(request.referrer or "")
    if request.method != "POST" or came_from.netloc != request.host:
        return ""
    return safe_next(f"{came_from.path}?{came_from.query}".rstrip("?"), "")
