"""How figures, days and names are written on pages: Jinja's filters."""

import re
from collections.abc import Sequence
from datetime import date, datetime
from math import floor, isfinite
from zoneinfo import ZoneInfo

from flask import Flask, g
from markupsafe import Markup, escape

from app.core.clock import day_in, utc_now
from app.core.money import money, short_money


def teach(app: Flask) -> None:
    """Give templates the words of this file."""
    app.jinja_env.filters.update(
        percent=percent,
        count=count,
        counted=counted,
        day=day,
        ago=ago,
        instant=instant,
        ahead=ahead,
        initials=initials,
        spark_points=spark_points,
        money=_money,
        short_money=_short_money,
        change=change,
        quarter=quarter,
        capital=capital,
        coded=coded,
        named=named,
        plain=plain,
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True


def percent(share: float | None, places: int | None = None) -> str:
    """Write a share of 1; small ones with a decimal. Only nothing is 0 %, and only all of it 100 %."""
    if share is None:
        return "unknown"
    value = share * 100
    places = places if places is not None else 1 if 0 < abs(value) < 10 else 0
    least, shown = 10**-places, _rounded(value, places)
    if shown == 0 < value:
        return f"< {least:g} %"
    if shown >= 100 > value:
        return f"> {100 - least:g} %"
    return f"{shown:.{places}f} %".replace("-", "−")


def count(number: float | None) -> str:
    """Write a count with thousands apart, without a decimal that says nothing."""
    if number is None:
        return "unknown"
    places = 0 if abs(number) >= 10 or float(number).is_integer() else 1
    return f"{_rounded(number, places):,.{places}f}"


def _rounded(number: float, places: int = 0) -> float:
    """Round as people do: 70.5 to 71, where Python rounds a half to the even 70."""
    value, unit = float(number), float(10**places)  # of a Decimal, too: PostgreSQL's sums are
    if not isfinite(value):
        return value
    size = floor(abs(value) * unit + 0.5) / unit
    return -size if value < 0 < size else size


def counted(number: float | None, one: str, several: str = "") -> str:
    """Write a count with its noun: 1 account, 2 accounts."""
    return f"{count(number)} {one if number == 1 else several or f'{one}s'}"


def change(number: float | None, unit: str = "") -> str:
    """Write a difference with its sign."""
    if number is None:
        return "unknown"
    whole = _rounded(number)
    return f"{'+' if whole > 0 else '−' if whole < 0 else '±'}{abs(whole):.0f}{unit}"


def day(value: date | str | None) -> str:
    """Write a calendar day, also one kept as 2026-11-25; the year only where it is not this one."""
    if value is None:
        return "unknown"
    if isinstance(value, str):
        return day(date.fromisoformat(value))
    return f"{value.day} {value:%b}" if value.year == utc_now().year else f"{value.day} {value:%b %Y}"


def quarter(first_day: date) -> str:
    """Name the quarter that begins on a day."""
    return f"Q{(first_day.month - 1) // 3 + 1} {first_day.year}"


def ago(value: datetime | date | None) -> Markup | str:
    """Write how long ago, with the exact instant behind it."""
    if value is None:
        return "never"
    if not isinstance(value, datetime):
        return _days_ago((_today() - value).days)
    seconds, day_of_it = (utc_now() - value).total_seconds(), value.astimezone(_zone()).date()
    speaks_from = (
        _today() if day_of_it <= _today() else day_in(_zone().key, utc_now())
    )  # our own acts are after an old book
    words = _days_ago((speaks_from - day_of_it).days) if abs(seconds) > 6 * 3600 else _just(seconds)
    return instant(value, words)


def ahead(value: date | None) -> str:
    """Write how far ahead a day lies."""
    if value is None:
        return "no date"
    days = (value - _today()).days
    if days < 0:
        return f"{-days} day{'s' if days < -1 else ''} ago"
    return {0: "today", 1: "tomorrow"}.get(days) or (
        f"in {days} days" if days < 60 else f"in {round(days / 30.4)} months"
    )


def instant(value: datetime, words: str = "") -> Markup:
    """Write an instant in the workspace's time; the script puts the reader's own zone on hover."""
    local = value.astimezone(_zone())
    text = words or f"{local.day} {local:%b %Y, %H:%M}"
    return Markup('<time datetime="{}">{}</time>').format(value.isoformat(), escape(text))


def initials(name: str) -> str:
    """Give the first letters of the first and the last word."""
    parts = name.split() or ["?"]
    return (parts[0][:1] + (parts[-1][:1] if len(parts) > 1 else "")).upper()


def capital(text: str) -> str:
    """Begin a sentence."""
    return text[:1].upper() + text[1:]


def coded(words: str) -> Markup:
    """Show what stands between back-ticks as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(words))))  # noqa: S704 - escaped before


def named(field: str) -> str:
    """Name a field by its pointer as a person would: `/renews_on` → Renews on."""
    return capital(field.strip("/").replace("_", " "))


def plain(words: str) -> str:
    """Say what machines are told of a field in back-ticks without them."""
    return re.sub(r"`(\w+)`", lambda field: f"“{named(field[1])}”", words)


def spark_points(weeks: Sequence[float | None], width: int = 72, height: int = 20) -> str:
    """Place weekly scores (0–100, oldest first) as the points of an SVG line, leaving unknown weeks out."""
    step = width / max(len(weeks) - 1, 1)
    return " ".join(
        f"{i * step:.1f},{height - 1 - value / 100 * (height - 2):.1f}"
        for i, value in enumerate(weeks)
        if value is not None
    )


def _money(minor: float | None) -> str:
    return money(minor, g.workspace.currency)


def _short_money(minor: float | None) -> str:
    return short_money(minor, g.workspace.currency)


def _zone() -> ZoneInfo:
    return ZoneInfo(g.workspace.time_zone if g.get("workspace") else "UTC")


def _today() -> date:
    """Give the day the pages speak from: of an old book its newest, else today."""
    return (g.get("workspace") and g.workspace.book_day) or day_in(_zone().key, utc_now())


def _days_ago(days: int) -> str:
    if days < 0:
        return f"in {-days} day{'s' if days < -1 else ''}"
    if days < 2:
        return ("today", "yesterday")[days]
    return (
        f"{days} days ago"
        if days < 60
        else f"{round(days / 30.4)} months ago"
        if days < 730
        else f"{days // 365} years ago"
    )


def _just(seconds: float) -> str:
    if seconds < 60:
        return "just now"
    return f"{seconds / 60:.0f} min ago" if seconds < 3600 else f"{seconds / 3600:.0f} h ago"
