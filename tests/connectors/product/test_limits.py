"""What a key may send in a minute, and how long one that sent more must wait."""

from dataclasses import replace

import pytest

from tests.connectors.product.conftest import counted
from tests.connectors.product.test_segment import track


@pytest.fixture
def six_a_minute(app, monkeypatch):
    monkeypatch.setitem(app.config, "PERENNIAL", replace(app.config["PERENNIAL"], ingest_per_minute=6))


@pytest.fixture
def send_tracks(send, basic, six_a_minute):
    def post(*numbers):
        return send("/v1/batch", {"batch": [track(n) for n in numbers]}, basic)

    return post


def test_who_used_up_the_minute_waits_for_the_next_event_and_not_for_the_next_minute(send_tracks):
    assert send_tracks(*range(7)).status_code == 200
    answer = send_tracks(7)
    assert (answer.status_code, answer.json["code"]) == (429, "rate_limited")
    assert 1 <= int(answer.headers["Retry-After"]) <= 10  # six a minute are one in ten seconds
    assert answer.headers["x-ratelimit-reset"] == answer.headers["Retry-After"]
    assert counted("product_events") == 7


def test_a_batch_beyond_the_minute_is_taken_whole_and_waited_for_afterwards(send_tracks):
    assert send_tracks(*range(12)).status_code == 200
    assert 10 < int(send_tracks(12).headers["Retry-After"]) <= 60
    assert counted("product_events") == 12


def test_the_wait_of_who_asks_again_too_soon_does_not_grow(send_tracks):
    send_tracks(*range(7))
    assert {send_tracks(7).status_code for _ in range(20)} == {429}
    assert int(send_tracks(7).headers["Retry-After"]) <= 10
