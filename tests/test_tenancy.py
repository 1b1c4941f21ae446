"""Workspaces are kept apart by PostgreSQL, whatever a query forgets."""

import pytest
from flask_login import login_user
from sqlalchemy import Engine, create_engine, insert, text
from sqlalchemy.exc import DBAPIError

from app.accounts.models import Account
from app.core import tenancy
from app.core.queue import Job
from app.core.tenancy import Scope
from app.extensions import db
from app.identity import guard
from app.identity.guard import May
from app.identity.keys import make_key
from tests.cast import book_of

FIRST_KEY_COLUMNS = text("""
    SELECT constraint_.conrelid::regclass::text, constraint_.conname, first.attname
    FROM pg_constraint AS constraint_
    JOIN pg_attribute AS first ON first.attrelid = constraint_.conrelid AND first.attnum = constraint_.conkey[1]
    WHERE constraint_.contype = ANY(:kinds) AND constraint_.conrelid::regclass::text = ANY(:tables)
""")
OPEN_TABLES = {"alembic_version", "workspace", "user", "password_reset", "heartbeat"}
"""What stands outside row security, each for a reason: names of workspaces, people who may belong to several, and what
belongs to no workspace. Whoever adds a table here says why in app/core/tenancy.py."""


@pytest.fixture
def tenant_tables(app):
    found = db.session.execute(
        text(
            "SELECT table_name FROM information_schema.columns WHERE column_name = 'workspace_id' AND table_schema = 'public'"
        )
    )
    return sorted(found.scalars())


def constraints(kinds, tables):
    quoted = [*tables, *(f'"{table}"' for table in tables)]
    return db.session.execute(FIRST_KEY_COLUMNS, {"kinds": list(kinds), "tables": quoted}).all()


def test_every_table_is_a_workspaces_or_known_to_be_nobodys(tenant_tables):
    tables = db.session.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).scalars()
    assert set(tables) - set(tenant_tables) == OPEN_TABLES


def test_every_table_of_a_workspace_has_forced_row_security_and_a_policy(tenant_tables):
    closed = db.session.execute(
        text(
            "SELECT relname FROM pg_class JOIN pg_policy ON polrelid = pg_class.oid"
            " WHERE relrowsecurity AND relforcerowsecurity AND pg_get_expr(polwithcheck, polrelid) LIKE '%app.workspace_id%'"
        )
    )
    assert set(tenant_tables) <= set(closed.scalars())
    assert "account" in tenant_tables


def test_the_workspace_comes_first_in_every_key_of_its_tables(tenant_tables):
    keys = constraints("puf", tenant_tables)
    assert len({table for table, _, _ in keys}) == len(tenant_tables)
    astray = [(table, name) for table, name, first in keys if first != "workspace_id"]
    assert [key for key in astray if key != ("membership", "fk_membership_user_id")] == []


def test_every_unique_index_begins_with_the_workspace(tenant_tables):
    indexes = db.session.execute(
        text(
            "SELECT indexname FROM pg_indexes WHERE tablename = ANY(:tables) AND indexdef LIKE 'CREATE UNIQUE%'"
            " AND indexdef NOT LIKE '%(workspace_id%'"
        ),
        {"tables": tenant_tables},
    )
    assert indexes.scalars().all() == []


def test_no_foreign_key_leaves_the_workspace(tenant_tables):
    keys = db.session.execute(
        text(
            "SELECT conname FROM pg_constraint WHERE contype = 'f' AND conrelid::regclass::text = ANY(:tables)"
            " AND confrelid::regclass::text = ANY(:tables) AND pg_get_constraintdef(oid) NOT LIKE '%(workspace_id, %(workspace_id, %'"
        ),
        {"tables": tenant_tables},
    )
    assert keys.scalars().all() == []


# --- a query without a filter ---


@pytest.fixture
def two_books(cast):
    book_of(cast)
    with tenancy.workspace(cast.elsewhere.id):
        db.session.add(Account(external_id="theirs", name="Theirs"))
        db.session.flush()
    return cast


def names():
    return set(db.session.execute(text("SELECT external_id FROM account")).scalars())


def test_a_query_without_a_filter_sees_the_workspace_of_its_job(two_books):
    assert names() == {"thornfield", "slate", "silva", "newbridge", "chandler"}
    with tenancy.workspace(two_books.elsewhere.id):
        assert names() == {"theirs"}


