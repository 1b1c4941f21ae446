"""Scorecards by segment, their trials, and scores that people override

Revision: 0006
Follows: 0005
"""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from app.core.migrating import close_to_other_workspaces

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None

_WORKSPACE = sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint")


def upgrade() -> None:
    op.add_column('scorecard', sa.Column('segment', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False))
    op.add_column('scorecard', sa.Column('position', sa.BigInteger(), server_default='1000', nullable=False))
    op.add_column('scorecard', sa.Column('is_in_force', sa.Boolean(), server_default='true', nullable=False))
    op.add_column('scorecard', sa.Column('reason', sa.Text(), server_default='', nullable=False))
    op.create_index('uq_scorecard_in_force', 'scorecard', ['workspace_id', 'name'], unique=True, postgresql_where=sa.text('is_in_force'))
    op.create_table('scorecard_trial',
    sa.Column('workspace_id', sa.BigInteger(), server_default=_WORKSPACE, autoincrement=False, nullable=False),
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('definition', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('segment', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('position', sa.BigInteger(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('made_by', sa.BigInteger(), nullable=True),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('job_id', sa.BigInteger(), nullable=True),
    sa.Column('result', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.Column('outcome', sa.Text(), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_scorecard_trial'))
    )
    close_to_other_workspaces('scorecard_trial')
    op.create_table('score_override',
    sa.Column('workspace_id', sa.BigInteger(), server_default=_WORKSPACE, autoincrement=False, nullable=False),
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('score', sa.Double(), nullable=False),
    sa.Column('computed', sa.Double(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('made_by', sa.BigInteger(), nullable=True),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('from_on', sa.Date(), nullable=False),
    sa.Column('until_on', sa.Date(), nullable=False),
    sa.Column('withdrawn_on', sa.Date(), nullable=True),
    sa.ForeignKeyConstraint(['workspace_id', 'account_id'], ['account.workspace_id', 'account.id'], name=op.f('fk_score_override_workspace_id_account_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_score_override'))
    )
    op.create_index('ix_score_override_account', 'score_override', ['workspace_id', 'account_id', 'until_on'], unique=False)
    close_to_other_workspaces('score_override')
    op.add_column('health_score', sa.Column('computed', sa.Double(), nullable=True))
    op.add_column('health_score', sa.Column('override_id', sa.BigInteger(), nullable=True))
    op.create_foreign_key(op.f('fk_health_score_workspace_id_override_id'), 'health_score', 'score_override', ['workspace_id', 'override_id'], ['workspace_id', 'id'], ondelete='SET NULL (override_id)')


def downgrade() -> None:
    op.drop_constraint(op.f('fk_health_score_workspace_id_override_id'), 'health_score', type_='foreignkey')
    op.drop_column('health_score', 'override_id')
    op.drop_column('health_score', 'computed')
    op.drop_index('ix_score_override_account', table_name='score_override')
    op.drop_table('score_override')
    op.drop_table('scorecard_trial')
    op.drop_index('uq_scorecard_in_force', table_name='scorecard', postgresql_where=sa.text('is_in_force'))
    op.drop_column('scorecard', 'reason')
    op.drop_column('scorecard', 'is_in_force')
    op.drop_column('scorecard', 'position')
    op.drop_column('scorecard', 'segment')
