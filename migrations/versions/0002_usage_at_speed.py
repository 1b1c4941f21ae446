"""Usage at speed: a ledger of what was counted, events in partitions, intake, what is held

Revision: 0002
Follows: 0001
"""

from datetime import UTC, date, datetime, timedelta

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.core.migrating import close_to_other_workspaces

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

OWN = sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint")
NOW = sa.text("now()")
CLOSED = (
    "account_alias", "contact_alias", "meter_rule", "counted_event", "usage_event", "usage_event_rest", "touched_account",
    "usage_source", "intake", "intake_minute", "event_name", "held_event", "scoring_round",
)  # fmt: skip


def workspace() -> sa.Column:
    return sa.Column("workspace_id", sa.BigInteger(), server_default=OWN, autoincrement=False, nullable=False)


def number() -> sa.Column:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False)


def column(name: str, kind: sa.types.TypeEngine, default=None, null: bool = False) -> sa.Column:
    return sa.Column(name, kind, server_default=default, nullable=null)


def refers(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["workspace_id", column], [f"{target}.workspace_id", f"{target}.id"],
        name=f"fk_{table}_workspace_id_{column}", ondelete="CASCADE",
    )  # fmt: skip


TIME, TEXT, BIG, INT, DOUBLE = (
    sa.DateTime(timezone=True), sa.Text(), sa.BigInteger(), sa.Integer(), sa.Double()
)  # fmt: skip
JSONB = postgresql.JSONB(astext_type=sa.Text())


def upgrade() -> None:
    op.add_column("account", column("told_at", TIME, null=True))
    op.add_column("contact", column("told_at", TIME, null=True))
    op.add_column("contact", column("consents", JSONB, null=True))
    for table in ("usage_event", "usage_source"):
        op.rename_table(table, f"{table}_before")
        op.execute(f"ALTER TABLE {table}_before RENAME CONSTRAINT pk_{table} TO pk_{table}_before")
        op.execute(f"ALTER TABLE {table}_before NO FORCE ROW LEVEL SECURITY")
    op.drop_table("touched_account")
    _make_tables()
    _carry_over()
    op.drop_table("usage_event_before")
    op.drop_table("usage_source_before")
    op.execute("ALTER TABLE daily_usage SET (fillfactor = 70)")
    op.execute("ALTER TABLE user_month SET (fillfactor = 90)")
    close_to_other_workspaces(*CLOSED, *(name for name, _, _ in months_ahead()))


def months_ahead() -> list[tuple[str, date, date]]:
    """This month and the next two; app/usage/ledger/partitions.py makes the later ones."""
    first = datetime.now(UTC).date().replace(day=1)
    starts = [(first + timedelta(days=31 * n)).replace(day=1) for n in range(4)]
    return [(f"usage_event_{start:%Y_%m}", start, following) for start, following in zip(starts, starts[1:])]


