"""What stands around every operation: the request is read, counted, replayed or done, committed and answered."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, get_type_hints

from flask import Response, g, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, ValidationError

from app.core import clock
from app.core.paging import write_cursor
from app.core.problems import NotFoundError, Problem
from app.core.rest import web
from app.core.rest.refusing import for_machines, refuse_body, refuse_parameters
from app.core.rest.replaying import find_answer, fingerprint_of, keep_answer
from app.core.rest.schemas import Asked, Given
from app.extensions import csrf, db, limiter

RATE = "6000/minute"
MOST_BYTES = 4 * 1024 * 1024
_KEPT_HEADERS = ("ETag", "Location", "Content-Type")

View = Callable[..., Any]


@dataclass(frozen=True)
class Answer:
    """A body with a status of its own and headers; a view that has none of these returns the bare body."""

    body: BaseModel | None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


def blueprint_of(name: str, import_name: str, tag: str, about: str) -> APIBlueprint:
    """Make the blueprint of a domain's operations, below /api/v1, for machines only."""
    made = APIBlueprint(
        f"{name}_api",
        import_name,
        url_prefix="/api/v1",
        abp_tags=[Tag(name=tag, description=about)],
        operation_id_callback=lambda *, name, **_: name,
    )
    csrf.exempt(made)
    return made


def reads(view: View) -> View:
    """Stand around an operation that changes nothing; its answer has an ETag and need not be sent twice."""
    given = _reader_of(view)

    @wraps(view)
    def answered(**path: Any) -> Response:
        answer = _done(view, given(path, b""))
        db.session.commit()  # that the key was used
        return web.unless_known(answer)

    return _limited(answered)


def writes(view: View) -> View:
    """Stand around an operation that changes something: done once under its Idempotency-Key, then committed."""
    given = _reader_of(view)

    @wraps(view)
    def answered(**path: Any) -> Response:
        now, body = clock.utc_now(), web.body_of_request(MOST_BYTES)
        name = web.idempotency_name()
        fingerprint = fingerprint_of(request.method, request.full_path, body)
        kept = find_answer(g.key_id, name, fingerprint, now) if name else None
        if kept is not None:
            return Response(kept.body, kept.status, kept.headers | {"Idempotent-Replayed": "true"})
        answer = _done(view, given(path, body))
        if name:
            headers = {each: answer.headers[each] for each in _KEPT_HEADERS if each in answer.headers}
            keep_answer(g.key_id, name, fingerprint, (answer.status_code, headers, answer.get_data(as_text=True)), now)
        db.session.commit()
        return answer

    return _limited(answered)


def page_of(
    page: type[BaseModel],
    rows: Sequence[Any],
    limit: int,
    shown: Callable[[Any], BaseModel],
    key_of: Callable[[Any], Any],
) -> Answer:
    """Make a page of up to `limit` of the rows; one row more says that there is a next page."""
    cursor = write_cursor(*key_of(rows[limit - 1])) if len(rows) > limit else None
    body = page(data=[shown(row) for row in rows[:limit]], next_cursor=cursor)
    return Answer(body, headers={"Link": web.link_to_next(cursor)} if cursor else {})


def whole(page: type[BaseModel], rows: Iterable[Any], shown: Callable[[Any], BaseModel]) -> BaseModel:
    """Make the one page of a list that is short by nature."""
    return page(data=[shown(row) for row in rows], next_cursor=None)


def _limited(view: View) -> View:
    view.__delay_validate_request__ = True  # type: ignore[attr-defined] # the key is looked at before the request
    return limiter.shared_limit(RATE, scope="api", key_func=_who)(view)


def _who() -> str:
    return f"{g.workspace.id}:{g.key_id}"


def _reader_of(view: View) -> Callable[[dict[str, Any], bytes], dict[str, Any]]:
    wanted = get_type_hints(view)

    def given(path: dict[str, Any], body: bytes) -> dict[str, Any]:
        found: dict[str, Any] = {"path": _path(wanted["path"], path)} if "path" in wanted else {}
        asked = _query(wanted.get("query", Asked))  # which refuses what it does not name
        if "query" in wanted:
            found["query"] = asked
        if "body" in wanted:
            found["body"] = _body(wanted["body"], body)
        return found

    return given


def _body(model: type[Given], body: bytes) -> Given:
    try:
        return model.read(body)
    except ValidationError as error:
        raise refuse_body(error) from None


def _path(model: type[BaseModel], words: dict[str, Any]) -> BaseModel:
    try:
        return model.model_validate_strings(words)
    except ValidationError:
        raise NotFoundError("thing") from None


def _query(model: type[BaseModel]) -> BaseModel:
    repeated = [name for name, values in request.args.lists() if len(values) > 1]
    if repeated:
        errors = [{"parameter": name, "detail": "It is given more than once: give it once."} for name in repeated]
        raise Problem(422, "The address gives a parameter more than once: see `errors`.", "validation", errors)
    try:
        return model.model_validate_strings(request.args.to_dict())
    except ValidationError as error:
        raise refuse_parameters(error) from None


def _done(view: View, given: dict[str, Any]) -> Response:
    try:
        return _response(view(**given))
    except Problem as problem:
        raise for_machines(problem) from None


def _response(given: Any) -> Response:
    answer = given if isinstance(given, Answer) else Answer(given)
    if answer.body is None:
        return Response(status=answer.status, headers=answer.headers)
    body = web.write(answer.body)
    made = Response(body, answer.status, answer.headers, mimetype="application/json")
    made.set_etag(web.etag_of(body))
    return made
