"""Note every fact that comes after its day was scored, not usage alone

Revision: 0018
Follows: 0017
"""

import sqlalchemy as sa
from alembic import op

from app.core.migrating import close_to_other_workspaces

revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None

WORKSPACE = "NULLIF(current_setting('app.workspace_id', true), '')::bigint"
LOCAL = '({moment} AT TIME ZONE w.time_zone)::date'
NEW = {  # table: (kind, what, the day it tells of)
    'interaction': ('interaction', 'n.channel', LOCAL.format(moment='n.happened_at')),
    'invoice': ('invoice', 'NULL', 'n.issued_on'),
    'subscription': ('contract', 'NULL', 'n.started_on'),
}
CHANGED = {  # table: (kind, the column that changed, the day it tells of)
    'interaction': ('resolved', 'resolved_at', LOCAL.format(moment='n.resolved_at')),
    'invoice': ('paid', 'paid_on', 'n.paid_on'),
    'subscription': ('contract_ended', 'ended_on', 'n.ended_on'),
    'contact': ('contact_left', 'left_on', 'n.left_on'),
}


def upgrade() -> None:
    op.create_table('late_fact',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text(WORKSPACE), autoincrement=False, nullable=False),
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('what', sa.Text(), nullable=True),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('stored_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'account_id'], ['account.workspace_id', 'account.id'], name=op.f('fk_late_fact_workspace_id_account_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_late_fact'))
    )
    op.create_index('ix_late_fact_account', 'late_fact', ['workspace_id', 'account_id', 'stored_at'], unique=False)
    close_to_other_workspaces('late_fact')
    for table, (kind, what, day) in NEW.items():
        _note(f'note_late_{table}', table, 'INSERT', 'NEW TABLE AS came', kind, what, day, 'came n')
    for table, (kind, column, day) in CHANGED.items():
        rows = f'came n JOIN was o ON (o.workspace_id, o.id) = (n.workspace_id, n.id) AND o.{column} IS DISTINCT FROM n.{column}'
        _note(f'note_late_{kind}', table, 'UPDATE', 'OLD TABLE AS was NEW TABLE AS came', kind, 'NULL', day, rows)


def _note(name: str, table: str, act: str, tables: str, kind: str, what: str, day: str, rows: str) -> None:
    op.execute(f"""
        CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO late_fact (workspace_id, account_id, kind, what, day)
            SELECT n.workspace_id, n.account_id, '{kind}', {what}, {day}
            FROM {rows} JOIN workspace w ON w.id = n.workspace_id
            JOIN account_summary s ON (s.workspace_id, s.account_id) = (n.workspace_id, n.account_id)
            WHERE {day} < (clock_timestamp() AT TIME ZONE w.time_zone)::date AND {day} > s.first_scored_on - 365
              AND s.first_scored_on < (clock_timestamp() AT TIME ZONE w.time_zone)::date;
            RETURN NULL;
        END $$
    """)
    op.execute(f'CREATE TRIGGER {name} AFTER {act} ON {table} REFERENCING {tables} FOR EACH STATEMENT EXECUTE FUNCTION {name}()')


def downgrade() -> None:
    for name, table in (*((table, table) for table in NEW), *((kind, table) for table, (kind, _, _) in CHANGED.items())):
        op.execute(f'DROP TRIGGER note_late_{name} ON {table}')
        op.execute(f'DROP FUNCTION note_late_{name}()')
    op.drop_table('late_fact')
