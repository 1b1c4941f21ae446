"""Drives openmeter as its users do: key and host are ours, everything else is as it comes."""

import json
import sys

from corehttp.exceptions import HttpResponseError
from openmeter import Client
from openmeter.models import Event

BATCH = 100


def main(task: dict) -> list[str]:
    def event(n: object, account: str) -> Event:
        return Event(
            id=f"{task['run']}-{n}", source="my-app", specversion="1.0", type=task["meter"], subject=account,
            data={"path": "/x"},
        )  # fmt: skip

    events = [event(n, task["account"]) for n in range(task["events"])]
    if task["unknown"]:
        events.append(event("unknown", task["unknown"]))
    with Client(endpoint=task["address"], token=task["key"]) as client:
        try:
            client.events.ingest_event(events[0])
            for start in range(1, len(events), BATCH):
                client.events.ingest_events(events[start : start + BATCH])
        except HttpResponseError as error:
            return [str(error)]
    return []


json.dump({"errors": main(json.loads(sys.argv[1]))}, sys.stdout)
