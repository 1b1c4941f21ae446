"""No address that somebody typed in leads into our own network, by whatever name; and no call lasts for ever."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from threading import Event, Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import outbound
from app.core.outbound import NoAnswerError, TargetError, check, is_public, post
from app.local.ports import any_free_port
from config import Config
from tests.receivers import receiving

PUBLIC = "93.184.216.34"
PRIVATE = (
    *("127.0.0.1", "127.8.9.1", "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.254", "192.168.0.1"),
    *("169.254.169.254", "169.254.0.1", "0.0.0.0", "0.1.2.3", "100.64.0.1", "100.100.100.200", "192.0.0.192"),
    *("168.63.129.16", "198.18.0.1", "192.0.2.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255"),
    *("::1", "::", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "fd00::1", "fd00:ec2::254"),
    *("fc00::1", "fe80::1", "fec0::1", "ff02::1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::"),
    *("2002:a00:1::1", "2001:db8::1", "2001:0:4136:e378:8000:63bf:80ff:fffe"),
)
OPEN = (PUBLIC, "8.8.8.8", "172.32.0.1", "2606:2800:220:1:248:1893:25c8:1946", "64:ff9b::808:808", "::ffff:8.8.8.8")


def leads_to(*addresses):
    return lambda _host, _port: list(addresses)


def refused(url, resolve=None, **options):
    with pytest.raises(TargetError) as refusal:
        check(url, allow_private=False, resolve=resolve or leads_to(PUBLIC), **options)
    return str(refusal.value)


@pytest.fixture
def receiver():
    with receiving() as found:
        yield found


# --- which addresses are public ---


@pytest.mark.parametrize("address", PRIVATE)
def test_no_private_address_is_called_by_number_or_by_a_name_that_leads_there(address):
    literal = f"[{address}]" if ":" in address else address
    assert "private network" in refused(f"https://{literal}/", outbound._resolve)
    assert "private network" in refused("https://innocent.example/", leads_to(address))


@pytest.mark.parametrize("address", OPEN)
def test_a_public_address_may_be_called(address):
    assert is_public(ip_address(address))
    check("https://example.com/hook?a=b", allow_private=False, resolve=leads_to(address))


@pytest.mark.parametrize(
    "host", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0x7f.0.0.1", "017700000001", "0", "localhost"]
)
def test_another_way_of_writing_loopback_is_seen_through(host):
    assert "private network" in refused(f"https://{host}/", outbound._resolve)


def test_a_name_with_one_private_address_among_public_ones_is_refused():
    assert "private network" in refused("https://example.com/", leads_to(PUBLIC, "10.0.0.1"))


@given(st.ip_addresses(v=4))
def test_an_address_is_as_public_wrapped_in_ipv6_as_bare(address):
    assert is_public(ip_address(f"::ffff:{address}")) == is_public(address)
    assert is_public(ip_address(int(ip_address("64:ff9b::")) + int(address))) == is_public(address)


# --- which texts are addresses ---


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("ftp://example.com/", "https://example.com/path"),
        ("file:///etc/passwd", "https://example.com/path"),
        ("gopher://example.com/", "https://example.com/path"),
        ("javascript:alert(1)", "https://example.com/path"),
        ("example.com/hook", "https://example.com/path"),
        ("https://", "https://example.com/path"),
        ("", "plain ASCII"),
        ("https://exa mple.com/", "plain ASCII"),
        ("https://example.com/\r\nHost: other", "plain ASCII"),
        ("https://example.com\\@127.0.0.1/", "plain ASCII"),
        ("https://bücher.example/", "xn--"),
        ("https://user:password@example.com/", "user and password"),
        ("https://user@example.com/", "user and password"),
        ("https://@example.com/", "user and password"),
        ("http://example.com/", "Use https"),
        ("https://example.com/#part", "what follows #"),
        ("https://[fe80::1%25eth0]/", "what follows #"),
        ("https://example.com:99999/", "not an address"),
        ("https://example.com:port/", "not an address"),
        ("https://[::1/", "not an address"),
    ],
)
def test_what_is_no_plain_web_address_is_refused_with_the_remedy(url, why):
    assert why in refused(url)


@pytest.mark.parametrize("port", [0, 22, 25, 110, 143, 465, 587, 993, 1023])
def test_ports_of_other_protocols_are_refused(port):
    assert f"Port {port} belongs to another protocol" in refused(f"https://example.com:{port}/")


@pytest.mark.parametrize("port", [80, 443, 1024, 8443, 65535])
def test_ports_of_the_web_and_free_ones_may_be_called(port):
    check(f"https://example.com:{port}/", allow_private=False, resolve=leads_to(PUBLIC))


def test_a_name_that_nobody_knows_is_refused():
    def unknown(_host, _port):
        raise socket.gaierror(-2, "Name or service not known")

    assert "cannot be found" in refused("https://nowhere.example/", unknown)
    assert "has no address" in refused("https://nowhere.example/", leads_to())
    assert "cannot be found" in refused(f"https://{'a' * 70}.example/", outbound._resolve)


@pytest.mark.parametrize(("said", "allowed"), [("yes", True), ("TRUE", True), ("1", True), ("no", False), ("", False)])
def test_private_targets_are_allowed_by_a_plain_yes_only(said, allowed):
    env = {"DATABASE_URL": "postgresql://x", "REDIS_URL": "redis://x", "SECRET_KEY": "x", "ALLOW_PRIVATE_TARGETS": said}
    assert Config.from_env(env).allow_private_targets == allowed


# --- the call itself ---


def test_a_call_arrives_and_brings_back_the_beginning_of_the_answer(receiver):
    receiver.answer(202, {"Retry-After": "7", "X-Odd": "é"}, "a\0b" + "x" * 5000)
    answer = post(receiver.address + "?a=b%20c", b"{}", {"Content-Type": "application/json"}, allow_private=True)
    assert (answer.status, answer.headers["retry-after"]) == (202, "7")
    assert answer.body == "ab" + "x" * 1021
    (heard,) = receiver.heard
    assert (heard.method, heard.path, heard.body) == ("POST", "/hook?a=b%20c", b"{}")
    assert heard.headers["host"] == receiver.address.split("/")[2]
    assert heard.headers["content-type"] == "application/json"
    assert "accept-encoding" not in heard.headers


def test_a_name_is_resolved_once_and_the_call_goes_to_the_address_that_was_checked(receiver):
    port, asked = receiver.address.split(":")[2].split("/")[0], []

    def resolve(host, port):
        asked.append((host, port))
        return ["127.0.0.1"]

    post(f"http://customer.example:{port}/hook", b"", {}, allow_private=True, resolve=resolve)
    assert asked == [("customer.example", int(port))]
    assert receiver.heard[0].headers["host"] == f"customer.example:{port}"


def test_a_resolver_that_changes_its_mind_after_the_check_gains_nothing(monkeypatch):
    """Rebinding: public when the address was typed in, private when it is called."""
    answers = iter([[PUBLIC], ["127.0.0.1"]])
    dialled = []
    monkeypatch.setattr(outbound.httpcore.SyncBackend, "connect_tcp", lambda *args, **_: dialled.append(args))
    resolve = lambda _host, _port: next(answers)  # noqa: E731
    check("https://rebinding.example/", allow_private=False, resolve=resolve)
    with pytest.raises(TargetError, match="private network"):
        post("https://rebinding.example/", b"", {}, allow_private=False, resolve=resolve)
    assert dialled == []


def test_the_very_address_that_was_checked_is_dialled(monkeypatch):
    dialled = []

    def dial(_self, host, port, **_):
        dialled.append((host, port))
        raise outbound.httpcore.ConnectError("nobody there")

    monkeypatch.setattr(outbound.httpcore.SyncBackend, "connect_tcp", dial)
    with pytest.raises(NoAnswerError, match="nobody there"):
        post("https://example.com/", b"", {}, allow_private=False, resolve=leads_to(PUBLIC, "8.8.8.8"))
    assert dialled == [(PUBLIC, 443), ("8.8.8.8", 443)]


def test_a_redirect_is_an_answer_and_is_not_followed(receiver):
    receiver.answer(302, {"Location": receiver.address.replace("/hook", "/inside")})
    answer = post(receiver.address, b"", {}, allow_private=True)
    assert answer.status == 302
    assert [heard.path for heard in receiver.heard] == ["/hook"]


def test_each_call_is_checked_whatever_was_allowed_when_it_was_typed_in(receiver):
    check(receiver.address, allow_private=True)
    with pytest.raises(TargetError, match="Use https"):
        post(receiver.address, b"", {}, allow_private=False)
    with pytest.raises(TargetError, match="private network"):
        post(receiver.address.replace("http", "https"), b"", {}, allow_private=False)
    assert receiver.heard == []


@contextmanager
def raw_server(talk) -> Iterator[int]:
    """Hand the first connection on a free port to `talk`, in a thread."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            connection, _ = server.accept()
            with connection:
                talk(connection)

        thread = Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


