"""Names in rows that lead nowhere, though the row itself could be taken."""

from sqlalchemy import text

from app.connectors.csv.book import Book
from app.connectors.csv.checks.check import Check
from app.connectors.csv.translating import Taken
from app.core import tenancy
from app.extensions import db


class OwnerUnknown(Check):
    """Accounts whose owner is not a member of the workspace."""

    code = "owner_unknown"
    title = "Owners who are not members here"
    effect = "These accounts have no owner: they stand on nobody's day."
    remedy = "Invite these people under Settings, then bring the accounts file again."
    kinds = frozenset({"accounts"})

    def __init__(self) -> None:
        super().__init__()
        members = (
            'SELECT lower(u.email) FROM membership m JOIN "user" u ON u.id = m.user_id'
            " WHERE m.workspace_id = :workspace"
        )
        self._members = set(db.session.scalars(text(members), {"workspace": tenancy.workspace_id()}))

    def look(self, row: Taken, book: Book) -> None:
        del book
        owner = row.record.get("owner_email")
        self.out_of += bool(owner)
        if owner and owner not in self._members:
            self.hit(f"{owner} owns {row.record['external_id']}", row)


class ParentUnknown(Check):
    """Accounts whose parent is in no file and not in the book."""

    code = "parent_unknown"
    title = "Parent accounts that do not exist"
    effect = "These accounts stand alone; their figures are not added to a family."
    remedy = "Bring the parent accounts, then this file again."
    kinds = frozenset({"accounts"})

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[Taken] = []

    def look(self, row: Taken, book: Book) -> None:
        del book
        if row.record.get("parent"):
            self._rows.append(row)

    def close(self, book: Book) -> None:
        self.out_of = len(self._rows)
        for row in self._rows:
            if row.record["parent"] not in book.accounts:
                self.hit(f"{row.record['external_id']} belongs to {row.record['parent']}", row)
