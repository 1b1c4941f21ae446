"""The same least endpoint in Flask, so that what the web server costs can be told from what counting costs.

granian … benchmarks.twin.bare:app
"""

import os
from threading import local

import msgspec
import psycopg
from flask import Flask, Response, request

INSERT = """
INSERT INTO twin_event (source, event_id, account, meter, quantity, happened_at, person)
SELECT 'api', id, account, meter, quantity, at, "user" FROM json_to_recordset(%s::json)
    AS r (id text, account text, meter text, quantity float8, at timestamptz, "user" text)
ON CONFLICT (source, event_id) DO NOTHING
"""
app = Flask(__name__)
mine = local()


class Event(msgspec.Struct):
    """One event, as the product's endpoint reads it."""

    id: str
    account: str
    meter: str
    quantity: float
    at: str
    user: str | None = None


class Batch(msgspec.Struct):
    """A request."""

    events: list[Event]


@app.post("/api/v1/usage")
def take() -> Response:
    """Store a batch, each event once."""
    events = msgspec.json.decode(request.get_data(cache=False), type=Batch).events
    if not hasattr(mine, "connection"):
        mine.connection = psycopg.connect(os.environ["TWIN_URL"])
    done = mine.connection.execute(INSERT, [msgspec.json.encode(events).decode()]).rowcount
    mine.connection.commit()
    body = {"accepted": done, "duplicates": len(events) - done}
    return Response(msgspec.json.encode(body), mimetype="application/json")
