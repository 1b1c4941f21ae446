"""Drives lago-python-client as its users do: key and host are ours, everything else is as it comes."""

import json
import sys

from lago_python_client.client import Client
from lago_python_client.exceptions import LagoApiError
from lago_python_client.models import BatchEvent, Event

BATCH = 100  # Lago's own limit


def main(task: dict) -> list[str]:
    def event(n: object, account: str) -> Event:
        return Event(
            transaction_id=f"{task['run']}-{n}", external_subscription_id=account, code=task["meter"], timestamp=None,
            precise_total_amount_cents=None, properties={"path": "/x"},
        )  # fmt: skip

    events = [event(n, task["account"]) for n in range(task["events"])]
    if task["unknown"]:
        events.append(event("unknown", task["unknown"]))
    client = Client(api_key=task["key"], api_url=task["address"])
    try:
        told = client.events.create(events[0])
        for start in range(1, len(events), BATCH):
            client.events.batch_create(BatchEvent(events=events[start : start + BATCH]))
    except LagoApiError as error:
        return [f"{error.status_code} {error.detail or error.response}"]
    return [] if told.transaction_id == events[0].transaction_id else [f"another event came back: {told}"]


json.dump({"errors": main(json.loads(sys.argv[1]))}, sys.stdout)
