"""Whatever the order, repetition, lateness and correction of events: the days equal a recount in plain Python."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from app.accounts.intake.touching import claim_touched
from app.connectors.replaying import replay
from app.extensions import db
from app.usage.intake import taking
from app.usage.intake.ingesting import ensure_meters
from tests.books import afresh, searched, write_accounts
from tests.cast import NOW
from tests.faults.reckoning import Fact, counted, reckon
from tests.faults.sending import event

SOURCES, IDS = ("crm", "shop"), tuple(f"e{n}" for n in range(8))
KNOWN, LATER = ("acme", "other"), ("late-account", "later-account")
METERS, MAXIMA, LATER_METER = ("calls", "seats"), frozenset({"seats"}), "late-meter"

moments = st.integers(0, 70 * 24).map(lambda hours: datetime(2026, 9, 25, tzinfo=UTC) + timedelta(hours=hours))
quantities = st.integers(-50, 1000).map(float) | st.sampled_from([0.0, 0.25, 1.5])
facts = st.builds(
    Fact, st.sampled_from(KNOWN + LATER), st.sampled_from((*METERS, LATER_METER)), quantities, moments,
    st.sampled_from(["ann", "bob", None]),
)  # fmt: skip
ids = st.tuples(st.sampled_from(SOURCES), st.sampled_from(IDS))
firsts = st.fixed_dictionaries({(source, each): facts for source in SOURCES for each in IDS})
sendings = st.tuples(st.just("send"), st.lists(ids, min_size=1, max_size=8))
corrections = st.tuples(st.just("correct"), st.lists(st.tuples(ids, facts), min_size=1, max_size=4))
mendings = st.tuples(st.just("mend"), st.sampled_from((*LATER, LATER_METER)))
replays = st.tuples(st.just("replay"), st.none())
zones = st.sampled_from(["UTC", "Asia/Kolkata", "America/New_York", "Pacific/Auckland"])


class Book:
    """A workspace that is told things in some order, and what plain Python remembers of them."""

    def __init__(self, workspace, zone, first):
        workspace.time_zone = zone
        self.workspace, self.first = workspace, first
        self.says, self.versions = {}, []
        write_accounts(*KNOWN)
        ensure_meters(METERS[:1])
        ensure_meters(METERS[1:], "max")

    def send(self, sent):
        """Send events as they first were; whoever was heard of before is a repeat, also of what was corrected."""
        self._take([(each, self.first[each], {}) for each in sent])
        for each in sent:
            self.says.setdefault(each, self.first[each])
            self.versions.append(self.first[each])

    def correct(self, corrected):
        self._take([(each, fact, {"replace": True}) for each, fact in corrected])
        self.says |= dict(corrected)
        self.versions += [fact for _, fact in corrected]

    def mend(self, name):
        ensure_meters([name]) if name == LATER_METER else write_accounts(name)

    def replay(self, _=None):
        replay(self.workspace, NOW)

    def finish(self):
        for name in (*LATER, LATER_METER):
            self.mend(name)
        self.replay()

    def counted(self):
        db.session.expire_all()
        return counted(lambda query, **values: db.session.execute(text(query), values), self.workspace.id)

    def reckoned(self, said=None):
        return reckon(self.says.values() if said is None else said, self.workspace.time_zone, MAXIMA)

    def _take(self, records):
        for source in SOURCES:
            raws = [
                json.dumps(event(event_id, fact, **more)).encode()
                for (sender, event_id), fact, more in records
                if sender == source
            ]
            if raws:
                taken = taking.take(source, raws, NOW, self.workspace.time_zone)
                taking.correct(source, taken, NOW, self.workspace.time_zone)


@searched
@given(firsts, st.lists(sendings | mendings | replays, max_size=12), zones)
def test_events_in_any_order_count_once_with_their_people(workspace, first, steps, zone):
    with afresh():
        book = Book(workspace, zone, first)
        for act, what in steps:
            getattr(book, act)(what)
        book.finish()
        assert book.counted() == book.reckoned()


@searched
@given(firsts, st.lists(sendings | corrections | mendings | replays, max_size=12), zones)
def test_the_last_correction_wins_whatever_came_when(workspace, first, steps, zone):
    """Who was active on a day stays noted when a correction says another day or person; whom it names is noted too."""
    with afresh():
        book = Book(workspace, zone, first)
        for act, what in steps:
            getattr(book, act)(what)
        book.finish()
        assert book.counted().totals == book.reckoned().totals
        assert book.reckoned().people <= book.counted().people <= book.reckoned(book.versions).people


AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
FIRST = Fact("late-account", "calls", 5.0, AT, "ann")
EVENT = ("crm", "e1")


def told(workspace, *steps):
    book = Book(workspace, "UTC", {EVENT: FIRST})
    for act, what in steps:
        getattr(book, act)(what)
    return book


def test_a_correction_that_waits_for_its_account_is_not_lost_to_a_late_repeat_of_what_it_corrects(workspace):
    corrected = replace(FIRST, quantity=7.0)
    book = told(workspace, ("send", [EVENT]), ("correct", [(EVENT, corrected)]), ("send", [EVENT]))
    book.finish()
    assert book.counted().totals == {("late-account", "calls", AT.date()): 7}


def test_a_correction_that_waits_does_not_undo_a_newer_one(workspace):
    newer = replace(FIRST, account="acme", quantity=9.0)
    book = told(workspace, ("correct", [(EVENT, FIRST)]), ("correct", [(EVENT, newer)]))
    book.finish()
    assert book.counted().totals == {("acme", "calls", AT.date()): 9}


def test_of_corrections_in_one_batch_the_last_counts_once_its_account_is_there(workspace):
    known = replace(FIRST, account="acme", quantity=9.0)
    book = told(workspace, ("correct", [(EVENT, FIRST), (EVENT, known), (EVENT, replace(FIRST, quantity=8.0))]))
    assert book.counted().totals == {("acme", "calls", AT.date()): 9}
    book.finish()
    assert book.counted().totals == {("late-account", "calls", AT.date()): 8}


def test_whom_a_correction_names_was_active_too_and_the_account_is_scored_again(workspace):
    first = replace(FIRST, account="acme")
    book = told(workspace, ("correct", [(EVENT, first)]))
    assert len(claim_touched(9).account_ids) == 1
    book.correct([(EVENT, replace(first, person="bob"))])
    assert book.counted().people == {("acme", "ann", AT.date()), ("acme", "bob", AT.date())}
    assert len(claim_touched(9).account_ids) == 1
    book.correct([(EVENT, replace(first, person="bob"))])
    assert claim_touched(9).account_ids == []
