"""What holds for every page: nothing for axe to find, light or dark; fits a telephone; listed here."""

import base64
import hmac
import json
import re
import time

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Page, expect

from app.announcements.leaving import link_to_leave
from app.local.processes import wait_until
from tests.browser.making import PASSWORD, PEOPLE

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
DOORS = ("/sign-in", "/forgot", "/reset?secret=none", "/invitation?link=none", "/api/docs")
PAGES = (
    *("/", "/?of=team", "/accounts", "/accounts?q=zzzz", "/accounts/{account}", "/accounts/{former}"),
    *("/accounts/{account}/receipt", "/renewals", "/playbooks", "/playbooks/new", "/playbooks/{playbook}"),
    *("/playbooks/{playbook}/edit", "/data", "/data/imports/new", "/data/imports/{mapping}/mapping"),
    *("/data/imports/{mapping}/preview", "/data/imports/{done}", "/settings/people", "/settings/keys"),
    *("/data/connect", "/data/connect/segment", "/data/connect/posthog?since=2026-01-01", "/data/connect/lago"),
    *("/data/held", "/data/held?reason=account&value=nobody", "/data/counting", "/data/counting?event=Report+Exported"),
    *("/settings/notifications", "/settings/notifications/{subscriber}", "/unsubscribe?link={leave}"),
    *("/settings/notifications/{subscriber}/deliveries/{told}", "/account/notifications"),
    *("/data/webhooks", "/data/webhooks/{webhook}", "/data/webhooks/{webhook}/deliveries/{delivery}"),
    *("/settings/scorecards", "/settings/scorecards/Default", "/settings/scorecards/Default/edit"),
    *("/settings/scorecards/Onboarding/edit?as=new", "/settings/scorecards/trials/{trial}"),
    *("/model", "/model/versions/{version}", "/model/training/{training}"),
    *("/settings/audit", "/settings/workspace", "/account", "/find?q=a", "/no-such-page"),
)
NOT_PAGES = {
    *("static", "operations.livez", "operations.readyz", "operations.metrics", "portfolio.export", "portfolio.columns"),
    "portfolio.totals",
    *("imports.template", "imports.rejected", "imports.progress", "data.jobs", "data.live", "connect.first"),
    *("announcements.calendar", "scorecards.progress", "model.progress"),
    "reference.openapi",
    *("posthog.besides", "posthog.besides_as_script"),
}
WIDER_THAN_THE_SCREEN = """() => {
    const width = document.documentElement.clientWidth;
    const is_cut = (e) => e && (getComputedStyle(e).overflowX !== "visible" || is_cut(e.parentElement));
    return document.documentElement.scrollWidth <= width ? [] : [...document.querySelectorAll("body *")]
        .filter((e) => e.getBoundingClientRect().right > width + 1 && !is_cut(e.parentElement))
        .map((e) => `${e.tagName} .${e.className} ${e.textContent.trim().slice(0, 40)}`);
}"""


@pytest.fixture(scope="session")
def numbers(product):
    """What stands for the words in braces: rows of the demo, and two imports, one of them finished."""
    admin = product.sign_in(PEOPLE["admin"], PASSWORD)
    imports = {name: _upload(admin, name) for name in ("mapping", "done")}
    admin.post(f"/data/imports/{imports['done']}/run", on=f"/data/imports/{imports['done']}/preview")
    (row,) = product.rows(
        "SELECT (SELECT account_id FROM account_summary WHERE arr_minor > 0 AND score IS NOT NULL ORDER BY risk DESC LIMIT 1)"
        " AS account, (SELECT account_id FROM account_summary WHERE arr_minor = 0 LIMIT 1) AS former,"
        " (SELECT playbook_id FROM enrolment LIMIT 1) AS playbook, (SELECT id FROM model_version LIMIT 1) AS version"
    )
    return {
        **row._mapping,
        **imports,
        "training": _stop_a_training(product, admin),
        **_told(product, admin),
        **_hear(product, admin),
        **_try_a_card(product, admin),
    }


def _stop_a_training(product, admin):
    """Ask for a training and stop it, so that the pages stay as they are."""
    address = admin.post("/model/training", on="/model").url.path
    admin.post(f"{address}/cancellation", on="/model")
    number = int(address.split("/")[-1])
    over = "SELECT state = 'cancelled' AS over FROM job WHERE id = :id"
    assert wait_until(lambda: product.rows(over, id=number)[0].over, within_s=60)
    return number


