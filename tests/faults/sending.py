"""A client as real ones are: it sends again, with the same ids, until it is answered, and knows what was acknowledged."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from threading import Lock
from typing import Any, Self

import httpx

from app.local.processes import wait_until
from tests.faults.reckoning import Fact, Id

PATIENCE_S = 60.0
RETRIED = frozenset({429, 503})  # what a client is told to try again; a 500 would be a fault of ours
DAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
PRODUCT_EVENTS = "product_events"


@dataclass
class Sender:
    """One connection with a key. `answers`: how often each status came, and `None` where nothing did."""

    address: str
    key: str
    answers: Counter[int | None] = field(default_factory=Counter)

    def __enter__(self) -> Self:
        self._client = httpx.Client(base_url=self.address, timeout=15, headers={"Authorization": f"Bearer {self.key}"})
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def deliver(self, path: str, body: Any) -> Any:
        """Send until it is acknowledged. Gives what was answered."""
        until = time.monotonic() + PATIENCE_S
        while True:
            answer = self.post(path, body)
            if answer is not None and answer.is_success:
                return answer.json()
            assert answer is None or answer.status_code in RETRIED, f"{answer.status_code}: {answer.text}"
            assert time.monotonic() < until, f"not acknowledged within {PATIENCE_S} s: {self.answers}"
            time.sleep(0.2 if answer is None else int(answer.headers["Retry-After"]))

    def post(self, path: str, body: Any) -> httpx.Response | None:
        """Send once; None when the connection was refused, reset or fell silent."""
        try:
            answer = self._client.post(path, json=body)
        except httpx.TransportError:
            answer = None
        self.answers[answer and answer.status_code] += 1
        return answer


@dataclass(frozen=True)
class Request:
    """What to send where, and the events in it: by (source, id in the ledger)."""

    path: str
    body: Any
    facts: dict[Id, Fact]


@dataclass
class Load:
    """Lines of requests, each sent by a thread of its own; `acknowledged` holds the events of what was answered."""

    address: str
    key: str
    lines: Sequence[Sequence[Request]]
    forgets: float = 0.15  # how often an answer is lost on its way, so that something is sent again
    acknowledged: dict[Id, Fact] = field(default_factory=dict)
    answers: Counter[int | None] = field(default_factory=Counter)
    _lock: Lock = field(default_factory=Lock)

    def run(self, strike: Callable[[], None]) -> None:
        """Send all of it; once a quarter is acknowledged, `strike`."""
        quarter = sum(len(request.facts) for line in self.lines for request in line) // 4
        with ThreadPoolExecutor(len(self.lines)) as pool:
            sent = [pool.submit(self._send, line, Random(n)) for n, line in enumerate(self.lines)]
            assert wait_until(lambda: len(self.acknowledged) >= quarter or _failed(sent), within_s=60, pause_s=0.005)
            assert any(not each.done() for each in sent), "all was sent before anything happened"
            strike()
            for each in sent:
                each.result()

    def _send(self, line: Sequence[Request], chance: Random) -> None:
        with Sender(self.address, self.key) as sender:
            for number, request in enumerate(line):
                sender.deliver(request.path, request.body)
                with self._lock:
                    self.acknowledged.update(request.facts)
                if chance.random() < self.forgets:
                    again = line[chance.randint(0, number)]
                    sender.deliver(again.path, again.body)
        with self._lock:
            self.answers += sender.answers


def _failed(sent: Sequence[Future[None]]) -> bool:
    return any(each.done() and each.exception() for each in sent)


def some_facts(chance: Random, accounts: Sequence[str], meters: Sequence[str]) -> Iterator[Fact]:
    """Think up events of the last days, without end; whole quantities, so that sums are exact."""
    while True:
        at = DAY - timedelta(minutes=chance.randint(1, 20 * 24 * 60))
        person = f"p{chance.randint(1, 9)}" if chance.random() < 0.7 else None
        yield Fact(chance.choice(accounts), chance.choice(meters), float(chance.randint(1, 9)), at, person)


def event(event_id: str, fact: Fact, **more: Any) -> dict[str, Any]:
    """Write an event as our own API takes it."""
    return {
        "id": event_id, "account": fact.account, "meter": fact.meter, "quantity": fact.quantity,
        "at": fact.at.isoformat(), "user": fact.person,
    } | more  # fmt: skip


def batch(name: str, facts: Sequence[Fact]) -> Request:
    """Write a batch in our own words."""
    ids = [f"{name}-{n}" for n in range(len(facts))]
    events = [event(event_id, fact) for event_id, fact in zip(ids, facts, strict=True)]
    return Request(
        "/api/v1/usage", {"events": events}, {("api", each): fact for each, fact in zip(ids, facts, strict=True)}
    )


def single(name: str, fact: Fact) -> Request:
    """Write one event by itself, which shares a commit with others'."""
    return Request("/api/v1/usage", event(name, fact), {("api", name): fact})


def segment_batch(name: str, source: str, facts: Sequence[Fact], *first: dict[str, Any]) -> Request:
    """Write facts as calls of the Segment protocol: each counts 1 on the meter of all product events."""
    calls, told = list(first), {}
    for n, fact in enumerate(facts):
        calls.append(
            {
                "type": "track",
                "messageId": f"{name}-{n}",
                "event": "Report opened",
                "userId": fact.person or "nobody",
                "context": {"groupId": fact.account},
                "timestamp": fact.at.isoformat(),
            }
        )
        known_as = f"{name}-{n} {PRODUCT_EVENTS}"
        told[source, known_as] = Fact(fact.account, PRODUCT_EVENTS, 1.0, fact.at, fact.person or "nobody")
    return Request("/v1/batch", {"batch": calls}, told)
