"""Has what is held counted once its account or meter has come: by API, by import, or by a rule."""

from app.connectors.replaying import replay_what_is_mended
from app.core.queue import Lease


def run(_lease: Lease) -> None:
    replay_what_is_mended()
