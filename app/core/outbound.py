"""The one HTTP client for addresses that people typed in, closed to our own network.

A name is resolved once a call, every address it has is checked, and the connection goes to the very address that was
checked: a resolver that changes its mind between the two (DNS rebinding) gains nothing. Redirects are answers like any
other, never followed. A call ends within its seconds, however slowly the other side drips.
"""

import re
import socket
import ssl
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from time import monotonic
from typing import Any
from urllib.parse import SplitResult, urlsplit

import certifi
import httpcore

CALL_SECONDS = 15.0
CONNECT_SECONDS = 5.0
KEPT_BYTES = 1024
_AGENT = "Perennial/0.1"
_WEB_PORTS = {80, 443}
_FIRST_FREE_PORT = 1024  # below it live mail, shells and the like, which must not be spoken to in HTTP
_NO_TARGET = tuple(
    map(
        ip_network,
        (
            "192.0.0.0/24",  # protocol assignments; a cloud's metadata is at 192.0.0.192
            "168.63.129.16/32",  # a cloud's own agent, though the address is public
            "192.88.99.0/24",  # the old 6to4 relay
            "fec0::/10",  # site-local, deprecated and still routed in places
        ),
    )
)
_NAT64 = ip_network("64:ff9b::/96")

Address = IPv4Address | IPv6Address
Resolver = Callable[[str, int], Sequence[str]]


class TargetError(Exception):
    """The address may not be called; says why in words for whoever typed it in."""


class NoAnswerError(Exception):
    """The address was called and did not answer in time, or not in HTTP."""


@dataclass(frozen=True)
class Answer:
    """What came back: header names in small letters, and the beginning of the body."""

    status: int
    headers: Mapping[str, str]
    body: str


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    allow_private: bool,
    resolve: Resolver | None = None,
    seconds: float = CALL_SECONDS,
) -> Answer:
    """Post `body`; whatever status comes is an answer. Raises TargetError or NoAnswerError."""
    target = _read(url, allow_private)
    backend = _CheckedBackend(resolve or _resolve, allow_private, monotonic() + seconds)
    sent = {"Host": target.netloc, "User-Agent": _AGENT} | dict(headers)
    try:
        with (
            httpcore.ConnectionPool(ssl_context=_tls(), network_backend=backend) as pool,
            pool.stream("POST", _httpcore_url(target), headers=_encoded(sent), content=body) as answer,
        ):
            said = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers}
            return Answer(answer.status, said, _beginning(answer.iter_stream()))
    except httpcore.TimeoutException as error:
        raise NoAnswerError(f"no answer within {seconds:.0f} seconds") from error
    except (httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError) as error:
        raise NoAnswerError(str(error) or type(error).__name__) from error


def check(url: str, *, allow_private: bool, resolve: Resolver | None = None) -> None:
    """Refuse an address that could never be called, when it is typed in. Raises TargetError saying why."""
    target = _read(url, allow_private)
    _addresses(target.hostname or "", _port(target), allow_private, resolve or _resolve)


def is_public(address: Address) -> bool:
    """Say whether an address is out in the open internet, also one that is wrapped in another."""
    inner = _unwrapped(address)
    if inner is not None:
        return is_public(inner)
    special = address.is_multicast or address.is_reserved or address.is_unspecified or not address.is_global
    return not special and not any(address in network for network in _NO_TARGET)


def _unwrapped(address: Address) -> IPv4Address | None:
    """Give the IPv4 address that an IPv6 address leads to."""
    if isinstance(address, IPv4Address):
        return None
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)


def _read(url: str, allow_private: bool) -> SplitResult:
    """Take an address apart, refusing what two readers could read in two ways."""
    if not re.fullmatch(r"[!-~]{1,2000}", url) or "\\" in url:
        raise TargetError("Write the address in plain ASCII without spaces; a name in other letters as xn--….")
    try:
        target = urlsplit(url)
        port = _port(target)
    except ValueError as error:
        raise TargetError("This is not an address: write it as https://example.com/path.") from error
    if target.scheme not in {"http", "https"} or not target.hostname:
        raise TargetError("Write the address as https://example.com/path.")
    if target.scheme == "http" and not allow_private:
        raise TargetError("Use https: what we send names your customers.")
    if target.username is not None or target.password is not None:
        raise TargetError("Leave user and password out of the address: they would end up in logs.")
    if target.fragment or "%" in target.hostname:
        raise TargetError("Leave out what follows # or %: it is not sent.")
    if port not in _WEB_PORTS and port < _FIRST_FREE_PORT:
        raise TargetError(f"Port {port} belongs to another protocol: use 443, 80, or one from 1024 on.")
    return target


def _port(target: SplitResult) -> int:
    return target.port if target.port is not None else 443 if target.scheme == "https" else 80


def _addresses(host: str, port: int, allow_private: bool, resolve: Resolver) -> list[str]:
    """Resolve a name once. All its addresses must be allowed, for which one would be called is up to chance."""
    try:
        found = list(dict.fromkeys(resolve(host, port)))
    except OSError as error:
        raise TargetError(f"{host} cannot be found: check the name.") from error
    if not found:
        raise TargetError(f"{host} has no address.")
    if not allow_private and not all(is_public(ip_address(each.split("%")[0])) for each in found):
        raise TargetError(f"{host} leads into a private network, which this installation does not call.")
    return found


def _resolve(host: str, port: int) -> list[str]:
    try:
        return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except UnicodeError as error:  # a label beyond 63 letters
        raise OSError(str(error)) from error


def _encoded(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in headers.items()]


def _httpcore_url(target: SplitResult) -> httpcore.URL:
    """Hand on the parts we checked, not the text, so that nothing is read a second time in another way."""
    path = (target.path or "/") + (f"?{target.query}" if target.query else "")
    return httpcore.URL(
        scheme=target.scheme.encode(), host=(target.hostname or "").encode(), port=target.port, target=path.encode()
    )


def _beginning(parts: Iterable[bytes]) -> str:
    kept = b""
    for part in parts:
        kept += part
        if len(kept) >= KEPT_BYTES:
            break
    return kept[:KEPT_BYTES].decode("utf-8", "replace").replace("\0", "")


@cache
def _tls() -> ssl.SSLContext:
    """Trust what the machine trusts (SSL_CERT_FILE too), and the usual authorities where it knows none."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


class _CheckedBackend(httpcore.NetworkBackend):
    """Connects to the address that was checked; Host and the TLS name stay those of the URL."""

    def __init__(self, resolve: Resolver, allow_private: bool, deadline: float) -> None:
        self._resolve, self._allow_private, self._deadline = resolve, allow_private, deadline

    def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> httpcore.NetworkStream:
        """Try the addresses in turn, within the deadline. Raises TargetError, or what the last one met."""
        failed: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in _addresses(host, port, self._allow_private, self._resolve):
            left = max(0.01, min(self._deadline - monotonic(), CONNECT_SECONDS))
            try:
                stream = httpcore.SyncBackend().connect_tcp(address, port, timeout=left)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
            else:
                return _TimedStream(stream, self._deadline)
        raise failed


class _TimedStream(httpcore.NetworkStream):
    """A connection that ends at a deadline; a time-out a read would let one byte a second last for ever."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = self._left(timeout, httpcore.ConnectTimeout)
        return _TimedStream(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def _left(self, timeout: float | None, error: type[Exception]) -> float:
        left = self._deadline - monotonic()
        if left <= 0:
            raise error("the time for the whole call is over")
        return left if timeout is None else min(left, timeout)
