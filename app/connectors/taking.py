"""Takes what a protocol says into the book: accounts and people first, then what happened, each event once."""

from collections import Counter
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.accounts import queries, summarising
from app.accounts.intake import introducing, touching
from app.connectors.mending import mend
from app.connectors.saying import Said, UnusableError, id_of
from app.connectors.traits import account_of, has_refused, person_of
from app.core.clock import day_in
from app.identity.models import Workspace
from app.usage import metering
from app.usage.intake import holding, ingesting, sourcing
from app.usage.intake.holding import Held
from app.usage.intake.taking import FAR_OFF, Refusal, Taken, is_far_off
from app.usage.ledger.lateness import Coming
from app.usage.ledger.merging import merge_people

Message = Mapping[str, Any]
Translate = Callable[[Message, datetime], Said | None]


@dataclass(frozen=True)
class Protocol:
    """How one protocol is spoken: its name, where its messages keep their id, and what a message says (None: nothing
    that we keep). `translate` takes a message and when it was received, and raises UnusableError."""

    name: str
    id_field: str
    translate: Translate


def take(
    source: str,
    protocol: Protocol,
    messages: Sequence[Any],
    workspace: Workspace,
    now: datetime,
    coming: Coming | None = None,
) -> Taken:
    """Take messages of a source; hold those that cannot be used yet. Of one message that counts on several meters each
    counts once. Gives what became of the messages. `coming`: how they come in, if not just now."""
    is_new, coming = coming is None, coming or Coming(now)
    sourcing.get_known(source, now)
    said, refused = _translated(protocol, messages, now)
    _introduce(said, workspace, now, coming)
    placed, lost = _placed(said)
    repeats, unusable = _count(source, placed, workspace, now, coming)
    refused = sorted([*refused, *lost, *unusable], key=lambda each: each.index)
    holding.hold(source, protocol.name, [_held(protocol, messages[each.index], each) for each in refused], now)
    names = _names(said, repeats) if is_new else {}
    accepted = len(messages) - len(refused) - len(repeats)
    sourcing.note_intake(source, accepted, len(repeats), len(refused), now, names)
    return Taken(accepted, len(repeats), refused)


def _translated(
    protocol: Protocol, messages: Sequence[Any], now: datetime
) -> tuple[list[tuple[int, Said]], list[Refusal]]:
    said, refused = [], []
    for index, message in enumerate(messages):
        try:
            found = _within_reach(protocol.translate(_object(message), now), now)
        except UnusableError as error:
            refused.append(Refusal(index, error.field, "value", error.field, error.detail))
            continue
        if found is not None:
            said.append((index, found))
    return said, refused


def _within_reach(said: Said | None, now: datetime) -> Said | None:
    if said is not None and is_far_off(said.at, now):
        raise UnusableError("timestamp", f"{FAR_OFF}, as {said.at:%-d %B %Y} does.")
    return said


def _object(message: Any) -> Message:
    if not isinstance(message, Mapping):
        raise UnusableError("", "A message must be an object.")
    return message


def _introduce(said: Sequence[tuple[int, Said]], workspace: Workspace, now: datetime, coming: Coming) -> None:
    told = [each for _, each in said]
    aliases = {each.was: each.person for each in told if each.was and each.person and each.was != each.person}
    introducing.name_again(aliases)
    merge_people(aliases, day_in(workspace.time_zone, coming.at))
    made = introducing.introduce_accounts(
        [account_of(each.account, each.account_traits, each.at) for each in told if _tells_of_account(each)]
    )
    if made:
        summarising.refresh(made, workspace.book_day or day_in(workspace.time_zone, now))
        touching.touch(made)


def _tells_of_account(said: Said) -> bool:
    return said.account is not None and said.account_traits is not None


def _placed(said: Sequence[tuple[int, Said]]) -> tuple[list[tuple[int, Said, str, str | None]], list[Refusal]]:
    """Find account and person of each message; people who are told of are written down. Gives (index, said, account,
    person), and refuses those whose account cannot be known."""
    where = _Whereabouts([each for _, each in said])
    placed, lost, people, seen = [], [], list[dict[str, Any]](), dict[str, tuple[int, datetime]]()
    for index, each in said:
        person, account = where.person(each), where.account(each)
        if account is None:
            lost.extend(_lost(index, each, person))
            continue
        if person and (each.person_traits is not None or each.account_traits is not None):
            people.append(person_of(person, each) | {"account_id": where.ids[account]})
        if person and each.account:
            seen[person] = (where.ids[account], each.at)
        placed.append((index, each, account, person))
    introducing.introduce_people(people)
    mend({each.account for _, each in said if each.account and _tells_of_account(each)}, seen)
    return placed, lost


