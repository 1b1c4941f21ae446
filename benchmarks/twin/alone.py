"""The product, but each single event in a transaction of its own: what sharing commits is held against."""

from typing import Any

import app.usage.api
from app.extensions import db


def alone(_who: Any, item: Any, store: Any, _sharing: Any) -> Any:
    """Store one item and commit."""
    (answer,) = store([item])
    db.session.commit()
    return answer


app.usage.api.together = alone
from wsgi import app  # noqa: E402
