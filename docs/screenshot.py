"""Takes the README's picture of a running Perennial.

.venv/bin/python docs/screenshot.py ADDRESS EMAIL PASSWORD
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

PICTURE = Path(__file__).with_name("today.png")
LARGEST = 250 * 1024  # bytes, so that the page of the repository opens at once


def take(address: str, email: str, password: str) -> bytes:
    """Sign in and give the first screen of Today, in light colours, 1440 by 900 points."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(base_url=address, viewport={"width": 1440, "height": 900}, color_scheme="light")
        page.goto("/sign-in")
        page.get_by_label("E-mail address").fill(email)
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("heading", name="What to do").wait_for()
        page.wait_for_load_state("networkidle")
        picture = page.screenshot()
        browser.close()
    return picture


if __name__ == "__main__":
    taken = take(*sys.argv[1:])
    if len(taken) > LARGEST:
        sys.exit(f"The picture has {len(taken):,} bytes, {LARGEST:,} are the most.")
    PICTURE.write_bytes(taken)
