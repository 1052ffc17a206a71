"""One person's browser: a journey told as a generator, played over one keep-alive connection.

A journey yields an instant to sleep until it, or an `Ask` to send a request; it is sent the `Answer`. Latency counts
from the instant that the request was meant for: the end of the sleep before it, or the answer before it. So a server
that stalls is charged with all that should have been sent meanwhile, and so is a generator that is late.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Generator
from typing import NamedTuple, Protocol, TypeAlias

from ticketing.rehearsal.loop import Loop, Waiter, open_socket
from ticketing.rehearsal.wire import NotHttp, Site, read_answer

TIMEOUT_SECONDS = 15.0
"""A fan who waits for so long for one answer gives it up and counts as not served."""


class Ask(NamedTuple):
    """A request. `step` is its name in the report."""

    step: str
    request: bytes


class Answer(NamedTuple):
    """What came back. Status 0: nothing did. Instants of the monotonic clock; `raw` with the head."""

    status: int
    body: bytes
    due: float
    sent: float
    at: float
    raw: bytes = b""


Journey: TypeAlias = Generator["float | Ask", "Answer | None", None]


class Observer(Protocol):
    """Is told of every answer, and of those that nobody can make sense of."""

    def answered(self, step: str, answer: Answer, why: str) -> None:
        """`why` is empty, or says why there was no answer."""
        ...

    def surprised(self, step: str, what: str) -> None:
        """An answer was not what it must be; `what` says how."""
        ...


class Client(Waiter):
    """Plays a journey."""

    __slots__ = ("_ask", "_due", "_fresh", "_journey", "_loop", "_number", "_observer", "_partial", "_sent", "_site",
                 "_socket", "_standing", "_step", "over")  # fmt: skip

    def __init__(self, loop: Loop, site: Site, observer: Observer, number: int, journey: Journey) -> None:
        self._loop = loop
        self._site = site
        self._observer = observer
        self._number = number
        self._journey = journey
        self._socket: socket.socket | None = None
        self._standing = False
        self._fresh = True
        self._ask: Ask | None = None
        self._step = "at the beginning"
        self._due = 0.0
        self._sent = 0.0
        self._partial = b""
        self.over = False

    def wake(self, when: float) -> None:
        """See `Waiter`."""
        self._go(None, when)

    def ready(self) -> None:
        """See `Waiter`."""
        if self._socket is None:
            return
        if not self._standing:
            self._connected(self._socket)
            return
        try:
            data = self._socket.recv(65_536)
        except BlockingIOError:
            return
        except OSError:
            self._lost("connection lost")
            return
        if self._ask is None:
            self._close()  # the end, or an answer that nobody asked for
            return
        self._read(self._partial + data, ended=not data)

    def _read(self, data: bytes, *, ended: bool) -> None:
        try:
            answer = read_answer(data, ended=ended)
        except NotHttp as error:
            self._close()
            self._observer.surprised(self._step, f"not HTTP: {error}")
            self._fail("not HTTP")
            return
        if answer is not None:
            self._partial = b""
            if ended:
                self._close()
            self._answered(Answer(*answer, self._due, self._sent, time.monotonic(), data), "")
        elif ended:
            self._lost("connection lost")
        else:
            self._partial = data

    def check(self, now: float) -> None:
        """Give up what has not been answered for too long."""
        if self._ask is not None and now - self._due > TIMEOUT_SECONDS:
            self._close()
            self._answered(self._nothing(), f"no answer within {TIMEOUT_SECONDS:.0f} s")

    def _go(self, answer: Answer | None, due: float) -> None:
        """Hear what comes next, and begin it. A journey that an answer breaks is over, and told; the others go on."""
        try:
            following = self._journey.send(answer)
        except StopIteration:
            self._end()
            return
        except Exception as error:  # noqa: BLE001 - whatever a site answers, the crowd goes on and the verdict is given
            status = f"after {answer.status}: " if answer is not None else ""
            self._observer.surprised(self._step, f"{status}{error!r}"[:200])
            self._end()
            return
        if isinstance(following, Ask):
            self._ask, self._step, self._due = following, following.step, due
            self._send()
        else:
            self._loop.at(following, self)

    def _end(self) -> None:
        self.over = True
        self._close()

    def _send(self) -> None:
        assert self._ask is not None  # noqa: S101 - callers have one
        if self._socket is None:
            self._connect()
            return
        self._sent = time.monotonic()
        try:
            sent = self._socket.send(self._ask.request)
        except OSError:
            self._lost("connection lost")
            return
        if sent < len(self._ask.request):
            self._lost("connection too slow to send")

    def _connect(self) -> None:
        self._fresh, self._standing, self._partial = True, False, b""
        try:
            self._socket = open_socket(self._number, self._site.target)
        except OSError as error:
            self._fail(f"cannot connect: {error.strerror}")
            return
        self._loop.watch(self._socket.fileno(), self, connected=False)

    def _connected(self, made: socket.socket) -> None:
        problem = made.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if problem:
            self._close()
            self._fail(f"cannot connect: error {problem}")
            return
        self._standing = True
        self._loop.watch(made.fileno(), self, connected=True)
        if self._ask is not None:
            self._send()

    def _lost(self, why: str) -> None:
        """The connection is gone. One that had been idle is made anew, as browsers do; else nothing was answered."""
        reused, partial = not self._fresh, self._partial
        self._close()
        if self._ask is None:
            return
        if reused and not partial:
            self._connect()
        else:
            self._fail(why)

    def _fail(self, why: str) -> None:
        self._answered(self._nothing(), why)

    def _nothing(self) -> Answer:
        return Answer(0, b"", self._due, self._sent, time.monotonic())

    def _answered(self, answer: Answer, why: str) -> None:
        ask, self._ask, self._fresh = self._ask, None, False
        assert ask is not None  # noqa: S101 - only what was asked is answered
        self._observer.answered(ask.step, answer, why)
        self._go(answer, answer.at)

    def _close(self) -> None:
        if self._socket is not None:
            self._loop.forget(self._socket.fileno())
            self._socket.close()
            self._socket = None
        self._standing, self._partial = False, b""
