"""Takes events in our own words: judges each, counts the good ones once, holds the others with their reason."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import accumulate
from typing import Annotated, Any

import msgspec

from app.core.clock import in_utc
from app.usage.intake import holding, ingesting, sourcing
from app.usage.intake.correcting import recount
from app.usage.intake.holding import Held
from app.usage.ledger.lateness import Coming

PROTOCOL = "perennial"
MOST = ingesting.MOST
EARLIEST, FURTHEST = datetime(2000, 1, 1, tzinfo=UTC), timedelta(days=366)
FAR_OFF = "It must not lie before 2000, nor more than a year ahead"
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
_NUL = b"\\u0000"  # as JSON writes, and only so, what PostgreSQL keeps in no text


class Event(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A thing that happened. `id` makes it count once; `at` needs a time zone; without it, the time of receipt.

    `replace`: it corrects what was sent before under this id.
    """

    id: _Name
    account: _Name
    meter: _Name
    quantity: Annotated[float, msgspec.Meta(ge=-MOST, le=MOST)] = 1.0
    at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    user: _Name | None = None
    replace: bool = False


@dataclass(frozen=True)
class Refusal:
    """A record that could not be used: its index, the field, why (one of holding.REASONS), the name not known."""

    index: int
    field: str
    reason: str
    value: str
    detail: str


@dataclass(frozen=True)
class Judged:
    """Records as they came; the events among them, each with its index, and as rows to store; those that are none."""

    raws: Sequence[msgspec.Raw | bytes]
    good: list[tuple[int, Event]]
    rows: list[dict[str, Any]]
    refused: list[Refusal]

    def __len__(self) -> int:
        return len(self.raws)


@dataclass(frozen=True)
class Taken:
    """What became of what was sent. `fresh`: the indexes of the records that were new.

    `corrections`: those that can be used, each with its index, for `correct` to apply.
    """

    accepted: int = 0
    duplicates: int = 0
    refused: list[Refusal] = field(default_factory=list)
    fresh: frozenset[int] = frozenset()
    corrections: list[tuple[int, dict[str, Any]]] = field(default_factory=list)

    @property
    def corrected(self) -> int:
        """Count the corrections of what had been counted before; they are among the duplicates."""
        return sum(index not in self.fresh for index, _ in self.corrections)


_EVENT = msgspec.json.Decoder(Event)
_EVENTS = msgspec.json.Decoder(list[Event])


def take(
    source: str, raws: Sequence[msgspec.Raw | bytes], now: datetime, zone: str, coming: Coming | None = None
) -> Taken:
    """Judge what came and store it."""
    return store(source, judge(raws, now), now, zone, coming)


def store(source: str, judged: Judged, now: datetime, zone: str, coming: Coming | None = None) -> Taken:
    """Count each event once by (source, id) and keep those that cannot be counted, to be replayed once mended.

    Corrections count as the events they are, where those are new; `correct` does the rest. `coming`: how they come in,
    if not just now.
    """
    raws, good, rows, refused = judged.raws, judged.good, judged.rows, list(judged.refused)
    taken = ingesting.ingest(source, rows, now, zone, len(refused), coming)
    if not raws:
        sourcing.get_known(source, now)
        sourcing.note_intake(source, 0, 0, 0, now)
    for index, name, detail in taken.rejected:
        at, event = good[index]
        refused.append(Refusal(at, name, name, getattr(event, name), detail))
    unknown = {n for n, _, _ in taken.rejected}
    usable = [n for n, (_, event) in enumerate(good) if event.replace and n not in unknown]
    newest = {_id_of_correction(good[n][1].id): good[n][0] for n in usable}
    holding.overtake(source, list(newest), now)
    refused.sort(key=lambda each: each.index)
    held = [(each.index, _held(raws[each.index], each)) for each in refused]
    holding.hold(source, PROTOCOL, [each for n, each in held if n >= newest.get(each.event_id or "", 0)], now)
    fresh = frozenset(good[n][0] for n in taken.fresh)
    return Taken(taken.accepted, taken.duplicates, refused, fresh, [(good[n][0], rows[n]) for n in usable])


def correct(source: str, taken: Taken, now: datetime, zone: str, coming: Coming | None = None) -> None:
    """Have the corrections among what was taken win over what was counted before.

    After a commit of what was taken, not together with it: that holds days, and two who hold days and come back for
    more would wait for each other. Whoever is cut off in between has no answer yet, and sends again.
    """
    if taken.corrections:
        recount(source, [row for _, row in taken.corrections], coming or Coming(now), zone)


def store_all(source: str, requests: Sequence[Judged], now: datetime, zone: str) -> list[Taken]:
    """Store what several requests of one source brought, in one statement; gives what became of each one's records."""
    if len(requests) == 1:
        return [store(source, requests[0], now, zone)]
    taken = store(source, _joined(requests), now, zone)
    ends = list(accumulate(map(len, requests)))
    return [_part(taken, end - len(judged), end) for judged, end in zip(requests, ends, strict=True)]


