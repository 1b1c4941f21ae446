"""Accounts and people as product analytics speaks of them: a little at a time, in any order, sometimes without consent.

What is said fills in what is empty, or was said before; what people and other systems wrote stays, for a key that
says it may stand in a public page. The newest word counts, so that an older one that comes late changes nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text

from app.accounts import searching
from app.core.bulk.upserting import as_json
from app.extensions import db

Records = Sequence[Mapping[str, Any]]
_OF_ACCOUNT = ("name", "domain", "industry", "country", "tier")
_OF_PERSON = ("name", "email", "phone", "title")


def introduce_accounts(records: Records) -> list[int]:
    """Make the accounts that are not there, by external id or alias, and fill in what is newer. Gives their ids.

    A record holds external_id, told_at, any of name, domain, industry, country, tier, and `custom` for the rest.
    """
    if not records:
        return []
    rows = as_json([{**dict.fromkeys(_OF_ACCOUNT), "custom": {}, **record} for record in _in_turn(records)])
    db.session.execute(text(_MAKE_ACCOUNTS), {"rows": rows})
    db.session.execute(text(_FILL_IN_ACCOUNTS), {"rows": rows})
    ids = list(db.session.scalars(text(_ACCOUNT_IDS), {"rows": rows}))
    searching.index_accounts(ids)
    return ids


def introduce_people(records: Records) -> None:
    """Make the people that are not there, and fill in what is newer.

    A record holds external_id, account_id, told_at, consents (or None) and, unless they refused, any of name, email,
    phone, title; one that says no more than where they belong makes nothing older that comes late too old. Where
    `is_refused`, what was known of the person beyond their id is forgotten.
    """
    if not records:
        return
    blank = {**dict.fromkeys(_OF_PERSON), "consents": None, "is_refused": False}
    rows = as_json([{**blank, **record} for record in _in_turn(records)])
    db.session.execute(text(_MAKE_PEOPLE), {"rows": rows})
    db.session.execute(text(_FILL_IN_PEOPLE), {"rows": rows})
    searching.index_contacts(sorted({record["account_id"] for record in records}))


def name_again(aliases: Mapping[str, str]) -> None:
    """Note other ids of people (alias → id that counts)."""
    for alias, external_id in sorted(aliases.items()):
        db.session.execute(text(_NOTE_ALIAS), {"alias": alias, "id": external_id})


def people_by_alias(names: Sequence[str]) -> dict[str, str]:
    """Give the id that counts of those who are known by another."""
    query = text("SELECT alias, external_id FROM contact_alias WHERE alias = ANY(:names)")
    return {row[0]: row[1] for row in db.session.execute(query, {"names": sorted(set(names))})}


def accounts_of_people(people: Sequence[str]) -> dict[str, str]:
    """Give the external id of the account that each known person belongs to."""
    query = text(
        "SELECT c.external_id, a.external_id FROM contact c JOIN account a"
        " ON a.workspace_id = c.workspace_id AND a.id = c.account_id WHERE c.external_id = ANY(:people)"
    )
    return {row[0]: row[1] for row in db.session.execute(query, {"people": sorted(set(people))})}


def accounts_by_domain(domains: Sequence[str]) -> dict[str, str]:
    """Give the external id of the one account of each e-mail domain; a domain of several accounts says nothing."""
    query = text(
        "SELECT lower(domain), min(external_id) FROM account WHERE lower(domain) = ANY(:domains)"
        " GROUP BY lower(domain) HAVING count(*) = 1"
    )
    return {row[0]: row[1] for row in db.session.execute(query, {"domains": sorted(set(domains))})}


def accounts_of_subscriptions(subscriptions: Sequence[str]) -> dict[str, str]:
    """Give the external id of the account that each known subscription belongs to."""
    query = text(
        "SELECT DISTINCT s.external_id, a.external_id FROM subscription s JOIN account a"
        " ON a.workspace_id = s.workspace_id AND a.id = s.account_id WHERE s.external_id = ANY(:subscriptions)"
    )
    return {row[0]: row[1] for row in db.session.execute(query, {"subscriptions": sorted(set(subscriptions))})}


def match_account(alias: str, account_id: int) -> None:
    """Have what speaks of `alias` mean an account from now on."""
    db.session.execute(
        text(
            "INSERT INTO account_alias (alias, account_id) VALUES (:alias, :id)"
            " ON CONFLICT (workspace_id, alias) DO UPDATE SET account_id = excluded.account_id"
        ),
        {"alias": alias, "id": account_id},
    )


def _in_turn(records: Records) -> list[dict[str, Any]]:
    """Make one record of all that a batch says of one id, later words over earlier ones; in the order of ids."""
    merged: dict[str, dict[str, Any]] = {}
    for record in sorted(records, key=lambda each: each["told_at"]):
        said = {name: value for name, value in record.items() if value is not None}
        before = merged.get(record["external_id"], {})
        custom = {"custom": {**before.get("custom", {}), **said["custom"]}} if "custom" in said else {}
        merged[record["external_id"]] = before | said | custom
    return [merged[external_id] for external_id in sorted(merged)]


_ACCOUNTS = """
json_to_recordset(CAST(:rows AS json)) AS r (external_id text, told_at timestamptz, name text, domain text,
    industry text, country text, tier text, custom jsonb)
