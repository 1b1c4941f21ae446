"""The first shape

Revision: 0001
Follows: 
"""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects import postgresql

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def close_to_other_workspaces() -> None:
    """Row security on every table that holds a workspace's rows, its owner included."""
    own = "workspace_id = NULLIF(current_setting('app.workspace_id', true), '')::bigint"
    dispatching = "current_setting('app.dispatching', true) = 'on'"
    own_place = "user_id = NULLIF(current_setting('app.user_id', true), '')::bigint"
    tables = op.get_bind().execute(sa.text(
        "SELECT table_name FROM information_schema.columns"
        " WHERE column_name = 'workspace_id' AND table_schema = current_schema()"
    )).scalars().all()
    for table in tables:
        sees = f"{own} OR {dispatching}" if table == "job" else own
        op.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY')
        op.execute(f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY')
        op.execute(f'CREATE POLICY own_workspace ON "{table}" USING ({sees}) WITH CHECK ({sees})')
    op.execute(f"CREATE POLICY own_place ON membership FOR SELECT USING ({own_place})")


def upgrade() -> None:
    op.create_table('api_key',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('prefix', sa.Text(), nullable=False),
    sa.Column('secret_hash', sa.Text(), nullable=False),
    sa.Column('scopes', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('created_by', sa.BigInteger(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('last_used_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_api_key')),
    sa.UniqueConstraint('workspace_id', 'secret_hash', name=op.f('uq_api_key_workspace_id_secret_hash'))
    )
    op.create_table('audit_entry',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('actor_id', sa.BigInteger(), nullable=True),
    sa.Column('actor', sa.Text(), nullable=False),
    sa.Column('act', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('subject_id', sa.BigInteger(), nullable=True),
    sa.Column('changes', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_audit_entry'))
    )
    op.create_index('ix_audit_entry_at', 'audit_entry', ['workspace_id', 'at'], unique=False)
    op.create_table('book_standing',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('owner_id', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('band', sa.Text(), nullable=False),
    sa.Column('is_monthly', sa.Boolean(), nullable=False),
    sa.Column('accounts', sa.BigInteger(), nullable=False),
    sa.Column('arr_minor', sa.BigInteger(), nullable=False),
    sa.Column('at_stake_minor', sa.BigInteger(), nullable=False),
    sa.Column('scored_on', sa.Date(), nullable=True),
    sa.PrimaryKeyConstraint('workspace_id', 'owner_id', 'band', 'is_monthly', name=op.f('pk_book_standing'))
    )
    op.create_table('forecast_snapshot',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('taken_on', sa.Date(), nullable=False),
    sa.Column('quarter', sa.Date(), nullable=False),
    sa.Column('due_minor', sa.BigInteger(), nullable=False),
    sa.Column('booked_minor', sa.BigInteger(), nullable=False),
    sa.Column('lost_minor', sa.BigInteger(), nullable=False),
    sa.Column('p10_minor', sa.BigInteger(), nullable=False),
    sa.Column('p50_minor', sa.BigInteger(), nullable=False),
    sa.Column('p90_minor', sa.BigInteger(), nullable=False),
    sa.Column('called_minor', sa.BigInteger(), nullable=True),
    sa.Column('renewals', sa.BigInteger(), nullable=False),
    sa.Column('detail', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('taken_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.PrimaryKeyConstraint('workspace_id', 'taken_on', 'quarter', name=op.f('pk_forecast_snapshot'))
    )
    op.create_table('heartbeat',
    sa.Column('process', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('seen_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('process', name=op.f('pk_heartbeat'))
    )
    op.create_table('import',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('state', sa.Text(), server_default='mapping', nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('day_first', sa.Boolean(), nullable=True),
    sa.Column('job_id', sa.BigInteger(), nullable=True),
    sa.Column('created_by', sa.BigInteger(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_import'))
    )
    op.create_index('ix_import_recent', 'import', ['workspace_id', 'created_at'], unique=False)
    op.create_table('invitation',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('email', sa.Text(), nullable=False),
    sa.Column('role', sa.Text(), nullable=False),
    sa.Column('secret_hash', sa.Text(), nullable=False),
    sa.Column('invited_by', sa.BigInteger(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('accepted_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_invitation')),
    sa.UniqueConstraint('workspace_id', 'secret_hash', name=op.f('uq_invitation_workspace_id_secret_hash'))
    )
    op.create_table('job',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('args', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('state', sa.Text(), server_default='ready', nullable=False),
    sa.Column('unique_key', sa.Text(), nullable=True),
    sa.Column('run_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('offered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('attempts', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('max_attempts', sa.BigInteger(), server_default='3', nullable=False),
    sa.Column('lease', sa.Uuid(), nullable=True),
    sa.Column('lease_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('cancel_asked', sa.Boolean(), server_default='false', nullable=False),
    sa.Column('done', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('total', sa.BigInteger(), nullable=True),
    sa.Column('doing', sa.Text(), nullable=True),
    sa.Column('error', sa.Text(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_job'))
    )
    op.create_index('ix_job_open', 'job', ['run_at'], unique=False, postgresql_where=sa.text("state IN ('ready', 'running')"))
    op.create_index('ix_job_recent', 'job', ['workspace_id', 'created_at'], unique=False)
    op.create_index('uq_job_waiting', 'job', ['workspace_id', 'name', 'unique_key'], unique=True, postgresql_where=sa.text("state = 'ready'"))
    op.create_table('meter',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), server_default='sum', nullable=False),
    sa.Column('unit', sa.Text(), server_default='', nullable=False),
    sa.Column('position', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('is_core', sa.Boolean(), server_default='false', nullable=False),
    sa.Column('last_seen_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_meter')),
    sa.UniqueConstraint('workspace_id', 'code', name=op.f('uq_meter_workspace_id_code'))
    )
    op.create_table('model_version',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('verdict', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('report', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('artifact', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.Column('trained_on', sa.Date(), nullable=False),
    sa.Column('trained_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_model_version'))
    )
    op.create_table('playbook',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('aim', sa.Text(), nullable=False),
    sa.Column('trigger', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('steps', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('holdout_share', sa.Double(), nullable=False),
    sa.Column('salt', sa.Text(), nullable=False),
    sa.Column('cooldown_days', sa.BigInteger(), nullable=False),
    sa.Column('outcome_days', sa.BigInteger(), nullable=False),
    sa.Column('daily_limit', sa.BigInteger(), server_default='10', nullable=False),
    sa.Column('is_on', sa.Boolean(), nullable=False),
    sa.Column('revision', sa.BigInteger(), server_default='1', nullable=False),
    sa.Column('tally', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_playbook')),
    sa.UniqueConstraint('workspace_id', 'name', name=op.f('uq_playbook_workspace_id_name'))
    )
    op.create_table('scorecard',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.Column('definition', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('published_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('published_by', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_scorecard')),
    sa.UniqueConstraint('workspace_id', 'name', 'version', name=op.f('uq_scorecard_workspace_id_name_version'))
    )
    op.create_table('segment',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('filters', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('created_by', sa.BigInteger(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_segment')),
    sa.UniqueConstraint('workspace_id', 'name', name=op.f('uq_segment_workspace_id_name'))
    )
    op.create_table('timetable_run',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('job', sa.Text(), nullable=False),
    sa.Column('period', sa.Text(), nullable=False),
    sa.Column('claimed_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.PrimaryKeyConstraint('workspace_id', 'job', 'period', name=op.f('pk_timetable_run'))
    )
    op.create_table('usage_source',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('last_seen_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('accepted', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('duplicates', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('rejected', sa.BigInteger(), server_default='0', nullable=False),
    sa.PrimaryKeyConstraint('workspace_id', 'name', name=op.f('pk_usage_source'))
    )
    op.create_table('user',
    sa.Column('id', sa.BigInteger(), nullable=False),
    sa.Column('email', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('password_hash', sa.Text(), nullable=True),
    sa.Column('session_version', sa.BigInteger(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_user'))
    )
    op.create_index('uq_user_email', 'user', [sa.literal_column('lower(email)')], unique=True)
    op.create_table('workspace',
    sa.Column('id', sa.BigInteger(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('time_zone', sa.Text(), nullable=False),
    sa.Column('currency', sa.Text(), nullable=False),
    sa.Column('is_demo', sa.Boolean(), nullable=False),
    sa.Column('book_day', sa.Date(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_workspace'))
    )
    op.create_table('finding',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('import_id', sa.BigInteger(), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('effect', sa.Text(), nullable=False),
    sa.Column('remedy', sa.Text(), nullable=False),
    sa.Column('count', sa.BigInteger(), nullable=False),
    sa.Column('out_of', sa.BigInteger(), nullable=False),
    sa.Column('examples', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'import_id'], ['import.workspace_id', 'import.id'], name=op.f('fk_finding_workspace_id_import_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_finding')),
    sa.UniqueConstraint('workspace_id', 'import_id', 'code', name=op.f('uq_finding_workspace_id_import_id_code'))
    )
    op.create_table('import_file',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('import_id', sa.BigInteger(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.Column('digest', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=True),
    sa.Column('mapping', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('rows', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('added', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('updated', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('unchanged', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('rejected', sa.BigInteger(), server_default='0', nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'import_id'], ['import.workspace_id', 'import.id'], name=op.f('fk_import_file_workspace_id_import_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_import_file')),
    sa.UniqueConstraint('workspace_id', 'import_id', 'name', name=op.f('uq_import_file_workspace_id_import_id_name'))
    )
    op.create_table('membership',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('user_id', sa.BigInteger(), nullable=False),
    sa.Column('role', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_membership_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'user_id', name=op.f('pk_membership'))
    )
    op.create_index('ix_membership_user', 'membership', ['user_id'], unique=False)
    op.create_table('password_reset',
    sa.Column('secret_hash', sa.Text(), nullable=False),
    sa.Column('user_id', sa.BigInteger(), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_password_reset_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('secret_hash', name=op.f('pk_password_reset'))
    )
    op.create_table('rejection',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('import_id', sa.BigInteger(), nullable=False),
    sa.Column('file', sa.Text(), nullable=False),
    sa.Column('line', sa.BigInteger(), nullable=False),
    sa.Column('column', sa.Text(), nullable=True),
    sa.Column('value', sa.Text(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('row', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'import_id'], ['import.workspace_id', 'import.id'], name=op.f('fk_rejection_workspace_id_import_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_rejection'))
    )
    op.create_index('ix_rejection_import', 'rejection', ['workspace_id', 'import_id', 'id'], unique=False)
    op.create_table('account',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('external_id', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('domain', sa.Text(), nullable=True),
    sa.Column('industry', sa.Text(), nullable=True),
    sa.Column('country', sa.Text(), nullable=True),
    sa.Column('tier', sa.Text(), nullable=True),
    sa.Column('stage', sa.Text(), server_default='prospect', nullable=False),
    sa.Column('owner_id', sa.BigInteger(), nullable=True),
    sa.Column('parent_id', sa.BigInteger(), nullable=True),
    sa.Column('signed_up_on', sa.Date(), nullable=True),
    sa.Column('custom', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'owner_id'], ['membership.workspace_id', 'membership.user_id'], name=op.f('fk_account_workspace_id_owner_id'), ondelete='SET NULL (owner_id)'),
    sa.ForeignKeyConstraint(['workspace_id', 'parent_id'], ['account.workspace_id', 'account.id'], name=op.f('fk_account_workspace_id_parent_id'), ondelete='SET NULL (parent_id)'),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_account')),
    sa.UniqueConstraint('workspace_id', 'external_id', name=op.f('uq_account_workspace_id_external_id'))
    )
    op.create_index('ix_account_owner', 'account', ['workspace_id', 'owner_id'], unique=False)
    op.create_index('ix_account_parent', 'account', ['workspace_id', 'parent_id'], unique=False)
    op.create_table('account_summary',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('owner_id', sa.BigInteger(), nullable=True),
    sa.Column('stage', sa.Text(), nullable=False),
    sa.Column('tier', sa.Text(), nullable=True),
    sa.Column('plan', sa.Text(), nullable=True),
    sa.Column('seats', sa.BigInteger(), nullable=True),
    sa.Column('arr_minor', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('renews_on', sa.Date(), nullable=True),
    sa.Column('term_months', sa.BigInteger(), nullable=True),
    sa.Column('ends_on', sa.Date(), nullable=True),
    sa.Column('last_used_on', sa.Date(), nullable=True),
    sa.Column('usage_28d', sa.Double(), nullable=True),
    sa.Column('usage_before_28d', sa.Double(), nullable=True),
    sa.Column('active_users_28d', sa.BigInteger(), nullable=True),
    sa.Column('last_touch_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('owed_since', sa.DateTime(timezone=True), nullable=True),
    sa.Column('band', sa.Text(), server_default='unknown', nullable=False),
    sa.Column('score', sa.Double(), nullable=True),
    sa.Column('coverage', sa.Double(), nullable=True),
    sa.Column('score_weeks', postgresql.ARRAY(sa.SmallInteger()), nullable=True),
    sa.Column('risk', sa.Double(), nullable=True),
    sa.Column('risk_reason', sa.Text(), nullable=True),
    sa.Column('scored_on', sa.Date(), nullable=True),
    sa.Column('at_stake_minor', sa.BigInteger(), sa.Computed('round(arr_minor * coalesce(risk, 1))::bigint', persisted=True), nullable=False),
    sa.Column('renewal_probability', sa.Double(), nullable=True),
    sa.ForeignKeyConstraint(['workspace_id', 'account_id'], ['account.workspace_id', 'account.id'], name=op.f('fk_account_summary_workspace_id_account_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'account_id', name=op.f('pk_account_summary'))
    )
    op.create_index('ix_summary_arr', 'account_summary', ['workspace_id', 'arr_minor', 'account_id'], unique=False)
    op.create_index('ix_summary_at_stake', 'account_summary', ['workspace_id', 'band', 'at_stake_minor'], unique=False)
    op.create_index('ix_summary_band', 'account_summary', ['workspace_id', 'band', 'arr_minor', 'account_id'], unique=False)
    op.create_index('ix_summary_expected_loss', 'account_summary', ['workspace_id', sa.literal_column('(risk * arr_minor)')], unique=False)
    op.create_index('ix_summary_name', 'account_summary', ['workspace_id', 'name', 'account_id'], unique=False)
    op.create_index('ix_summary_owed', 'account_summary', ['workspace_id', 'owed_since'], unique=False, postgresql_where=sa.text('owed_since IS NOT NULL'))
    op.create_index('ix_summary_owner', 'account_summary', ['workspace_id', 'owner_id', 'arr_minor', 'account_id'], unique=False)
    op.create_index('ix_summary_renews', 'account_summary', ['workspace_id', sa.literal_column("coalesce(renews_on, '9999-12-31')"), 'account_id'], unique=False)
    op.create_index('ix_summary_risk', 'account_summary', ['workspace_id', sa.literal_column('coalesce(risk, -1)'), 'account_id'], unique=False)
    op.create_index('ix_summary_score', 'account_summary', ['workspace_id', sa.literal_column('coalesce(score, -1)'), 'account_id'], unique=False)
    op.create_table('churn_score',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('scored_on', sa.Date(), nullable=False),
    sa.Column('model_version_id', sa.BigInteger(), nullable=True),
    sa.Column('basis', sa.Text(), nullable=False),
    sa.Column('survival', postgresql.ARRAY(sa.Double()), nullable=False),
    sa.Column('risk_30', sa.Double(), nullable=False),
    sa.Column('risk_90', sa.Double(), nullable=False),
    sa.Column('risk_180', sa.Double(), nullable=False),
    sa.Column('risk_365', sa.Double(), nullable=False),
    sa.Column('lifetime_months', sa.Double(), nullable=True),
    sa.Column('average_90', sa.Double(), nullable=False),
    sa.Column('reasons', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('computed_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'account_id'], ['account.workspace_id', 'account.id'], name=op.f('fk_churn_score_workspace_id_account_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id', 'model_version_id'], ['model_version.workspace_id', 'model_version.id'], name=op.f('fk_churn_score_workspace_id_model_version_id')),
    sa.PrimaryKeyConstraint('workspace_id', 'account_id', 'scored_on', name=op.f('pk_churn_score'))
    )
    op.create_table('contact',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('external_id', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('email', sa.Text(), nullable=True),
    sa.Column('phone', sa.Text(), nullable=True),
    sa.Column('title', sa.Text(), nullable=True),
    sa.Column('role', sa.Text(), nullable=True),
    sa.Column('joined_on', sa.Date(), nullable=True),
    sa.Column('left_on', sa.Date(), nullable=True),
    sa.Column('left_known_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['workspace_id', 'account_id'], ['account.workspace_id', 'account.id'], name=op.f('fk_contact_workspace_id_account_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_contact')),
    sa.UniqueConstraint('workspace_id', 'external_id', name=op.f('uq_contact_workspace_id_external_id'))
    )
    op.create_index('ix_contact_account', 'contact', ['workspace_id', 'account_id'], unique=False)
    op.create_index('ix_contact_email', 'contact', ['workspace_id', sa.literal_column('lower(email)')], unique=False)
    op.create_table('daily_usage',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('meter_id', sa.BigInteger(), nullable=False),
    sa.Column('month', sa.Date(), nullable=False),
    sa.Column('totals', postgresql.ARRAY(sa.Double()), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'account_id'], ['account.workspace_id', 'account.id'], name=op.f('fk_daily_usage_workspace_id_account_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id', 'meter_id'], ['meter.workspace_id', 'meter.id'], name=op.f('fk_daily_usage_workspace_id_meter_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'account_id', 'meter_id', 'month', name=op.f('pk_daily_usage'))
    )
    op.create_index('ix_daily_usage_month', 'daily_usage', ['workspace_id', 'month', 'account_id'], unique=False)
    op.create_table('enrolment',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('playbook_id', sa.BigInteger(), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('revision', sa.BigInteger(), server_default='1', nullable=False),
    sa.Column('arm', sa.Text(), nullable=False),
    sa.Column('why', sa.Text(), nullable=False),
    sa.Column('stratum', sa.Text(), nullable=False),
    sa.Column('arr_minor', sa.BigInteger(), nullable=False),
    sa.Column('risk', sa.Double(), nullable=True),
    sa.Column('enrolled_on', sa.Date(), nullable=False),
    sa.Column('enrolled_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('ended_on', sa.Date(), nullable=True),
    sa.Column('ended_why', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['workspace_id', 'account_id'], ['account.workspace_id', 'account.id'], name=op.f('fk_enrolment_workspace_id_account_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id', 'playbook_id'], ['playbook.workspace_id', 'playbook.id'], name=op.f('fk_enrolment_workspace_id_playbook_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_enrolment'))
    )
    op.create_index('ix_enrolment_account', 'enrolment', ['workspace_id', 'account_id'], unique=False)
    op.create_index('ix_enrolment_playbook', 'enrolment', ['workspace_id', 'playbook_id', 'enrolled_on', 'arm', 'ended_on'], unique=False)
    op.create_index('uq_enrolment_open', 'enrolment', ['workspace_id', 'playbook_id', 'account_id'], unique=True, postgresql_where=sa.text('ended_on IS NULL'))
    op.create_table('health_change',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('changed_on', sa.Date(), nullable=False),
    sa.Column('from_band', sa.Text(), nullable=False),
    sa.Column('to_band', sa.Text(), nullable=False),
    sa.Column('from_score', sa.Double(), nullable=True),
    sa.Column('to_score', sa.Double(), nullable=True),
    sa.Column('from_risk', sa.Double(), nullable=True),
    sa.Column('to_risk', sa.Double(), nullable=True),
    sa.Column('why', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('processed_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['workspace_id', 'account_id'], ['account.workspace_id', 'account.id'], name=op.f('fk_health_change_workspace_id_account_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_health_change')),
    sa.UniqueConstraint('workspace_id', 'account_id', 'changed_on', name=op.f('uq_health_change_workspace_id_account_id_changed_on'))
    )
    op.create_index('ix_health_change_new', 'health_change', ['workspace_id', 'id'], unique=False, postgresql_where=sa.text('processed_at IS NULL'))
    op.create_index('ix_health_change_on', 'health_change', ['workspace_id', 'changed_on'], unique=False)
    op.create_table('health_score',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('scored_on', sa.Date(), nullable=False),
    sa.Column('scorecard_id', sa.BigInteger(), nullable=False),
    sa.Column('score', sa.Double(), nullable=True),
    sa.Column('coverage', sa.Double(), nullable=False),
    sa.Column('band', sa.Text(), nullable=False),
    sa.Column('values', postgresql.ARRAY(sa.Double()), nullable=False),
    sa.Column('before', postgresql.ARRAY(sa.Double()), nullable=False),
    sa.Column('computed_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'account_id'], ['account.workspace_id', 'account.id'], name=op.f('fk_health_score_workspace_id_account_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id', 'scorecard_id'], ['scorecard.workspace_id', 'scorecard.id'], name=op.f('fk_health_score_workspace_id_scorecard_id')),
    sa.PrimaryKeyConstraint('workspace_id', 'account_id', 'scored_on', name=op.f('pk_health_score'))
    )
    op.create_index('ix_health_score_on', 'health_score', ['workspace_id', 'scored_on', 'account_id'], unique=False)
    op.create_table('invoice',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('external_id', sa.Text(), nullable=False),
    sa.Column('issued_on', sa.Date(), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('paid_on', sa.Date(), nullable=True),
    sa.Column('amount_minor', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'account_id'], ['account.workspace_id', 'account.id'], name=op.f('fk_invoice_workspace_id_account_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_invoice')),
    sa.UniqueConstraint('workspace_id', 'external_id', name=op.f('uq_invoice_workspace_id_external_id'))
    )
    op.create_index('ix_invoice_account', 'invoice', ['workspace_id', 'account_id'], unique=False)
    op.create_table('movement',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('moved_on', sa.Date(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('opening_minor', sa.BigInteger(), nullable=False),
    sa.Column('closing_minor', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'account_id'], ['account.workspace_id', 'account.id'], name=op.f('fk_movement_workspace_id_account_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'account_id', 'moved_on', name=op.f('pk_movement'))
    )
    op.create_index('ix_movement_on', 'movement', ['workspace_id', 'moved_on'], unique=False)
    op.create_table('renewal_call',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('renews_on', sa.Date(), nullable=False),
    sa.Column('category', sa.Text(), nullable=False),
    sa.Column('amount_minor', sa.BigInteger(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('made_by', sa.BigInteger(), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'account_id'], ['account.workspace_id', 'account.id'], name=op.f('fk_renewal_call_workspace_id_account_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_renewal_call'))
    )
    op.create_index('ix_renewal_call_account', 'renewal_call', ['workspace_id', 'account_id', 'renews_on', 'made_at'], unique=False)
    op.create_table('renewal_forecast',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('renews_on', sa.Date(), nullable=False),
    sa.Column('arr_minor', sa.BigInteger(), nullable=False),
    sa.Column('probability', sa.Double(), nullable=False),
    sa.Column('basis', sa.Text(), nullable=False),
    sa.Column('expected_minor', sa.BigInteger(), nullable=False),
    sa.Column('at_risk_minor', sa.BigInteger(), sa.Computed('arr_minor - expected_minor', persisted=True), nullable=False),
    sa.Column('projected_on', sa.Date(), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'account_id'], ['account.workspace_id', 'account.id'], name=op.f('fk_renewal_forecast_workspace_id_account_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'account_id', 'renews_on', name=op.f('pk_renewal_forecast'))
    )
    op.create_index('ix_renewal_forecast_on', 'renewal_forecast', ['workspace_id', 'renews_on', 'account_id'], unique=False)
    op.create_table('search_word',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('word', sa.Text(collation='C'), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('contact_id', sa.BigInteger(), server_default='0', nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'account_id'], ['account.workspace_id', 'account.id'], name=op.f('fk_search_word_workspace_id_account_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'word', 'account_id', 'contact_id', name=op.f('pk_search_word'))
    )
    op.create_index('ix_search_word_account', 'search_word', ['workspace_id', 'account_id', 'word'], unique=False)
    op.create_table('snooze',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('user_id', sa.BigInteger(), nullable=False),
    sa.Column('until', sa.Date(), nullable=False),
    sa.Column('snoozed_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'account_id'], ['account.workspace_id', 'account.id'], name=op.f('fk_snooze_workspace_id_account_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'account_id', 'user_id', name=op.f('pk_snooze'))
    )
    op.create_table('subscription',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('external_id', sa.Text(), nullable=False),
    sa.Column('plan', sa.Text(), nullable=True),
    sa.Column('seats', sa.BigInteger(), nullable=True),
    sa.Column('arr_minor', sa.BigInteger(), nullable=False),
    sa.Column('started_on', sa.Date(), nullable=False),
    sa.Column('ended_on', sa.Date(), nullable=True),
    sa.Column('end_known_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('term_months', sa.BigInteger(), nullable=True),
    sa.Column('renews_on', sa.Date(), nullable=True),
    sa.Column('auto_renew', sa.Boolean(), nullable=True),
    sa.Column('is_trial', sa.Boolean(), server_default='false', nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'account_id'], ['account.workspace_id', 'account.id'], name=op.f('fk_subscription_workspace_id_account_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_subscription')),
    sa.UniqueConstraint('workspace_id', 'external_id', 'started_on', name=op.f('uq_subscription_workspace_id_external_id_started_on'))
    )
    op.create_index('ix_subscription_account', 'subscription', ['workspace_id', 'account_id'], unique=False)
    op.create_table('touched_account',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('touched_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'account_id'], ['account.workspace_id', 'account.id'], name=op.f('fk_touched_account_workspace_id_account_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'account_id', name=op.f('pk_touched_account'))
    )
    op.create_index('ix_touched_at', 'touched_account', ['workspace_id', 'touched_at'], unique=False)
    op.create_table('usage_event',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('event_id', sa.Text(), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('meter_id', sa.BigInteger(), nullable=False),
    sa.Column('happened_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('quantity', sa.Double(), nullable=False),
    sa.Column('person', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['workspace_id', 'account_id'], ['account.workspace_id', 'account.id'], name=op.f('fk_usage_event_workspace_id_account_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id', 'meter_id'], ['meter.workspace_id', 'meter.id'], name=op.f('fk_usage_event_workspace_id_meter_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'source', 'event_id', name=op.f('pk_usage_event'))
    )
    op.create_table('user_month',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('person', sa.Text(), nullable=False),
    sa.Column('month', sa.Date(), nullable=False),
    sa.Column('days', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'account_id'], ['account.workspace_id', 'account.id'], name=op.f('fk_user_month_workspace_id_account_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'account_id', 'person', 'month', name=op.f('pk_user_month'))
    )
    op.create_index('ix_user_month_month', 'user_month', ['workspace_id', 'month', 'account_id'], unique=False)
    op.create_table('interaction',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('contact_id', sa.BigInteger(), nullable=True),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('external_id', sa.Text(), nullable=False),
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('direction', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=True),
    sa.Column('body', sa.Text(), nullable=True),
    sa.Column('happened_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('author', sa.Text(), nullable=True),
    sa.Column('sentiment', sa.Double(), nullable=True),
    sa.Column('sentiment_why', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.Column('satisfaction', sa.Double(), nullable=True),
    sa.Column('priority', sa.Text(), nullable=True),
    sa.Column('escalated', sa.Boolean(), server_default='false', nullable=False),
    sa.Column('resolved_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('reach', sa.BigInteger(), nullable=True),
    sa.Column('thread', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['workspace_id', 'account_id'], ['account.workspace_id', 'account.id'], name=op.f('fk_interaction_workspace_id_account_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id', 'contact_id'], ['contact.workspace_id', 'contact.id'], name=op.f('fk_interaction_workspace_id_contact_id'), ondelete='SET NULL (contact_id)'),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_interaction')),
    sa.UniqueConstraint('workspace_id', 'source', 'external_id', name=op.f('uq_interaction_workspace_id_source_external_id'))
    )
    op.create_index('ix_interaction_account', 'interaction', ['workspace_id', 'account_id', 'happened_at'], unique=False)
    op.create_table('outcome',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('enrolment_id', sa.BigInteger(), nullable=False),
    sa.Column('churned', sa.Boolean(), nullable=False),
    sa.Column('arr_after_minor', sa.BigInteger(), nullable=False),
    sa.Column('measured_on', sa.Date(), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'enrolment_id'], ['enrolment.workspace_id', 'enrolment.id'], name=op.f('fk_outcome_workspace_id_enrolment_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'enrolment_id', name=op.f('pk_outcome'))
    )
    op.create_table('task',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('enrolment_id', sa.BigInteger(), nullable=True),
    sa.Column('playbook_id', sa.BigInteger(), nullable=True),
    sa.Column('step', sa.BigInteger(), nullable=True),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('advice', sa.Text(), nullable=False),
    sa.Column('owner_id', sa.BigInteger(), nullable=True),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('is_open', sa.Boolean(), server_default='true', nullable=False),
    sa.Column('created_by', sa.BigInteger(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'account_id'], ['account.workspace_id', 'account.id'], name=op.f('fk_task_workspace_id_account_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id', 'enrolment_id'], ['enrolment.workspace_id', 'enrolment.id'], name=op.f('fk_task_workspace_id_enrolment_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id', 'owner_id'], ['membership.workspace_id', 'membership.user_id'], name=op.f('fk_task_workspace_id_owner_id'), ondelete='SET NULL (owner_id)'),
    sa.ForeignKeyConstraint(['workspace_id', 'playbook_id'], ['playbook.workspace_id', 'playbook.id'], name=op.f('fk_task_workspace_id_playbook_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_task')),
    sa.UniqueConstraint('workspace_id', 'enrolment_id', 'step', name=op.f('uq_task_workspace_id_enrolment_id_step'))
    )
    op.create_index('ix_task_account', 'task', ['workspace_id', 'account_id'], unique=False)
    op.create_index('ix_task_open', 'task', ['workspace_id', 'owner_id', 'due_on'], unique=False, postgresql_where=sa.text('is_open'))
    op.create_index('ix_task_playbook', 'task', ['workspace_id', 'playbook_id', 'due_on'], unique=False, postgresql_where=sa.text('is_open'))
    op.create_table('completion',
    sa.Column('workspace_id', sa.BigInteger(), server_default=sa.text("NULLIF(current_setting('app.workspace_id', true), '')::bigint"), autoincrement=False, nullable=False),
    sa.Column('task_id', sa.BigInteger(), nullable=False),
    sa.Column('result', sa.Text(), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('completed_by', sa.BigInteger(), nullable=True),
    sa.Column('completed_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'task_id'], ['task.workspace_id', 'task.id'], name=op.f('fk_completion_workspace_id_task_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'task_id', name=op.f('pk_completion'))
    )
    op.create_index('ix_completion_at', 'completion', ['workspace_id', 'completed_at'], unique=False)
    close_to_other_workspaces()


def downgrade() -> None:
    op.drop_index('ix_completion_at', table_name='completion')
    op.drop_table('completion')
    op.drop_index('ix_task_playbook', table_name='task', postgresql_where=sa.text('is_open'))
    op.drop_index('ix_task_open', table_name='task', postgresql_where=sa.text('is_open'))
    op.drop_index('ix_task_account', table_name='task')
    op.drop_table('task')
    op.drop_table('outcome')
    op.drop_index('ix_interaction_account', table_name='interaction')
    op.drop_table('interaction')
    op.drop_index('ix_user_month_month', table_name='user_month')
    op.drop_table('user_month')
    op.drop_table('usage_event')
    op.drop_index('ix_touched_at', table_name='touched_account')
    op.drop_table('touched_account')
    op.drop_index('ix_subscription_account', table_name='subscription')
    op.drop_table('subscription')
    op.drop_table('snooze')
    op.drop_index('ix_search_word_account', table_name='search_word')
    op.drop_table('search_word')
    op.drop_index('ix_renewal_forecast_on', table_name='renewal_forecast')
    op.drop_table('renewal_forecast')
    op.drop_index('ix_renewal_call_account', table_name='renewal_call')
    op.drop_table('renewal_call')
    op.drop_index('ix_movement_on', table_name='movement')
    op.drop_table('movement')
    op.drop_index('ix_invoice_account', table_name='invoice')
    op.drop_table('invoice')
    op.drop_index('ix_health_score_on', table_name='health_score')
    op.drop_table('health_score')
    op.drop_index('ix_health_change_on', table_name='health_change')
    op.drop_index('ix_health_change_new', table_name='health_change', postgresql_where=sa.text('processed_at IS NULL'))
    op.drop_table('health_change')
    op.drop_index('uq_enrolment_open', table_name='enrolment', postgresql_where=sa.text('ended_on IS NULL'))
    op.drop_index('ix_enrolment_playbook', table_name='enrolment')
    op.drop_index('ix_enrolment_account', table_name='enrolment')
    op.drop_table('enrolment')
    op.drop_index('ix_daily_usage_month', table_name='daily_usage')
    op.drop_table('daily_usage')
    op.drop_index('ix_contact_email', table_name='contact')
    op.drop_index('ix_contact_account', table_name='contact')
    op.drop_table('contact')
    op.drop_table('churn_score')
    op.drop_index('ix_summary_score', table_name='account_summary')
    op.drop_index('ix_summary_risk', table_name='account_summary')
    op.drop_index('ix_summary_renews', table_name='account_summary')
    op.drop_index('ix_summary_owner', table_name='account_summary')
    op.drop_index('ix_summary_owed', table_name='account_summary', postgresql_where=sa.text('owed_since IS NOT NULL'))
    op.drop_index('ix_summary_name', table_name='account_summary')
    op.drop_index('ix_summary_expected_loss', table_name='account_summary')
    op.drop_index('ix_summary_band', table_name='account_summary')
    op.drop_index('ix_summary_at_stake', table_name='account_summary')
    op.drop_index('ix_summary_arr', table_name='account_summary')
    op.drop_table('account_summary')
    op.drop_index('ix_account_parent', table_name='account')
    op.drop_index('ix_account_owner', table_name='account')
    op.drop_table('account')
    op.drop_index('ix_rejection_import', table_name='rejection')
    op.drop_table('rejection')
    op.drop_table('password_reset')
    op.drop_index('ix_membership_user', table_name='membership')
    op.drop_table('membership')
    op.drop_table('import_file')
    op.drop_table('finding')
    op.drop_table('workspace')
    op.drop_index('uq_user_email', table_name='user')
    op.drop_table('user')
    op.drop_table('usage_source')
    op.drop_table('timetable_run')
    op.drop_table('segment')
    op.drop_table('scorecard')
    op.drop_table('playbook')
    op.drop_table('model_version')
    op.drop_table('meter')
    op.drop_index('uq_job_waiting', table_name='job', postgresql_where=sa.text("state = 'ready'"))
    op.drop_index('ix_job_recent', table_name='job')
    op.drop_index('ix_job_open', table_name='job', postgresql_where=sa.text("state IN ('ready', 'running')"))
    op.drop_table('job')
    op.drop_table('invitation')
    op.drop_index('ix_import_recent', table_name='import')
    op.drop_table('import')
    op.drop_table('heartbeat')
    op.drop_table('forecast_snapshot')
    op.drop_table('book_standing')
    op.drop_index('ix_audit_entry_at', table_name='audit_entry')
    op.drop_table('audit_entry')
    op.drop_table('api_key')
