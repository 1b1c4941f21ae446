"""Libraries that run in pages of other people, in Chromium: another origin than ours, and answered nonetheless."""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest

from app.local.processes import wait_until
from tests.sdks.between import Between, Trip, away, lost
from tests.sdks.conftest import AT_ONCE
from tests.sdks.running import drive_page, place

LIBRARIES = ("segment-browser", "posthog-browser")
each_library = pytest.mark.parametrize("library", LIBRARIES)
_OURS = ("CORS", "ERR_FAILED", "status of 4", "status of 5")  # how Chromium says that an answer of ours was no good


@pytest.fixture(scope="session")
def chromium():
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("There is no Chromium on this machine.")
    return found


@pytest.fixture(scope="session")
def elsewhere():
    """Another origin, which holds the pages and the libraries they load."""
    folder = {Path(place(f"{name}_browser.html")).parent for name in ("segment", "posthog")}.pop()
    (folder / "favicon.ico").touch()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_args):
        pass


@pytest.fixture(scope="session")
def pages(harbour, chromium, elsewhere):
    """The page of each library, which tells of a person, then of their company, and sends three events: answered,
    not heard at first, and with a key that nobody made."""

    def send(library, run, key, stay_ms, *spoils):
        name = f"{run}-{library}"
        with Between(harbour.product.address, *spoils) as way:
            task = {
                "host": urlsplit(way.address).netloc, "key": key, "account": name, "name": f"Company {name}",
                "person": f"ada-{name}", "email": f"ada@{name}.example", "events": 3, "stay_ms": stay_ms,
            }  # fmt: skip
            url = f"{elsewhere}/{library.replace('-', '_')}.html"
            return Trip(drive_page(chromium, url, task), [each for each in way.seen if each.method == "POST"])

    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {
            (library, run): pool.submit(send, library, run, key or harbour.key(library), stay_ms, *spoils)
            for library in LIBRARIES
            for run, key, stay_ms, *spoils in (
                ("page", None, 6_000),
                ("rough", None, 15_000, lost, lost, away),  # PostHog's waits longer each time, from three seconds on
                ("strange", "prn_1_of-no-worth", 6_000),
            )
        }


@each_library
def test_a_page_of_another_origin_is_answered_and_counted(harbour, pages, library):
    trip = pages[library, "page"].result()
    assert [each for each in trip.errors if any(word in each for word in _OURS)] == []
    assert {each.status for each in trip.seen} == {200}
    account = f"page-{library}"
    assert harbour.account(account)[0].name == f"Company {account}"
    assert wait_until(lambda: harbour.counted(account) == 4, within_s=60)  # the view of the page, and three events
    assert harbour.active(account) == {f"ada-{account}"}


@each_library
def test_who_was_told_of_before_their_company_is_soon_known_with_it(harbour, pages, library):
    pages[library, "page"].result()
    known = {(f"ada-page-{library}", "Ada", f"ada@page-{library}.example")}
    assert wait_until(lambda: harbour.people(f"page-{library}") == known, within_s=60)


@each_library
def test_what_a_page_sent_again_after_a_503_is_counted_once(harbour, pages, library):
    statuses = [each.status for each in pages[library, "rough"].result().seen]
    assert statuses[:3] == [503] * 3
    assert set(statuses[3:]) == {200}
    assert wait_until(lambda: harbour.counted(f"rough-{library}") == 4, within_s=60)


@each_library
def test_a_page_with_a_key_that_is_wrong_tries_nothing_again(harbour, pages, library):
    seen = pages[library, "strange"].result().seen
    assert {each.status for each in seen} == {401}
    assert len(seen) <= 6  # as many as it made calls
    assert harbour.account(f"strange-{library}") == []
