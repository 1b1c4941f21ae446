"""Days and moments out of texts. Whether 03/04 is in March or April is decided by the file's other dates."""

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_TIME = (
    r"(?:[T ,]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?"
    r"\s*(?P<half>[AaPp]\.?[Mm]\.?)?\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})?)?"
)
_YEAR_FIRST = re.compile(r"(?P<year>\d{4})(?P<mark>[-/.])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})" + _TIME)
_NUMERIC = re.compile(r"(?P<one>\d{1,2})(?P<mark>[-/. ])(?P<two>\d{1,2})(?P=mark)(?P<year>\d{4}|\d{2})" + _TIME)
_DAY_NAMED = re.compile(
    r"(?P<day>\d{1,2})(?:st|nd|rd|th)?[-/. ]+(?P<name>[A-Za-z]{3,9})\.?,?[-/. ]+(?P<year>\d{4}|\d{2})" + _TIME
)
_NAMED_DAY = re.compile(
    r"(?P<name>[A-Za-z]{3,9})\.?[- ]+(?P<day>\d{1,2})(?:st|nd|rd|th)?,?[- ]+(?P<year>\d{4})" + _TIME
)
_COMPACT = re.compile(
    r"(?P<year>(?:19|20)\d{2})(?P<month>\d{2})(?P<day>\d{2})(?:T?(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})(?P<zone>Z)?)?"
)
_EPOCH = re.compile(r"(?P<seconds>\d{9,10})(?:\.\d+)?|(?P<milliseconds>\d{13})")
_SERIAL = re.compile(r"(?P<days>[2-6]\d{4})(?:\.\d+)?")
_WEEKDAY = re.compile(r"^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,? +", re.IGNORECASE)
_SPREADSHEET_EPOCH = date(1899, 12, 30)
_FIRST, _LAST = 1970, 2100


@lru_cache(maxsize=65_536)
def leaning(text: str) -> bool | None:
    """Say which order a date betrays: True day first, False month first, None neither."""
    found = _NUMERIC.fullmatch(_trim(text))
    if not found:
        return None
    one, two = int(found["one"]), int(found["two"])
    if one > 12 >= two:
        return True
    return False if two > 12 >= one else None


@lru_cache(maxsize=65_536)
def is_ambiguous(text: str) -> bool:
    """Say whether a date reads as two different days."""
    found = _NUMERIC.fullmatch(_trim(text))
    return found is not None and found["one"] != found["two"] and int(found["one"]) <= 12 and int(found["two"]) <= 12


@lru_cache(maxsize=65_536)
def read_moment(text: str, day_first: bool | None, zone: ZoneInfo) -> datetime:
    """Read an instant; a text without a zone is in `zone`, without a time at the day's begin. Raises ValueError."""
    trimmed = _trim(text)
    if epoch := _EPOCH.fullmatch(trimmed):
        at = datetime.fromtimestamp(_seconds(epoch), UTC)
        _check_year(at.year)
        return at
    day, found = _day_of(trimmed, day_first)
    at = datetime.combine(day, _clock(found), _zone_of(found) or zone)
    return at.astimezone(UTC)


@lru_cache(maxsize=65_536)
def read_day(text: str, day_first: bool | None, zone: ZoneInfo) -> date:
    """Read a calendar day; of an instant with a zone of its own, the day that it was in `zone`. Raises ValueError."""
    trimmed = _trim(text)
    if _EPOCH.fullmatch(trimmed):
        return read_moment(text, day_first, zone).astimezone(zone).date()
    day, found = _day_of(trimmed, day_first)
    own = _zone_of(found)
    return day if own is None else datetime.combine(day, _clock(found), own).astimezone(zone).date()


def _trim(text: str) -> str:
    return _WEEKDAY.sub("", " ".join(text.split()))


def _day_of(text: str, day_first: bool | None) -> tuple[date, dict[str, str | None]]:
    if found := _SERIAL.fullmatch(text):
        return _SPREADSHEET_EPOCH + timedelta(days=int(found["days"])), {}
    if found := _NUMERIC.fullmatch(text):
        day, month = _in_order(int(found["one"]), int(found["two"]), day_first)
        return _day(_whole_year(found["year"]), month, day), found.groupdict()
    for pattern in (_YEAR_FIRST, _COMPACT):
        if found := pattern.fullmatch(text):
            return _day(int(found["year"]), int(found["month"]), int(found["day"])), found.groupdict()
    for pattern in (_DAY_NAMED, _NAMED_DAY):
        if found := pattern.fullmatch(text):
            return _day(_whole_year(found["year"]), _month(found["name"]), int(found["day"])), found.groupdict()
    raise ValueError("is not a date that can be read: write it as 2024-12-31")


def _in_order(one: int, two: int, day_first: bool | None) -> tuple[int, int]:
    """Give (day, month). A date that reads one way only is read that way, whatever its column's habit."""
    if one > 12 >= two:
        return one, two
    if two > 12 >= one:
        return two, one
    if day_first is None and one != two:
        raise ValueError("may be day first or month first, and nothing in the file tells: say which for this import")
    return (two, one) if day_first is False else (one, two)


def _day(year: int, month: int, day: int) -> date:
    _check_year(year)
    if not 1 <= month <= 12:
        raise ValueError(f"has a month {month}")
    try:
        return date(year, month, day)
    except ValueError:
        raise ValueError(f"is a day that {_MONTHS[month - 1].capitalize()} {year} does not have") from None


def _check_year(year: int) -> None:
    if not _FIRST <= year <= _LAST:
        raise ValueError(f"is in the year {year}: is it mistyped?")


def _whole_year(text: str) -> int:
    return int(text) if len(text) == 4 else int(text) + (2000 if int(text) < 70 else 1900)


def _month(name: str) -> int:
    short = name[:3].lower()
    if short not in _MONTHS:
        raise ValueError(f"has a month {name!r} that is not English: write the date as 2024-12-31")
    return _MONTHS.index(short) + 1


def _clock(found: dict[str, str | None]) -> time:
    hour, minute, second = (int(found.get(name) or 0) for name in ("hour", "minute", "second"))
    half = (found.get("half") or "").lower().replace(".", "")
    if half and not 1 <= hour <= 12:
        raise ValueError(f"has an hour {hour} with {half}")
    hour = hour % 12 + (12 if half == "pm" else 0) if half else hour
    try:
        return time(hour, minute, min(second, 59) if second == 60 else second)
    except ValueError:
        raise ValueError("has a time of day that does not exist") from None


def _zone_of(found: dict[str, str | None]) -> timezone | None:
    text = found.get("zone")
    if not text:
        return None
    if text in {"Z", "UTC", "GMT"}:
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    ahead = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    if ahead >= timedelta(hours=24):
        raise ValueError(f"has a time zone {text} that does not exist")
    return timezone(ahead if text[0] == "+" else -ahead)


def _seconds(epoch: re.Match[str]) -> float:
    return int(epoch["milliseconds"]) / 1000 if epoch["milliseconds"] else int(epoch["seconds"])