def _make_tables() -> None:
    op.create_table(
        "account_alias", workspace(), column("alias", TEXT), column("account_id", BIG), column("created_at", TIME, NOW),
        sa.PrimaryKeyConstraint("workspace_id", "alias", name="pk_account_alias"),
        refers("account_alias", "account_id", "account"),
    )  # fmt: skip
    op.create_table(
        "contact_alias", workspace(), column("alias", TEXT), column("external_id", TEXT),
        column("created_at", TIME, NOW), sa.PrimaryKeyConstraint("workspace_id", "alias", name="pk_contact_alias"),
    )  # fmt: skip
    op.create_index("ix_account_alias_account", "account_alias", ["workspace_id", "account_id"])
    op.create_table(
        "meter_rule", workspace(), number(), column("meter_id", BIG), column("event_name", TEXT),
        column("conditions", JSONB, sa.text("'{}'")), column("quantity_from", TEXT, null=True),
        column("created_at", TIME, NOW),
        sa.PrimaryKeyConstraint("workspace_id", "id", name="pk_meter_rule"),
        sa.UniqueConstraint(
            "workspace_id", "meter_id", "event_name", "conditions",
            name="uq_meter_rule_workspace_id_meter_id_event_name_conditions",
        ),
        refers("meter_rule", "meter_id", "meter"),
    )  # fmt: skip
    op.create_table(
        "usage_source", workspace(), number(), column("name", TEXT), column("first_seen_at", TIME),
        column("last_seen_at", TIME), *(column(name, BIG, "0") for name in ("accepted", "duplicates", "rejected")),
        sa.PrimaryKeyConstraint("workspace_id", "id", name="pk_usage_source"),
        sa.UniqueConstraint("workspace_id", "name", name="uq_usage_source_workspace_id_name"),
    )  # fmt: skip
    op.create_table(
        "counted_event", workspace(), column("source_id", INT), column("key", sa.Uuid()), column("account_id", BIG),
        column("meter_id", BIG), column("day", sa.Date()), column("quantity", DOUBLE), column("is_max", sa.Boolean()),
        sa.PrimaryKeyConstraint("workspace_id", "source_id", "key", name="pk_counted_event"),
    )  # fmt: skip
    op.create_index(
        "ix_counted_event_max", "counted_event", ["workspace_id", "account_id", "meter_id", "day"],
        postgresql_where=sa.text("is_max"),
    )  # fmt: skip
    op.execute("CREATE SEQUENCE usage_event_id_seq")
    op.create_table(
        "usage_event", workspace(), column("received_at", TIME, NOW),
        column("id", BIG, sa.text("nextval('usage_event_id_seq')")), column("source_id", INT), column("event_id", TEXT),
        column("account_id", BIG), column("meter_id", BIG), column("happened_at", TIME), column("quantity", DOUBLE),
        column("person", TEXT, null=True), column("name", TEXT, null=True), column("properties", JSONB, null=True),
        sa.PrimaryKeyConstraint("workspace_id", "received_at", "id", name="pk_usage_event"),
        postgresql_partition_by="RANGE (received_at)",
    )  # fmt: skip
    op.execute("ALTER SEQUENCE usage_event_id_seq OWNED BY usage_event.id")
    op.execute("CREATE TABLE usage_event_rest PARTITION OF usage_event DEFAULT")
    for name, month, following in months_ahead():
        op.execute(f"CREATE TABLE {name} PARTITION OF usage_event FOR VALUES FROM ('{month}') TO ('{following}')")
    op.create_table(
        "touched_account", workspace(), number(), column("account_ids", postgresql.ARRAY(BIG)),
        column("touched_at", TIME, NOW),
        sa.PrimaryKeyConstraint("workspace_id", "id", name="pk_touched_account"),
    )  # fmt: skip
    counts = ("accepted", "duplicates", "rejected")
    op.create_table(
        "intake", workspace(), number(), column("source_id", BIG), column("at", TIME),
        *(column(name, INT) for name in counts), column("names", JSONB, null=True),
        sa.PrimaryKeyConstraint("workspace_id", "id", name="pk_intake"),
    )  # fmt: skip
    op.create_table(
        "intake_minute", workspace(), column("source_id", BIG), column("minute", TIME),
        *(column(name, BIG) for name in counts),
        sa.PrimaryKeyConstraint("workspace_id", "source_id", "minute", name="pk_intake_minute"),
        refers("intake_minute", "source_id", "usage_source"),
    )  # fmt: skip
    op.create_table(
        "event_name", workspace(), column("name", TEXT), column("seen", BIG), column("last_seen_at", TIME),
        sa.PrimaryKeyConstraint("workspace_id", "name", name="pk_event_name"),
    )  # fmt: skip
    op.create_table(
        "held_event", workspace(), number(), column("source_id", BIG), column("key", sa.Uuid()),
        column("protocol", TEXT), column("message", JSONB), column("reason", TEXT), column("value", TEXT),
        column("detail", TEXT), column("first_at", TIME), column("last_at", TIME), column("times", BIG, "1"),
        column("ended_at", TIME, null=True), column("end", TEXT, null=True),
        sa.PrimaryKeyConstraint("workspace_id", "id", name="pk_held_event"),
        sa.UniqueConstraint("workspace_id", "source_id", "key", name="uq_held_event_workspace_id_source_id_key"),
        refers("held_event", "source_id", "usage_source"),
    )  # fmt: skip
    op.create_index(
        "ix_held_event_open", "held_event", ["workspace_id", "reason", "value", "id"],
        postgresql_where=sa.text("ended_at IS NULL"),
    )  # fmt: skip
    op.create_table(
        "scoring_round", workspace(), number(), column("ended_at", TIME), column("accounts", BIG),
        column("median_s", DOUBLE), column("longest_s", DOUBLE),
        sa.PrimaryKeyConstraint("workspace_id", "id", name="pk_scoring_round"),
    )  # fmt: skip
    op.create_index("ix_scoring_round_ended", "scoring_round", ["workspace_id", "ended_at"])


