"""Brings an import's files into the book."""

from app.connectors.csv import importing
from app.core.clock import utc_now
from app.core.queue import Lease


def run(lease: Lease, *, import_id: int) -> None:
    importing.run_import(import_id, utc_now(), lease.progress)
