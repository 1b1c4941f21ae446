"""Folds what requests of usage were noted into minutes and totals."""

from app.core.clock import utc_now
from app.core.queue import Lease
from app.usage.intake.sourcing import fold_intake


def run(_lease: Lease) -> None:
    fold_intake(utc_now())
