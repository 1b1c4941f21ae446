"""Remember what product analytics told, so that it overwrites nothing that people or other systems wrote

Revision: 0014
Follows: 0013
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ('account', 'contact'):
        told = sa.Column('told', postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False)
        op.add_column(table, told)
        op.execute(f'ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY')
    # Who wrote what was not kept before: where product analytics told anything, all of it counts as told by it.
    op.execute("""
        UPDATE account SET told = jsonb_strip_nulls(jsonb_build_object('name', name, 'domain', domain,
            'industry', industry, 'country', country, 'tier', tier, 'custom', custom)) WHERE told_at IS NOT NULL
    """)
    op.execute("""
        UPDATE contact SET told = jsonb_strip_nulls(jsonb_build_object('name', name, 'email', email, 'phone', phone,
            'title', title, 'account_id', account_id)) WHERE told_at IS NOT NULL
    """)
    for table in ('account', 'contact'):
        op.execute(f'ALTER TABLE {table} FORCE ROW LEVEL SECURITY')
    op.drop_column('meter', 'last_seen_at')


def downgrade() -> None:
    op.add_column('meter', sa.Column('last_seen_at', sa.DateTime(timezone=True), nullable=True))
    for table in ('contact', 'account'):
        op.drop_column(table, 'told')
