"""What a check is: it looks at each row that was taken, and says at the end what it found."""

from collections.abc import Mapping
from typing import Any, ClassVar

from app.connectors.csv.book import Book
from app.connectors.csv.translating import Taken

MOST_EXAMPLES = 5


class Check:
    """Counts contradictions of one sort. `effect` says what they do to the figures, `remedy` what a person can do."""

    code: ClassVar[str]
    title: ClassVar[str]
    effect: str
    remedy: ClassVar[str]
    kinds: ClassVar[frozenset[str]]

    def __init__(self) -> None:
        self.count = self.out_of = 0
        self.examples: list[dict[str, Any]] = []

    def look(self, row: Taken, book: Book) -> None:
        """Look at a row of one of the `kinds`."""

    def close(self, book: Book) -> None:
        """Look at the whole, once every row was seen."""

    def hit(self, what: str, row: Taken | None = None) -> None:
        """Count a contradiction and keep the first few as examples."""
        self.count += 1
        if len(self.examples) < MOST_EXAMPLES:
            where: Mapping[str, Any] = {"file": row.file, "line": row.line} if row else {}
            self.examples.append({**where, "text": what})
