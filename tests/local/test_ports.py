import socket

import pytest

from app.local.ports import any_free_port, free_port, is_answered


@pytest.fixture
def taken():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_free_port_is_taken_without_a_word(capsys):
    port = any_free_port()
    assert free_port(port) == port
    assert capsys.readouterr().out == ""


def test_a_taken_port_is_named_and_a_later_one_used(taken, capsys):
    port = free_port(taken)
    assert port > taken
    assert capsys.readouterr().out == f"Port {taken} is taken; using {port}.\n"


def test_when_no_port_is_left_it_says_so(taken):
    with pytest.raises(OSError, match=f"No free port from {taken}"):
        free_port(taken, tries=1)


def test_a_listening_port_is_answered_and_a_closed_one_is_not(taken):
    assert is_answered(taken)
    assert not is_answered(any_free_port())
