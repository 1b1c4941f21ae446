"""Have words vacuumed sooner, so that their index answers alone

Revision: 0019
Follows: 0018
"""

from alembic import op

revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None


def upgrade() -> None:
    # An index answers alone only for pages that a vacuum has seen since they were written.
    op.execute('ALTER TABLE search_word SET (autovacuum_vacuum_insert_scale_factor = 0.02)')


def downgrade() -> None:
    op.execute('ALTER TABLE search_word RESET (autovacuum_vacuum_insert_scale_factor)')
