"""Events as they came, a row for all that were stored together

Revision: 0020
Follows: 0019
"""

import re

import sqlalchemy as sa
from alembic import op

from app.core.migrating import close_to_other_workspaces

revision = '0020'
down_revision = '0019'
branch_labels = None
depends_on = None

MOST = 1_000  # events of a row that is carried over
KEY = """
    workspace_id bigint NOT NULL DEFAULT NULLIF(current_setting('app.workspace_id', true), '')::bigint,
    received_at timestamptz NOT NULL DEFAULT now(), id bigint NOT NULL DEFAULT nextval('{sequence}'),
    source_id integer NOT NULL, {columns}, CONSTRAINT pk_{table} PRIMARY KEY (workspace_id, received_at, id)
"""
LISTS = """
    size integer NOT NULL, is_metered boolean NOT NULL, event_ids text[] NOT NULL, account_ids bigint[] NOT NULL,
    meter_ids bigint[] NOT NULL, moments timestamptz[] NOT NULL, quantities float8[] NOT NULL, people text[] NOT NULL,
    names text[] NOT NULL, properties jsonb[] NOT NULL
"""
SINGLE = """
    event_id text NOT NULL, account_id bigint NOT NULL, meter_id bigint NOT NULL, happened_at timestamptz NOT NULL,
    quantity float8 NOT NULL, person text, name text, properties jsonb
"""
GATHER = f"""
INSERT INTO usage_batch (workspace_id, received_at, id, source_id, size, is_metered, event_ids, account_ids, meter_ids,
                         moments, quantities, people, names, properties)
SELECT workspace_id, received_at, min(id), source_id, count(*), bool_or(is_metered), array_agg(event_id ORDER BY id),
       array_agg(account_id ORDER BY id), array_agg(meter_id ORDER BY id), array_agg(happened_at ORDER BY id),
       array_agg(quantity ORDER BY id), array_agg(person ORDER BY id), array_agg(name ORDER BY id),
       array_agg(properties ORDER BY id)
FROM (SELECT e.*, e.name IS NOT NULL AND n.name IS NULL AS is_metered,
             (row_number() OVER (PARTITION BY e.workspace_id, received_at, source_id ORDER BY id) - 1) / {MOST} AS part
      FROM usage_event e LEFT JOIN event_name n ON n.workspace_id = e.workspace_id AND n.name = e.name) e
GROUP BY workspace_id, received_at, source_id, part
"""
SPREAD = """
INSERT INTO usage_event (workspace_id, received_at, source_id, event_id, account_id, meter_id, happened_at, quantity,
                         person, name, properties)
SELECT b.workspace_id, b.received_at, b.source_id, event_id, account_id, meter_id, happened_at, quantity, person, name,
       told
FROM usage_batch b CROSS JOIN LATERAL
    unnest(b.event_ids, b.account_ids, b.meter_ids, b.moments, b.quantities, b.people, b.names, b.properties)
    WITH ORDINALITY AS e (event_id, account_id, meter_id, happened_at, quantity, person, name, told, place)
ORDER BY b.received_at, b.id, place
"""


def upgrade() -> None:
    _change("usage_event", "usage_batch", LISTS, GATHER)


def downgrade() -> None:
    _change("usage_batch", "usage_event", SINGLE, SPREAD)


def _change(old: str, new: str, columns: str, carry_over: str) -> None:
    """Make `new` with the partitions of `old`, carry the events of all workspaces over, and drop `old`."""
    parts = _partitions(old)
    op.execute(f"ALTER SEQUENCE {old}_id_seq RENAME TO {new}_id_seq")
    key = KEY.format(table=new, sequence=f"{new}_id_seq", columns=columns)
    op.execute(f"CREATE TABLE {new} ({key}) PARTITION BY RANGE (received_at)")
    if columns == LISTS:
        op.execute(f"ALTER TABLE {new} ALTER event_ids SET STORAGE EXTERNAL")  # ids drawn at random do not shrink
    op.execute(f"ALTER SEQUENCE {new}_id_seq OWNED BY {new}.id")
    names = [re.sub(f"^{old}", new, name) for name, _ in parts]
    for name, (_, bounds) in zip(names, parts, strict=True):
        op.execute(f"CREATE TABLE {name} PARTITION OF {new} {bounds}")
    for table in (old, "event_name"):
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(carry_over)
    op.execute("ALTER TABLE event_name FORCE ROW LEVEL SECURITY")
    op.drop_table(old)
    close_to_other_workspaces(new, *names)


def _partitions(table: str) -> list[tuple[str, str]]:
    """Give each partition's name and bounds."""
    found = op.get_bind().execute(
        sa.text(
            "SELECT relname, pg_get_expr(relpartbound, oid) FROM pg_class"
            " WHERE oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = CAST(:table AS regclass))"
        ),
        {"table": table},
    )
    return [(name, bounds) for name, bounds in found]
