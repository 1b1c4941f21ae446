"""Runs migrations against the database the environment names."""

from alembic import context
from sqlalchemy import create_engine, pool

import app.models  # noqa: F401 - fills the metadata
from app.extensions import Base, db

target_metadata = db.metadata if db.metadata.tables else Base.metadata


def run() -> None:
    """Migrate over the connection given by the caller, or one made from the configured address."""
    given = context.config.attributes.get("connection")
    if given is not None:
        return _run_over(given)
    engine = create_engine(context.config.get_main_option("sqlalchemy.url"), poolclass=pool.NullPool)
    with engine.connect() as connection:
        _run_over(connection)
        connection.commit()
    return None


def _run_over(connection) -> None:  # noqa: ANN001
    context.configure(connection=connection, target_metadata=target_metadata, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


run()
