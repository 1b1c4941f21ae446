"""Corrects usage: takes back what was counted for an event, and counts what it says now."""

from datetime import datetime

from app.core.bulk.upserting import run_raw
from app.usage.intake.ingesting import Events, ask_for_scoring, pack, read_given
from app.usage.intake.sourcing import get_known, note_intake
from app.usage.ledger.folding import FOLD_SUMS, NOTE_PEOPLE, UNNOTED
from app.usage.ledger.keeping import KEEP
from app.usage.ledger.lateness import NOTE_LATE_PEOPLE, NOTE_LATE_SUMS, Coming
from app.usage.ledger.maxima import recount_maxima

_CORRECT = f"""
WITH {read_given()}, was AS MATERIALIZED (
    SELECT e.key, e.account_id, e.meter_id, e.day, date_part('day', e.day)::int AS dom, e.quantity, e.is_max
    FROM counted_event e JOIN known ON known.key = e.key
    WHERE e.source_id = known.source_id AND (e.account_id, e.meter_id, e.day, e.quantity)
        IS DISTINCT FROM (known.account_id, known.meter_id, known.day, known.quantity)
    ORDER BY e.key FOR UPDATE OF e
), says AS MATERIALIZED (
    SELECT known.* FROM known JOIN was USING (key)
), corrected AS (
    UPDATE counted_event e SET (account_id, meter_id, day, quantity, is_max)
        = (says.account_id, says.meter_id, says.day, says.quantity, says.is_max)
    FROM says WHERE e.source_id = says.source_id AND e.key = says.key
), {KEEP.format(of="says")}, cells AS MATERIALIZED (
    SELECT account_id, meter_id, day, dom, -quantity AS quantity, is_max FROM was
    UNION ALL SELECT account_id, meter_id, day, dom, quantity, is_max FROM says
), named AS MATERIALIZED (
    SELECT e.account_id, e.person, e.day, e.dom FROM known e JOIN counted_event USING (source_id, key) WHERE {UNNOTED}
), {NOTE_LATE_SUMS}, {NOTE_LATE_PEOPLE.format(of="named", unnoted=UNNOTED)},
{FOLD_SUMS}, {NOTE_PEOPLE.format(of="named")}, touched AS (
    INSERT INTO touched_account (account_ids) SELECT array_agg(account_id)
    FROM (SELECT account_id FROM cells UNION SELECT account_id FROM named) changed HAVING count(*) > 0
), asked AS ({ask_for_scoring("EXISTS (TABLE cells) OR EXISTS (TABLE named)")})
SELECT coalesce(json_agg(DISTINCT jsonb_build_array(account_id, meter_id, day - dom + 1, is_max)), '[]') FROM cells
"""


def correct(source: str, events: Events, now: datetime, zone: str = "UTC", coming: Coming | None = None) -> int:
    """Replace counted events by corrected ones of the same ids; their days follow. Of one id the last counts.

    Gives how many months of maxima were counted anew. People stay noted on the days they were, and whom a correction
    names is noted too. `coming`: how the corrections come in, if not just now.
    """
    if not events:
        return 0
    get_known(source, now)
    note_intake(source, 0, 0, 0, now)
    return recount(source, events, coming or Coming(now), zone)


def recount(source: str, events: Events, coming: Coming, zone: str) -> int:
    """Do what `correct` does, and leave it to the caller to note the intake."""
    last = list({event["event_id"]: event for event in events}.values())
    (months,) = run_raw(_CORRECT, [pack(last), source, zone, coming.at, coming.is_history])
    return recount_maxima(source, [tuple(month[:3]) for month in months if month[3]], coming, zone)
