"""Webhooks: who may send, what was sent, and what it amounts to

Revision: 0003
Follows: 0002
"""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from app.core.migrating import close_to_other_workspaces

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('webhook_source',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('provider', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('token', sa.Text(), nullable=False),
    sa.Column('created_by', sa.BigInteger(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('disabled_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('last_heard_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('refused_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('refused_why', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_webhook_source')),
    sa.UniqueConstraint('workspace_id', 'token', name=op.f('uq_webhook_source_workspace_id_token'))
    )
    op.create_table('webhook_delivery',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('source_id', sa.BigInteger(), nullable=False),
    sa.Column('event_id', sa.Text(), nullable=False),
    sa.Column('event_type', sa.Text(), nullable=False),
    sa.Column('happened_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('headers', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('body', sa.LargeBinary(), nullable=False),
    sa.Column('state', sa.Text(), server_default='waiting', nullable=False),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('note', sa.Text(), nullable=True),
    sa.Column('settled_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('repeats', sa.BigInteger(), server_default='0', nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'source_id'], ['webhook_source.workspace_id', 'webhook_source.id'], name=op.f('fk_webhook_delivery_workspace_id_source_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_webhook_delivery')),
    sa.UniqueConstraint('workspace_id', 'source_id', 'event_id', name=op.f('uq_webhook_delivery_workspace_id_source_id_event_id'))
    )
    op.create_index('ix_webhook_delivery_newest', 'webhook_delivery', ['workspace_id', 'source_id', 'id'], unique=False)
    op.create_index('ix_webhook_delivery_state', 'webhook_delivery', ['workspace_id', 'source_id', 'state', 'id'], unique=False)
    op.create_index('ix_webhook_delivery_unfinished', 'webhook_delivery', ['workspace_id', 'source_id'], unique=False, postgresql_where=sa.text("state IN ('held', 'failed')"))
    op.create_index('ix_webhook_delivery_waiting', 'webhook_delivery', ['workspace_id', 'id'], unique=False, postgresql_where=sa.text("state = 'waiting'"))
    op.create_table('webhook_secret',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('source_id', sa.BigInteger(), nullable=False),
    sa.Column('secret', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'source_id'], ['webhook_source.workspace_id', 'webhook_source.id'], name=op.f('fk_webhook_secret_workspace_id_source_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_webhook_secret'))
    )
    op.create_index('ix_webhook_secret_source', 'webhook_secret', ['workspace_id', 'source_id'], unique=False)
    op.create_table('webhook_stretch',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('source_id', sa.BigInteger(), nullable=False),
    sa.Column('external_id', sa.Text(), nullable=False),
    sa.Column('started_on', sa.Date(), nullable=False),
    sa.Column('was', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.ForeignKeyConstraint(['workspace_id', 'source_id'], ['webhook_source.workspace_id', 'webhook_source.id'], name=op.f('fk_webhook_stretch_workspace_id_source_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'source_id', 'external_id', 'started_on', name=op.f('pk_webhook_stretch'))
    )
    op.create_table('webhook_fact',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('delivery_id', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('object_id', sa.Text(), nullable=False),
    sa.Column('source_id', sa.BigInteger(), nullable=False),
    sa.Column('family', sa.Text(), nullable=False),
    sa.Column('event_id', sa.Text(), nullable=False),
    sa.Column('happened_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('rank', sa.BigInteger(), nullable=False),
    sa.Column('said', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'delivery_id'], ['webhook_delivery.workspace_id', 'webhook_delivery.id'], name=op.f('fk_webhook_fact_workspace_id_delivery_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id', 'source_id'], ['webhook_source.workspace_id', 'webhook_source.id'], name=op.f('fk_webhook_fact_workspace_id_source_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'delivery_id', 'kind', 'object_id', name=op.f('pk_webhook_fact'))
    )
    op.create_index('ix_webhook_fact_family', 'webhook_fact', ['workspace_id', 'source_id', 'family'], unique=False)
    op.create_index('ix_webhook_fact_object', 'webhook_fact', ['workspace_id', 'source_id', 'kind', 'object_id'], unique=False)
    op.create_table('webhook_account',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('source_id', sa.BigInteger(), nullable=False),
    sa.Column('family', sa.Text(), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('filled', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'account_id'], ['account.workspace_id', 'account.id'], name=op.f('fk_webhook_account_workspace_id_account_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id', 'source_id'], ['webhook_source.workspace_id', 'webhook_source.id'], name=op.f('fk_webhook_account_workspace_id_source_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'source_id', 'family', name=op.f('pk_webhook_account'))
    )
    op.create_index('ix_webhook_account_account', 'webhook_account', ['workspace_id', 'account_id'], unique=False)
    close_to_other_workspaces(
        "webhook_source", "webhook_secret", "webhook_delivery", "webhook_fact", "webhook_account", "webhook_stretch"
    )


def downgrade() -> None:
    op.drop_index('ix_webhook_account_account', table_name='webhook_account')
    op.drop_table('webhook_account')
    op.drop_index('ix_webhook_fact_object', table_name='webhook_fact')
    op.drop_index('ix_webhook_fact_family', table_name='webhook_fact')
    op.drop_table('webhook_fact')
    op.drop_table('webhook_stretch')
    op.drop_index('ix_webhook_secret_source', table_name='webhook_secret')
    op.drop_table('webhook_secret')
    op.drop_index('ix_webhook_delivery_unfinished', table_name='webhook_delivery', postgresql_where=sa.text("state IN ('held', 'failed')"))
    op.drop_index('ix_webhook_delivery_waiting', table_name='webhook_delivery', postgresql_where=sa.text("state = 'waiting'"))
    op.drop_index('ix_webhook_delivery_state', table_name='webhook_delivery')
    op.drop_index('ix_webhook_delivery_newest', table_name='webhook_delivery')
    op.drop_table('webhook_delivery')
    op.drop_table('webhook_source')
