"""Answers kept to be given again

Revision: 0005
Follows: 0004
"""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from app.core.migrating import close_to_other_workspaces

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('idempotent_answer',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('api_key_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('fingerprint', sa.Text(), nullable=False),
    sa.Column('status', sa.BigInteger(), nullable=False),
    sa.Column('headers', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('answered_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.PrimaryKeyConstraint('workspace_id', 'api_key_id', 'name', name=op.f('pk_idempotent_answer'))
    )
    op.create_index('ix_idempotent_answer_at', 'idempotent_answer', ['workspace_id', 'answered_at'], unique=False)
    close_to_other_workspaces('idempotent_answer')


def downgrade() -> None:
    op.drop_index('ix_idempotent_answer_at', table_name='idempotent_answer')
    op.drop_table('idempotent_answer')
