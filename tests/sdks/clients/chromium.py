"""Opens a page in Chromium, which sends what its task says, and tells what its console complained of."""

import json
import sys
from urllib.parse import quote

from playwright.sync_api import sync_playwright

PATIENCE_MS = 60_000


def main(chromium: str, url: str, task: dict) -> list[str]:
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        )
        page = browser.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{url}#{quote(json.dumps(task))}")
        page.wait_for_function("document.title === 'sent'", timeout=PATIENCE_MS)
        browser.close()
    return complaints


json.dump({"errors": main(**json.loads(sys.argv[1]))}, sys.stdout)
