"""Remember by which scorecard an account's band was given: another card's band holds nobody

Revision: 0015
Follows: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('account_summary', sa.Column('scorecard_id', sa.BigInteger(), nullable=True))
    for table in ('account_summary', 'health_score'):
        op.execute(f'ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY')
    op.execute("""
        UPDATE account_summary s SET scorecard_id = (
            SELECT h.scorecard_id FROM health_score h WHERE h.workspace_id = s.workspace_id AND h.account_id = s.account_id
            ORDER BY h.scored_on DESC LIMIT 1)
    """)
    for table in ('account_summary', 'health_score'):
        op.execute(f'ALTER TABLE {table} FORCE ROW LEVEL SECURITY')


def downgrade() -> None:
    op.drop_column('account_summary', 'scorecard_id')
