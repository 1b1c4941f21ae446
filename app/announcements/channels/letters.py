"""A letter to a member: one event, or all of a day. Its Message-ID is the same at every try: a repeat shows as one."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from app.announcements.channels.slack import link_of
from app.announcements.delivery.parcel import Message, Parcel
from app.announcements.events import headline
from app.announcements.leaving import link_to_leave


@dataclass(frozen=True)
class Letter:
    """What is handed to the mail server, beside sender and receiver."""

    subject: str
    body: str
    headers: dict[str, str]


def letter_of(parcel: Parcel, base_url: str, secret_key: str) -> Letter:
    """Write the letter for a parcel to a member."""
    leave = link_to_leave(base_url, secret_key, parcel.workspace_id, parcel.user_id or 0)
    is_digest = parcel.pace == "daily" or len(parcel.messages) > 1
    body = "\n".join(_digest(parcel) if is_digest else _single(parcel.messages[0]))
    foot = f"\n-- \nChoose what you are told: {base_url}/account/notifications\nStop these letters: {leave}\n"
    headers = {
        "Auto-Submitted": "auto-generated",
        "List-Unsubscribe": f"<{leave}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    thread = _digest_id(parcel, base_url) if is_digest else _thread(parcel, parcel.messages[0], base_url)
    return Letter(_subject(parcel, is_digest=is_digest), f"Hello {parcel.person},\n\n{body}{foot}", headers | thread)


def _subject(parcel: Parcel, *, is_digest: bool) -> str:
    first = parcel.messages[0]
    if not is_digest:
        return _one_line(headline(first.type, first.data))
    count = len(parcel.messages)
    return _one_line(f"{parcel.workspace}: {count} thing{'s' if count > 1 else ''} to know")


def _single(message: Message) -> Iterator[str]:
    yield from _told(message)


def _digest(parcel: Parcel) -> Iterator[str]:
    """Tell what belongs to one account together, in the order in which it happened."""
    by_account: dict[int | None, list[Message]] = {}
    for message in parcel.messages:
        by_account.setdefault(message.account_id, []).append(message)
    for messages in by_account.values():
        for message in messages:
            yield from _told(message)


def _told(message: Message) -> Iterator[str]:
    yield headline(message.type, message.data)
    yield f"  {message.data['why']}"
    yield f"  {link_of(message.data)}\n"


def _thread(parcel: Parcel, message: Message, base_url: str) -> dict[str, str]:
    """Give the letter its number, as an answer to a first letter on the account that never was: mail programs then
    show all letters on one account as one conversation."""
    own = {"Message-ID": _number(f"event-{message.announcement_id}", parcel, base_url)}
    if message.account_id is None:
        return own
    root = _number(f"account-{message.account_id}", parcel, base_url)
    return own | {"In-Reply-To": root, "References": root}


def _digest_id(parcel: Parcel, base_url: str) -> dict[str, str]:
    return {"Message-ID": _number(f"day-{parcel.messages[0].delivery_id}", parcel, base_url)}


def _number(what: str, parcel: Parcel, base_url: str) -> str:
    return f"<{what}.{parcel.user_id}.{parcel.workspace_id}@{urlsplit(base_url).hostname}>"


def _one_line(words: str) -> str:
    return " ".join(words.split())
