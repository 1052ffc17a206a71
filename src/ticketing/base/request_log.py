"""One JSON line for each request: what was asked for, how it went, how long it took. Nothing of who asked.

A route is named by its template, never by the path itself: a path may hold whatever somebody typed. Answers that the
protocol gives by itself (`base/instant.py`) have no line: a hundred thousand people look at one object.

Lines are written four times a second, not one by one: a system call a request would cost as much as all the rest of
its line. A process that is killed takes its last quarter of a second along; one that ends writes it (`flush`).
"""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import UTC, datetime
from typing import Any, TextIO

import msgspec
from litestar.types import ASGIApp, Receive, Scope, Send

from ticketing.base.log_stream import LogStream
from ticketing.base.tracing import traces_of_request

ROUTE = "ticketing_route"
"""Where hot routes say in the scope which they are."""
PAUSE = 0.25
"""Seconds between two writes."""
_MOST = 2_000
"""Lines that may wait: a burst must not become a heap."""
_encode = msgspec.json.Encoder().encode


def route_of(scope: Any) -> str:
    """The template of the route that answers a request; `none` when no route does."""
    return str(scope.get(ROUTE) or scope.get("path_template") or "none")


class RequestLog:
    """ASGI application around another.

    Args:
        out: where lines go.
    """

    def __init__(self, app: ASGIApp, out: TextIO | None = None) -> None:
        self._app = app
        self._out = LogStream(out or sys.stderr)
        self._lines: list[bytes] = []
        self._timer: asyncio.TimerHandle | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, then note the line."""
        asked: Any = scope
        if asked["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 0

        async def watched(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        began = time.perf_counter()
        traces = traces_of_request()
        try:
            await self._app(scope, receive, watched)
        finally:
            self._note(asked, status, time.perf_counter() - began, traces)

    def flush(self) -> None:
        """Write what has been noted."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        lines, self._lines = self._lines, []
        if lines:
            self._out.write(b"\n".join(lines).decode() + "\n")

    def _note(self, scope: Any, status: int, seconds: float, traces: list[str]) -> None:
        line = {
            "event": "request",
            "level": "error" if status == 500 else "warning" if status > 500 or status == 0 else "info",
            "method": scope["method"] if scope["method"] in _METHODS else "OTHER",
            "route": route_of(scope),
            "status": status,
            "ms": round(seconds * 1000, 2),
            "timestamp": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        }
        if traces:
            line["trace_id"] = traces[0]
        self._lines.append(_encode(line))
        if len(self._lines) >= _MOST:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(PAUSE, self.flush)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
