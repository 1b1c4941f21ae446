"""Find the tickets that wait since long ago without reading the years between

Revision: 0011
Follows: 0010
"""

from alembic import op
import sqlalchemy as sa

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index('ix_interaction_open', 'interaction', ['workspace_id', 'account_id'], unique=False, postgresql_where=sa.text("channel = 'ticket' AND resolved_at IS NULL"))
    op.create_index('ix_interaction_resolved', 'interaction', ['workspace_id', 'resolved_at'], unique=False, postgresql_where=sa.text("channel = 'ticket'"))


def downgrade() -> None:
    op.drop_index('ix_interaction_open', table_name='interaction')
    op.drop_index('ix_interaction_resolved', table_name='interaction')
