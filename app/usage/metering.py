"""Says what an event counts on: by rules that name events and properties, or on the meter that bears its name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, text

from app.extensions import db
from app.usage.intake.ingesting import MOST, ensure_meters
from app.usage.models import Meter, MeterRule

ANY = "*"
EVERYTHING = "product_events"


class NoNumberError(ValueError):
    """A property that a rule adds up holds no number."""

    def __init__(self, name: str, value: Any) -> None:
        super().__init__(f"The property {name!r} is to be added up, and {value!r} is no number, or one beyond reason.")
        self.name = name


@dataclass(frozen=True)
class Rule:
    """One way to count: `meter` gets 1, or the number in `quantity_from`, for each event that meets it."""

    meter: str
    event_name: str
    conditions: Mapping[str, Any]
    quantity_from: str | None

    def quantity(self, properties: Mapping[str, Any]) -> float | None:
        """Give what an event of this name counts, None when it does not meet the conditions. Raises NoNumberError."""
        if any(properties.get(name) != wanted for name, wanted in self.conditions.items()):
            return None
        if self.quantity_from is None:
            return 1.0
        return _number(self.quantity_from, properties.get(self.quantity_from))


@dataclass(frozen=True)
class Rules:
    """The rules of a workspace, by name of event, and its meters."""

    by_event: Mapping[str, list[Rule]]
    meters: frozenset[str]

    def of_product_event(self, name: str, properties: Mapping[str, Any]) -> dict[str, float]:
        """Give what an event of product analytics counts: {meter: quantity}. Raises NoNumberError."""
        return _counted([*self.by_event.get(ANY, ()), *self.by_event.get(name, ())], properties)

    def of_metered_event(self, name: str, properties: Mapping[str, Any]) -> dict[str, float] | None:
        """Give what an event of a metering system counts; None when no rule and no meter bears its name."""
        rules = self.by_event.get(name)
        if rules is None:
            return {name: 1.0} if name in self.meters else None
        return _counted(rules, properties)


def rules_in_force() -> Rules:
    """Read the rules of the workspace."""
    query = select(Meter.code, MeterRule).join(MeterRule, MeterRule.meter_id == Meter.id).order_by(MeterRule.id)
    by_event: dict[str, list[Rule]] = {}
    for code, row in db.session.execute(query):
        rule = Rule(code, row.event_name, row.conditions, row.quantity_from)
        by_event.setdefault(row.event_name, []).append(rule)
    return Rules(by_event, frozenset(db.session.scalars(select(Meter.code))))


def find_rule(rule_id: int) -> Rule | None:
    """Give a rule by its number, None when it is removed."""
    query = select(Meter.code, MeterRule).join(MeterRule, MeterRule.meter_id == Meter.id).where(MeterRule.id == rule_id)
    found = db.session.execute(query).one_or_none()
    return Rule(found[0], found[1].event_name, found[1].conditions, found[1].quantity_from) if found else None


def count_everything() -> Rules:
    """Make the meter that counts every event of product analytics, once: who has it may do without its rule."""
    ensure_meters([EVERYTHING])
    db.session.execute(text("UPDATE meter SET name = 'Product events' WHERE code = :code"), {"code": EVERYTHING})
    make_rule(EVERYTHING, ANY)
    return rules_in_force()


def make_rule(
    meter: str, event_name: str, conditions: Mapping[str, Any] | None = None, quantity_from: str | None = None
) -> int | None:
    """Have a meter count an event. Gives the rule's id, None when there is such a rule already."""
    meter_id = db.session.execute(select(Meter.id).where(Meter.code == meter)).scalar_one()
    found = db.session.execute(
        select(MeterRule.id).where(
            MeterRule.meter_id == meter_id,
            MeterRule.event_name == event_name,
            MeterRule.conditions == dict(conditions or {}),
        )
    ).scalar()
    if found is not None:
        return None
    rule = MeterRule(
        meter_id=meter_id, event_name=event_name, conditions=dict(conditions or {}), quantity_from=quantity_from
    )
    db.session.add(rule)
    db.session.flush()
    return int(rule.id)


def _counted(rules: list[Rule], properties: Mapping[str, Any]) -> dict[str, float]:
    found = {rule.meter: rule.quantity(properties) for rule in rules}
    return {meter: quantity for meter, quantity in found.items() if quantity is not None}


def _number(name: str, value: Any) -> float:
    try:
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            raise NoNumberError(name, value)
        found = float(value)
    except ValueError as error:
        raise NoNumberError(name, value) from error
    if not abs(found) <= MOST:
        raise NoNumberError(name, value)
    return found
