"""Takes what waits apart into facts, and works out anew every customer that these speak of."""

from collections.abc import Iterable
from datetime import datetime

import structlog
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError, OperationalError

from app.accounts import movements, summarising
from app.accounts.intake.touching import touch
from app.connectors.standard_webhooks.deriving import derive as derive_plain
from app.connectors.webhooks.book import deriving
from app.connectors.webhooks.book.facts import Family, family_of
from app.connectors.webhooks.models import WebhookDelivery, WebhookFact, WebhookSource
from app.connectors.webhooks.provider import Envelope, Fact, Message, Provider, Told, UnusableError
from app.connectors.webhooks.providers import PROVIDERS
from app.connectors.webhooks.reading import document_of
from app.conversations import summarising as conversations
from app.core import tenancy
from app.extensions import db
from app.identity.guard import day_of
from app.identity.models import Workspace

Names = set[tuple[int, str]]
_ALONE = text("SELECT pg_advisory_xact_lock(hashtextextended('webhooks ' || current_setting('app.workspace_id'), 0))")
_log = structlog.get_logger()


def normalise(now: datetime, most: int = 200) -> int:
    """Bring up to `most` waiting deliveries into the book, one writer a workspace. Gives how many there were."""
    db.session.execute(_ALONE)
    waiting = select(WebhookDelivery).where(WebhookDelivery.state == "waiting").order_by(WebhookDelivery.id)
    deliveries = list(db.session.scalars(waiting.limit(most).execution_options(populate_existing=True)))
    if not deliveries:
        return 0
    workspace = db.session.get_one(Workspace, tenancy.workspace_id())
    sources = {source.id: source for source in db.session.scalars(select(WebhookSource))}
    names: Names = set()
    for delivery in deliveries:
        names |= _take_apart(delivery, PROVIDERS[sources[delivery.source_id].provider], workspace.currency, now)
    db.session.flush()
    touched = set[int]()
    for source_id, name in sorted(names):
        touched |= _work_out(sources[source_id], name, workspace, now)
    _follow(touched, workspace, now)
    return len(deliveries)


def _take_apart(delivery: WebhookDelivery, provider: Provider, currency: str, now: datetime) -> Names:
    """Keep what a delivery says as facts, in place of those it gave before. Gives the customers to work out."""
    names = _forget(delivery)
    told, reasons = _tell(delivery, provider)
    facts = [fact for fact in told.facts if fact.currency in {None, currency}]
    reasons += [_foreign(fact, currency) for fact in told.facts if fact not in facts]
    reasons += _keep(facts, delivery)
    delivery.reason, delivery.note = " ".join(reasons) or None, " ".join(told.left_out) or None
    delivery.settled_at = now
    if reasons:
        delivery.state = "failed"
    elif not facts:
        delivery.state, delivery.note = "ignored", delivery.note or "Nothing in it is of use here."
    return names | {(delivery.source_id, fact.family) for fact in facts} | _others(delivery.source_id, facts)


def _tell(delivery: WebhookDelivery, provider: Provider) -> tuple[Told, list[str]]:
    body = delivery.body or b""  # what waits has its words: only what is settled is forgotten, and not replayed
    envelope = Envelope(delivery.event_id, delivery.event_type, delivery.happened_at)
    try:
        told = provider.tell(Message(envelope, document_of(body), delivery.received_at))
    except UnusableError as error:
        return Told(), [str(error)]
    except Exception as error:  # noqa: BLE001 - whatever one sender writes must not stop the others
        _log.exception("webhook_not_understood", delivery_id=delivery.id)
        return Told(), [f"It is not of a shape that we know ({type(error).__name__}: {error})."]
    return told, list(told.unusable)


def _foreign(fact: Fact, currency: str) -> str:
    return (
        f"The {fact.kind} {fact.object_id} is in {fact.currency}, and this workspace counts in {currency}."
        " Amounts are never converted: send it to a workspace of that currency."
    )


