"""Announcements, and who is told of them

Revision: 0004
Follows: 0003
"""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from app.core.migrating import close_to_other_workspaces

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('announcement',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('type', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('occasion', sa.Text(), nullable=False),
    sa.Column('message_id', sa.Uuid(), server_default=sa.text('gen_random_uuid()'), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=True),
    sa.Column('owner_id', sa.BigInteger(), nullable=True),
    sa.Column('occurred_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('data', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'account_id'], ['account.workspace_id', 'account.id'], name=op.f('fk_announcement_workspace_id_account_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_announcement')),
    sa.UniqueConstraint('workspace_id', 'type', 'subject', 'occasion', name=op.f('uq_announcement_workspace_id_type_subject_occasion'))
    )
    op.create_index('ix_announcement_account', 'announcement', ['workspace_id', 'account_id'], unique=False)
    op.create_index('ix_announcement_at', 'announcement', ['workspace_id', 'occurred_at'], unique=False)
    op.create_table('subscriber',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('url', sa.Text(), server_default='', nullable=False),
    sa.Column('types', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('risk_threshold', sa.Double(), server_default='0.5', nullable=False),
    sa.Column('forecast_share', sa.Double(), server_default='0.05', nullable=False),
    sa.Column('secret', sa.Text(), nullable=True),
    sa.Column('old_secret', sa.Text(), nullable=True),
    sa.Column('old_secret_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('user_id', sa.BigInteger(), nullable=True),
    sa.Column('pace', sa.Text(), nullable=True),
    sa.Column('whole_book', sa.Boolean(), server_default='false', nullable=False),
    sa.Column('failures', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('failing_since', sa.DateTime(timezone=True), nullable=True),
    sa.Column('resting_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('disabled_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('disabled_why', sa.Text(), nullable=True),
    sa.Column('created_by', sa.BigInteger(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'user_id'], ['membership.workspace_id', 'membership.user_id'], name=op.f('fk_subscriber_workspace_id_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_subscriber'))
    )
    op.create_index('uq_subscriber_member', 'subscriber', ['workspace_id', 'user_id'], unique=True, postgresql_where=sa.text("kind = 'mail'"))
    op.create_table('delivery',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('subscriber_id', sa.BigInteger(), nullable=False),
    sa.Column('announcement_id', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.Text(), server_default='waiting', nullable=False),
    sa.Column('attempts', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('first_tried_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('next_attempt_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'announcement_id'], ['announcement.workspace_id', 'announcement.id'], name=op.f('fk_delivery_workspace_id_announcement_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id', 'subscriber_id'], ['subscriber.workspace_id', 'subscriber.id'], name=op.f('fk_delivery_workspace_id_subscriber_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_delivery')),
    sa.UniqueConstraint('workspace_id', 'subscriber_id', 'announcement_id', name=op.f('uq_delivery_workspace_id_subscriber_id_announcement_id'))
    )
    op.create_index('ix_delivery_announcement', 'delivery', ['workspace_id', 'announcement_id'], unique=False)
    op.create_index('ix_delivery_due', 'delivery', ['workspace_id', 'subscriber_id', 'next_attempt_at'], unique=False, postgresql_where=sa.text("state = 'waiting'"))
    op.create_table('delivery_attempt',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('delivery_id', sa.BigInteger(), nullable=False),
    sa.Column('tried_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('duration_ms', sa.BigInteger(), nullable=False),
    sa.Column('status', sa.BigInteger(), nullable=True),
    sa.Column('answer', sa.Text(), nullable=False),
    sa.Column('error', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['workspace_id', 'delivery_id'], ['delivery.workspace_id', 'delivery.id'], name=op.f('fk_delivery_attempt_workspace_id_delivery_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_delivery_attempt'))
    )
    op.create_index('ix_delivery_attempt_delivery', 'delivery_attempt', ['workspace_id', 'delivery_id'], unique=False)
    op.create_table('calendar_feed',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('user_id', sa.BigInteger(), nullable=False),
    sa.Column('secret_hash', sa.Text(), nullable=False),
    sa.Column('whole_book', sa.Boolean(), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'user_id'], ['membership.workspace_id', 'membership.user_id'], name=op.f('fk_calendar_feed_workspace_id_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'user_id', name=op.f('pk_calendar_feed')),
    sa.UniqueConstraint('workspace_id', 'secret_hash', name=op.f('uq_calendar_feed_workspace_id_secret_hash'))
    )
    op.create_table('calendar_entry',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('uid', sa.Text(), nullable=False),
    sa.Column('fingerprint', sa.Text(), nullable=False),
    sa.Column('sequence', sa.BigInteger(), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('workspace_id', 'uid', name=op.f('pk_calendar_entry'))
    )
    close_to_other_workspaces('announcement', 'subscriber', 'delivery', 'delivery_attempt', 'calendar_feed', 'calendar_entry')


def downgrade() -> None:
    op.drop_table('calendar_entry')
    op.drop_table('calendar_feed')
    op.drop_table('delivery_attempt')
    op.drop_table('delivery')
    op.drop_table('subscriber')
    op.drop_table('announcement')
