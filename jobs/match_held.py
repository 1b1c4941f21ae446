"""Matches the names that are held with accounts, by the rules."""

from app.connectors.replaying import match_by_rules
from app.core.queue import Lease


def run(_lease: Lease) -> None:
    match_by_rules()
