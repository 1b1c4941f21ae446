"""How the columns of a file are written, judged by all their values: day or month first, comma or dot."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from app.connectors.csv.reading import amounts, dates

_CLEAR = 20  # a habit holds when it outnumbers its opposite by this factor; the rest are slips
_TELLING = 3  # so many values with three digits after the dot, and none with another number: thousands


@dataclass(frozen=True)
class Habit:
    """How one column of dates is written, and how that is known.

    evidence: column, file, setting, none, or contested (both orders are in it). `slips`: how many dates are written
    against the habit, and can be read one way only.
    """

    day_first: bool | None
    evidence: str
    ambiguous: int = 0
    slips: int = 0


@dataclass(frozen=True)
class Habits:
    """The habits of a file's columns, by column."""

    dates: Mapping[str, Habit] = field(default_factory=dict)
    marks: Mapping[str, str | None] = field(default_factory=dict)

    def day_first(self, column: str) -> bool | None:
        return self.dates[column].day_first if column in self.dates else None

    @property
    def unsettled(self) -> dict[str, int]:
        """The date columns in which some values read as two days, with how many do."""
        return {
            column: habit.ambiguous
            for column, habit in self.dates.items()
            if habit.day_first is None and habit.ambiguous
        }


@dataclass
class Witness:
    """Counts what the values of a column betray."""

    leanings: Counter[bool | None] = field(default_factory=Counter)
    ambiguous: int = 0
    marks: Counter[str | None] = field(default_factory=Counter)

    def see_date(self, text: str) -> None:
        self.leanings[dates.leaning(text)] += 1
        self.ambiguous += dates.is_ambiguous(text)

    def see_number(self, text: str) -> None:
        self.marks[amounts.decimal_mark(text)] += 1


def judge(
    rows: Iterable[Mapping[str, str]],
    day_columns: Collection[str],
    number_columns: Collection[str],
    setting: bool | None,
) -> Habits:
    """Decide each column by all its values: a date column by itself, else by the file's others, else by the setting."""
    witnesses = {column: Witness() for column in (*day_columns, *number_columns)}
    for cells in rows:
        for column in day_columns:
            witnesses[column].see_date(cells[column])
        for column in number_columns:
            witnesses[column].see_number(cells[column])
    whole: Counter[bool | None] = sum((witnesses[column].leanings for column in day_columns), Counter())
    return Habits(
        {column: _habit(witnesses[column], whole, setting) for column in day_columns},
        {column: _mark(witnesses[column].marks) for column in number_columns},
    )


def _habit(witness: Witness, whole: Counter[bool | None], setting: bool | None) -> Habit:
    slips = min(witness.leanings[True], witness.leanings[False])
    for counted, evidence in ((witness.leanings, "column"), (whole, "file")):
        if counted[True] or counted[False]:
            day_first = _majority(counted[True], counted[False])
            if day_first is None:
                return Habit(setting, "contested", witness.ambiguous, slips)
            return Habit(day_first, evidence, witness.ambiguous, slips)
    return Habit(setting, "none" if setting is None else "setting", witness.ambiguous)


def _majority(yes: int, no: int) -> bool | None:
    if yes >= _CLEAR * no:
        return True
    return False if no >= _CLEAR * yes else None


def _mark(marks: Mapping[str | None, int]) -> str | None:
    """Give the decimal mark of a column: "," or "."; None when nothing tells."""
    commas, dots = marks.get(",", 0), marks.get(".", 0)
    if commas or dots:
        return "," if commas >= dots else "."
    return "," if marks.get("?", 0) >= _TELLING else None
