"""A loopback proxy between a client and the product: writes down what passes, and may spoil the first answers."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock, Thread
from typing import Self

import httpx
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

PassOn = Callable[[], Response]
Spoil = Callable[[PassOn], Response]
_OF_ONE_HOP = {"host", "connection", "content-length", "transfer-encoding", "keep-alive", "date", "server"}


@dataclass(frozen=True)
class Seen:
    """A request that came by, and what its sender was answered."""

    method: str
    path: str
    status: int
    encoding: str


@dataclass(frozen=True)
class Trip:
    """What an SDK told its caller, and what it sent on the way."""

    errors: list[str]
    seen: list[Seen]

    @property
    def statuses(self) -> list[int]:
        return [each.status for each in self.seen]


def away(_pass_on: PassOn) -> Response:
    """Answer as the product does while its database is away."""
    said = {"status": 503, "code": "database_away", "message": "Away", "detail": "Away"}
    headers = {"Retry-After": "1", "Access-Control-Allow-Origin": "*"}
    return Response(json.dumps(said), 503, headers, mimetype="application/problem+json")


def lost(pass_on: PassOn) -> Response:
    """Have the product take it in, and its answer lost: the sender cannot know."""
    pass_on()
    return away(pass_on)


class Between:
    """While it is entered, `address` stands for the product. `spoils` treat the first POST requests, one each."""

    def __init__(self, upstream: str, *spoils: Spoil) -> None:
        self.seen: list[Seen] = []
        self._upstream, self._spoils, self._lock = upstream, list(spoils), Lock()
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True, request_handler=_Quiet)
        self._client = httpx.Client(timeout=60, trust_env=False)
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._client.close()

    def _answer(self, environ, start_response):
        request = Request(environ)
        body = request.get_data()
        with self._lock:
            spoil = self._spoils.pop(0) if self._spoils and request.method == "POST" else _untouched
        answer = spoil(lambda: self._pass_on(request, body))
        encoding = request.headers.get("Content-Encoding", "")
        self.seen.append(Seen(request.method, request.path, answer.status_code, encoding))
        return answer(environ, start_response)

    def _pass_on(self, request: Request, body: bytes) -> Response:
        headers = [(name, value) for name, value in request.headers if name.lower() not in _OF_ONE_HOP]
        url = f"{self._upstream}{request.full_path.rstrip('?')}"
        got = self._client.request(request.method, url, headers=headers, content=body)
        kept = [(name, value) for name, value in got.headers.items() if name not in {*_OF_ONE_HOP, "content-encoding"}]
        return Response(got.content, got.status_code, kept)


def _untouched(pass_on: PassOn) -> Response:
    return pass_on()


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *_args: object, **_values: object) -> None:
        pass
