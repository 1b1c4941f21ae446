"""Events as they came: written a row for all that are stored together, read a row each."""

KEEP = """
kept AS (
    INSERT INTO usage_batch
        (source_id, size, event_ids, account_ids, meter_ids, moments, quantities, people, names, properties)
    SELECT min(source_id), count(*), array_agg(event_id), array_agg(account_id), array_agg(meter_id),
           array_agg(happened_at), array_agg(quantity), array_agg(person), array_agg(name), array_agg(properties)
    FROM (SELECT * FROM {of} ORDER BY n) sent HAVING count(*) > 0
)"""

EVENTS_OF = """
unnest({batch}.event_ids, {batch}.account_ids, {batch}.meter_ids, {batch}.moments, {batch}.quantities, {batch}.people,
       {batch}.names, {batch}.properties) WITH ORDINALITY
    AS e (event_id, account_id, meter_id, happened_at, quantity, person, name, properties, place)"""
"""The events of a row, in the order in which they were sent."""
