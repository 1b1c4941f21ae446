"""Replays what was held, once its cause is mended: through the same translation as when it came."""

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

import msgspec

from app.accounts.intake import naming
from app.connectors.cloudevents.translating import PROTOCOL as CLOUDEVENTS
from app.connectors.jitsu.translating import PROTOCOL as JITSU
from app.connectors.lago.translating import PROTOCOL as LAGO
from app.connectors.openmeter.translating import PROTOCOL as OPENMETER
from app.connectors.posthog.translating import PROTOCOL as POSTHOG
from app.connectors.segment.translating import PROTOCOL as SEGMENT
from app.connectors.taking import take
from app.core import queue
from app.identity.models import Workspace
from app.usage.intake import holding, taking
from app.usage.intake.taking import Taken
from app.usage.ledger.lateness import Coming

BATCH = 500
PROTOCOLS = {each.name: each for each in (SEGMENT, JITSU, POSTHOG, CLOUDEVENTS, OPENMETER, LAGO)}
Progress = Callable[[int, int | None, str], None]


def replay(
    workspace: Workspace,
    now: datetime,
    reason: str | None = None,
    value: str | None = None,
    after: int = 0,
) -> tuple[int, int, int]:
    """Take once more a batch of what is held (for a reason, of a value). What counts now is closed, the rest stays.

    Gives how many were looked at, how many of them are settled, and the last one looked at, to go on after.
    """
    rows = holding.claim_open(after, BATCH, reason, value)
    settled = 0
    for (source, protocol, received), group in groupby(rows, key=lambda row: (row.source, row.protocol, row.first_at)):
        held = list(group)
        taken = _take(source, protocol, [row.message for row in held], workspace, received, Coming(now))
        left = {each.index for each in taken.refused}
        done = [row.id for n, row in enumerate(held) if n not in left]
        holding.end(done, "counted", now)
        settled += len(done)
    return len(rows), settled, rows[-1].id if rows else after


def ask_for_replay(reason: str | None = None, value: str | None = None) -> None:
    """Have a worker replay what is held; asking twice asks once."""
    queue.defer("replay_held", unique_key=f"{reason} {value}", reason=reason, value=value)


def replay_what_is_mended() -> None:
    """Have what is held replayed whose account (or by a rule another), person or meter is there by now."""
    match_by_rules()
    for reason in sorted(holding.mended()):
        ask_for_replay(reason)


def match_by_rules() -> dict[str, int]:
    """Have the names that are held mean the accounts to which the rules lead them, and what is held for them replayed.
    Gives name → account id."""
    found = naming.match_names(holding.open_names()) if naming.rules() else {}
    if found:
        ask_for_replay("account")
    return found


def _take(
    source: str, protocol: str, messages: Sequence[Any], workspace: Workspace, received: datetime, coming: Coming
) -> Taken:
    """As of when it came: an event that says no time of its own happened then. It counts as known only now."""
    if protocol == taking.PROTOCOL:
        raws = [msgspec.json.encode(message) for message in messages]
        taken = taking.take(source, raws, received, workspace.time_zone, coming)
        taking.correct(source, taken, received, workspace.time_zone, coming)
        return taken
    return take(source, PROTOCOLS[protocol], messages, workspace, received, coming)