def _joined(requests: Sequence[Judged]) -> Judged:
    """Make one of several, their records numbered on."""
    starts = accumulate(map(len, requests), initial=0)
    raws: list[msgspec.Raw | bytes] = []
    good: list[tuple[int, Event]] = []
    rows: list[dict[str, Any]] = []
    refused: list[Refusal] = []
    for judged, start in zip(requests, starts, strict=False):
        raws += judged.raws
        good += [(index + start, event) for index, event in judged.good]
        rows += judged.rows
        refused += [replace(each, index=each.index + start) for each in judged.refused]
    return Judged(raws, good, rows, refused)


def _part(taken: Taken, start: int, end: int) -> Taken:
    """Give what became of the records from `start` to before `end`, numbered from 0."""
    refused = [replace(each, index=each.index - start) for each in taken.refused if start <= each.index < end]
    fresh = frozenset(index - start for index in taken.fresh if start <= index < end)
    corrections = [(index - start, row) for index, row in taken.corrections if start <= index < end]
    return Taken(len(fresh), end - start - len(fresh) - len(refused), refused, fresh, corrections)


def is_far_off(at: datetime, now: datetime) -> bool:
    """Tell whether a moment is one that no usage happens at, but a clock or a unit gone wrong says."""
    return at < EARLIEST or at > now + FURTHEST


def judge(raws: Sequence[msgspec.Raw | bytes], now: datetime) -> Judged:
    """Tell events from what is none, without looking anything up. `now`: when they were received."""
    good, refused = _told_apart(raws, now)
    return Judged(raws, good, [_as_row(event, now) for _, event in good], refused)


def _told_apart(raws: Sequence[msgspec.Raw | bytes], now: datetime) -> tuple[list[tuple[int, Event]], list[Refusal]]:
    """Read all at once, at a quarter of the cost, or one by one where something is wrong."""
    whole = b"[%b]" % b",".join(raws)
    if _NUL not in whole:
        with suppress(msgspec.DecodeError, OverflowError):
            return list(enumerate(_timed(_EVENTS.decode(whole), now))), []
    good, refused = [], []
    for index, raw in enumerate(raws):
        try:
            (event,) = _timed([_without_nul(_EVENT.decode(raw))], now)
            good.append((index, event))
        except (msgspec.DecodeError, OverflowError) as error:
            name = _field_of(str(error))
            refused.append(Refusal(index, name, "value", name, _in_words(str(error), name)))
    return good, refused


def _timed(events: list[Event], now: datetime) -> list[Event]:
    """Have all moments in UTC, and within reason."""
    moments = []
    for event in events:
        if event.at is not None:
            event.at = in_utc(event.at)
            moments.append(event.at)
    if moments and (is_far_off(min(moments), now) or is_far_off(max(moments), now)):
        raise msgspec.ValidationError(f"{FAR_OFF} - at `$.at`")
    return events


def _without_nul(event: Event) -> Event:
    for name in ("id", "account", "meter", "user"):
        if "\0" in (getattr(event, name) or ""):
            raise msgspec.ValidationError(f"A NUL cannot be kept - at `$.{name}`")
    return event


def _as_row(event: Event, now: datetime) -> dict[str, Any]:
    return {
        "event_id": event.id, "account": event.account, "meter": event.meter, "quantity": event.quantity,
        "happened_at": event.at or now, "person": event.user,
    }  # fmt: skip


def _held(raw: msgspec.Raw | bytes, refusal: Refusal) -> Held:
    try:
        message = msgspec.json.decode(raw)
    except msgspec.DecodeError:  # JSON, but with a number that no float holds
        message = bytes(raw).decode()
    given = message.get("id") if isinstance(message, Mapping) else None
    event_id = given if isinstance(given, str) and given else None
    if event_id and isinstance(message, Mapping) and message.get("replace") is True:
        event_id = _id_of_correction(event_id)
    return Held(event_id, message, refusal.reason, refusal.value, refusal.detail)


def _id_of_correction(event_id: str) -> str:
    """A correction is held beside what it corrects: a repeat of that, come late, must not take its place."""
    return sha256(f"{event_id}\0replace".encode()).hexdigest()


def _field_of(message: str) -> str:
    """Find the field that msgspec speaks of: ``… - at `$.quantity` `` or ``missing required field `id` ``."""
    if "`$." in message:
        return message.rsplit("`$.", 1)[1].rstrip("`")
    return message.partition("field `")[2].partition("`")[0]


def _in_words(message: str, name: str) -> str:
    """Say with the remedy what msgspec says without it."""
    if "missing required field" in message:
        return f"It has no `{name}`. An event needs id, account and meter."
    if "unknown field" in message:
        return f"There is no field `{name}`. An event holds id, account, meter, quantity, at, user and replace."
    return message
