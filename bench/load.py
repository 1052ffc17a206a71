"""A closed-loop HTTP/1.1 generator on raw asyncio, so that the server under test is what saturates.

Each connection sends a prepared request, waits for the whole answer, sends the next. Latency is taken per request.
The CPU of the server is read from the kernel, user and system time of all its processes.
"""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

_LENGTH = re.compile(rb"\r\n[Cc]ontent-[Ll]ength: (\d+)")
_TICK = os.sysconf("SC_CLK_TCK")

NextRequest = Callable[[], bytes | None]
"""The next request's bytes; None when there are no more."""


@dataclass
class Result:
    """What a run gave. `cpu` is the server's, `own_cpu` the generator's, in seconds."""

    requests: int
    seconds: float
    cpu: float
    own_cpu: float
    statuses: Counter[int]
    latencies: list[float] = field(repr=False)

    @property
    def cpu_us(self) -> float:
        """Server CPU per request, microseconds."""
        return self.cpu / max(1, self.requests) * 1e6

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds

    def percentile(self, share: float) -> float:
        """Latency in milliseconds below which this share of the requests lies."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000 if ordered else 0.0


def cpu_seconds(pids: list[int]) -> float:
    """User and system time that some processes have used so far."""
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / _TICK


class _Connection(asyncio.Protocol):
    def __init__(self, source: NextRequest, result: Result, done: Callable[[], None]) -> None:
        self._source = source
        self._result = result
        self._done = done
        self._buffer = b""
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._next()

    def _next(self) -> None:
        request = self._source()
        if request is None:
            self._transport.close()
            return
        self._sent = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head = self._buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        status = int(self._buffer[9:12])
        length = _LENGTH.search(self._buffer, 0, head + 4)
        need = head + 4 + (int(length[1]) if length and status not in (204, 304) else 0)
        if len(self._buffer) < need:
            return
        self._buffer = self._buffer[need:]
        self._result.latencies.append(time.perf_counter() - self._sent)
        self._result.statuses[status] += 1
        self._result.requests += 1
        self._next()

    def connection_lost(self, _: Exception | None) -> None:
        self._done()


async def run(port: int, pids: list[int], source: NextRequest, *, connections: int = 64) -> Result:
    """Send everything that `source` gives over some keep-alive connections."""
    result = Result(0, 0.0, 0.0, 0.0, Counter(), [])
    loop = asyncio.get_running_loop()
    finished = asyncio.Event()
    left = connections

    def done() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            finished.set()

    cpu, own, started = cpu_seconds(pids), time.process_time(), time.perf_counter()
    for _ in range(connections):
        await loop.create_connection(lambda: _Connection(source, result, done), "127.0.0.1", port)
    await finished.wait()
    result.seconds = time.perf_counter() - started
    result.cpu = cpu_seconds(pids) - cpu
    result.own_cpu = time.process_time() - own
    return result


def request(method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b"") -> bytes:
    """The bytes of a request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: bench"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def repeat(single: bytes, count: int) -> NextRequest:
    """The same request, so many times."""
    left = count

    def following() -> bytes | None:
        nonlocal left
        left -= 1
        return single if left >= 0 else None

    return following


def each(requests: list[bytes]) -> NextRequest:
    """Each request once, in order."""
    following = iter(requests)
    return lambda: next(following, None)
