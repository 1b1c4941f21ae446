"""Drives posthog as its users do: key and host are ours, everything else is as it comes. Both versions of its capture."""

import json
import sys
from uuid import NAMESPACE_URL, uuid5

from posthog import Posthog


def main(task: dict) -> list[str]:
    errors: list[str] = []
    client = Posthog(
        task["key"], host=task["address"], gzip=task["gzip"], capture_mode=task.get("capture_mode"),
        on_error=lambda error, _batch: errors.append(str(error)),
    )  # fmt: skip
    person, groups = task["person"], {"company": task["account"]}

    def numbered(what: object) -> str:
        return str(uuid5(NAMESPACE_URL, f"{task['run']}-{what}"))

    if task["tells"]:
        told = {"name": task["name"], "industry": "Retail"}
        client.group_identify("company", task["account"], told, uuid=numbered("group"))
        client.capture("$pageview", distinct_id=person, groups=groups, uuid=numbered("page"),
                       properties={"$set": {"name": "Ada", "email": task["email"]}})  # fmt: skip
    for n in range(task["events"]):
        who = f"{person}-{n % task['people']}"
        client.capture("Report Exported", distinct_id=who, properties={"rows": n}, groups=groups, uuid=numbered(n))
    if task["unknown"]:
        client.capture("Signed In", distinct_id=person, groups={"company": task["unknown"]}, uuid=numbered("unknown"))
    client.shutdown()
    return errors


json.dump({"errors": main(json.loads(sys.argv[1]))}, sys.stdout)
