"""The scorecards that every workspace begins with: one for customers in their first months, one for all others."""

from typing import Any

from app.health.scorecard import SIGNALS


def _m(signal: str, title: str, unit: str, weight: float, source: str, *curve: tuple[float, float]) -> dict[str, Any]:
    corners = [list(corner) for corner in curve]
    return {"signal": signal, "title": title, "unit": unit, "weight": weight, "source": source, "curve": corners}


def _d(code: str, title: str, weight: float, *measures: dict[str, Any]) -> dict[str, Any]:
    return {"code": code, "title": title, "weight": weight, "measures": list(measures)}


DEFAULT: dict[str, Any] = {
    "signals": list(SIGNALS),
    "bands": [["thriving", 85], ["steady", 75], ["watch", 65], ["at risk", 0]],
    "hysteresis": 2.0,
    "coverage_floor": 0.5,
    "deadlines": {"usage": 7, "conversations": 60, "invoices": 75, "contracts": 100_000, "contacts": 100_000},
    "dimensions": [
        _d(
            "adoption", "Adoption", 40,
            _m("usage_habit", "Usage against its habit", "ratio", 30, "usage",
               (0, 0), (0.4, 15), (0.8, 55), (1.0, 80), (1.3, 100)),
            _m("days_since_use", "Days since last use", "days", 15, "usage", (0, 100), (4, 90), (14, 35), (30, 0)),
            _m("active_users_change", "Active users, change in four weeks", "change", 20, "usage",
               (-0.6, 0), (-0.2, 45), (0, 80), (0.2, 100)),
            _m("seat_use", "Seats in use", "share", 20, "usage", (0, 0), (0.4, 45), (0.8, 90), (1, 100)),
            _m("breadth", "Features in use", "count", 15, "usage", (0, 0), (2, 50), (4, 100)),
        ),
        _d(
            "engagement", "Engagement", 10,
            _m("stickiness", "Stickiness (daily / monthly users)", "share", 50, "usage",
               (0, 0), (0.15, 40), (0.4, 90), (0.6, 100)),
            _m("slow_onboarding", "First days left unused", "share", 50, "usage",
               (0, 100), (0.3, 85), (0.6, 40), (0.9, 0)),
        ),
        _d(
            "support", "Support experience", 15,
            _m("urgent_tickets", "Urgent or escalated tickets", "count", 35, "conversations",
               (0, 100), (1, 60), (3, 10), (4, 0)),
            _m("open_ticket_age", "Oldest open ticket", "days", 35, "conversations",
               (0, 100), (5, 75), (20, 20), (40, 0)),
            _m("satisfaction", "Satisfaction, 1–5", "count", 30, "conversations", (1, 0), (3, 40), (4, 75), (5, 100)),
        ),
        _d(
            "commercial", "Commercial", 15,
            _m("overdue", "Oldest overdue invoice", "days", 40, "invoices", (0, 100), (10, 60), (45, 0)),
            _m("late_payers", "Invoices paid late in a year", "share", 25, "invoices", (0, 100), (0.3, 50), (0.7, 0)),
            _m("contraction", "Contraction in 180 days", "share", 35, "contracts", (0, 100), (0.1, 60), (0.4, 0)),
        ),
        _d(
            "relationship", "Relationship", 12,
            _m("days_since_contact", "Days since they last spoke to us", "days", 55, "conversations",
               (0, 100), (30, 80), (90, 25), (150, 0)),
            _m("champion_left", "Champions or sponsors who left", "count", 45, "contacts", (0, 100), (1, 10), (2, 0)),
        ),
        _d(
            "sentiment", "Sentiment", 8,
            _m("sentiment", "Mood of their words, −1 to 1", "count", 100, "conversations",
               (-0.8, 0), (-0.2, 30), (0.2, 70), (0.7, 100)),
        ),
    ],
}  # fmt: skip

ONBOARDING: dict[str, Any] = {
    **DEFAULT,
    "dimensions": [
        _d(
            "adoption", "Taking it up", 50,
            _m("slow_onboarding", "First days left unused", "share", 25, "usage",
               (0, 100), (0.3, 85), (0.6, 40), (0.9, 0)),
            _m("days_since_use", "Days since last use", "days", 25, "usage", (0, 100), (3, 90), (10, 35), (21, 0)),
            _m("seat_use", "Seats in use", "share", 30, "usage", (0, 0), (0.25, 45), (0.6, 90), (0.9, 100)),
            _m("breadth", "Features in use", "count", 20, "usage", (0, 0), (2, 60), (4, 100)),
        ),
        _d(
            "support", "First steps with our help", 20,
            _m("urgent_tickets", "Urgent or escalated tickets", "count", 45, "conversations",
               (0, 100), (1, 60), (3, 10), (4, 0)),
            _m("open_ticket_age", "Oldest open ticket", "days", 55, "conversations",
               (0, 100), (3, 75), (10, 25), (21, 0)),
        ),
        _d(
            "relationship", "Relationship", 15,
            _m("days_since_contact", "Days since they last spoke to us", "days", 60, "conversations",
               (0, 100), (14, 80), (45, 25), (90, 0)),
            _m("champion_left", "Champions or sponsors who left", "count", 40, "contacts", (0, 100), (1, 10), (2, 0)),
        ),
        _d(
            "commercial", "Commercial", 7,
            _m("overdue", "Oldest overdue invoice", "days", 100, "invoices", (0, 100), (10, 60), (45, 0)),
        ),
        _d(
            "sentiment", "Sentiment", 8,
            _m("sentiment", "Mood of their words, −1 to 1", "count", 100, "conversations",
               (-0.8, 0), (-0.2, 30), (0.2, 70), (0.7, 100)),
        ),
    ],
}  # fmt: skip
