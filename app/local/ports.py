"""Loopback ports."""

import socket

from .screen import say

LOOPBACK = "127.0.0.1"


def free_port(preferred: int, *, tries: int = 100) -> int:
    """`preferred`, or the next free port above it, saying so.

    Raises OSError when none of `tries` ports is free.
    """
    for port in range(preferred, min(preferred + tries, 65_536)):
        if is_free(port):
            if port != preferred:
                say(f"Port {preferred} is taken; using {port}.")
            return port
    raise OSError(f"No free port from {preferred} on.")


def any_free_port(preferred: int | None = None) -> int:
    """`preferred` when free, else one that the system draws."""
    if preferred is not None and is_free(preferred):
        return preferred
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT is free
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def is_answered(port: int) -> bool:
    """Whether something on loopback accepts connections at `port`."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1):
            return True
    except OSError:
        return False
