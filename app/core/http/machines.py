"""The doors that machines send events through: they show a key and no cookie, and send often.

What Flask and its extensions do for people (sessions, forgery tokens, limits of requests, compression) is left out
there: to find that none of it was needed took more than half of what Flask spent on a single event.
"""

from typing import Any

from flask import Blueprint, Response, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask_openapi3.openapi import OpenAPI

from app.core.http import answers

DOORS: set[str] = set()
"""The names of their blueprints."""


def open_to_machines(blueprint: Blueprint) -> None:
    """Have all addresses of a blueprint be for machines that show a key."""
    DOORS.add(blueprint.name)


class _Sessions(SecureCookieSessionInterface):
    def open_session(self, app: Any, request: Any) -> SecureCookieSession | None:
        """Give the session of a cookie; without one there is nothing to verify."""
        return super().open_session(app, request) if "HTTP_COOKIE" in request.environ else self.session_class()


class Application(OpenAPI):
    """Flask, with the short way for machines. What a blueprint itself does after a request, it does."""

    session_interface = _Sessions()

    def ensure_sync(self, func: Any) -> Any:
        """No view is a coroutine; looking cost a dozen inspections a request."""
        return func

    def preprocess_request(self) -> Any:
        """Number a machine's request; do all that is registered for a person's."""
        if request.blueprint not in DOORS:
            return super().preprocess_request()
        return answers.begin()

    def process_response(self, response: Response) -> Response:
        """Finish the answer to a machine; do all that is registered for a person's."""
        if request.blueprint not in DOORS:
            return super().process_response(response)
        for function in reversed(self.after_request_funcs.get(request.blueprint, [])):
            response = function(response)
        return answers.finish_for_machine(response)
