"""Completes the OpenAPI document: what each operation needs, how it refuses, which headers it reads and writes."""

import re
from collections.abc import Iterator
from threading import Lock
from typing import Any

from flask import Flask
from flask_openapi3.models.info import Info
from werkzeug.routing import Rule

from app.core.http.machines import Application
from app.core.rest.schemas import ProblemDetails
from app.core.rest.web import IDEMPOTENCY_KEY

ABOUT = """Read and write everything Perennial knows: accounts and their people, contracts and conversations, usage,
scores with their reasons, tasks, playbooks and forecasts.

Send an API key as `Authorization: Bearer prn_…` (Settings → API keys). Money is in minor units of the workspace's
currency (`GET /api/v1/me` names it), days are `2026-11-21`, times have a zone. Lists come in pages: go on with
`next_cursor`. Errors are problem details (RFC 9457) that name the field and the remedy."""
INFO = Info(title="Perennial", version="1", description=ABOUT)
SECURITY_SCHEMES: dict[str, Any] = {"key": {"type": "http", "scheme": "bearer", "description": "An API key: `prn_…`"}}
PROBLEMS = {
    400: ("Not JSON, or a value that cannot be kept", "bad_body"),
    401: ("The key is missing, unknown or revoked", "bad_key"),
    403: ("The key lacks the scope", "scope"),
    404: ("There is no such thing in this workspace", "not_found"),
    409: ("The first request with this Idempotency-Key still runs", "still_running"),
    412: ("It has changed since it was read", "stale"),
    413: ("Too much at once", "too_many"),
    422: ("A field or parameter is not as it should be: `errors` names each", "validation"),
    429: ("Too many requests with this key: wait for the seconds in Retry-After", "rate_limit"),
    500: ("Our fault; nothing was changed", None),
    503: ("The database is away for a moment; nothing was changed", None),
}
_ONE_AT_A_TIME = Lock()
_ANSWER_HEADERS = {
    "X-Request-ID": "The number of this request.",
    "RateLimit": "What is left (draft-ietf-httpapi-ratelimit-headers).",
    "RateLimit-Policy": "How much a key may ask for.",
}
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A fresh name for this request: sent again within 24 hours it is answered as the first time.",
    "schema": {"type": "string", "pattern": IDEMPOTENCY_KEY},
}
_ETAG_HEADER = {"ETag": {"description": "The validator of this representation.", "schema": {"type": "string"}}}
_LINK_HEADER = {"Link": {"description": "The next page (RFC 8288).", "schema": {"type": "string"}}}


def make_app(import_name: str, **options: Any) -> Application:
    """Make the application, which collects the description of each operation as it is registered."""
    return Application(
        import_name,
        info=INFO,
        security_schemes=SECURITY_SCHEMES,
        doc_ui=False,
        validation_error_model=ProblemDetails,
        **options,
    )


def register(app: Application, blueprint: Any) -> None:
    """Register a blueprint; what it says of its operations goes into the document."""
    if hasattr(blueprint, "components_schemas"):
        app.register_api(blueprint)
    else:
        app.register_blueprint(blueprint)


def document(app: Any) -> dict[str, Any]:
    """Give the whole OpenAPI document, made at the first call."""
    with _ONE_AT_A_TIME:
        if "openapi" not in app.extensions:
            app.extensions["openapi"] = _made(app)
    described: dict[str, Any] = app.extensions["openapi"]
    return described


def _made(app: Any) -> dict[str, Any]:
    described: dict[str, Any] = app.api_doc
    scopes = dict(_scopes(app))
    for address, operations in described["paths"].items():
        for method, operation in operations.items():
            _complete(operation, method, scopes[address, method], "{" in address)
    return described


def _scopes(app: Flask) -> Iterator[tuple[tuple[str, str], str]]:
    """Give what the guard of each operation asks for."""
    for rule in app.url_map.iter_rules():
        for method in rule.methods or ():
            scope = getattr(app.view_functions[rule.endpoint], "guard", "")
            yield (_address(rule), method.lower()), str(scope)


def _address(rule: Rule) -> str:
    return re.sub(r"<(?:[^<:]+:)?([^>]+)>", r"{\1}", rule.rule)


def _complete(operation: dict[str, Any], method: str, scope: str, has_path: bool) -> None:
    operation["description"] = operation["description"].replace("<br/>", "\n").strip()
    operation["description"] += f"\n\nNeeds {scope if ' ' in scope else f'the scope `{scope}`'}."
    operation["security"] = [{"key": [] if " " in scope else [scope]}]
    parameters = operation.setdefault("parameters", [])
    for each in parameters:
        each["schema"] = _without_null(each["schema"])
    parameters += [_condition(method)] if method in {"get", "patch"} else []
    parameters += [_KEY] if method != "get" and scope != "usage:write" else []
    is_list = any(each["name"] == "cursor" for each in parameters)
    for status, answer in operation["responses"].items():
        if status.startswith("2"):
            answer["headers"] = _headers(method, is_list)
    operation["responses"] |= {str(status): _problem(status) for status in _statuses(operation, method, has_path)}
    if method == "get":
        operation["responses"]["304"] = {"description": "It is what If-None-Match names.", "headers": _ETAG_HEADER}


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Say of what may be left out of an address only what it is when it is given; there it cannot be null."""
    kinds: list[dict[str, Any]] = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    if len(kinds) != 1:
        return schema
    return {name: value for name, value in schema.items() if name not in {"anyOf", "default"}} | kinds[0]


def _statuses(operation: dict[str, Any], method: str, has_path: bool) -> list[int]:
    found = [400, 401, 403, 429, 500, 503]
    found += [404] if has_path else []
    found += [409, 413, 422] if method != "get" else [422] if operation["parameters"] else []
    return found + ([412] if method == "patch" else [])


def _condition(method: str) -> dict[str, Any]:
    name = "If-None-Match" if method == "get" else "If-Match"
    does = "304 when it is still this." if method == "get" else "412 when it is no longer this."
    says = f"An ETag: {does}"
    return {"name": name, "in": "header", "required": False, "description": says, "schema": {"type": "string"}}


def _headers(method: str, is_list: bool) -> dict[str, Any]:
    told = {name: {"description": says, "schema": {"type": "string"}} for name, says in _ANSWER_HEADERS.items()}
    return told | (_ETAG_HEADER if method == "get" else {}) | (_LINK_HEADER if is_list else {})


def _problem(status: int) -> dict[str, Any]:
    says, code = PROBLEMS[status]
    example = {"type": "about:blank", "title": says, "status": status, "detail": f"{says}.", "instance": "/api/v1/…"}
    example |= {"request_id": "4f1c…"} | ({"code": code} if code else {})
    content = {"schema": {"$ref": "#/components/schemas/ProblemDetails"}, "example": example}
    return {"description": says, "content": {"application/problem+json": content}}
