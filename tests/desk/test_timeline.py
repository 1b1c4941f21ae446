"""One timeline of every channel: what is asked for, each row once, stretch by stretch."""

from datetime import timedelta

from sqlalchemy import text

from app.accounts import movements
from app.desk import timeline
from app.extensions import db
from app.playbooks.models import Completion, Task
from tests.books import at, days_ago, say
from tests.cast import NOW, TODAY


def stretch_of(account, kinds=tuple(timeline.KINDS), before=None):
    return timeline.stretch(account.id, kinds, before, NOW)


def test_the_timeline_shows_the_kinds_that_are_asked_for(book, cast):
    movements.rebuild()
    task = Task(account_id=book.silent.id, owner_id=cast.owner.id, title="Call", due_on=TODAY, is_open=False)
    db.session.add(task)
    db.session.flush()
    db.session.add(
        Completion(task_id=task.id, completed_by=cast.owner.id, completed_at=at(days_ago(1)), result="done", note="ok")
    )
    db.session.flush()
    kinds = {kind: [row.kind for row in stretch_of(book.silent, [kind]).rows] for kind in timeline.KINDS}
    assert kinds == {
        "talk": ["talk"],
        "notes": ["notes"],
        "tasks": ["tasks"],
        "revenue": ["revenue"],
        "invoices": ["invoices"],
        "score": kinds["score"],
    }
    assert stretch_of(book.silent, ["revenue", "invoices"]).rows[0].what == "unpaid"
    whole = [row.at for row in stretch_of(book.silent).rows]
    assert whole == sorted(whole, reverse=True)
    assert len(whole) == sum(map(len, kinds.values()))


def test_the_timeline_gives_every_row_once_though_many_fall_on_one_instant(book, cast):
    """An import that knows days alone puts a whole day's tickets on one midnight."""
    midnight = at(days_ago(9), 0)
    said = [
        {"external_id": f"x{n}", "happened_at": midnight, "body": str(n), "channel": "note" if n % 3 else "ticket"}
        for n in range(47)
    ]
    say("silva", *said)
    rows, before = [], None
    while True:
        part = stretch_of(book.silent, before=before)
        rows += part.rows
        before = part.earlier
        if before is None:
            break
        assert len(part.rows) == timeline.LENGTH
    assert sorted(row.words for row in rows if row.at == midnight) == sorted(str(n) for n in range(47))
    assert len({(row.kind, row.id) for row in rows}) == len(rows)


def test_a_change_of_score_does_not_come_twice_at_the_turn_of_a_page(book, cast):
    db.session.execute(text("DELETE FROM health_change"))
    db.session.execute(
        text(
            "INSERT INTO health_change (account_id, changed_on, from_band, to_band, why) VALUES (:id, :day, 'steady', 'watch', 'x')"
        ),
        {"id": book.silent.id, "day": days_ago(9)},
    )
    say(
        "silva",
        *({"external_id": f"x{n}", "happened_at": at(days_ago(9), 8) + timedelta(minutes=n)} for n in range(40)),
    )
    first = stretch_of(book.silent)
    second = stretch_of(book.silent, before=first.earlier)
    assert [row.kind for row in (*first.rows, *second.rows)].count("score") == 1
