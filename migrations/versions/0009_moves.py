"""The chance to pay less, or more, and the models behind it

Revision: 0009
Follows: 0008
"""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from app.core.migrating import close_to_other_workspaces

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('move_model',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('verdict', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('report', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('artifact', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.Column('trained_on', sa.Date(), nullable=False),
    sa.Column('trained_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_move_model'))
    )
    op.create_index('ix_move_model_kind', 'move_model', ['workspace_id', 'kind', 'id'], unique=False)
    close_to_other_workspaces('move_model')
    op.add_column('churn_score', sa.Column('contraction_90', sa.Double(), nullable=True))
    op.add_column('churn_score', sa.Column('expansion_90', sa.Double(), nullable=True))
    op.add_column('churn_score', sa.Column('moves', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False))


def downgrade() -> None:
    op.drop_column('churn_score', 'moves')
    op.drop_column('churn_score', 'expansion_90')
    op.drop_column('churn_score', 'contraction_90')
    op.drop_index('ix_move_model_kind', table_name='move_model')
    op.drop_table('move_model')