def test_a_query_without_a_filter_sees_the_workspace_of_its_request(two_books, app):
    db.session.commit()
    seen = {}
    for person in (two_books.outsider, two_books.executive):
        with app.app_context(), app.test_request_context("/"):
            login_user(person)
            seen[person.name] = guard.allow(May.READ)(names)()
    assert seen == {"Oscar Outis": {"theirs"}, "Emre Erdem": {"thornfield", "slate", "silva", "newbridge", "chandler"}}


def test_a_query_without_a_filter_sees_the_workspace_of_its_key(two_books, app):
    with tenancy.workspace(two_books.elsewhere.id):
        _, shown = make_key("theirs", ["book:read"], None)
    db.session.commit()
    with app.app_context(), app.test_request_context("/", headers={"Authorization": f"Bearer {shown}"}):
        assert guard.allow_key("book:read")(names)() == {"theirs"}


def test_a_transaction_of_nobody_sees_no_rows_of_any_table(two_books, tenant_tables):
    tenancy.enter(Scope())
    for table in tenant_tables:
        assert db.session.execute(text(f'SELECT count(*) FROM "{table}"')).scalar() == 0, table
    with pytest.raises(RuntimeError, match="no workspace is in force"):
        tenancy.workspace_id()


def test_nothing_can_be_written_for_nobody_or_for_another(two_books):
    for scope, values in [
        (Scope(), {}),
        (Scope(), {"workspace_id": two_books.workspace.id}),
        (Scope(workspace_id=two_books.workspace.id), {"workspace_id": two_books.elsewhere.id}),
    ]:
        tenancy.enter(scope)
        with pytest.raises(DBAPIError), db.session.begin_nested():
            db.session.execute(insert(Account).values(external_id="stray", name="Stray", **values))


def test_changing_or_deleting_all_rows_changes_only_ones_own(two_books):
    db.session.execute(text("UPDATE account SET name = 'changed'"))
    db.session.execute(text("DELETE FROM account_summary"))
    with tenancy.workspace(two_books.elsewhere.id):
        assert db.session.execute(text("SELECT name FROM account")).scalars().all() == ["Theirs"]


def test_a_row_cannot_be_moved_to_another_workspace(two_books):
    with pytest.raises(DBAPIError), db.session.begin_nested():
        db.session.execute(text("UPDATE account SET workspace_id = :other"), {"other": two_books.elsewhere.id})


def test_a_person_sees_their_places_everywhere_and_may_change_none_elsewhere(two_books):
    with tenancy.workspace(two_books.workspace.id, user_id=two_books.outsider.id):
        seen = db.session.execute(
            text("SELECT workspace_id FROM membership WHERE user_id = :me"), {"me": two_books.outsider.id}
        )
        assert seen.scalars().all() == [two_books.elsewhere.id]
        changed = db.session.execute(text("DELETE FROM membership WHERE user_id = :me"), {"me": two_books.outsider.id})
        assert changed.rowcount == 0


def test_the_dispatcher_sees_the_jobs_of_all_and_nothing_else_of_theirs(two_books):
    for workspace in (two_books.workspace, two_books.elsewhere):
        with tenancy.workspace(workspace.id):
            db.session.add(Job(name="score", args={}))
            db.session.flush()
    with tenancy.dispatching():
        assert db.session.execute(text("SELECT count(*) FROM job")).scalar() == 2
        assert names() == set()


def test_leaving_a_workspace_restores_the_one_before(two_books):
    with tenancy.workspace(two_books.elsewhere.id):
        pass
    assert tenancy.workspace_id() == two_books.workspace.id
    assert "thornfield" in names()


# --- over real connections ---


def test_a_bare_connection_of_the_application_sees_no_rows(committed):
    db.session.add(Account(external_id="a", name="A"))
    db.session.commit()
    with db.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM account")).scalar() == 0


def test_a_connection_that_goes_back_to_the_pool_takes_no_workspace_along(committed):
    db.session.add(Account(external_id="a", name="A"))
    db.session.commit()
    db.session.remove()
    tenancy.enter(Scope())
    for _ in range(20):
        assert db.session.execute(text("SELECT count(*) FROM account")).scalar() == 0
        db.session.remove()


def test_the_scope_of_a_request_ends_with_it(committed, application):
    with application.test_request_context("/"):
        tenancy.enter(Scope(workspace_id=committed.id))
    assert tenancy.current_scope() == Scope()


def test_start_up_refuses_a_role_that_row_security_does_not_bind(admin: Engine, config):
    with admin.connect() as connection, pytest.raises(RuntimeError, match="is a superuser"):
        tenancy.refuse_roles_that_see_all(connection)
    engine = create_engine(config.database_url)
    with engine.connect() as connection:
        tenancy.refuse_roles_that_see_all(connection)
    engine.dispose()
