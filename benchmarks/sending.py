"""Sends prepared requests over a few connections for a while: the load of the benchmarks, in a process of its own."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, Thread

from benchmarks.results import percentile


@dataclass(frozen=True)
class Sent:
    """What came of it: requests answered 2xx, seconds, latencies in ms (ascending), other answers."""

    requests: int
    seconds: float
    latencies: list[float]
    refused: int

    @property
    def p99(self) -> float:
        return percentile(self.latencies, 99)


def send(port: int, requests: Sequence[bytes], connections: int, folder: Path, *, warm_up: float = 0.1) -> Sent:
    """Send each request once, from another process, which prepares them before the clock starts."""
    file = folder / f"requests-{time.monotonic_ns()}"
    with file.open("wb") as out:
        for each in requests:
            out.write(len(each).to_bytes(4, "big") + each)
    argv = [sys.executable, "-m", "benchmarks.sending", str(port), str(file), str(connections), str(warm_up)]
    done = subprocess.run(argv, capture_output=True, check=True, text=True, cwd=Path(__file__).parents[1])
    file.unlink()
    return Sent(**json.loads(done.stdout))


def post(path: str, body: bytes, key: str = "") -> bytes:
    """Write a whole request."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\nAccept: */*\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _main(port: int, file: Path, connections: int, warm_up: float) -> None:
    requests = list(_read(file))
    warm = int(len(requests) * warm_up)
    _run(port, requests[:warm], connections)
    started = time.perf_counter()
    answers = _run(port, requests[warm:], connections)
    seconds = time.perf_counter() - started
    good = sorted(ms for status, ms in answers if status < 300)
    found = {"requests": len(good), "seconds": seconds, "latencies": good, "refused": len(answers) - len(good)}
    sys.stdout.write(json.dumps(found))


def _run(port: int, requests: list[bytes], connections: int) -> list[tuple[int, float]]:
    answers: list[tuple[int, float]] = []
    waiting, lock = iter(requests), Lock()

    def work() -> None:
        line = socket.create_connection(("127.0.0.1", port))
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            with lock:
                each = next(waiting, None)
            if each is None:
                break
            started = time.perf_counter()
            line.sendall(each)
            status = _answer(line)
            answers.append((status, (time.perf_counter() - started) * 1000))
        line.close()

    threads = [Thread(target=work) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def _answer(line: socket.socket) -> int:
    """Read one answer to its end; gives its status."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _more(line)
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (int(row.split(b":")[1]) for row in head.split(b"\r\n") if row.lower().startswith(b"content-length:")), 0
    )
    while len(body) < length:
        body += _more(line)
    return int(head[9:12])


def _more(line: socket.socket) -> bytes:
    part = line.recv(65536)
    if not part:
        raise ConnectionError("the server hung up")
    return part


def _read(file: Path) -> Iterator[bytes]:
    data, at = file.read_bytes(), 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        yield data[at + 4 : at + 4 + size]
        at += 4 + size


if __name__ == "__main__":
    _main(int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
