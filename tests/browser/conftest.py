"""Chromium on a running product with a small demo. Whatever a page says on its console fails the test that opened it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from sqlalchemy import Engine

from tests.browser.making import PASSWORD, PEOPLE
from tests.product import ROOT, Product, product_on

PATIENCE_MS = 30_000  # a test machine may have other things to do
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")

Open = Callable[..., Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark them, so that they can be chosen or left out by `-m`."""
    for item in items:
        if item.path.is_relative_to(ROOT / "tests" / "browser"):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def product(
    new_database: Callable[[str], str], admin: Engine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Product]:
    with product_on(new_database("browser"), admin, tmp_path_factory.mktemp("browser")) as made:
        argv = [sys.executable, "-m", "tests.browser.making"]
        subprocess.run(argv, env={**os.environ, **made.environment}, cwd=ROOT, check=True)
        for name in ("web", "worker-1", "timekeeper"):
            made.start(name)
        yield made


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The machine's Chromium. Without one the tests are skipped, but where CI is set they fail."""
    path = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if path is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("There is no Chromium on this machine.")
    expect.set_options(timeout=PATIENCE_MS)
    arguments = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def sessions(product: Product) -> Callable[[str], list[dict[str, str]]]:
    """The cookies of a role's person, who signs in once: the door counts tries."""
    known: dict[str, list[dict[str, str]]] = {}

    def cookies_of(role: str) -> list[dict[str, str]]:
        if role not in known:
            person = product.sign_in(PEOPLE[role], PASSWORD)
            cookies = person.browser.cookies.jar
            known[role] = [{"name": c.name, "value": c.value or "", "url": product.address} for c in cookies]
        return known[role]

    return cookies_of


@pytest.fixture
def browse(chromium: Browser, product: Product, sessions: Callable[..., list], complaints: list[str]) -> Iterator[Open]:
    """Open a page as the person of a role, or of none; gives the page."""
    contexts: list[BrowserContext] = []

    def open_page(path: str, role: str | None = None, *, width: int = 1440, height: int = 900, **options) -> Page:
        context = chromium.new_context(
            base_url=product.address, viewport={"width": width, "height": height}, reduced_motion="reduce", **options
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        if role:
            context.add_cookies(sessions(role))
        page = context.new_page()
        _listen(page, product.address, complaints)
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """What pages complained of: errors, refusals by the content policy, requests to other origins. None is expected."""
    heard: list[str] = []
    yield heard
    assert heard == []


def _listen(page: Page, address: str, complaints: list[str]) -> None:
    def console(message) -> None:
        # Chromium repeats every answer from 400 on here; tests look at answers themselves.
        if message.type in {"error", "warning"} and not message.text.startswith("Failed to load resource"):
            complaints.append(f"{page.url}: {message.text}")

    def request(asked) -> None:
        if urlsplit(asked.url).netloc != urlsplit(address).netloc and not asked.url.startswith(("data:", "blob:")):
            complaints.append(f"{page.url} asked {asked.url}")

    page.on("console", console)
    page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
    page.on("request", request)
    page.on("requestfailed", lambda asked: complaints.append(f"{asked.url} failed") if _matters(asked) else None)


def _matters(asked) -> bool:
    return asked.failure != "net::ERR_ABORTED"  # a page that is left drops what it was still loading