class _Whereabouts:
    """Whose account a batch of messages speaks of: named, or known from the person, their e-mail or subscription."""

    def __init__(self, said: Sequence[Said]) -> None:
        self._aliases = introducing.people_by_alias([each.person for each in said if each.person])
        linked = {self.person(each): each.account for each in said if each.account and each.person_traits is not None}
        told = [each for each in said if each.account_traits is not None]
        linked |= {self.person(each): each.account for each in told if each.account is not None}
        lost = [each for each in said if each.account is None and self.person(each) not in linked]
        known = introducing.accounts_of_people([person for each in lost if (person := self.person(each))])
        self._of_people = known | {person: account for person, account in linked.items() if person}
        self._by_domain = introducing.accounts_by_domain([domain for each in lost if (domain := _domain(each))])
        self._of_contracts = introducing.accounts_of_subscriptions([s.subscription for s in said if s.subscription])
        names = {name for each in said if (name := self._name(each))}
        self.ids = queries.known_accounts(names)

    def person(self, said: Said) -> str | None:
        """Give the id that counts of the person spoken of."""
        return self._aliases.get(said.person, said.person) if said.person else None

    def account(self, said: Said) -> str | None:
        """Give the name of the account spoken of, None when no such account is known."""
        name = self._name(said)
        return name if name in self.ids else None

    def _name(self, said: Said) -> str | None:
        if said.account is None and said.subscription is not None:
            return self._of_contracts.get(said.subscription, said.subscription)
        of_person = self._of_people.get(self.person(said) or "") or self._by_domain.get(_domain(said) or "")
        return said.account or of_person


def _domain(said: Said) -> str | None:
    email = (said.person_traits or {}).get("email") or said.person or ""
    return str(email).rpartition("@")[2].lower() if "@" in str(email) and not has_refused(said.consents) else None


def _lost(index: int, said: Said, person: str | None) -> list[Refusal]:
    """Refuse what cannot be placed; what says nothing of an account and counts nothing (an alias) needs no place."""
    if said.event is None and said.person_traits is None and said.account_traits is None:
        return []
    if said.account:
        return [Refusal(index, "account", "account", said.account, ingesting.no_account(said.account))]
    if said.subscription:
        detail = (
            f"There is no subscription {said.subscription!r}. Bring it in, or match it to an account {ingesting.MENDED}"
        )
        return [Refusal(index, "account", "account", said.subscription, detail)]
    if person:
        detail = f"Nothing has said yet which account {person!r} belongs to: a group call or a contact does."
        return [Refusal(index, "person", "person", person, detail)]
    return [Refusal(index, "person", "value", "", "It names neither a person nor an account.")]


def _count(
    source: str,
    placed: Sequence[tuple[int, Said, str, str | None]],
    workspace: Workspace,
    now: datetime,
    coming: Coming,
) -> tuple[set[int], list[Refusal]]:
    """Count what happened. Gives which messages were counted before, and refuses those that cannot be counted."""
    rules = _rules(any(each.event and not each.is_metered for _, each, _, _ in placed))
    rows, owners, refused = list[dict[str, Any]](), list[int](), list[Refusal]()
    for index, each, account, person in placed:
        try:
            counted = _counted(rules, each)
        except UnusableError as error:
            reason = "meter" if error.field == "meter" else "value"
            refused.append(Refusal(index, error.field, reason, each.event or "", error.detail))
            continue
        rows += _rows(each, account, person, counted)
        owners += [index] * len(counted)
    taken = ingesting.count(source, rows, now, workspace.time_zone, coming) if rows else ingesting.Ingested(0, 0, [])
    return set(owners) - {owners[n] for n in taken.fresh}, refused


def _rules(has_product_events: bool) -> metering.Rules:
    rules = metering.rules_in_force()
    is_new = has_product_events and metering.EVERYTHING not in rules.meters
    return metering.count_everything() if is_new else rules


def _counted(rules: metering.Rules, said: Said) -> dict[str, float]:
    if said.event is None:
        return {}
    try:
        if not said.is_metered:
            return rules.of_product_event(said.event, said.properties)
        counted = rules.of_metered_event(said.event, said.properties)
    except metering.NoNumberError as error:
        raise UnusableError(f"properties.{error.name}", str(error)) from error
    if counted is None:
        raise UnusableError("meter", ingesting.no_meter(said.event))
    return counted


def _rows(said: Said, account: str, person: str | None, counted: Mapping[str, float]) -> list[dict[str, Any]]:
    """Give a row a meter, told apart by its code; the first keeps what was said, for people and for later rules."""
    shared = {"account": account, "happened_at": said.at, "person": person}
    rows = [
        {"event_id": f"{said.id} {meter}", "meter": meter, "quantity": quantity, **shared}
        for meter, quantity in counted.items()
    ]
    if rows:
        told = holding.without_nul(said.properties)
        rows[0] |= {"name": said.event, "properties": told, "is_metered": said.is_metered}
    return rows


def _held(protocol: Protocol, message: Any, refusal: Refusal) -> Held:
    try:
        event_id = id_of(message if isinstance(message, Mapping) else {"": message}, protocol.id_field)
    except UnusableError:
        event_id = id_of({"": message}, protocol.id_field)
    return Held(event_id, message, refusal.reason, refusal.value, refusal.detail)


def _names(said: Sequence[tuple[int, Said]], left_out: Container[int]) -> Counter[str]:
    """Count the names of product events, leaving out repeats as far as they are known: of what something counts."""
    return Counter(each.event for index, each in said if each.event and not each.is_metered and index not in left_out)
