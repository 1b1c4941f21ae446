"""Words of names without a foreign key, and smaller indexes of accounts

Revision: 0010
Follows: 0009
"""

from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None

OPTIONAL = {'ix_account_owner': 'owner_id', 'ix_account_parent': 'parent_id'}


def upgrade() -> None:
    op.drop_constraint('fk_search_word_workspace_id_account_id', 'search_word', type_='foreignkey')
    for table, gone in {'account': 'w.account_id = gone.id', 'contact': '(w.account_id, w.contact_id) = (gone.account_id, gone.id)'}.items():
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
    for name, column in OPTIONAL.items():
        op.drop_index(name, table_name='account')
        op.create_index(name, 'account', ['workspace_id', column], unique=False, postgresql_where=f'{column} IS NOT NULL')


def downgrade() -> None:
    for name, column in OPTIONAL.items():
        op.drop_index(name, table_name='account')
        op.create_index(name, 'account', ['workspace_id', column], unique=False)
    for table in ('account', 'contact'):
        op.execute(f'DROP TRIGGER forget_words ON {table}')
        op.execute(f'DROP FUNCTION forget_words_of_{table}()')
    op.create_foreign_key('fk_search_word_workspace_id_account_id', 'search_word', 'account', ['workspace_id', 'account_id'], ['workspace_id', 'id'], ondelete='CASCADE')
