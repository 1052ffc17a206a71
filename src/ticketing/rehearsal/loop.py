"""One event loop by hand: a heap of instants and a poll of sockets, for thousands of people in one process.

Every microsecond that the generator takes is one that the server does not have, hence no asyncio. What is to be sent
leaves at an instant that was fixed beforehand; how late the loop was is counted, and so is its CPU: a generator that
saturates measures itself.
"""

from __future__ import annotations

import heapq
import resource
import select
import selectors
import socket
import sys
import time
from collections.abc import Callable
from typing import Any, Protocol

from ticketing.rehearsal.histogram import Histogram

READ, WRITE = 1, 4
_SPREAD = sys.platform == "linux"


class Waiter(Protocol):
    """Somebody whom the loop wakes."""

    def wake(self, when: float) -> None:
        """An instant that was asked for has come."""
        ...

    def ready(self) -> None:
        """The socket stands, has something to read, or is lost."""
        ...


class _Selector:
    """The part of epoll's interface that is used here, where there is no epoll."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()

    def register(self, fd: int, events: int) -> None:
        self._selector.register(fd, self._events(events))

    def modify(self, fd: int, events: int) -> None:
        self._selector.modify(fd, self._events(events))

    def unregister(self, fd: int) -> None:
        self._selector.unregister(fd)

    def poll(self, timeout: float, most: int) -> list[tuple[int, int]]:
        return [(key.fd, events) for key, events in self._selector.select(timeout)[:most]]

    @staticmethod
    def _events(events: int) -> int:
        return selectors.EVENT_WRITE if events == WRITE else selectors.EVENT_READ


def _poller() -> Any:
    return select.epoll() if hasattr(select, "epoll") else _Selector()


class Loop:
    """Wakes people at instants of the monotonic clock, and when their sockets are ready.

    Attributes:
        late: how much later than asked for people were woken.
        load: CPU share of this process, one figure for every second.
    """

    def __init__(self) -> None:
        self.late = Histogram()
        self.load: list[tuple[float, float]] = []
        self._due: list[tuple[float, int, Waiter, float]] = []
        self._pushed = 0
        self._poll = _poller()
        self._by_fd: dict[int, Waiter] = {}
        self._stopped = False

    @property
    def connections(self) -> list[Waiter]:
        """Everybody who has an open socket."""
        return list(self._by_fd.values())

    @staticmethod
    def now() -> float:
        """The instant."""
        return time.monotonic()

    def at(self, when: float, waiter: Waiter) -> None:
        """Wake somebody at an instant."""
        self._pushed += 1
        heapq.heappush(self._due, (when, self._pushed, waiter, time.monotonic()))

    def watch(self, fd: int, waiter: Waiter, *, connected: bool) -> None:
        """Wait for a connection to stand (once), then for answers on it."""
        if connected:
            self._poll.modify(fd, READ)
        else:
            self._by_fd[fd] = waiter
            self._poll.register(fd, WRITE)

    def forget(self, fd: int) -> None:
        """A connection is about to be closed."""
        if self._by_fd.pop(fd, None) is not None:
            self._poll.unregister(fd)

    def stop(self) -> None:
        """End `run` after this turn."""
        self._stopped = True

    def run(self, end: float, every_second: Callable[[float], None] | None = None) -> None:
        """Until an instant, or until `stop`. `every_second` is called about once a second."""
        due, poll, waiters = self._due, self._poll, self._by_fd
        second, cpu = time.monotonic(), time.process_time()
        while not self._stopped and (now := time.monotonic()) < end:
            while due and due[0][0] <= now:
                when, _, waiter, asked = heapq.heappop(due)
                # Who asked for an instant that was past already has not been kept waiting since then.
                self.late.add(now - max(when, asked))
                waiter.wake(when)
                now = time.monotonic()
            timeout = min(due[0][0], end) - now if due else end - now
            for fd, _ in poll.poll(max(0.0, min(timeout, 0.5)), 256):
                if (awaited := waiters.get(fd)) is not None:
                    awaited.ready()
            if now - second >= 1:
                used = time.process_time()
                self.load.append((now, (used - cpu) / (now - second)))
                second, cpu = now, used
                if every_second is not None:
                    every_second(now)


def open_socket(number: int, target: tuple[str, int]) -> socket.socket:
    """A connection that is being made, for somebody with a number; towards this machine from some 50,000 addresses
    of 127.0.0.0/8, since one address has only 28,000 ports. Raises OSError.
    """
    family = socket.AF_INET6 if ":" in target[0] else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setblocking(False)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if _SPREAD and target[0].startswith("127."):
        made.bind(source(number))
    made.connect_ex(target)
    return made


def source(number: int) -> tuple[str, int]:
    """An address of this machine for a connection; some 500 connections share one."""
    block = number // 500
    return f"127.{1 + block // 250 % 250}.{block % 250}.{1 + number % 250}", 0


def raise_descriptor_limit() -> int:
    """Let this process and its children open as many files as the hard limit allows; gives that number."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = min(hard, 1_000_000) if hard != resource.RLIM_INFINITY else 1_000_000
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return most
