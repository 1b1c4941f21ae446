"""Tasks and playbooks for machines."""

from dataclasses import asdict
from typing import Any

from app.accounts.queries import account_ids_by_external_id, find_member, get_account, number_of
from app.accounts.schemas import AccountPath
from app.core.clock import utc_now
from app.core.paging import read_number
from app.core.rest.api import Answer, blueprint_of, page_of, reads, whole, writes
from app.core.rest.refusing import refuse_field
from app.core.rest.web import refuse_stale
from app.extensions import db
from app.identity import guard
from app.playbooks import queries, schemas
from app.playbooks.editing import get_playbook
from app.playbooks.queries import Listed
from app.playbooks.tasks import adding, completing, snoozing

blueprint = blueprint_of("playbooks", __name__, "Work", "Tasks, and the playbooks that plan and prove them.")
_OPEN = {"open": True, "done": False, "all": None}


@blueprint.get("/tasks", responses={200: schemas.Tasks})
@guard.allow_key("book:read")
@reads
def list_tasks(query: schemas.TasksAsked) -> Answer:
    """List tasks

    The open ones if nothing else is asked for: of all, of an account or of a person; the last written first.
    """
    rows = queries.tasks_before(
        read_number(query.cursor),
        guard.today(),
        query.limit + 1,
        account_id=query.account_id,
        owner_id=number_of(query.owner),
        is_open=_OPEN[query.state],
    )
    return page_of(schemas.Tasks, rows, query.limit, _task, _by_number)


@blueprint.post("/tasks", responses={201: schemas.Task})
@guard.allow_key("work:write")
@writes
def add_task(body: schemas.TaskGiven) -> Answer:
    """Add a task

    Something to do for an account by a day. Send an `Idempotency-Key`: each request adds a task.
    """
    number = account_ids_by_external_id([body.account]).get(body.account)
    if number is None:
        raise refuse_field("/account", f"There is no account {body.account!r}. Create it first.", "unknown_reference")
    task = adding.add_task(
        number,
        title=body.title,
        advice=body.advice or "",
        owner_id=_member(body.owner, "/owner"),
        due_on=body.due_on,
        by=None,
        today=guard.today(),
        now=utc_now(),
    )
    shown = _shown(task.id)
    guard.note("added", "task", task.id, account=shown.account, title=task.title)
    return Answer(shown, 201, {"Location": f"/api/v1/tasks/{task.id}"})


@blueprint.get("/tasks/<digits:task_id>", responses={200: schemas.Task})
@guard.allow_key("book:read")
@reads
def show_task(path: schemas.TaskPath) -> schemas.Task:
    """Show a task

    What is to be done, by whom and when, and what came of it.
    """
    return _shown(path.task_id)


@blueprint.post("/tasks/<digits:task_id>/completion", responses={200: schemas.Task})
@guard.allow_key("work:write")
@writes
def complete_task(path: schemas.TaskPath, body: schemas.CompletionGiven) -> schemas.Task:
    """Complete a task

    With what came of it. Doing it twice changes nothing: the first result stays.
    """
    by = _member(body.by, "/by") if body.by else None
    task = completing.complete(path.task_id, body.result, body.note.strip(), by, utc_now())
    guard.note("completed", "task", task.id, title=task.title, result=body.result)
    return _shown(task.id)


@blueprint.delete("/tasks/<digits:task_id>/completion", responses={200: schemas.Task})
@guard.allow_key("work:write")
@writes
def reopen_task(path: schemas.TaskPath) -> schemas.Task:
    """Take a completion back

    The task is open again. One that its playbook has withdrawn stays so.
    """
    task = completing.reopen(path.task_id)
    guard.note("reopened", "task", task.id, title=task.title)
    return _shown(task.id)


@blueprint.put("/accounts/<digits:account_id>/snooze", responses={200: schemas.Snooze})
@guard.allow_key("work:write")
@writes
def snooze_account(path: AccountPath, body: schemas.SnoozeGiven) -> schemas.Snooze:
    """Put an account off a person's day

    It comes back on the day given; sent again, the newer day counts.
    """
    account, person = get_account(path.account_id), _member(body.person, "/person")
    snoozing.snooze(account.id, person, body.until, guard.today(), utc_now())
    guard.note("snoozed", "account", account.id, person=body.person, until=body.until.isoformat())
    return schemas.Snooze(account_id=account.id, person=body.person, until=body.until)


