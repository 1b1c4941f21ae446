"""How to point what a company already runs at us: a guide a protocol, with what to install and what to paste."""

from dataclasses import dataclass

KEY = "YOUR_KEY"


@dataclass(frozen=True)
class Sample:
    """One way to send: what to install and what to paste; {host} and {key} are filled in."""

    title: str
    install: str
    text: str


@dataclass(frozen=True)
class Guide:
    """A protocol: for whom, whose account its events are, how it is sent."""

    code: str
    title: str
    about: str
    account: str
    samples: tuple[Sample, ...]


_TRACK_PY = """analytics.group("user-42", "{account}", {{"name": "{name}"}})
analytics.track("user-42", "Report Exported", {{"format": "pdf"}}, context={{"groupId": "{account}"}})
analytics.flush()"""
GUIDES = (
    Guide(
        "perennial",
        "Usage API",
        "Your own backend posts what customers did: the shortest way.",
        "`account` is the account's id as your other systems know it.",
        (
            Sample(
                "curl",
                "",
                'curl {host}api/v1/usage -H "Authorization: Bearer {key}" -H "Content-Type: application/json" \\\n'
                '  -d \'{{"events": [{{"id": "evt-1", "account": "{account}", "meter": "{meter}", "user": "ann"}}]}}\'',
            ),
        ),
    ),
    Guide(
        "segment",
        "Segment",
        "Segment's libraries, or any source of yours in Segment, with our host in place of theirs.",
        "`groupId` names the account: a group call links people to it, `context.groupId` says it on an event.",
        (
            Sample(
                "Python",
                "pip install segment-analytics-python",
                'import segment.analytics as analytics\n\nanalytics.write_key = "{key}"\n'
                'analytics.host = "{origin}"\n' + _TRACK_PY,
            ),
            Sample(
                "Node",
                "npm install @segment/analytics-node",
                'import {{ Analytics }} from "@segment/analytics-node";\n\n'
                'const analytics = new Analytics({{ writeKey: "{key}", host: "{origin}" }});\n'
                'analytics.group({{ userId: "user-42", groupId: "{account}", traits: {{ name: "{name}" }} }});\n'
                'analytics.track({{ userId: "user-42", event: "Report Exported",\n'
                '                   context: {{ groupId: "{account}" }} }});\n'
                "await analytics.closeAndFlush();",
            ),
            Sample(
                "Browser",
                "npm install @segment/analytics-next",
                'import {{ AnalyticsBrowser }} from "@segment/analytics-next";\n\n'
                "const analytics = AnalyticsBrowser.load(\n"
                '  {{ writeKey: "{key}", cdnSettings: {{ integrations: {{ "Segment.io": {{ apiHost: "{bare}v1",'
                ' protocol: "{scheme}", apiKey: "{key}" }} }} }} }});\n'
                'analytics.group("{account}", {{ name: "{name}" }});\nanalytics.track("Report Exported");',
            ),
        ),
    ),
    Guide(
        "rudderstack",
        "RudderStack",
        "RudderStack's libraries, with us as the data plane. They speak Segment's protocol.",
        "`groupId` names the account, as with Segment.",
        (
            Sample(
                "Python",
                "pip install rudder-sdk-python",
                "import rudderstack.analytics as analytics\n\n"
                'analytics.write_key = "{key}"\nanalytics.dataPlaneUrl = "{origin}"\n' + _TRACK_PY,
            ),
            Sample(
                "Node",
                "npm install @rudderstack/rudder-sdk-node",
                'import Analytics from "@rudderstack/rudder-sdk-node";\n\n'
                'const analytics = new Analytics("{key}", {{ dataPlaneUrl: "{origin}" }});\n'
                'analytics.track({{ userId: "user-42", event: "Report Exported",\n'
                '                   context: {{ groupId: "{account}" }} }});\n'
                "await analytics.flush();",
            ),
        ),
    ),
    Guide(
        "posthog",
        "PostHog",
        "PostHog's libraries, with our host in place of theirs.",
        "The group named `company` (or organization, account, customer …) is the account.",
        (
            Sample(
                "Python",
                "pip install posthog",
                'from posthog import Posthog\n\nposthog = Posthog("{key}", host="{origin}")\n'
                'posthog.group_identify("company", "{account}", {{"name": "{name}"}})\n'
                'posthog.capture("Report Exported", distinct_id="user-42", groups={{"company": "{account}"}})\n'
                "posthog.shutdown()",
            ),
            Sample(
                "Node",
                "npm install posthog-node",
                'import {{ PostHog }} from "posthog-node";\n\n'
                'const posthog = new PostHog("{key}", {{ host: "{origin}" }});\n'
                'posthog.capture({{ distinctId: "user-42", event: "Report Exported",\n'
                '                  groups: {{ company: "{account}" }} }});\n'
                "await posthog.shutdown();",
            ),
            Sample(
                "Browser",
                "npm install posthog-js",
                'import posthog from "posthog-js";\n\n'
                'posthog.init("{key}", {{ api_host: "{origin}" }});\n'
                'posthog.group("company", "{account}", {{ name: "{name}" }});\nposthog.capture("Report Exported");',
            ),
        ),
    ),
    Guide(
        "jitsu",
        "Jitsu",
        "Jitsu's library, in browsers and in Node.",
        "`groupId` names the account: call group() once, later events carry it.",
        (
            Sample(
                "JavaScript",
                "npm install @jitsu/js",
                'import {{ jitsuAnalytics }} from "@jitsu/js";\n\n'
                'const jitsu = jitsuAnalytics({{ host: "{origin}", writeKey: "perennial:{key}" }});\n'
                'await jitsu.group("{account}", {{ name: "{name}" }});\nawait jitsu.track("Report Exported");',
            ),
        ),
    ),
    Guide(
        "cloudevents",
        "CloudEvents",
        "Any sender of CloudEvents 1.0 over HTTP: binary, structured or batched.",
        "`subject` is the account, `type` the meter; a rule may add up a property of `data`.",
        (
            Sample(
                "curl",
                "",
                'curl {host}cloudevents -H "Authorization: Bearer {key}" \\\n'
                '  -H "Content-Type: application/cloudevents+json" -d \'{{"specversion": "1.0", "id": "evt-1",\n'
                '  "source": "/billing", "type": "{meter}", "subject": "{account}", "data": {{"calls": 12}}}}\'',
            ),
        ),
    ),
    Guide(
        "openmeter",
        "OpenMeter",
        "OpenMeter's clients, with our address in place of theirs.",
        "`subject` is the account, `type` the meter.",
        (
            Sample(
                "Python",
                "pip install --pre openmeter",
                'from openmeter import Client\n\nclient = Client(endpoint="{origin}", token="{key}")\n'
                'client.ingest_events({{"id": "evt-1", "source": "my-app", "specversion": "1.0", "type": "{meter}",\n'
                '                      "subject": "{account}", "data": {{}}}})',
            ),
        ),
    ),
    Guide(
        "lago",
        "Lago",
        "Lago's clients for usage events. Its billing webhooks come in under Data → Webhooks.",
        "`external_subscription_id` stands for the account that has the subscription; `code` is the meter.",
        (
            Sample(
                "Python",
                "pip install lago-python-client",
                "from lago_python_client.client import Client\nfrom lago_python_client.models import Event\n\n"
                'client = Client(api_key="{key}", api_url="{host}")\n'
                'client.events.create(Event(transaction_id="tx-1", external_subscription_id="{account}",\n'
                '                           code="{meter}"))',
            ),
        ),
    ),
)
BY_CODE = {guide.code: guide for guide in GUIDES}
