"""Let the words of settled webhook messages be forgotten when their time is over

Revision: 0016
Follows: 0015
"""

from alembic import op

revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column('webhook_delivery', 'body', nullable=True)


def downgrade() -> None:
    op.execute('ALTER TABLE webhook_delivery NO FORCE ROW LEVEL SECURITY')
    op.execute("UPDATE webhook_delivery SET body = '' WHERE body IS NULL")
    op.execute('ALTER TABLE webhook_delivery FORCE ROW LEVEL SECURITY')
    op.alter_column('webhook_delivery', 'body', nullable=False)
