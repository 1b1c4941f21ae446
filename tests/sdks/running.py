"""The official SDKs as they come from their registries, each run in a process of its own."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from tests.environments import node, node_environment, python_environment

CLIENTS = Path(__file__).parent / "clients"
PATIENCE_S = 180
PYTHON = (
    *("segment-analytics-python==2.4.0", "rudder-sdk-python==2.1.9", "posthog==7.91.1", "lago-python-client==1.55.0"),
    *("cloudevents==2.2.0", "requests==2.34.2"),
)
OPENMETER = ("openmeter==1.0.0b236",)  # wants cloudevents<2
NODE = (
    *("@segment/analytics-node@3.1.0", "@rudderstack/rudder-sdk-node@3.0.13", "posthog-node@5.70.0"),
    *("@jitsu/js@1.11.0", "cloudevents@10.0.0", "@openmeter/sdk@1.0.0-beta.232", "lago-javascript-client@1.53.0"),
    *("@segment/analytics-next@1.84.3", "posthog-js@1.449.2"),
)


@dataclass(frozen=True)
class Sdk:
    """One SDK: the script that drives it, the packages it needs, what it does by itself.

    `has_batches`: it sends many events in one request. `waits`: the statuses after which it tries again, in its own
    time; after others it tells its caller. `options` go to the script, `environment` to its process.
    """

    name: str
    script: str
    pins: tuple[str, ...]
    protocol: str
    has_gzip: bool = False
    has_batches: bool = True
    waits: frozenset[int] = frozenset({429, 503})
    options: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def is_metered(self) -> bool:
        """Whether it names meters and accounts, and tells nothing of people and companies."""
        return self.protocol in {"cloudevents", "openmeter", "lago"}

    def command(self) -> list[str]:
        if self.pins != NODE:
            return [str(python_environment(*self.pins)), str(CLIENTS / self.script)]
        return [node(), place(self.script)]


@cache
def place(script: str) -> str:
    """Copy a script to where it finds its packages, once: nobody may read it while it is written."""
    return shutil.copy(CLIENTS / script, node_environment(*NODE))


_NEVER: frozenset[int] = frozenset()
SDKS = (
    Sdk("segment-python", "segment_python.py", PYTHON, "segment", has_gzip=True),
    Sdk("rudderstack-python", "rudderstack_python.py", PYTHON, "segment", has_gzip=True),
    Sdk("posthog-python", "posthog_python.py", PYTHON, "posthog", has_gzip=True),
    Sdk("posthog-python-v1", "posthog_python.py", PYTHON, "posthog", has_gzip=True, options={"capture_mode": "v1"}),
    Sdk("cloudevents-python", "cloudevents_python.py", PYTHON, "cloudevents", waits=_NEVER),
    Sdk("lago-python", "lago_python.py", PYTHON, "lago", waits=frozenset({429})),
    Sdk("openmeter-python", "openmeter_python.py", OPENMETER, "openmeter"),
    Sdk("segment-node", "segment_node.mjs", NODE, "segment"),
    Sdk("rudderstack-node", "rudderstack_node.mjs", NODE, "segment", has_gzip=True),
    Sdk("posthog-node", "posthog_node.mjs", NODE, "posthog", has_gzip=True),
    Sdk(
        *("posthog-node-v1", "posthog_node.mjs", NODE, "posthog"),
        has_gzip=True,
        environment={"POSTHOG_CAPTURE_MODE": "v1"},
    ),
    Sdk("jitsu-node", "jitsu_node.mjs", NODE, "jitsu", has_batches=False, waits=_NEVER),
    Sdk("cloudevents-node", "cloudevents_node.mjs", NODE, "cloudevents", has_batches=False, waits=_NEVER),
    Sdk("openmeter-node", "openmeter_node.mjs", NODE, "openmeter", waits=_NEVER),
    Sdk("lago-node", "lago_node.mjs", NODE, "lago", waits=frozenset({429})),
)
METER = "api_calls"


def drive(sdk: Sdk, address: str, key: str, run: str, **task: Any) -> list[str]:
    """Send what `task` says; gives the errors that the SDK told its caller of.

    Its account is `<run>-<sdk>` and so is the beginning of each id: the same run sends the same ids.
    """
    name = f"{run}-{sdk.name}"
    whole = {
        "address": address, "key": key, "run": name, "account": name, "name": f"Company {name}", "person": f"ada-{name}",
        "email": f"ada@{name}.example", "meter": METER, "events": 3, "people": 1, "tells": False, "unknown": None,
        "gzip": sdk.has_gzip, **sdk.options, **task,
    }  # fmt: skip
    return _run([*sdk.command(), json.dumps(whole)], sdk.environment)


def drive_page(chromium: str, url: str, task: dict[str, Any]) -> list[str]:
    """Open a page in Chromium and wait until it has sent what `task` says; gives what its console complained of."""
    what = {"chromium": chromium, "url": url, "task": task}
    return _run([sys.executable, str(CLIENTS / "chromium.py"), json.dumps(what)], {})


def _run(command: list[str], environment: dict[str, str]) -> list[str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    done = subprocess.run(
        command, env=kept | environment, capture_output=True, text=True, check=False, timeout=PATIENCE_S,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        return json.loads(done.stdout)["errors"]
    except (ValueError, TypeError, KeyError) as error:
        raise AssertionError(f"{command[1]} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}") from error
