"""What was known when: late usage, late people, former facts, scores as corrected

Revision: 0007
Follows: 0006
"""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from app.core.migrating import close_to_other_workspaces

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None

WORKSPACE = "NULLIF(current_setting('app.workspace_id', true), '')::bigint"
BEFORE_ALL = "'2000-01-01'"  # what stood before this migration counts as stored long ago
FACTS = {
    'subscription': ('id', 'account_id', 'started_on', 'ended_on', 'end_known_at', 'arr_minor', 'seats', 'term_months', 'renews_on', 'auto_renew', 'is_trial'),
    'interaction': ('id', 'account_id', 'happened_at', 'recorded_at', 'channel', 'direction', 'sentiment', 'satisfaction', 'priority', 'resolved_at', 'escalated', 'reach'),
    'contact': ('id', 'account_id', 'role', 'joined_on', 'left_on', 'left_known_at'),
    'invoice': ('id', 'account_id', 'issued_on', 'due_on', 'paid_on', 'amount_minor'),
}


def upgrade() -> None:
    _late()
    op.create_table('former_fact',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text(WORKSPACE), autoincrement=False, nullable=False),
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('fact', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('stored_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('replaced_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'account_id'], ['account.workspace_id', 'account.id'], name=op.f('fk_former_fact_workspace_id_account_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_former_fact'))
    )
    op.create_index('ix_former_fact_account', 'former_fact', ['workspace_id', 'kind', 'account_id'], unique=False)
    op.create_table('corrected_score',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text(WORKSPACE), autoincrement=False, nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('scored_on', sa.Date(), nullable=False),
    sa.Column('score', sa.Double(), nullable=True),
    sa.Column('coverage', sa.Double(), nullable=False),
    sa.Column('values', postgresql.ARRAY(sa.Double()), nullable=False),
    sa.Column('before', postgresql.ARRAY(sa.Double()), nullable=False),
    sa.Column('because', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.Column('computed_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'account_id'], ['account.workspace_id', 'account.id'], name=op.f('fk_corrected_score_workspace_id_account_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'account_id', 'scored_on', name=op.f('pk_corrected_score'))
    )
    close_to_other_workspaces('late_usage', 'late_person', 'former_fact', 'corrected_score')
    _add_since('meter', 'made_at')
    for table in FACTS:
        _add_since(table, 'stored_at')
    _keep_former_facts()
    op.create_index('ix_interaction_happened', 'interaction', ['workspace_id', 'happened_at'], unique=False)
    op.create_index('ix_invoice_issued', 'invoice', ['workspace_id', 'issued_on'], unique=False)
    op.add_column('account_summary', sa.Column('first_scored_on', sa.Date(), nullable=True))
    # FORCE ROW LEVEL SECURITY holds for the owner too: a migration sees no rows unless it is lifted.
    for table in ('account_summary', 'health_score'):
        op.execute(f'ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY')
    op.execute('UPDATE account_summary s SET first_scored_on = h.first FROM (SELECT workspace_id, account_id, min(scored_on) AS first FROM health_score GROUP BY 1, 2) h WHERE (s.workspace_id, s.account_id) = (h.workspace_id, h.account_id)')
    for table in ('account_summary', 'health_score'):
        op.execute(f'ALTER TABLE {table} FORCE ROW LEVEL SECURITY')


def _late() -> None:
    op.create_table('late_usage',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text(WORKSPACE), autoincrement=False, nullable=False),
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('meter_id', sa.BigInteger(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('known_on', sa.Date(), nullable=False),
    sa.Column('quantity', sa.Double(), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'account_id'], ['account.workspace_id', 'account.id'], name=op.f('fk_late_usage_workspace_id_account_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id', 'meter_id'], ['meter.workspace_id', 'meter.id'], name=op.f('fk_late_usage_workspace_id_meter_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_late_usage'))
    )
    op.create_table('late_person',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text(WORKSPACE), autoincrement=False, nullable=False),
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('person', sa.Text(), nullable=False),
    sa.Column('month', sa.Date(), nullable=False),
    sa.Column('days', sa.Integer(), nullable=False),
    sa.Column('is_gone', sa.Boolean(), server_default='false', nullable=False),
    sa.Column('known_on', sa.Date(), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'account_id'], ['account.workspace_id', 'account.id'], name=op.f('fk_late_person_workspace_id_account_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_late_person'))
    )
    for table in ('late_usage', 'late_person'):
        op.create_index(f'ix_{table}_known', table, ['workspace_id', 'known_on', 'account_id'], unique=False)
        op.create_index(f'ix_{table}_account', table, ['workspace_id', 'account_id', 'recorded_at'], unique=False)


def _add_since(table: str, column: str) -> None:
    op.add_column(table, sa.Column(column, sa.DateTime(timezone=True), server_default=sa.text(BEFORE_ALL), nullable=False))
    op.alter_column(table, column, server_default=sa.text('clock_timestamp()'))


def _keep_former_facts() -> None:
    op.execute("""
        CREATE FUNCTION keep_former_fact() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            NEW.stored_at := clock_timestamp();
            INSERT INTO former_fact (workspace_id, kind, account_id, fact, stored_at, replaced_at)
            SELECT OLD.workspace_id, TG_TABLE_NAME, OLD.account_id, jsonb_object_agg(name, to_jsonb(OLD) -> name),
                   OLD.stored_at, NEW.stored_at
            FROM unnest(TG_ARGV) AS name;
            RETURN NEW;
        END $$
    """)
    for table, columns in FACTS.items():
        old, new = (', '.join(f'{row}.{column}' for column in columns) for row in ('OLD', 'NEW'))
        op.execute(f"""
            CREATE TRIGGER keep_former_fact BEFORE UPDATE ON {table} FOR EACH ROW
            WHEN (({old}) IS DISTINCT FROM ({new})) EXECUTE FUNCTION keep_former_fact({', '.join(columns)})
        """)


def downgrade() -> None:
    op.drop_column('account_summary', 'first_scored_on')
    op.drop_index('ix_invoice_issued', table_name='invoice')
    op.drop_index('ix_interaction_happened', table_name='interaction')
    for table in FACTS:
        op.execute(f'DROP TRIGGER keep_former_fact ON {table}')
        op.drop_column(table, 'stored_at')
    op.execute('DROP FUNCTION keep_former_fact()')
    op.drop_column('meter', 'made_at')
    for table in ('corrected_score', 'former_fact', 'late_person', 'late_usage'):
        op.drop_table(table)
