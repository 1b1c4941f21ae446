"""Words of names without a foreign key, and indexes that hold what is looked for in them, and no more

Revision: 0010
Follows: 0009
"""

from alembic import op
import sqlalchemy as sa

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None

LOSS = sa.literal_column('(risk * arr_minor)')
PARTIAL = {
    'ix_account_owner': ('account', ['owner_id'], 'owner_id IS NOT NULL'),
    'ix_account_parent': ('account', ['parent_id'], 'parent_id IS NOT NULL'),
    'ix_summary_at_stake': ('account_summary', ['band', 'at_stake_minor'], 'arr_minor > 0'),
    'ix_summary_expected_loss': ('account_summary', [LOSS], 'risk * arr_minor IS NOT NULL'),
}
FORGETTING = {'account': 'w.account_id = gone.id', 'contact': '(w.account_id, w.contact_id) = (gone.account_id, gone.id)'}


def upgrade() -> None:
    op.execute('ALTER TABLE search_word ALTER COLUMN word SET STATISTICS 300')
    op.drop_constraint('fk_search_word_workspace_id_account_id', 'search_word', type_='foreignkey')
    for table, gone in FORGETTING.items():
        op.execute(f"""
            CREATE FUNCTION forget_words_of_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                DELETE FROM search_word w USING gone WHERE w.workspace_id = gone.workspace_id AND {gone};
                RETURN NULL;
            END $$
        """)
        op.execute(f"""
            CREATE TRIGGER forget_words AFTER DELETE ON {table} REFERENCING OLD TABLE AS gone
            FOR EACH STATEMENT EXECUTE FUNCTION forget_words_of_{table}()
        """)
    for name, (table, columns, where) in PARTIAL.items():
        op.drop_index(name, table_name=table)
        op.create_index(name, table, ['workspace_id', *columns], unique=False, postgresql_where=sa.text(where))
    op.drop_index('ix_movement_on', table_name='movement')
    op.create_index('ix_movement_on', 'movement', ['workspace_id', 'moved_on'], unique=False, postgresql_include=['kind', 'opening_minor', 'closing_minor'])
    op.create_index('ix_subscription_paid', 'subscription', ['workspace_id', 'ended_on', 'started_on'], unique=False, postgresql_include=['arr_minor'], postgresql_where=sa.text('NOT is_trial AND ended_on IS DISTINCT FROM started_on'))


def downgrade() -> None:
    op.drop_index('ix_subscription_paid', table_name='subscription')
    op.drop_index('ix_movement_on', table_name='movement')
    op.create_index('ix_movement_on', 'movement', ['workspace_id', 'moved_on'], unique=False)
    for name, (table, columns, _) in PARTIAL.items():
        op.drop_index(name, table_name=table)
        op.create_index(name, table, ['workspace_id', *columns], unique=False)
    for table in FORGETTING:
        op.execute(f'DROP TRIGGER forget_words ON {table}')
        op.execute(f'DROP FUNCTION forget_words_of_{table}()')
    op.execute('ALTER TABLE search_word ALTER COLUMN word SET STATISTICS -1')
    op.create_foreign_key('fk_search_word_workspace_id_account_id', 'search_word', 'account', ['workspace_id', 'account_id'], ['workspace_id', 'id'], ondelete='CASCADE')
