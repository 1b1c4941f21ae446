"""Imports each domain's models, for Alembic only."""

from app.accounts import models as accounts
from app.announcements import models as announcements
from app.connectors.csv import models as imports
from app.connectors.webhooks import models as webhooks
from app.conversations import models as conversations
from app.core import queue, timetable
from app.core.rest import models as rest
from app.forecast import models as forecast
from app.health import models as health
from app.identity import models as identity
from app.playbooks import models as playbooks
from app.usage import models as usage

__all__ = [
    "accounts",
    "announcements",
    "conversations",
    "forecast",
    "health",
    "identity",
    "imports",
    "playbooks",
    "queue",
    "rest",
    "timetable",
    "usage",
    "webhooks",
]