def test_tls_asks_for_the_name_of_the_address_though_a_number_is_dialled():
    hello = []

    def listen(connection):
        hello.append(connection.recv(4096))

    with raw_server(listen) as port, pytest.raises(NoAnswerError):
        post(f"https://customer.example:{port}/", b"", {}, allow_private=True, resolve=leads_to("127.0.0.1"))
    assert b"customer.example" in hello[0]
    assert hello[0][:1] == b"\x16"  # a TLS handshake


@pytest.mark.parametrize("said", [b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n"])
def test_a_call_ends_in_its_time_though_the_other_side_drips(said):
    def drip(connection):
        connection.recv(4096)
        connection.sendall(said)
        try:
            for _ in range(1000):
                connection.sendall(b"a")
                drip.pause.wait(0.02)
        except OSError:
            drip.hung_up = True

    drip.pause, drip.hung_up = Event(), False
    with raw_server(drip) as port, pytest.raises(NoAnswerError, match="within 0 seconds"):
        post(f"http://127.0.0.1:{port}/", b"", {}, allow_private=True, seconds=0.3)
    assert drip.hung_up


@pytest.mark.parametrize("said", [b"", b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 abc\r\n\r\n"])
def test_what_is_no_http_is_no_answer(said):
    with (
        raw_server(lambda connection: (connection.recv(4096), connection.sendall(said))) as port,
        pytest.raises(NoAnswerError),
    ):
        post(f"http://127.0.0.1:{port}/", b"", {}, allow_private=True)


def test_nobody_at_home_is_no_answer():
    with pytest.raises(NoAnswerError):
        post(f"http://127.0.0.1:{any_free_port()}/", b"", {}, allow_private=True)
