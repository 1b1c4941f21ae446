"""Checks of the model in force, and tasks for the book as a whole

Revision: 0008
Follows: 0007
"""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from app.core.migrating import close_to_other_workspaces

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('model_check',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('checked_on', sa.Date(), nullable=False),
    sa.Column('model_version_id', sa.BigInteger(), nullable=False),
    sa.Column('accounts', sa.BigInteger(), nullable=False),
    sa.Column('drift', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('kept', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('breach', sa.Text(), nullable=False),
    sa.Column('checked_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('told_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['workspace_id', 'model_version_id'], ['model_version.workspace_id', 'model_version.id'], name=op.f('fk_model_check_workspace_id_model_version_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'checked_on', name=op.f('pk_model_check'))
    )
    close_to_other_workspaces('model_check')
    op.add_column('model_version', sa.Column('because', sa.Text(), server_default=sa.text("''"), nullable=False))
    op.create_index('uq_model_version_champion', 'model_version', ['workspace_id'], unique=True, postgresql_where=sa.text("state = 'champion'"))
    op.alter_column('task', 'account_id', nullable=True)


def downgrade() -> None:
    # FORCE ROW LEVEL SECURITY holds for the owner too: a migration sees no rows unless it is lifted.
    op.execute('ALTER TABLE task NO FORCE ROW LEVEL SECURITY')
    op.execute('DELETE FROM task WHERE account_id IS NULL')
    op.execute('ALTER TABLE task FORCE ROW LEVEL SECURITY')
    op.alter_column('task', 'account_id', nullable=False)
    op.drop_index('uq_model_version_champion', table_name='model_version')
    op.drop_column('model_version', 'because')
    op.drop_table('model_check')