"""
_MAKE_ACCOUNTS = f"""
INSERT INTO account (external_id, name, signed_up_on)
SELECT external_id, external_id, told_at::date FROM {_ACCOUNTS}
WHERE NOT EXISTS (SELECT FROM account_alias x WHERE x.alias = r.external_id)
ORDER BY external_id ON CONFLICT (workspace_id, external_id) DO NOTHING
"""
_NAMED = f"""
SELECT coalesce(a.id, x.account_id) AS id, r.* FROM {_ACCOUNTS}
LEFT JOIN account a ON a.external_id = r.external_id LEFT JOIN account_alias x ON x.alias = r.external_id
"""


def _open(table: str, column: str) -> str:
    """Write whether product analytics may write a column: nobody has, or it has itself."""
    unnamed = f" OR {table}.name = {table}.external_id" if column == "name" else ""
    return f"({table}.{column} IS NULL OR {table}.{column}::text = {table}.told ->> '{column}'{unnamed})"


def _filled(table: str, of: str, column: str) -> str:
    return f"CASE WHEN {_open(table, column)} THEN coalesce({of}.{column}, {table}.{column}) ELSE {table}.{column} END"


def _told(table: str, of: str, columns: Sequence[str]) -> str:
    written = ", ".join(f"'{each}', CASE WHEN {_open(table, each)} THEN {of}.{each} END" for each in columns)
    return f"{table}.told || jsonb_strip_nulls(jsonb_build_object({written}))"


_FILL_IN_ACCOUNTS = f"""
UPDATE account SET {", ".join(f"{name} = {_filled('account', 'said', name)}" for name in _OF_ACCOUNT)},
    custom = account.custom || said.own, told_at = said.told_at, updated_at = now(),
    told = {_told("account", "said", _OF_ACCOUNT)}
        || jsonb_build_object('custom', coalesce(account.told -> 'custom', '{{}}') || said.own)
FROM (
    SELECT named.*, (
        SELECT coalesce(jsonb_object_agg(key, value), '{{}}') FROM jsonb_each(named.custom)
        WHERE NOT was.custom ? key OR was.custom -> key = was.told -> 'custom' -> key) AS own
    FROM ({_NAMED}) named JOIN account was ON was.id = named.id
) said
WHERE account.id = said.id AND (account.told_at IS NULL OR account.told_at <= said.told_at)
"""
_ACCOUNT_IDS = f"SELECT DISTINCT id FROM ({_NAMED}) named ORDER BY id"
_PEOPLE = """
json_to_recordset(CAST(:rows AS json)) AS r (external_id text, account_id bigint, told_at timestamptz, name text,
    email text, phone text, title text, consents jsonb, is_refused boolean)
"""
_MAKE_PEOPLE = f"""
INSERT INTO contact (account_id, external_id, name, joined_on, told)
SELECT account_id, external_id, external_id, told_at::date, jsonb_build_object('account_id', account_id) FROM {_PEOPLE}
ORDER BY external_id ON CONFLICT (workspace_id, external_id) DO NOTHING
"""
_NEW_NAME = "coalesce(r.name, nullif(contact.name, contact.external_id), r.email, contact.name)"
_FILL_IN_PEOPLE = f"""
UPDATE contact SET account_id = {_filled("contact", "r", "account_id")},
    consents = coalesce(r.consents, contact.consents),
    told_at = CASE WHEN r.is_refused OR coalesce(r.name, r.email, r.phone, r.title, r.consents::text) IS NOT NULL
                   THEN r.told_at ELSE contact.told_at END,
    (name, email, phone, title) = (
        SELECT CASE WHEN r.is_refused THEN contact.external_id
                    WHEN {_open("contact", "name")} THEN {_NEW_NAME} ELSE contact.name END,
               CASE WHEN NOT r.is_refused THEN {_filled("contact", "r", "email")} END,
               CASE WHEN NOT r.is_refused THEN {_filled("contact", "r", "phone")} END,
               CASE WHEN NOT r.is_refused THEN {_filled("contact", "r", "title")} END),
    told = CASE WHEN r.is_refused THEN jsonb_build_object('account_id', contact.told -> 'account_id')
           ELSE {_told("contact", "r", ("account_id", "email", "phone", "title"))} || jsonb_build_object('name',
               CASE WHEN {_open("contact", "name")} THEN {_NEW_NAME} ELSE contact.told ->> 'name' END) END
FROM {_PEOPLE}
WHERE contact.external_id = r.external_id AND (contact.told_at IS NULL OR contact.told_at <= r.told_at)
"""
_NOTE_ALIAS = """
INSERT INTO contact_alias (alias, external_id) VALUES (:alias, :id)
ON CONFLICT (workspace_id, alias) DO UPDATE SET external_id = excluded.external_id
"""
