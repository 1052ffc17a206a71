"""An open-loop HTTP/1.1 generator: requests leave at Poisson instants, and latency counts from the instant meant."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

_LENGTH = re.compile(rb"\r\n[Cc]ontent-[Ll]ength: (\d+)")


@dataclass
class Outcome:
    """Latencies in seconds; `late`: by how much the generator itself sent too late; bodies in order of answers."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    bodies: dict[int, bytes] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        """Milliseconds."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000


class _Connection(asyncio.Protocol):
    def __init__(self, run: _Run) -> None:
        self._run = run
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._run.idle.append(self)

    def send(self, number: int, due: float, request: bytes) -> None:
        self._number, self._due = number, due
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head = self._buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        length = _LENGTH.search(self._buffer, 0, head + 4)
        need = head + 4 + (int(length[1]) if length else 0)
        if len(self._buffer) < need:
            return
        outcome = self._run.outcome
        outcome.latencies.append(time.perf_counter() - self._due)
        outcome.statuses[int(self._buffer[9:12])] += 1
        outcome.bodies[self._number] = self._buffer[head + 4 : need]
        self._buffer = self._buffer[need:]
        self._run.answered(self)


class _Run:
    def __init__(self, requests: Sequence[bytes], rate: float | None, seed: int) -> None:
        self.requests, self.rate = requests, rate
        self.random = random.Random(seed)
        self.outcome = Outcome()
        self.idle: deque[_Connection] = deque()
        self.held: deque[tuple[int, float]] = deque()
        self.finished = asyncio.Event()

    def answered(self, connection: _Connection) -> None:
        self.idle.append(connection)
        self.push()
        if len(self.outcome.latencies) == len(self.requests):
            self.finished.set()

    def push(self) -> None:
        while self.held and self.idle:
            number, due = self.held.popleft()
            # A closed loop's request is due when there is a connection for it.
            due = due or time.perf_counter()
            self.outcome.late.append(time.perf_counter() - due)
            self.idle.popleft().send(number, due, self.requests[number])

    async def go(self, port: int, connections: int) -> Outcome:
        loop = asyncio.get_running_loop()
        for _ in range(connections):
            await loop.create_connection(lambda: _Connection(self), "127.0.0.1", port)
        began = due = time.perf_counter()
        for number in range(len(self.requests)):
            if self.rate:
                due += self.random.expovariate(self.rate)
                if (ahead := due - time.perf_counter()) > 0:
                    await asyncio.sleep(ahead)
                elif number % 20 == 0:
                    await asyncio.sleep(0)
            self.held.append((number, due if self.rate else 0.0))
            if self.rate:
                self.push()
        self.push()
        await asyncio.wait_for(self.finished.wait(), 120)
        self.outcome.seconds = time.perf_counter() - began
        for connection in self.idle:
            connection.transport.close()
        return self.outcome


async def run(
    port: int, requests: Sequence[bytes], *, rate: float | None = None, connections: int = 64, seed: int = 7
) -> Outcome:
    """Send all, `rate` a second on average; None: as fast as the connections give answers (closed loop)."""
    return await _Run(requests, rate, seed).go(port, connections)
