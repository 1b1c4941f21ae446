"""Keep what scoring reads of interactions in their index, and no index of summaries that each scoring writes in vain

Revision: 0017
Follows: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None

SCORED = [
    'id', 'recorded_at', 'channel', 'direction', 'sentiment', 'satisfaction', 'priority', 'resolved_at', 'escalated',
    'reach',
]
OPEN = sa.text("channel = 'ticket' AND resolved_at IS NULL")
BY_ACCOUNT = ['workspace_id', 'account_id', 'happened_at']


def upgrade() -> None:
    op.execute('ALTER TABLE interaction NO FORCE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE interaction DISABLE TRIGGER keep_former_fact')  # no score reads a priority so long
    op.execute('UPDATE interaction SET priority = left(priority, 200) WHERE length(priority) > 200')
    op.execute('ALTER TABLE interaction ENABLE TRIGGER keep_former_fact')
    op.execute('ALTER TABLE interaction FORCE ROW LEVEL SECURITY')
    op.drop_index('ix_interaction_account', table_name='interaction')
    op.create_index('ix_interaction_account', 'interaction', BY_ACCOUNT, unique=False, postgresql_include=SCORED)
    op.drop_index('ix_interaction_open', table_name='interaction')
    op.create_index('ix_interaction_open', 'interaction', ['workspace_id', 'account_id'], unique=False,
                    postgresql_where=OPEN, postgresql_include=['id', 'happened_at'])
    # An index answers alone only for pages that a vacuum has seen since they were written.
    op.execute('ALTER TABLE interaction SET (autovacuum_vacuum_insert_scale_factor = 0.02)')
    op.drop_index('ix_summary_band', table_name='account_summary')


def downgrade() -> None:
    op.create_index('ix_summary_band', 'account_summary', ['workspace_id', 'band', 'arr_minor', 'account_id'], unique=False)
    op.execute('ALTER TABLE interaction RESET (autovacuum_vacuum_insert_scale_factor)')
    op.drop_index('ix_interaction_open', table_name='interaction')
    op.create_index('ix_interaction_open', 'interaction', ['workspace_id', 'account_id'], unique=False, postgresql_where=OPEN)
    op.drop_index('ix_interaction_account', table_name='interaction')
    op.create_index('ix_interaction_account', 'interaction', BY_ACCOUNT, unique=False)
