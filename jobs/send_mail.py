"""Sends one letter, then forgets its text, which may hold a link that opens a door."""

from flask import current_app
from sqlalchemy import text

from app.core import mail
from app.core.queue import Lease
from app.extensions import db


def run(lease: Lease, *, to: str, subject: str, body: str) -> None:
    """Send a letter; the job is tried again when the server refuses."""
    mail.send(current_app.config["PERENNIAL"], to, subject, body)
    db.session.execute(text("UPDATE job SET args = args - 'body' WHERE id = :id"), {"id": lease.job_id})
