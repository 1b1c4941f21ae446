"""From everything a billing system ever said of a contract to its stretches, whatever order it came in."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from dateutil.relativedelta import relativedelta

from app.connectors.webhooks.reading import moment
from app.core.clock import day_in

RUNNING = ("running", "trial")
_TERMS = ("plan", "seats", "arr_minor", "term_months")


@dataclass(frozen=True)
class Snapshot:
    """What was said of a contract at a moment. `said`:

    status        running, trial, paused, ended, or pending (never ran yet)
    started_at    of the contract; trial_ends_at of its trial; ends_at told or past; period_ends_at of what is paid
    plan, seats, arr_minor, term_months
    instance      what never runs again once it has ended; None where the provider lets it
    before        the same fields as they were before this change, where the provider says so
    """

    happened_at: datetime
    said: Mapping[str, Any]


@dataclass
class Stretch:
    """A stretch of a contract at one price. `ended_on` is the first day no longer paid."""

    started_on: date
    is_trial: bool
    plan: str | None
    seats: int | None
    arr_minor: int
    term_months: int | None
    auto_renew: bool | None
    renews_on: date | None
    ended_on: date | None = None
    end_known_at: datetime | None = None

    def is_on(self, said: Mapping[str, Any], *, is_trial: bool) -> bool:
        """Say whether the contract still stands on the same terms."""
        return is_trial == self.is_trial and all(getattr(self, name) == said[name] for name in _TERMS)

    def end(self, day: date, known_at: datetime) -> None:
        """End it; not before it began."""
        self.ended_on, self.end_known_at = max(day, self.started_on), known_at


def stretches_of(snapshots: Sequence[Snapshot], zone: str, written: Iterable[Stretch] = ()) -> list[Stretch]:
    """Give the stretches that snapshots (in order) tell of. What changes twice on a day is what it was at its end.

    `written`: stretches that others wrote of the same contract. What began before the first snapshot is its history.
    """
    first = day_in(zone, snapshots[0].happened_at)
    contract = _Contract(zone, [each for each in written if each.started_on <= first], first)
    for snapshot in _without_ghosts(snapshots):
        contract.take(snapshot)
    return [contract.stretches[day] for day in sorted(contract.stretches)]


def first_renewal(started_on: date, period_ends_on: date | None, term_months: int | None) -> date | None:
    """Give the first day after the start on which the contract renews, counted back from a later renewal day."""
    if not period_ends_on or not term_months or period_ends_on <= started_on:
        return None
    apart = (period_ends_on.year - started_on.year) * 12 + period_ends_on.month - started_on.month
    days = (period_ends_on - relativedelta(months=term_months * n) for n in range(apart // term_months + 1, -1, -1))
    return next(day for day in days if day > started_on)


def _without_ghosts(snapshots: Sequence[Snapshot]) -> Iterable[Snapshot]:
    """Leave out that a contract runs after it ended for good: such news was late."""
    over: dict[str, datetime] = {}
    for each in snapshots:
        if each.said["status"] == "ended" and each.said.get("instance"):
            over.setdefault(each.said["instance"], each.happened_at)
    for each in snapshots:
        end = over.get(each.said.get("instance") or "")
        if each.said["status"] == "ended" or end is None or each.happened_at < end:
            yield each


class _Contract:
    """A contract while its history is read: the stretches so far, the open one, and the end that is told."""

    def __init__(self, zone: str, written: Sequence[Stretch], today: date) -> None:
        self.zone = zone
        self.stretches = {each.started_on: each for each in written}
        self.open = next((each for each in written if each.ended_on is None or each.ended_on > today), None)
        self.told: tuple[date, datetime] | None = None
        self.was_pending = self.was_paused = False

    def take(self, snapshot: Snapshot) -> None:
        """Carry the history on by one snapshot."""
        status = snapshot.said["status"]
        if not self.stretches and snapshot.said.get("before"):
            self._run(replace(snapshot, said=snapshot.said["before"]))
        if status in RUNNING:
            self._run(snapshot)
        elif status == "pending":
            self.was_pending = True
        elif status == "paused":
            self.was_paused, told = True, self.told
            self._end(self._day(snapshot.happened_at), snapshot.happened_at)
            self.told = told
        elif status == "ended":
            if not self.stretches and not self.was_pending:
                self._run(snapshot)
            self._end(self._at(snapshot, "ends_at") or self._day(snapshot.happened_at), snapshot.happened_at)

    def _run(self, snapshot: Snapshot) -> None:
        said = snapshot.said
        if said["status"] not in (*RUNNING, "ended") or said["arr_minor"] is None:
            return
        begins, happened = self._begin(snapshot), self._day(snapshot.happened_at)
        trial_end = self._at(snapshot, "trial_ends_at")
        is_trial = said["status"] == "trial" or bool(said["status"] == "ended" and trial_end and trial_end > happened)
        if not is_trial and trial_end and self._had_trial(begins, trial_end, happened):
            self._set(begins, snapshot, is_trial=True)
            begins = trial_end
        self._set(begins, snapshot, is_trial=is_trial)
        self._tell_end(snapshot)

    def _begin(self, snapshot: Snapshot) -> date:
        """Say from which day on a snapshot holds: the first from the contract's start, a later one from its own."""
        happened = self._day(snapshot.happened_at)
        started = self._at(snapshot, "started_at") or happened
        if not self.stretches:
            return happened if self.was_paused else started
        return max(happened, started) if self.open is None or started > self.open.started_on else happened

    def _had_trial(self, begins: date, trial_end: date, happened: date) -> bool:
        """Say whether a trial comes before what is paid now: it ended unheard of, or nothing was said of it yet."""
        if self.open is not None and self.open.is_trial:
            return self.open.started_on < trial_end <= happened
        return not self.stretches and begins < trial_end <= happened

    def _set(self, begins: date, snapshot: Snapshot, *, is_trial: bool) -> None:
        said, still = snapshot.said, self.open
        if still is not None and still.is_trial and is_trial and said["status"] != "trial":
            return  # the trial that is known already, told again by what follows it
        if still is not None and still.is_on(said, is_trial=is_trial):
            return
        if still is not None:
            begins = max(begins, still.started_on)
            still.end(begins, snapshot.happened_at)
        self._make_room(begins, snapshot.happened_at)
        renews_on = first_renewal(begins, self._at(snapshot, "period_ends_at"), said["term_months"])
        self.open = Stretch(
            started_on=begins,
            is_trial=is_trial,
            auto_renew=None if is_trial or said["status"] == "ended" else said.get("ends_at") is None,
            renews_on=None if is_trial else renews_on,
            **{name: said[name] for name in _TERMS},
        )
        self.stretches[begins] = self.open

    def _make_room(self, begins: date, known_at: datetime) -> None:
        """Have what was to end later end where the contract begins anew."""
        for earlier in self.stretches.values():
            if earlier.ended_on is not None and earlier.started_on < begins < earlier.ended_on:
                earlier.end(begins, known_at)

    def _tell_end(self, snapshot: Snapshot) -> None:
        """Note an end that is told ahead, known since it was told first; one that is told no more is taken back."""
        day = self._at(snapshot, "ends_at")
        if day is None or self.told is None or self.told[0] != day:
            self.told = None if day is None else (day, snapshot.happened_at)
        if self.open is not None and self.told is not None:
            self.open.end(*self.told)
        elif self.open is not None:
            self.open.ended_on = self.open.end_known_at = None

    def _end(self, day: date, known_at: datetime) -> None:
        if self.open is not None:
            told_before = self.told is not None and self.told[0] == day
            self.open.end(day, self.told[1] if told_before and self.told else known_at)
        self.open = self.told = None

    def _at(self, snapshot: Snapshot, name: str) -> date | None:
        at = moment(snapshot.said.get(name))
        return None if at is None else self._day(at)

    def _day(self, at: datetime) -> date:
        return day_in(self.zone, at)
