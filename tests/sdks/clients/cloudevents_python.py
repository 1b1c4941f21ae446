"""Drives cloudevents, which makes the messages that requests sends: binary, structured, and batches by hand."""

import json
import sys

import requests
from cloudevents.core.bindings.http import to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent

BATCH = 100


def main(task: dict) -> list[str]:
    def event(n: object, account: str, person: str) -> CloudEvent:
        attributes = {"id": f"{task['run']}-{n}", "source": "/my-app/ü-100%", "type": task["meter"]}
        return CloudEvent({**attributes, "subject": account, "user": person}, {"path": "/x"})

    people = [f"{task['person']}-{n % task['people']}" for n in range(task["events"])]
    events = [event(n, task["account"], person) for n, person in enumerate(people)]
    if task["unknown"]:
        events.append(event("unknown", task["unknown"], task["person"]))
    alone = [to_binary_event(events[0]), *map(to_structured_event, events[1:2])]
    bodies = [json.loads(to_structured_event(each).body) for each in events[2:]]
    messages = [(message.headers, message.body) for message in alone]
    kind = {"content-type": "application/cloudevents-batch+json"}
    messages += [(kind, json.dumps(bodies[n : n + BATCH])) for n in range(0, len(bodies), BATCH)]
    errors = []
    for headers, body in messages:
        answer = requests.post(
            f"{task['address']}/cloudevents", data=body, timeout=30,
            headers={**headers, "Authorization": f"Bearer {task['key']}"},
        )  # fmt: skip
        errors += [] if answer.ok else [f"{answer.status_code} {answer.text}"]
    return errors


json.dump({"errors": main(json.loads(sys.argv[1]))}, sys.stdout)
