"""uvicorn's HTTP/1.1 with a bound on request heads, and problem documents for what is no HTTP.

The parser itself accepts heads of any length: one client could fill the memory of a process with a single header.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from ticketing.base.errors import Problem
from ticketing.base.instant import Instant
from ticketing.base.web import PROBLEM_JSON, problem_response

MAX_HEAD = 64 * 1024
"""Bytes of request line and headers, at least; one read of the socket more may slip through."""


LINGER_SECONDS = 1.0
"""How long a refused client may go on sending into the void, so that it can read why."""


class HttpProtocol(HttpToolsProtocol):
    """One connection. `instant`: what may be answered without the application."""

    instant: ClassVar[Instant | None] = None
    _in_message = False
    _answered_at = 0.0
    _in_head = False
    _head_bytes = 0
    _refused = False

    def data_received(self, data: bytes) -> None:
        """Feed the parser, then see whether it still waits for the end of a head."""
        if self._refused or (self.instant is not None and self._at_once(self.instant, data)):
            return
        super().data_received(data)
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD:
                self._refuse(Problem(431, "headers_too_large", f"Send at most {MAX_HEAD} bytes of headers."))

    def _at_once(self, instant: Instant, data: bytes) -> bool:
        """Answer without the application, where nothing else is under way on this connection."""
        if self._in_message or self.flow.write_paused or not (self.cycle is None or self.cycle.response_complete):
            return False
        answer = instant.answer(data)
        if answer is None:
            return False
        self.transport.write(answer)
        self._answered_at = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_handler()
        return True

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection. The timer is not wound up again at each instant answer: it looks when it rings."""
        left = self._answered_at + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self.timeout_keep_alive_task = self.loop.call_later(left, self.timeout_keep_alive_handler)
        else:
            super().timeout_keep_alive_handler()

    def on_message_begin(self) -> None:
        """A request line begins."""
        self._in_message = True
        self._in_head, self._head_bytes = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._in_message = False
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - it tells nothing
        """Say in the usual form that this is no HTTP."""
        self._refuse(Problem(HTTPStatus.BAD_REQUEST, "invalid_request", "This is not a valid HTTP/1.1 request."))

    def _refuse(self, problem: Problem) -> None:
        self._in_head, self._refused = False, True
        if self.transport.is_closing():
            return
        body = problem_response(problem).content
        head = f"content-type: {PROBLEM_JSON}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        self.transport.write(STATUS_LINE[problem.status] + head.encode() + body)
        # Read on for a moment: closing over unread bytes resets the connection, and the answer would be lost.
        self.loop.call_later(LINGER_SECONDS, self.transport.close)


def answering(instant: Instant) -> type[HttpProtocol]:
    """The protocol of a server that answers these at once."""
    return type("InstantHttpProtocol", (HttpProtocol,), {"instant": instant})
