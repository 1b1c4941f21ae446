"""Brings a database to the newest shape."""

from pathlib import Path

from alembic import command, op
from alembic.config import Config as AlembicConfig
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection

_FOLDER = Path(__file__).parents[2] / "migrations"


def alembic_config(connection: Connection | None = None) -> AlembicConfig:
    """Give Alembic its settings; there is no ini file."""
    config = AlembicConfig()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def migrate(connection: Connection) -> None:
    """Apply what is missing, in one go, over a connection."""
    command.upgrade(alembic_config(connection), "head")


def is_at_head(connection: Connection) -> bool:
    """Say whether the database has the newest shape."""
    head = ScriptDirectory.from_config(alembic_config()).get_current_head()
    return MigrationContext.configure(connection).get_current_revision() == head


def close_to_other_workspaces(*tables: str) -> None:
    """Put new tables of workspaces under row security, their owner included. For migrations."""
    own = "workspace_id = NULLIF(current_setting('app.workspace_id', true), '')::bigint"
    for table in tables:
        op.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY')
        op.execute(f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY')
        op.execute(f'CREATE POLICY own_workspace ON "{table}" USING ({own}) WITH CHECK ({own})')