def _told(product, admin):
    """A webhook with a test event, which our own web server answers with 405; and the foot of a letter."""
    home, url = "/settings/notifications", f"{product.address}/livez"
    admin.post(home, on=home, kind="webhook", name="warehouse", url=url, types="task.due")
    (row,) = product.rows("SELECT workspace_id, id, created_by FROM subscriber ORDER BY id DESC LIMIT 1")
    page = admin.post(f"{home}/{row.id}/test", on=home)
    leave = link_to_leave("", product.environment["SECRET_KEY"], row.workspace_id, row.created_by).split("link=")[1]
    return {"subscriber": row.id, "told": int(page.url.path.split("/")[-1]), "leave": leave}


def _try_a_card(product, person):
    """Put the default card on trial with usage weighing more, and wait until it is replayed."""
    on = "/settings/scorecards/Default/edit"
    page = person.read(on)
    words = dict(re.findall(r'<input class="form-control[^"]*"[^>]*? name="([^"]+)"[^>]*? value="([^"]*)"', page))
    words |= {"weight.adoption": "70", "reason": "Usage says more."}
    where = person.post("/settings/scorecards/Default/trials", on=on, **words).url.path
    trial = int(where.rsplit("/", 1)[1])
    done = "SELECT result IS NOT NULL AS done FROM scorecard_trial WHERE id = :id"
    assert wait_until(lambda: product.rows(done, id=trial)[0].done, within_s=60)
    return {"trial": trial}


def _hear(product, person):
    """Make a webhook and post to it what will be held."""
    page = person.post("/data/webhooks", on="/data/webhooks", provider="standard", name="Own systems")
    address, secret = (re.search(rf'<code id="{name}[^"]*">([^<]+)<', page.text)[1] for name in ("address", "secret"))
    data = {"id": "c-1", "account": "nobody", "name": "Nora"}
    body = json.dumps({"type": "contact.upserted", "timestamp": "2026-03-01T10:00:00Z", "data": data})
    at = str(int(time.time()))
    signature = hmac.digest(base64.b64decode(secret[6:]), f"msg-1.{at}.{body}".encode(), "sha256")
    headers = {
        "webhook-id": "msg-1",
        "webhook-timestamp": at,
        "webhook-signature": f"v1,{base64.b64encode(signature).decode()}",
    }
    answer = httpx.post(address, content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    state = "SELECT state FROM webhook_delivery WHERE id = :id"
    delivery = answer.json()["delivery"]
    assert wait_until(lambda: product.rows(state, id=delivery)[0].state == "held", within_s=60)
    return {"webhook": page.url.path.rsplit("/", 1)[1], "delivery": delivery}


def _upload(person, name):
    rows = f"account_id,account_name,signup_date\nX-{name},Xylem {name},03-25-2024\n,nobody,04-01-2024\n"
    answer = person.post("/data/imports", on="/data/imports/new", files={"files": (f"{name}.csv", rows, "text/csv")})
    return int(answer.url.path.split("/")[3])


@pytest.mark.parametrize("path", DOORS)
def test_a_door_is_open_to_everybody_and_fits_a_telephone(browse, path):
    _examine(browse(path))


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_open_to_everybody_and_fits_a_telephone(browse, numbers, path):
    _examine(browse(path.format(**numbers), "admin"))


def test_no_page_is_missing_here(application: Flask):
    adapter = application.url_map.bind("")
    listed = {adapter.match(path.split("?")[0].format_map(_Ones()))[0] for path in (*DOORS, *PAGES[:-1])}
    rules = [rule for rule in application.url_map.iter_rules() if not rule.rule.startswith("/api/v1/")]
    pages = {rule.endpoint for rule in rules if "GET" in rule.methods} - NOT_PAGES
    assert pages - listed == set()


class _Ones(dict):
    def __missing__(self, key):
        return 1


def _examine(page: Page) -> None:
    expect(page.locator("h1")).to_have_count(1)
    page.wait_for_load_state("networkidle")
    found = {theme: _violations(page, theme) for theme in ("light", "dark")}
    assert found == {"light": [], "dark": []}
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate(WIDER_THAN_THE_SCREEN) == []


def _violations(page: Page, theme: str) -> list[str]:
    """Only colours differ in the dark."""
    page.evaluate("theme => { document.documentElement.dataset.bsTheme = theme; drawCharts(); }", theme)
    only = {"type": "tag", "values": WCAG} if theme == "light" else {"type": "rule", "values": ["color-contrast"]}
    results = Axe().run(page, options={"runOnly": only, "resultTypes": ["violations"]})
    return [f"{each['id']}: {node['html'][:160]}" for each in results.response["violations"] for node in each["nodes"]]
