"""Migrations lead from nothing to the models, back, and there again."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect, text

import app.models  # noqa: F401 - so that every table is known
from app.core.migrating import alembic_config, is_at_head, migrate
from app.extensions import db

VERSIONS = Path(__file__).parents[1] / "migrations" / "versions"


@pytest.fixture(scope="module")
def connection(new_database):
    engine = create_engine(new_database("migrations"))
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def bare(connection):
    yield connection
    connection.rollback()
    command.downgrade(alembic_config(connection), "base")
    connection.commit()


def tables(connection):
    """Give the names of tables; partitions are parts of theirs."""
    parts = connection.execute(text("SELECT inhrelid::regclass::text FROM pg_inherits")).scalars()
    return set(inspect(connection).get_table_names()) - set(parts) - {"alembic_version"}


def defaults(connection):
    """Give table.column → server default, as PostgreSQL writes it."""
    found = connection.execute(
        text(
            "SELECT table_name || '.' || column_name, column_default FROM information_schema.columns"
            " WHERE table_schema = 'public' AND table_name <> 'alembic_version'"
        )
    )
    return dict(found.all())


def test_migrations_go_up_down_and_up_again(bare):
    for _ in range(2):
        migrate(bare)
        assert tables(bare) == set(db.metadata.tables)
        assert is_at_head(bare)
        command.downgrade(alembic_config(bare), "base")
        assert tables(bare) == set()
        assert not is_at_head(bare)


def test_migrating_twice_changes_nothing(bare):
    migrate(bare)
    before = defaults(bare)
    migrate(bare)
    assert defaults(bare) == before


def test_the_newest_migration_equals_the_models(bare):
    migrate(bare)
    parts = set(bare.execute(text("SELECT inhrelid::regclass::text FROM pg_inherits")).scalars())
    whole = {"compare_type": True, "include_name": lambda name, kind, _: kind != "table" or name not in parts}
    context = MigrationContext.configure(bare, opts=whole)
    assert compare_metadata(context, db.metadata) == []


def test_every_index_of_the_models_has_the_same_words_in_the_database(bare):
    """Alembic compares neither the order nor the WHERE of an index with an expression in it."""
    migrate(bare)
    written = dict(bare.execute(text("SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'")).all())
    for table in db.metadata.tables.values():
        for index in table.indexes:
            definition = written[index.name]
            assert (" WHERE " in definition) == (index.dialect_options["postgresql"]["where"] is not None), index.name
            assert ("UNIQUE" in definition) == bool(index.unique), index.name


def test_every_server_default_of_the_models_is_in_the_database(bare):
    migrate(bare)
    kept = defaults(bare)
    identity = re.compile("generated|nextval")
    for table in db.metadata.tables.values():
        for column in table.columns:
            has = kept[f"{table.name}.{column.name}"]
            if column.server_default is not None and column.identity is None and column.computed is None:
                assert has is not None, f"{table.name}.{column.name}"
            elif column.server_default is None:
                assert has is None or identity.search(has), f"{table.name}.{column.name}"


@pytest.mark.parametrize("path", sorted(VERSIONS.glob("0*.py")), ids=lambda path: path.stem)
def test_a_migration_that_changes_rows_lifts_row_security_which_would_hide_them(path):
    source = path.read_text()
    if re.search(r"\bUPDATE \w+ (\w+ )?SET\b", source):
        assert "NO FORCE ROW LEVEL SECURITY" in source


def test_rows_are_changed_by_the_migration_that_says_so(bare):
    """With a row to change: the guard above reads words, and a trigger on the table may meet row security elsewhere."""
    command.upgrade(alembic_config(bare), "0016")
    bare.execute(text("SELECT set_config('app.workspace_id', '1', false)"))
    bare.execute(
        text("INSERT INTO workspace (id, name, currency, time_zone, is_demo) VALUES (1, 'W', 'USD', 'UTC', false)")
    )
    bare.execute(text("INSERT INTO account (external_id, name) VALUES ('acme', 'Acme')"))
    bare.execute(
        text(
            "INSERT INTO interaction (account_id, source, external_id, channel, direction, happened_at, priority)"
            " SELECT id, 'test', 'i', 'ticket', 'in', now(), repeat('x', 300) FROM account"
        )
    )
    bare.execute(text("SELECT set_config('app.workspace_id', '', false)"))
    command.upgrade(alembic_config(bare), "head")
    bare.execute(text("SELECT set_config('app.workspace_id', '1', false)"))
    assert bare.execute(text("SELECT length(priority) FROM interaction")).scalar() == 200
    assert bare.execute(text("SELECT count(*) FROM former_fact")).scalar() == 0


EVENT = """
INSERT INTO usage_event (workspace_id, received_at, source_id, event_id, account_id, meter_id, happened_at, quantity,
                         person, name, properties)
VALUES ({workspace}, '{received}', 3, '{event}', 4, 5, '2026-01-02 03:04:05+00', 1.5, {said})
"""
THIS_MONTH, LONG_AGO = datetime.now(UTC), datetime(2020, 5, 1, tzinfo=UTC)


def test_events_as_they_came_are_gathered_by_the_batch_and_spread_again(bare):
    command.upgrade(alembic_config(bare), "0019")
    told = "'ann', 'Exported', '{\"format\": \"pdf\"}'"
    metered = told.replace("Exported", "Metered")
    written = [(1, THIS_MONTH, "z", told), (1, THIS_MONTH, "b", "NULL, NULL, NULL"), (1, LONG_AGO, "c", metered),
               (2, THIS_MONTH, "a", "'bo', NULL, NULL")]  # fmt: skip
    for workspace, received, event, said in written:
        bare.execute(text(f"SELECT set_config('app.workspace_id', '{workspace}', false)"))
        bare.execute(
            text(EVENT.format(workspace=workspace, received=received, event=event, said=said).replace(":", r"\:"))
        )

    def seen(query):
        found = []
        for workspace in (1, 2):
            bare.execute(text(f"SELECT set_config('app.workspace_id', '{workspace}', false)"))
            found += map(tuple, bare.execute(text(query)))
        bare.execute(text("SELECT set_config('app.workspace_id', '', false)"))
        return found

    bare.execute(
        text("INSERT INTO event_name (workspace_id, name, seen, last_seen_at) VALUES (2, 'Exported', 1, now())")
    )
    bare.execute(text("SELECT set_config('app.workspace_id', '1', false)"))
    bare.execute(
        text("INSERT INTO event_name (workspace_id, name, seen, last_seen_at) VALUES (1, 'Exported', 1, now())")
    )
    events = "SELECT tableoid::regclass::text, * FROM usage_event ORDER BY received_at, id"
    before = seen(events)
    assert len(before) == len(written)
    command.upgrade(alembic_config(bare), "0020")
    kept = "SELECT size, is_metered, event_ids, people, names, properties FROM usage_batch ORDER BY received_at"
    assert seen(kept) == [
        (1, True, ["c"], ["ann"], ["Metered"], [{"format": "pdf"}]),
        (2, False, ["z", "b"], ["ann", None], ["Exported", None], [{"format": "pdf"}, None]),
        (1, False, ["a"], ["bo"], [None], [None]),
    ]
    command.downgrade(alembic_config(bare), "0019")
    without_number = [row[:3] + row[4:] for row in before]
    assert [row[:3] + row[4:] for row in seen(events)] == without_number
