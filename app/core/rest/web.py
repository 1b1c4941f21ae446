"""The headers and bodies of the REST API, as they stand in the request and go into the answer."""

import re
from hashlib import sha256
from typing import Any

from flask import Flask, Response, request, url_for
from pydantic import BaseModel
from werkzeug.datastructures import ETags
from werkzeug.routing import BaseConverter

from app.core.problems import Problem
from app.extensions import limiter

IDEMPOTENCY_KEY = "^[!-~]{1,255}$"
LINK = '<{}>; rel="next"'


class Digits(BaseConverter):
    """A number in an address. How large it may be is asked later, so that the method is judged first."""

    regex = "[0-9]+"


def dress(app: Flask) -> None:
    """Tell every limited answer's budget in the draft's fields too. Goes before the limiter, to run after it."""
    app.url_map.converters["digits"] = Digits
    app.after_request(_tell_limits)


def write(body: BaseModel) -> str:
    """Write an answer as JSON, fields that are unknown included."""
    return body.model_dump_json(by_alias=True)


def etag_of(body: str) -> str:
    """Give the strong validator of a representation."""
    return sha256(body.encode()).hexdigest()[:32]


def unless_known(answer: Response) -> Response:
    """Give 304 in place of what the client says it has."""
    answer.headers["Cache-Control"] = "private, no-cache"
    if answer.status_code != 200 or not _is_among(answer.get_etag()[0], request.if_none_match):
        return answer
    bare = Response(status=304, headers={"Cache-Control": "private, no-cache"})
    bare.set_etag(answer.get_etag()[0] or "")
    return bare


def refuse_stale(current: BaseModel) -> None:
    """Raise Problem 412 when If-Match names another representation than the present one."""
    if request.headers.get("If-Match") and not _is_among(etag_of(write(current)), request.if_match):
        raise Problem(
            412,
            "It has changed since you read it. Read it again, look at what changed, then send yours with its new ETag.",
            "stale",
        )


def body_of_request(most_bytes: int) -> bytes:
    """Read the body, whatever it says of its type. Raises 413 beyond `most_bytes`."""
    request.max_content_length = most_bytes
    return request.get_data(cache=False, parse_form_data=False)


def idempotency_name() -> str:
    """Give the Idempotency-Key of the request, or ''. Raises Problem 400 when it cannot be one."""
    name = request.headers.get("Idempotency-Key")
    if name is None:
        return ""
    if not re.fullmatch(IDEMPOTENCY_KEY, name):
        detail = "Idempotency-Key must be up to 255 visible ASCII letters: a fresh UUID is best."
        raise Problem(400, detail, "bad_idempotency_key", [{"parameter": "Idempotency-Key", "detail": detail}])
    return name


def link_to_next(cursor: str) -> str:
    """Give the address of the next page as a Link header does (RFC 8288)."""
    words: dict[str, Any] = (request.view_args or {}) | request.args.to_dict() | {"cursor": cursor}
    return LINK.format(url_for(request.endpoint or "", **words))


def _is_among(etag: str | None, named: ETags) -> bool:
    """Compare with what a client sends back, which the compression may have marked: `abc:gzip`."""
    return named.star_tag or etag in {(tag or "").partition(":")[0] for tag in named.as_set(include_weak=True)}


def _tell_limits(answer: Response) -> Response:
    headers, limit = answer.headers, limiter.current_limit
    if limit is not None and "X-RateLimit-Limit" in headers:
        headers["RateLimit-Policy"] = f'"default";q={limit.limit.amount};w={limit.limit.get_expiry()}'
        wait = headers.get("Retry-After", 0)  # the limiter writes it on every answer
        headers["RateLimit"] = f'"default";r={headers["X-RateLimit-Remaining"]};t={wait}'
    if answer.status_code not in {429, 503}:
        headers.pop("Retry-After", None)
    return answer
