"""Which account a customer of a billing system is, and what that system may fill in there."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text

from app.accounts.intake import recording
from app.accounts.models import Account
from app.accounts.queries import account_ids_by_external_id
from app.connectors.webhooks.book.facts import Family, Known
from app.connectors.webhooks.book.owning import account_of_others
from app.connectors.webhooks.models import WebhookAccount
from app.connectors.webhooks.reading import moment
from app.core import tenancy
from app.core.clock import day_in
from app.extensions import db

_FILLED = ("name", "country", "signed_up_on")


def account_of(family: Family, provider: str, zone: str, now: datetime) -> str | None:
    """Give the external id of a customer's account, made and filled in where the customer is known; None if not.

    It is what the metadata names, the customer's own before that of its contracts; else the account at which a contract
    of that id stands already; else the one with the customer's own id.
    """
    customer = next(iter(family.theirs("customer").values()), [])
    contracts = sorted(family.theirs("subscription"))
    external_id = _named(customer) or _named(_contracts(family)) or account_of_others(family.source_id, contracts)
    external_id = external_id or family.name
    if not customer and external_id not in account_ids_by_external_id([external_id]):
        return None
    link: WebhookAccount | None = db.session.get(
        WebhookAccount, (tenancy.workspace_id(), family.source_id, family.name)
    )
    filled = link.filled if link else {}
    said = _said(customer, zone)
    if customer:
        _fill(external_id, said, filled, now)
        _introduce(f"{provider}:{family.name}", external_id, said, filled, now)
    _remember(family, external_id, said)
    return external_id


def _contracts(family: Family) -> list[Known]:
    told = [fact for facts in family.theirs("subscription").values() for fact in facts]
    return sorted(told, key=lambda fact: (fact.happened_at, fact.event_id))


def _named(facts: Sequence[Known]) -> str | None:
    return next((fact.said["account"] for fact in reversed(facts) if fact.said.get("account")), None)


def _said(customer: Sequence[Known], zone: str) -> dict[str, str]:
    """Give the newest word on each field; what was said once and then left out stays."""
    said = {name: value for fact in customer for name, value in fact.state.items() if value}
    since = moment(said.pop("since", None))
    return said | ({"signed_up_on": day_in(zone, since).isoformat()} if since else {})


def _fill(external_id: str, said: dict[str, str], filled: dict[str, Any], now: datetime) -> None:
    """Fill in what is empty, or is still as this source left it; what people and other systems wrote stays."""
    account = db.session.query(Account).filter_by(external_id=external_id).populate_existing().one_or_none()
    row = {"external_id": external_id, "name": said.get("name") or external_id}
    row |= {name: said[name] for name in ("country", "signed_up_on") if name in said}
    if account is not None:
        free = {name for name in row if _is_free(account, name, filled)}
        row = {name: value if name in free else getattr(account, name) for name, value in row.items()}
    recording.record_accounts([row], now)


def _is_free(account: Account, name: str, filled: dict[str, Any]) -> bool:
    value = getattr(account, name)
    written = value.isoformat() if hasattr(value, "isoformat") else value
    return written in {None, "", filled.get(name)} or (name == "name" and written == account.external_id)


def _introduce(contact_id: str, external_id: str, said: dict[str, str], filled: dict[str, Any], now: datetime) -> None:
    """Keep the person that the invoices go to, unless the account has one with that address."""
    told = {name: said.get(name) for name in ("email", "person", "phone")} | {"of": external_id}
    if not said.get("email") or told == filled.get("contact") or _has_other(contact_id, external_id, said["email"]):
        return
    contact = {"external_id": contact_id, "account": external_id, "email": said["email"], "phone": said.get("phone")}
    contact |= {"name": said.get("person") or said["email"], "title": "Billing contact"}
    recording.record_contacts([contact], now)


def _has_other(contact_id: str, external_id: str, email: str) -> bool:
    query = text(
        "SELECT EXISTS (SELECT FROM contact c JOIN account a ON a.workspace_id = c.workspace_id AND a.id = c.account_id"
        " WHERE lower(c.email) = lower(:email) AND a.external_id = :account AND c.external_id <> :contact)"
    )
    return bool(db.session.scalar(query, {"email": email, "account": external_id, "contact": contact_id}))


def _remember(family: Family, external_id: str, said: dict[str, str]) -> None:
    account_id = account_ids_by_external_id([external_id])[external_id]
    contact = {name: said.get(name) for name in ("email", "person", "phone")} | {"of": external_id}
    filled = {name: said[name] for name in _FILLED if name in said} | {"contact": contact}
    db.session.merge(
        WebhookAccount(
            workspace_id=tenancy.workspace_id(),
            source_id=family.source_id,
            family=family.name,
            account_id=account_id,
            filled=filled,
        )
    )
    db.session.flush()
