"""Events as they came: written a row for all that are stored together, read a row each."""

KEEP = """
kept AS (
    INSERT INTO usage_batch
        (source_id, size, is_metered, event_ids, account_ids, meter_ids, moments, quantities, people, names, properties)
    SELECT min(source_id), count(*), coalesce(bool_or(is_metered), false), array_agg(event_id), array_agg(account_id),
           array_agg(meter_id), array_agg(happened_at), array_agg(quantity), array_agg(person), array_agg(name),
           array_agg(properties)
    FROM (SELECT * FROM {of} ORDER BY n) sent HAVING count(*) > 0
)"""

_LISTS = {
    "event_id": "event_ids", "account_id": "account_ids", "meter_id": "meter_ids", "happened_at": "moments",
    "quantity": "quantities", "person": "people", "name": "names", "properties": "properties",
}  # fmt: skip


def events_of(batch: str, *columns: str) -> str:
    """Write what of the events of a row is read, as rows `e`; `place` tells the order in which they were sent.

    Of a list that is not asked for nothing is fetched.
    """
    lists = ", ".join(f"{batch}.{_LISTS[column]}" for column in columns)
    return f"unnest({lists}) WITH ORDINALITY AS e ({', '.join(columns)}, place)"
