"""Time, asked for in one place. Verbs take `now`; only routes, jobs and the CLI call this."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones


def utc_now() -> datetime:
    """Give the present instant, aware, in UTC."""
    return datetime.now(UTC)


def in_utc(at: datetime) -> datetime:
    """Give an aware instant in UTC. Raises OverflowError, in words of `$.at`, when no year from 1 to 9999 holds it."""
    try:
        return at if at.tzinfo is UTC else at.astimezone(UTC)
    except OverflowError as error:
        raise OverflowError("No year from 1 to 9999 holds this moment - at `$.at`") from error


def time_zones() -> set[str]:
    """Give the IANA time zones; not `localtime`, which is each machine's own and PostgreSQL knows nothing of."""
    return available_timezones() - {"localtime", "Factory"}


def day_in(zone: str, at: datetime) -> date:
    """Give the calendar day that `at` falls on in the IANA time zone `zone`."""
    return at.astimezone(ZoneInfo(zone)).date()


def end_of_day(zone: str, day: date) -> datetime:
    """Give the first instant after `day` in `zone`: facts known before it were known by the end of that day."""
    return datetime.combine(day + timedelta(days=1), datetime.min.time(), ZoneInfo(zone))


def elapsed(zone: str, day: date, at: datetime) -> float:
    """Give the share of a day that was over at a moment: 0 before it, 1 after it."""
    begins, ends = (in_utc(end_of_day(zone, each)) for each in (day - timedelta(days=1), day))  # else hours of the wall
    return min(max((at - begins) / (ends - begins), 0.0), 1.0)