@blueprint.delete("/accounts/<digits:account_id>/snooze", responses={204: None})
@guard.allow_key("work:write")
@writes
def wake_account(path: AccountPath, query: schemas.WakeAsked) -> Answer:
    """Put an account back on a person's day

    Whether or not it was put off: done twice it changes nothing.
    """
    account = get_account(path.account_id)
    snoozing.wake(account.id, number_of(query.person) or 0)
    guard.note("woke", "account", account.id, person=query.person)
    return Answer(None, 204)


@blueprint.get("/playbooks", responses={200: schemas.Playbooks})
@guard.allow_key("book:read")
@reads
def list_playbooks() -> Any:
    """List playbooks

    All of them, with how many accounts each has enrolled and what it has proven.
    """
    return whole(schemas.Playbooks, queries.playbooks_listed(guard.today()), _playbook)


@blueprint.get("/playbooks/<digits:playbook_id>", responses={200: schemas.Playbook})
@guard.allow_key("book:read")
@reads
def show_playbook(path: schemas.PlaybookPath) -> schemas.Playbook:
    """Show a playbook

    When it fires, its steps, and what it has proven.
    """
    return _playbook(queries.listed(get_playbook(path.playbook_id), guard.today()))


@blueprint.patch("/playbooks/<digits:playbook_id>", responses={200: schemas.Playbook})
@guard.allow_key("work:write")
@writes
def switch_playbook(path: schemas.PlaybookPath, body: schemas.PlaybookChange) -> schemas.Playbook:
    """Switch a playbook on or off

    Off, it enrols nobody new; what it has begun goes on. With `If-Match` only if nobody else has changed it.
    """
    playbook = get_playbook(path.playbook_id)
    db.session.refresh(playbook, with_for_update=True)
    refuse_stale(_playbook(queries.listed(playbook, guard.today())))
    playbook.is_on = body.is_on
    guard.note("switched", "playbook", playbook.id, name=playbook.name, is_on=playbook.is_on)
    return _playbook(queries.listed(playbook, guard.today()))


@blueprint.get("/playbooks/<digits:playbook_id>/enrolments", responses={200: schemas.Enrolments})
@guard.allow_key("book:read")
@reads
def list_enrolments(path: schemas.PlaybookPath, query: schemas.EnrolmentsAsked) -> Answer:
    """List a playbook's enrolments

    The newest first: which arm each was drawn into, why it was enrolled, and what became of it.
    """
    playbook = get_playbook(path.playbook_id)
    before = read_number(query.cursor)
    rows = queries.enrolments_in(playbook.id, query.arm, before, query.limit + 1)
    return page_of(schemas.Enrolments, rows, query.limit, _enrolment, _by_number)


def _shown(task_id: int) -> schemas.Task:
    db.session.flush()
    return _task(queries.get_task_row(task_id, guard.today()))


def _task(row: Any) -> schemas.Task:
    return schemas.Task.model_validate({**row._mapping, "account": row.name})  # noqa: SLF001 - SQLAlchemy's public name


def _enrolment(row: Any) -> schemas.Enrolment:
    return schemas.Enrolment.model_validate({**row._mapping, "account": row.name})  # noqa: SLF001 - likewise


def _playbook(listed: Listed) -> schemas.Playbook:
    counts = {name: getattr(listed, name) for name in ("treated", "held_out", "running", "open_tasks", "overdue")}
    of = {name: getattr(listed.playbook, name) for name in schemas.Playbook.model_fields.keys() & _COLUMNS}
    proof = schemas.Proof.model_validate(asdict(listed.proof))
    return schemas.Playbook(**of, **counts, sentence=listed.sentence, proof=proof)


_COLUMNS = {
    *("id", "name", "aim", "trigger", "steps", "is_on", "holdout_share", "cooldown_days", "outcome_days"),
    *("daily_limit", "revision"),
}


def _member(email: str, pointer: str) -> int:
    number = find_member(email)
    if number is None:
        raise refuse_field(pointer, "Nobody of this workspace has this e-mail.", "unknown_reference")
    return number


def _by_number(row: Any) -> tuple[int]:
    return (row.id,)
