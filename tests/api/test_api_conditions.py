"""ETags: what a client has need not be sent again, and what changed meanwhile is not overwritten."""

import pytest

from tests.api.conftest import problem


@pytest.fixture
def address(accounts):
    return f"/accounts/{accounts.slipping.id}"


def test_what_the_client_has_is_not_sent_again(ask, address):
    first = ask("GET", address)
    assert first.headers["ETag"].startswith('"')
    again = ask("GET", address, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    ask("PATCH", address, json={"tier": "gold"})
    assert ask("GET", address, headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


@pytest.mark.parametrize("given", ['"other"', 'W/""', '""', "nonsense", '"a", "b"'])
def test_what_the_client_has_not_is_sent(ask, address, given):
    assert ask("GET", address, headers={"If-None-Match": given}).status_code == 200


def test_one_of_several_is_enough_and_a_star_stands_for_all(ask, address):
    etag = ask("GET", address).headers["ETag"]
    assert ask("GET", address, headers={"If-None-Match": f'"x", {etag}'}).status_code == 304
    assert ask("GET", address, headers={"If-None-Match": "*"}).status_code == 304


def test_a_change_goes_through_when_nobody_else_has_changed_it(ask, address):
    etag = ask("GET", address).headers["ETag"]
    changed = ask("PATCH", address, json={"tier": "gold"}, headers={"If-Match": etag})
    assert changed.status_code == 200
    refused = ask("PATCH", address, json={"tier": "silver"}, headers={"If-Match": etag})
    assert problem(refused)[:2] == (412, "stale")
    assert (
        ask("PATCH", address, json={"tier": "silver"}, headers={"If-Match": changed.headers["ETag"]}).status_code == 200
    )


@pytest.mark.parametrize("given", ['"other"', 'W/""', "nonsense"])
def test_a_change_of_something_else_is_refused_and_leaves_all_as_it_was(ask, address, given):
    assert problem(ask("PATCH", address, json={"tier": "gold"}, headers={"If-Match": given}))[:2] == (412, "stale")
    assert ask("GET", address).json["tier"] == "standard"


def test_the_etag_of_a_compressed_answer_is_understood_when_it_comes_back(ask, address):
    squeezed = ask("GET", address, headers={"Accept-Encoding": "gzip"})
    assert squeezed.headers["Content-Encoding"] == "gzip"
    etag = squeezed.headers["ETag"]
    assert ask("GET", address, headers={"If-None-Match": etag}).status_code == 304
    assert ask("PATCH", address, json={"tier": "gold"}, headers={"If-Match": etag}).status_code == 200


def test_a_playbook_is_switched_only_as_it_was_read(ask, numbers):
    address = f"/playbooks/{numbers['playbook_id']}"
    etag = ask("GET", address).headers["ETag"]
    assert ask("PATCH", address, json={"is_on": False}, headers={"If-Match": etag}).json["is_on"] is False
    assert problem(ask("PATCH", address, json={"is_on": True}, headers={"If-Match": etag}))[0] == 412


def test_an_answer_may_be_kept_by_its_reader_and_by_nobody_between(ask, address):
    assert ask("GET", address).headers["Cache-Control"] == "private, no-cache"
    assert ask("PATCH", address, json={"tier": "gold"}).headers["Cache-Control"] == "no-store"
