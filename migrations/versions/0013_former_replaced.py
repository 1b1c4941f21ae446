"""Find what was changed since a day, not all that ever was

Revision: 0013
Follows: 0012
"""

from alembic import op

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index('ix_former_fact_replaced', 'former_fact', ['workspace_id', 'kind', 'replaced_at'], unique=False)


def downgrade() -> None:
    op.drop_index('ix_former_fact_replaced', table_name='former_fact')
