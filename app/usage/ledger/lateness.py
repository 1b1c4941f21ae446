"""Since when usage counts as known, so that a past day can be read as it was known.

What comes in while its day lasts was known on that day, and nothing is noted. What changes a day that is over, in the
workspace's time zone, is known on the day it comes. But what a source tells of the time before it was first seen, what
a file brings and what a new rule counts of the past is history and counts as known when it happened: a company that has
just connected would else have no past to learn from. History, too, is noted for accounts that have been scored before
today: the scores that stand did not know it, whatever it counts as.
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Coming:
    """How usage comes in: when, and whether all of it is history. `at` is not when its source sent it, where it was
    held in between."""

    at: datetime
    is_history: bool = False


SENDER = """
sender AS (
    SELECT id, ({at}::timestamptz AT TIME ZONE {zone})::date AS today,
           CASE WHEN {is_history} THEN 'infinity'::date ELSE (first_seen_at AT TIME ZONE {zone})::date END AS seen_on
    FROM usage_source WHERE name = {source}
)"""
"""The source with its present day; a day before `seen_on` is history."""

IS_LATE = """e.day < sender.today AND (e.day >= sender.seen_on OR (
        SELECT s.first_scored_on < sender.today FROM account_summary s WHERE s.account_id = e.account_id))"""
"""Whether a change of the day `e.day` of `e.account_id` is to be noted. Where none is late, days alone are compared."""

KNOWN_ON = "CASE WHEN e.day < sender.seen_on THEN {history} ELSE sender.today END"

NOTE_LATE_SUMS = f"""
late_sums AS (
    INSERT INTO late_usage (account_id, meter_id, day, known_on, quantity)
    SELECT e.account_id, e.meter_id, e.day, {KNOWN_ON.format(history="e.day")}, sum(e.quantity)
    FROM cells e CROSS JOIN sender WHERE NOT e.is_max AND {IS_LATE}
    GROUP BY 1, 2, 3, 4 HAVING sum(e.quantity) <> 0 ORDER BY 1, 2, 3
)"""

NOTE_LATE_PEOPLE = f"""
late_people AS (
    INSERT INTO late_person (account_id, person, month, known_on, days)
    SELECT e.account_id, e.person, e.day - e.dom + 1 AS month,
           {KNOWN_ON.format(history="e.day - e.dom + 1")} AS known_on, bit_or(1 << (e.dom - 1))
    FROM {{of}} e CROSS JOIN sender WHERE {IS_LATE} AND {{unnoted}}
    GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3
)"""
