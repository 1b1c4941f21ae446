"""Charts as ECharts options, in words and tokens; the page's script paints them in the theme's colours."""

from collections.abc import Mapping, Sequence
from datetime import date
from math import ceil
from typing import Any

_AXIS = {
    "axisLine": {"lineStyle": {"color": "var(--line)"}},
    "axisLabel": {"color": "var(--soft)"},
    "splitLine": {"lineStyle": {"color": "var(--line)"}},
}
_GRID = {"left": 44, "right": 16, "top": 18, "bottom": 28}


def survival(alive: Sequence[float], renews_on: date | None, as_of: date) -> dict[str, Any]:
    """Draw the chance to be a customer after each month, with the renewal marked."""
    points = [[0, 100.0], *([month, round(100 * share, 1)] for month, share in enumerate(alive, 1))]
    month = (renews_on - as_of).days / 30.4 if renews_on else -1
    mark = [{"xAxis": round(month, 2), "name": "renewal"}] if 0 <= month <= 12 else []
    beside = {"align": "left"} if month < 1 else {}  # else it would lie on the axis' "100 %"
    return {
        "grid": {**_GRID, "right": 26},
        "xAxis": {"type": "value", "min": 0, "max": 12, "interval": 3, "name": "", **_axis_in("mo")},
        "yAxis": {"type": "value", "min": _floor(alive), "max": 100, **_axis_in("%")},
        "series": [
            {
                "name": "Still a customer, %", "type": "line", "data": points, "showSymbol": False,
                "lineStyle": {"color": "var(--act)", "width": 2}, "itemStyle": {"color": "var(--act)"},
                "areaStyle": {"color": "var(--act-soft)"},
                "markLine": {
                    "symbol": "none", "data": mark, "lineStyle": {"color": "var(--soft)", "type": "dashed"},
                    "label": {"formatter": "renewal", "color": "var(--soft)", **beside},
                },
            }
        ],
    }  # fmt: skip


def scores(history: Sequence[Any]) -> dict[str, Any] | None:
    """Draw a score over time; gaps are days without one. None with fewer than two known scores."""
    points = [[row.scored_on.isoformat(), None if row.score is None else round(row.score, 1)] for row in history]
    if sum(point[1] is not None for point in points) < 2:
        return None
    return {
        "grid": _GRID,
        "xAxis": {"type": "time", **_AXIS, "splitLine": {"show": False}},
        "yAxis": {"type": "value", "min": 0, "max": 100, "interval": 25, **_AXIS},
        "series": [
            {
                "name": "Score", "type": "line", "data": points, "showSymbol": False, "connectNulls": False,
                "lineStyle": {"color": "var(--steady)", "width": 2}, "itemStyle": {"color": "var(--steady)"},
            }
        ],
    }  # fmt: skip


def distribution(
    edges: Sequence[float], counts: Sequence[int], minor: int, marks: Sequence[tuple[str, float]]
) -> dict[str, Any]:
    """Draw simulated totals as a histogram in whole units of money, with named marks."""
    steps = zip(edges, edges[1:], counts, strict=False)
    bars = [[round((low + high) / 2 / minor, 2), count] for low, high, count in steps]
    return {
        "grid": {**_GRID, "left": 16, "top": 40},
        "xAxis": {
            "type": "value", "scale": True, **_AXIS, "splitLine": {"show": False}, "splitNumber": 4,
            "axisLabel": {"color": "var(--soft)", "hideOverlap": True},
        },
        "yAxis": {"type": "value", "show": False},
        "tooltip": {"show": False},
        "series": [
            {
                "name": "Simulated outcomes", "type": "bar", "data": bars, "barWidth": "98%",
                "itemStyle": {"color": "var(--steady)"},
                "markLine": {
                    "symbol": "none", "lineStyle": {"color": "var(--ink)", "type": "solid"},
                    "label": {"color": "var(--ink)", "formatter": "{b}"},
                    "data": [_mark(name, value / minor, n) for n, (name, value) in enumerate(marks)],
                },
            }
        ],
    }  # fmt: skip


