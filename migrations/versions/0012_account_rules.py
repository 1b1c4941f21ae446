"""Rules by which names that no account has mean one

Revision: 0012
Follows: 0011
"""

from alembic import op
import sqlalchemy as sa

from app.core.migrating import close_to_other_workspaces

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('account_rule',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('pattern', sa.Text(), nullable=False),
    sa.Column('means', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_account_rule')),
    sa.UniqueConstraint('workspace_id', 'pattern', 'means', name=op.f('uq_account_rule_workspace_id_pattern_means'))
    )
    close_to_other_workspaces('account_rule')


def downgrade() -> None:
    op.drop_table('account_rule')
