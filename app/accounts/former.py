"""Contracts, contacts, invoices and interactions as they stood in storage at a moment, whatever was changed since."""


def as_stored(table: str, which: str, stored_by: str | None) -> str:
    """Write, as a table to read from, the rows of `table` that meet `which` (a condition on account_id or `true`).

    `stored_by`: the moment, as SQL (a bound parameter); None reads the table as it is now.
    """
    if stored_by is None:
        return f"(SELECT * FROM {table} WHERE {which}) {table}"
    return f"""(
        SELECT * FROM {table} WHERE {which} AND stored_at <= {stored_by}
        UNION ALL
        SELECT was.* FROM (
            SELECT fact FROM former_fact WHERE kind = '{table}' AND {which}
            AND stored_at <= {stored_by} AND replaced_at > {stored_by}
        ) former CROSS JOIN LATERAL jsonb_populate_record(NULL::{table}, fact) was
    ) {table}"""