def snapshots_over_time(rows: Sequence[Any], minor: int) -> dict[str, Any] | None:
    """Draw P10, P50 and P90 of a quarter as they were expected on each day. None with fewer than two snapshots."""
    if len(rows) < 2:
        return None
    series = (("P90", "p90_minor", "dashed"), ("P50", "p50_minor", "solid"), ("P10", "p10_minor", "dashed"))
    return {
        "grid": {**_GRID, "left": 64},
        "legend": {"top": 0, "right": 0, "textStyle": {"color": "var(--soft)"}},
        "xAxis": {"type": "time", **_AXIS, "splitLine": {"show": False}},
        "yAxis": {"type": "value", "scale": True, **_AXIS},
        "series": [
            {
                "name": name, "type": "line", "showSymbol": False, "itemStyle": {"color": "var(--steady)"},
                "lineStyle": {"color": "var(--steady)", "type": dash},
                "data": [[row.taken_on.isoformat(), round(getattr(row, field) / minor, 2)] for row in rows],
            }
            for name, field, dash in series
        ],
    }  # fmt: skip


def calibration(bins: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Draw the share that left over the risk told, a point a group of accounts. None without groups."""
    points = [[round(100 * each["risk"], 2), round(100 * each["churned"], 2)] for each in bins]
    if not points:
        return None
    most = 5 * ceil(max(max(point) for point in points) / 5) or 5
    return {
        "grid": {**_GRID, "left": 52, "bottom": 44},
        "xAxis": {
            "type": "value", "min": 0, "max": most, "name": "risk told", "nameLocation": "middle", "nameGap": 28,
            "nameTextStyle": {"color": "var(--soft)"}, **_axis_in("%"),
        },
        "yAxis": {"type": "value", "min": 0, "max": most, **_axis_in("%")},
        "series": [
            {
                "name": "Exactly right", "type": "line", "showSymbol": False, "data": [[0, 0], [most, most]],
                "lineStyle": {"color": "var(--soft)", "type": "dashed", "width": 1}, "silent": True,
                "itemStyle": {"color": "var(--soft)"}, "tooltip": {"show": False},
            },
            {
                "name": "Left, %", "type": "line", "data": points, "symbol": "circle", "symbolSize": 9,
                "lineStyle": {"color": "var(--steady)", "width": 1.5}, "itemStyle": {"color": "var(--steady)"},
            },
        ],
    }  # fmt: skip


def hits(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Draw, landmark by landmark, the share of the riskiest tenth that left beside that of all others."""
    if not rows:
        return None
    series = (
        ("Riskiest tenth", "ranked", "left", {"color": "var(--steady)"}),
        ("All others", "others", "others_left", {"color": "var(--line)", "borderColor": "var(--soft)"}),
    )
    return {
        "grid": {**_GRID, "top": 34},
        "legend": {"top": 0, "left": 40, "itemGap": 36, "textStyle": {"color": "var(--soft)"}},
        "xAxis": {"type": "category", "data": [_month(each["landmark"]) for each in rows[::-1]], **_AXIS},
        "yAxis": {"type": "value", "min": 0, **_axis_in("%")},
        "series": [
            {
                "name": name, "type": "bar", "barMaxWidth": 26, "itemStyle": style,
                "data": [round(100 * each[left] / each[of], 1) if each[of] else 0 for each in rows[::-1]],
            }
            for name, of, left, style in series
        ],
    }  # fmt: skip


def _month(day: str) -> str:
    return f"{date.fromisoformat(day):%b %Y}"


def _axis_in(unit: str) -> dict[str, Any]:
    return {**_AXIS, "axisLabel": {"color": "var(--soft)", "formatter": f"{{value}} {unit}"}}


def _mark(name: str, at: float, n: int) -> dict[str, Any]:
    """Place a named mark; every second one stands higher, so that neighbours' names do not overlap."""
    return {"name": name, "xAxis": at, "label": {"position": "end", "distance": [0, 4 + 13 * (n % 2)]}}


def _floor(alive: Sequence[float]) -> int:
    """Give where the axis begins, in per cent: on a tick, or its label would be written over the next one."""
    return max(0, int(min(alive) * 10) * 10 - 10) // 20 * 20
