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
def local(moment: str) -> str:
    return f'({moment} AT TIME ZONE w.time_zone)::date'


A_YEAR = 'AND {day} > s.first_scored_on - 365'  # what scores read of conversations goes back no further
# Name, table, kind, what, the first day it tells of, which rows.
NEW = [
    ('interaction', 'interaction', "'interaction'", 'n.channel', local('n.happened_at'), "n.direction <> 'internal' " + A_YEAR),
    ('invoice', 'invoice', "'invoice'", 'NULL', 'n.issued_on', 'true'),
    ('contract', 'subscription', "'contract'", 'NULL', 'n.started_on', 'NOT n.is_trial'),
    ('contact', 'contact', "'contact'", 'NULL', 'coalesce(n.joined_on, s.first_scored_on)', 'n.role IS NOT NULL'),
]
CHANGED = [
    ('resolved', 'interaction', ['resolved_at'], "'resolved'", f"least({local('OLD.resolved_at')}, {local('n.resolved_at')})", "n.channel = 'ticket' " + A_YEAR),
    ('invoice_changed', 'invoice', ['paid_on', 'due_on', 'amount_minor'], "CASE WHEN n.paid_on IS DISTINCT FROM OLD.paid_on THEN 'paid' ELSE 'invoice_changed' END", 'least(OLD.paid_on, n.paid_on, OLD.due_on, n.due_on)', 'true'),
    ('contract_ended', 'subscription', ['ended_on'], "'contract_ended'", 'least(OLD.ended_on, n.ended_on)', 'NOT n.is_trial'),
    ('contact_left', 'contact', ['left_on'], "'contact_left'", 'least(OLD.left_on, n.left_on)', 'true'),
]


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
    for name, table, kind, what, day, which in NEW:
        found = _insert('SELECT DISTINCT', kind, what, day, which, 'came n')
        _trigger(name, table, 'INSERT', 'REFERENCING NEW TABLE AS came FOR EACH STATEMENT', found)
    for name, table, columns, kind, day, which in CHANGED:
        # Row by row: to pair old rows with new ones PostgreSQL, which knows not how many there are, compares each with each.
        old, new = (', '.join(f'{row}.{column}' for column in columns) for row in ('OLD', 'NEW'))
        found = _insert('SELECT', kind, 'NULL', day, which, '(SELECT NEW.*) n')
        _trigger(name, table, 'UPDATE', f'FOR EACH ROW WHEN (({old}) IS DISTINCT FROM ({new}))', found)


def _insert(select: str, kind: str, what: str, day: str, which: str, rows: str) -> str:
    today = '(clock_timestamp() AT TIME ZONE w.time_zone)::date'
    return f"""
        INSERT INTO late_fact (workspace_id, account_id, kind, what, day)
        {select} n.workspace_id, n.account_id, {kind}, {what}, {day}
        FROM {rows} JOIN workspace w ON w.id = n.workspace_id
        JOIN account_summary s ON (s.workspace_id, s.account_id) = (n.workspace_id, n.account_id)
        WHERE s.first_scored_on < {today} AND {day} < {today} AND {which.format(day=day)};
    """


def _trigger(name: str, table: str, act: str, how: str, body: str) -> None:
    op.execute(f'CREATE FUNCTION note_late_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NULL; END $$')
    op.execute(f'CREATE TRIGGER note_late_{name} AFTER {act} ON {table} {how} EXECUTE FUNCTION note_late_{name}()')


def downgrade() -> None:
    for name, table, *_ in (*NEW, *CHANGED):
        op.execute(f'DROP TRIGGER note_late_{name} ON {table}')
        op.execute(f'DROP FUNCTION note_late_{name}()')
    op.drop_table('late_fact')
    op.execute('ALTER TABLE corrected_score NO FORCE ROW LEVEL SECURITY')
    op.execute("UPDATE corrected_score SET because = NULL WHERE because ? 'kind'")  # the page of then cannot read it
    op.execute('ALTER TABLE corrected_score FORCE ROW LEVEL SECURITY')
