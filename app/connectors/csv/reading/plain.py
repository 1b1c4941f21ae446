"""Words out of texts: what is missing, flags, terms, satisfaction, channels."""

import re
from decimal import Decimal

_MISSING = frozenset({"", "null", "none", "n/a", "#n/a", "nan", "nil", "undefined", "(blank)", "-", "--", "–", "?"})
_LONGEST_MISSING = 16
_TRUE = frozenset({"true", "t", "yes", "y", "1", "x", "on"})
_FALSE = frozenset({"false", "f", "no", "n", "0", "off"})
_TERMS = {
    "monthly": 1, "month": 1, "mo": 1, "m": 1, "quarterly": 3, "quarter": 3, "q": 3, "semiannual": 6, "semi-annual": 6,
    "half-yearly": 6, "biannual": 6, "annual": 12, "annually": 12, "yearly": 12, "year": 12, "yr": 12, "y": 12, "a": 12,
    "biennial": 24, "two-year": 24, "multi-year": 36,
}  # fmt: skip
_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]+")
_TERM = re.compile(r"(\d+)[\s-]*(m|mo|mos|month|months|y|yr|yrs|year|years)?(?: contract)?")
_SATISFIED = {
    5.0: ("good", "great", "happy", "satisfied", "positive"),
    3.0: ("ok", "neutral"),
    1.0: ("bad", "unhappy", "unsatisfied", "dissatisfied", "negative"),
}
_NOT_RATED = frozenset({"offered", "unoffered", "not rated", "unrated", "no answer"})
_CHANNELS = {
    "email": ("email", "e-mail", "mail"),
    "phone": ("phone", "call", "voice", "telephone"),
    "chat": ("chat", "live chat", "messaging", "sms", "whatsapp", "slack"),
    "ticket": ("ticket", "case", "web", "portal", "form", "api", "support"),
    "social": ("social", "twitter", "x", "facebook", "linkedin"),
    "community": ("community", "forum"),
    "in_app": ("in_app", "in-app", "in app", "widget"),
    "meeting": ("meeting", "qbr", "ebr", "visit", "video", "zoom", "demo"),
    "note": ("note", "comment"),
}
_DIRECTIONS = {
    "in": ("in", "inbound", "incoming", "received", "customer", "from customer"),
    "out": ("out", "outbound", "outgoing", "sent", "agent", "to customer"),
    "internal": ("internal", "note", "private"),
}
_ENDED = _TRUE | {"cancelled", "canceled", "churned", "ended", "expired", "terminated", "closed", "inactive", "lost"}


def is_missing(text: str) -> bool:
    """Say whether a cell is a way of writing nothing."""
    return len(text) < _LONGEST_MISSING and text.strip().casefold() in _MISSING


def read_flag(text: str) -> bool:
    """Read yes or no. Raises ValueError."""
    word = text.strip().casefold()
    if word not in _TRUE | _FALSE:
        raise ValueError("is neither yes nor no (true/false, 1/0)")
    return word in _TRUE


def read_ended(text: str) -> bool:
    """Read a status or flag that says whether something is over."""
    return text.strip().casefold() in _ENDED


def read_term(text: str) -> int:
    """Read a billing period or contract term in months. Raises ValueError."""
    word = text.strip().casefold()
    found = _TERM.fullmatch(word)
    months = _TERMS.get(word) or (int(found[1]) * (12 if (found[2] or "m").startswith("y") else 1) if found else 0)
    if not 1 <= months <= 120:
        raise ValueError("is not a term: write monthly, annual or a number of months")
    return months


def read_satisfaction(text: str) -> float | None:
    """Read an answer on the scale 1 to 5; Zendesk's words count as its ends. Raises ValueError."""
    word = text.strip().casefold()
    if word in _NOT_RATED:
        return None
    for answer, words in _SATISFIED.items():
        if word in words:
            return answer
    try:
        number = float(Decimal(word.replace(",", ".")))
    except ArithmeticError:
        raise ValueError("is not an answer on the scale 1 to 5") from None
    if not 1 <= number <= 5:
        raise ValueError("is outside the scale 1 to 5: bring it to that scale first")
    return number


def read_whole(number: Decimal) -> int:
    """Take a number that must be whole and not negative. Raises ValueError."""
    if number != number.to_integral_value() or not 0 <= number < 10**12:
        raise ValueError("is not a whole number")
    return int(number)


def read_email(text: str) -> str:
    """Read an e-mail address. Raises ValueError."""
    if not _EMAIL.fullmatch(text):
        raise ValueError("is not an e-mail address")
    return text.casefold()


def read_channel(text: str) -> str:
    """Read the name of a channel. Raises ValueError."""
    return _of(text, _CHANNELS, "channel")


def read_direction(text: str) -> str:
    """Read who speaks to whom. Raises ValueError."""
    return _of(text, _DIRECTIONS, "direction")


def _of(text: str, words: dict[str, tuple[str, ...]], what: str) -> str:
    word = " ".join(text.casefold().split())
    found = next((name for name, known in words.items() if word in known), None)
    if found is None:
        raise ValueError(f"is not a {what} known here: {', '.join(words)}")
    return found
