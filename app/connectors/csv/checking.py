"""The data-quality report of an import: every check looks at every row it is about, then says what it found."""

from collections import Counter
from collections.abc import Iterator

from app.connectors.csv.book import Book
from app.connectors.csv.checks import (
    before_signup,
    churn_without_end,
    churned_but_paying,
    reactivations,
    references,
    subscriptions,
    usage_outside_subscription,
    usage_unpaid,
)
from app.connectors.csv.checks.check import MOST_EXAMPLES, Check
from app.connectors.csv.models import Finding
from app.connectors.csv.translating import Plan, Refused, Taken
from app.connectors.csv.writing import MOST_FEATURES, Meters

CHECKS: tuple[type[Check], ...] = (
    churned_but_paying.FlagButPaying,
    churned_but_paying.ChurnEventButPaying,
    churn_without_end.ChurnWithoutEnd,
    reactivations.ReactivationUnseen,
    subscriptions.StretchesOverlap,
    subscriptions.EndedInNameOnly,
    subscriptions.ArrIsNotTwelveMonths,
    subscriptions.TrialPays,
    subscriptions.PaidForNoDay,
    subscriptions.SeveralAtOnce,
    before_signup.PaidBeforeSignup,
    before_signup.SaidBeforeSignup,
    before_signup.UsageBeforeSignup,
    usage_outside_subscription.UsageOutsideSubscription,
    usage_unpaid.UsageUnpaid,
    references.OwnerUnknown,
    references.ParentUnknown,
)


class Checks:
    """All checks of one import."""

    def __init__(self, plans: list[Plan]) -> None:
        kinds = {plan.kind.code for plan in plans}
        self.plans = plans
        self._checks = [make() for make in CHECKS if make.kinds & kinds]
        self._taken: Counter[str] = Counter()
        self._missed: Counter[tuple[str, str]] = Counter()
        self._twice: dict[str, list[Refused]] = {}

    def look(self, kind: str, row: Taken, book: Book) -> None:
        """Show a taken row to the checks that are about its kind."""
        self._taken[kind] += 1
        for check in self._checks:
            if kind in check.kinds:
                check.look(row, book)
        for code, value in row.values.items():
            if value is None:
                self._missed[kind, code] += 1

    def look_at_refusal(self, kind: str, row: Refused) -> None:
        """Note a row that was refused since its id was used before."""
        if row.reason.startswith("was used on"):
            self._twice.setdefault(kind, []).append(row)

    def findings(self, import_id: int, book: Book, meters: Meters | None) -> Iterator[Finding]:
        """Give what was found, one finding a sort."""
        for check in self._checks:
            check.close(book)
            if check.count:
                yield Finding(
                    import_id=import_id, code=check.code, title=check.title, effect=check.effect, remedy=check.remedy,
                    count=check.count, out_of=check.out_of, examples=check.examples,
                )  # fmt: skip
        yield from self._ids_used_twice(import_id)
        yield from self._missing_values(import_id)
        yield from self._dates(import_id)
        if meters and meters.left_out:
            yield _features_without_meter(import_id, meters)

    def _ids_used_twice(self, import_id: int) -> Iterator[Finding]:
        for kind, rows in self._twice.items():
            yield Finding(
                import_id=import_id,
                code=f"ids_used_twice_{kind}",
                title=f"Ids used twice with different content ({kind.replace('_', ' ')})",
                effect="The first row of each id was taken, the later ones refused: nothing tells which is right.",
                remedy="Download the rejected rows, give each an id of its own (or delete it), and bring that file in.",
                count=len(rows),
                out_of=self._taken[kind] + len(rows),
                examples=[
                    {"file": row.file, "line": row.line, "text": f"{row.value} {row.reason}"}
                    for row in rows[:MOST_EXAMPLES]
                ],
            )

    def _missing_values(self, import_id: int) -> Iterator[Finding]:
        for (kind, code), count in self._missed.items():
            field = next(plan.kind for plan in self.plans if plan.kind.code == kind).by_code.get(code)
            if field is not None and field.missed:
                yield Finding(
                    import_id=import_id,
                    code=f"missing_{kind}_{code}",
                    title=f"{field.title} is missing ({kind.replace('_', ' ')})",
                    effect=f"Where it is empty, {field.missed}.",
                    remedy="Nothing needs doing. Where it is known elsewhere, fill it in and bring the file again.",
                    count=count,
                    out_of=self._taken[kind],
                    examples=[],
                )

    def _dates(self, import_id: int) -> Iterator[Finding]:
        """Say which date columns were read by the setting, and which hold both orders."""
        for plan in self.plans:
            for column, habit in plan.habits.dates.items():
                if habit.slips or (habit.ambiguous and habit.evidence in {"none", "setting", "contested"}):
                    yield _unclear_dates(import_id, plan, column)


def _unclear_dates(import_id: int, plan: Plan, column: str) -> Finding:
    habit = plan.habits.dates[column]
    order = {True: "day first", False: "month first", None: "not at all: those rows were refused"}[habit.day_first]
    title = "holds dates in both orders" if habit.slips else "does not tell whether the day or the month comes first"
    return Finding(
        import_id=import_id,
        code=f"dates_{plan.file}_{column}",
        title=f"The column {column} of {plan.file} {title}",
        effect=f"{habit.ambiguous} dates could be read either way; they were read {order}.",
        remedy="Export the column as 2024-12-31, or set the order on the import's mapping page, and bring it again.",
        count=habit.slips or habit.ambiguous,
        out_of=sum(1 for _ in plan.sheet.rows()),
        examples=[],
    )


def _features_without_meter(import_id: int, meters: Meters) -> Finding:
    return Finding(
        import_id=import_id,
        code="features_without_meter",
        title="Features that count in the total only",
        effect=f"The {MOST_FEATURES} most used features have meters of their own; the others add to the total only.",
        remedy="Nothing needs doing. To follow one of them, leave less important features out of the file.",
        count=len(meters.left_out),
        out_of=len(meters.left_out) + len(meters.features),
        examples=[{"text": name} for name in meters.left_out[:MOST_EXAMPLES]],
    )
