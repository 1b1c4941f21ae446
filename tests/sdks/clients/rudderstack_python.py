"""Drives rudder-sdk-python as its users do: key and host are ours, everything else is as it comes."""

import json
import sys

from rudderstack.analytics.client import Client


def main(task: dict) -> list[str]:
    errors: list[str] = []
    client = Client(
        task["key"], host=task["address"], gzip=task["gzip"], on_error=lambda error, _batch: errors.append(str(error))
    )
    person, run, of_account = task["person"], task["run"], {"groupId": task["account"]}
    if task["tells"]:
        client.group(person, task["account"], {"name": task["name"], "industry": "Retail"}, message_id=f"{run}-group")
        client.identify(person, {"name": "Ada", "email": task["email"]}, message_id=f"{run}-identify")
        client.page(person, name="Home", message_id=f"{run}-page")
    for n in range(task["events"]):
        who = f"{person}-{n % task['people']}"
        client.track(who, "Report Exported", {"rows": n}, of_account, message_id=f"{run}-{n}")
    if task["unknown"]:
        client.track(person, "Signed In", context={"groupId": task["unknown"]}, message_id=f"{run}-unknown")
    client.shutdown()
    return errors


json.dump({"errors": main(json.loads(sys.argv[1]))}, sys.stdout)