def _keep(facts: list[Fact], delivery: WebhookDelivery) -> list[str]:
    """Write facts down; gives why not, where the database refuses them."""
    try:
        with db.session.begin_nested():
            if facts:
                db.session.execute(insert(WebhookFact), [_row(fact, delivery) for fact in facts])
    except OperationalError:
        raise
    except DBAPIError as error:
        return [f"The database refused it: {str(error.orig).splitlines()[0]}"]
    return []


def _row(fact: Fact, delivery: WebhookDelivery) -> dict[str, object]:
    return {
        "delivery_id": delivery.id,
        "kind": fact.kind,
        "object_id": fact.object_id,
        "source_id": delivery.source_id,
        "family": fact.family,
        "event_id": delivery.event_id,
        "happened_at": fact.happened_at,
        "rank": fact.rank,
        "said": fact.said,
    }


def _forget(delivery: WebhookDelivery) -> Names:
    query = text("DELETE FROM webhook_fact WHERE delivery_id = :id RETURNING source_id, family")
    return {(row.source_id, row.family) for row in db.session.execute(query, {"id": delivery.id})}


def _others(source_id: int, facts: Iterable[Fact]) -> Names:
    """Give the other customers that the same objects were told to belong to."""
    query = text(
        "SELECT DISTINCT family FROM webhook_fact WHERE source_id = :source AND kind = :kind AND object_id = :object"
    )
    return {
        (source_id, family)
        for fact in facts
        for family in db.session.scalars(query, {"source": source_id, "kind": fact.kind, "object": fact.object_id})
    }


def _work_out(source: WebhookSource, name: str, workspace: Workspace, now: datetime) -> set[int]:
    """Bring one customer into the book; where that fails, message by message, so that only the culprit stays out."""
    try:
        with db.session.begin_nested():
            return _derive(source, family_of(source.id, name), workspace, now)
    except OperationalError:
        raise
    except Exception:  # noqa: BLE001 - one customer must not stop the others
        _log.exception("webhook_customer_refused", source_id=source.id, customer=name)
        return _one_by_one(source, name, workspace, now)


def _one_by_one(source: WebhookSource, name: str, workspace: Workspace, now: datetime) -> set[int]:
    waiting = family_of(source.id, name).waiting()
    left, touched = set(waiting), set[int]()
    for delivery_id in waiting:
        left.discard(delivery_id)
        try:
            with db.session.begin_nested():
                touched |= _derive(source, family_of(source.id, name, without=left), workspace, now)
        except OperationalError:
            raise
        except Exception as error:  # noqa: BLE001 - likewise
            _refuse(delivery_id, error, now)
    return touched


def _refuse(delivery_id: int, error: Exception, now: datetime) -> None:
    """Fail a delivery that cannot be written, and drop what it says: else nothing of its customer came in any more."""
    why = (
        f"The database refused it: {str(error.orig).splitlines()[0]}" if isinstance(error, DBAPIError) else repr(error)
    )
    values = {"id": delivery_id, "why": why, "now": now}
    db.session.execute(text("DELETE FROM webhook_fact WHERE delivery_id = :id"), values)
    db.session.execute(
        text("UPDATE webhook_delivery SET state = 'failed', reason = :why, settled_at = :now WHERE id = :id"), values
    )


def _derive(source: WebhookSource, family: Family, workspace: Workspace, now: datetime) -> set[int]:
    if PROVIDERS[source.provider].is_billing:
        return deriving.derive(family, source.provider, workspace, now)
    return derive_plain(family, f"{source.name} (webhook {source.id})", workspace, now)


def _follow(touched: set[int], workspace: Workspace, now: datetime) -> None:
    """Have movements, summaries and scores follow the contracts."""
    ids = sorted(touched)
    if ids:
        movements.rebuild(ids)
        summarising.refresh(ids, day_of(workspace, now))
        conversations.refresh(ids)
        touch(ids)
