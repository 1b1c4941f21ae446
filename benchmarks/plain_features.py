"""Features as a good analyst writes them in pandas: long frames, groupby and merge, one account a row."""

from collections.abc import Sequence
from datetime import date, timedelta

import pandas as pd
from sqlalchemy import text

from app.extensions import db

CHECKED = ("usage_change", "days_since_use", "breadth", "active_users_change", "urgent_tickets", "satisfaction")
_USAGE = """
SELECT u.account_id, m.code AS meter, u.month + (n - 1)::int AS day, total
FROM daily_usage u JOIN meter m ON m.id = u.meter_id, unnest(u.totals) WITH ORDINALITY AS days (total, n)
WHERE u.account_id = ANY(:ids) AND u.month >= :first AND total > 0 AND u.month + (n - 1)::int <= :last
"""
_PEOPLE = """
SELECT account_id, person, month + d AS day FROM user_month, generate_series(0, 30) AS d
WHERE account_id = ANY(:ids) AND month >= :recent AND (days >> d) & 1 = 1 AND month + d <= :last
"""
_TALK = """
SELECT account_id, happened_at::date AS day, channel, direction, priority, escalated, sentiment, satisfaction
FROM interaction WHERE account_id = ANY(:ids) AND happened_at >= :first AND happened_at < CAST(:last AS date) + 1
"""


def plain_features(ids: Sequence[int], as_of: date) -> pd.DataFrame:
    """Read what was said and done and give ten features of each account; the product makes two dozen."""
    values = {"ids": list(ids), "first": as_of - timedelta(days=400), "last": as_of}
    values["recent"] = (as_of - timedelta(days=56)).replace(day=1)
    usage, people, talk = (_read(query, values) for query in (_USAGE, _PEOPLE, _TALK))
    for frame in (usage, people, talk):
        frame["ago"] = (pd.Timestamp(as_of) - pd.to_datetime(frame["day"])).dt.days
    features = pd.DataFrame(index=pd.Index(ids, name="account_id"))
    for each in (_usage(usage), _people(people), _talk(talk)):
        features = features.merge(each, how="left", left_index=True, right_index=True)
    return features


def _read(query: str, values: dict[str, object]) -> pd.DataFrame:
    result = db.session.execute(text(query), values)
    return pd.DataFrame(result.all(), columns=list(result.keys()))


def _usage(usage: pd.DataFrame) -> pd.DataFrame:
    used = usage[usage["meter"] != "errors"]
    now = used[used["ago"] < 28].groupby("account_id")["total"].sum()
    before = used[used["ago"].between(28, 55)].groupby("account_id")["total"].sum()
    habit = used[used["ago"].between(28, 117)].groupby("account_id")["total"].sum() * 28 / 90
    found = pd.DataFrame({"now": now, "before": before, "habit": habit}).fillna(0.0)
    found["usage_change"] = (found["now"] - found["before"]) / found["before"]
    found["usage_habit"] = found["now"] / found["habit"]
    found["days_since_use"] = used.groupby("account_id")["ago"].min()
    found["breadth"] = used[used["ago"] < 28].groupby("account_id")["meter"].nunique()
    return found


def _people(people: pd.DataFrame) -> pd.DataFrame:
    recent = people[people["ago"] < 28].groupby("account_id")["person"].agg(["nunique", "size"])
    before = people[people["ago"].between(28, 55)].groupby("account_id")["person"].nunique()
    found = recent.join(before.rename("people_before"), how="outer").fillna(0)
    found["active_users_change"] = (found["nunique"] + 1) / (found["people_before"] + 1) - 1
    found["stickiness"] = found["size"] / 28 / found["nunique"]
    return found


def _talk(talk: pd.DataFrame) -> pd.DataFrame:
    recent = talk[talk["ago"] < 90]
    grave = recent[(recent["channel"] == "ticket") & (recent["escalated"] | (recent["priority"] == "urgent"))]
    found = pd.DataFrame({"satisfaction": recent.groupby("account_id")["satisfaction"].mean()})
    found["urgent_tickets"] = grave.groupby("account_id").size()
    found["sentiment"] = recent[recent["direction"] == "in"].groupby("account_id")["sentiment"].mean()
    return found
