"""What every answer carries: a request number, security headers, a timing; and what templates may call."""

import re
import time
from uuid import uuid4

import structlog
from flask import Flask, Response, g, request
from prometheus_client import Histogram
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter, Map

from app.core.problems import is_from_script

_CSP = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'"
)
_SECONDS = Histogram(
    "perennial_request_seconds",
    "Time to answer, by endpoint",
    ["endpoint", "method", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
_GUARDS = {
    "Content-Security-Policy": _CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_QUIET = {"static", "operations.livez", "operations.readyz", "operations.metrics"}
_KEY = re.compile(r"prn_\d+_[^/]+")  # PostHog's browsers put it into addresses; it belongs into no log
_log = structlog.get_logger()


class RowNumber(IntegerConverter):
    """A number in an address; beyond what a bigint holds there is no such page."""

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map, max=2**63 - 1)


def dress(app: Flask, trusted_proxies: int = 0) -> None:
    """Number and time each request; close each answer to other origins; believe so many proxies of who asks."""
    if trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, trusted_proxies, trusted_proxies, trusted_proxies)  # type: ignore[method-assign]
    app.url_map.converters["int"] = RowNumber
    app.before_request(begin)
    app.after_request(finish)


def begin() -> None:
    """Give the request its number, the sender's or one of ours, and begin its time."""
    g.started = time.perf_counter()
    given = request.headers.get("X-Request-ID", "")
    number = given if given.isascii() and given.replace("-", "").isalnum() and len(given) <= 64 else uuid4().hex
    request.environ["perennial.request_id"] = number
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=number)


def finish(answer: Response) -> Response:
    """Give an answer its number, the headers that guard it and its time; write it into the log."""
    if answer.status_code not in {429, 503}:
        answer.headers.pop("Retry-After", None)  # the rate limiter puts it on every answer
    if 300 <= answer.status_code < 400 and is_from_script():
        answer.data, answer.status_code = b"", 204  # a script cannot see a redirect without following it
    return _finish(answer, is_logged=request.endpoint not in _QUIET)


def finish_for_machine(answer: Response) -> Response:
    """Do the same; of machines' requests only those refused go into the log: events come by the thousand, are counted
    on the Data page and in the metrics, and a line for each was a seventh of what a single event cost."""
    return _finish(answer, is_logged=answer.status_code >= 300)


def _finish(answer: Response, is_logged: bool) -> Response:
    seconds = time.perf_counter() - g.get("started", time.perf_counter())
    headers = answer.headers
    headers.extend(_GUARDS)
    headers.add("X-Request-ID", request.environ.get("perennial.request_id", ""))
    headers.add("Server-Timing", f"app;dur={seconds * 1000:.1f}")
    if request.endpoint != "static":
        headers.setdefault("Cache-Control", "no-store")
    if request.endpoint not in _QUIET:
        _SECONDS.labels(request.endpoint or "none", request.method, answer.status_code).observe(seconds)
    if is_logged:
        ms = round(seconds * 1000, 1)
        _log.info("request", method=request.method, path=_path(), status=answer.status_code, ms=ms)
    return answer


def _path() -> str:
    """Give the path for the log: one that is itself a secret (a calendar's), or holds a key, is written without it."""
    if request.url_rule and "secret" in (request.view_args or {}):
        return request.url_rule.rule
    return _KEY.sub("prn_…", request.path)