def _carry_over() -> None:
    """Take along what was counted. The new tables are not closed yet, so rows of all workspaces can be written."""
    op.execute("ALTER TABLE meter NO FORCE ROW LEVEL SECURITY")
    op.execute(
        "INSERT INTO usage_source (workspace_id, name, first_seen_at, last_seen_at, accepted, duplicates, rejected)"
        " SELECT workspace_id, name, last_seen_at, last_seen_at, accepted, duplicates, rejected"
        " FROM usage_source_before"
        " UNION SELECT workspace_id, source, min(received_at), max(received_at), count(*), 0, 0 FROM usage_event_before"
        " WHERE (workspace_id, source) NOT IN (SELECT workspace_id, name FROM usage_source_before) GROUP BY 1, 2"
    )
    op.execute(
        "INSERT INTO counted_event (workspace_id, source_id, key, account_id, meter_id, day, quantity, is_max)"
        " SELECT e.workspace_id, s.id, encode(substr(sha256(convert_to(event_id, 'UTF8')), 1, 16), 'hex')::uuid,"
        " account_id, meter_id, (happened_at AT TIME ZONE w.time_zone)::date, quantity, m.kind = 'max'"
        " FROM usage_event_before e JOIN usage_source s ON s.workspace_id = e.workspace_id AND s.name = e.source"
        " JOIN meter m ON m.workspace_id = e.workspace_id AND m.id = e.meter_id"
        " JOIN workspace w ON w.id = e.workspace_id"
    )
    op.execute(
        "INSERT INTO usage_event (workspace_id, received_at, source_id, event_id, account_id, meter_id, happened_at,"
        " quantity, person) SELECT e.workspace_id, received_at, s.id, event_id, account_id, meter_id, happened_at,"
        " quantity, person FROM usage_event_before e"
        " JOIN usage_source s ON s.workspace_id = e.workspace_id AND s.name = e.source"
    )
    op.execute("ALTER TABLE meter FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    """Go back to a table of events alone; who was held or renamed is forgotten, what was counted is not."""
    for name in ("scoring_round", "held_event", "event_name", "intake_minute", "intake", "touched_account"):
        op.drop_table(name)
    for name in ("usage_event", "usage_source"):
        op.rename_table(name, f"{name}_after")
        op.execute(f"ALTER TABLE {name}_after RENAME CONSTRAINT pk_{name} TO pk_{name}_after")
        op.execute(f"ALTER TABLE {name}_after NO FORCE ROW LEVEL SECURITY")
    op.create_table(
        "usage_event", workspace(), column("source", TEXT), column("event_id", TEXT), column("account_id", BIG),
        column("meter_id", BIG), column("happened_at", TIME), column("received_at", TIME, NOW),
        column("quantity", DOUBLE), column("person", TEXT, null=True),
        refers("usage_event", "account_id", "account"), refers("usage_event", "meter_id", "meter"),
        sa.PrimaryKeyConstraint("workspace_id", "source", "event_id", name="pk_usage_event"),
    )  # fmt: skip
    op.execute(
        "INSERT INTO usage_event SELECT e.workspace_id, s.name, e.event_id, e.account_id, e.meter_id, e.happened_at,"
        " e.received_at, e.quantity, e.person FROM usage_event_after e JOIN usage_source_after s"
        " ON s.workspace_id = e.workspace_id AND s.id = e.source_id ORDER BY e.id DESC ON CONFLICT DO NOTHING"
    )
    op.create_table(
        "usage_source", workspace(), column("name", TEXT), column("last_seen_at", TIME),
        *(column(name, BIG, "0") for name in ("accepted", "duplicates", "rejected")),
        sa.PrimaryKeyConstraint("workspace_id", "name", name="pk_usage_source"),
    )  # fmt: skip
    op.execute(
        "INSERT INTO usage_source SELECT workspace_id, name, last_seen_at, accepted, duplicates, rejected"
        " FROM usage_source_after"
    )
    op.create_table(
        "touched_account", workspace(), column("account_id", BIG), column("touched_at", TIME, NOW),
        refers("touched_account", "account_id", "account"),
        sa.PrimaryKeyConstraint("workspace_id", "account_id", name="pk_touched_account"),
    )  # fmt: skip
    op.create_index("ix_touched_at", "touched_account", ["workspace_id", "touched_at"])
    close_to_other_workspaces("usage_event", "usage_source", "touched_account")
    for name in ("usage_event_after", "counted_event", "meter_rule", "account_alias", "contact_alias",
                 "usage_source_after"):
        op.drop_table(name)
    op.execute("ALTER TABLE daily_usage RESET (fillfactor)")
    op.execute("ALTER TABLE user_month RESET (fillfactor)")
    op.drop_column("contact", "consents")
    op.drop_column("contact", "told_at")
    op.drop_column("account", "told_at")
