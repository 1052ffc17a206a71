"""One JSON line for each request: what was asked for, how it went, how long it took. Nothing of who asked.

A route is named by its template, never by the path itself: a path may hold whatever somebody typed. Answers that the
protocol gives by itself (`base/instant.py`) have no line: a hundred thousand people look at one object.
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from typing import Any, TextIO

import msgspec
from litestar.types import ASGIApp, Receive, Scope, Send

from ticketing.base.tracing import request_begins

ROUTE = "ticketing_route"
"""Where hot routes say in the scope which they are."""
_encode = msgspec.json.Encoder().encode


class RequestLog:
    """ASGI application around another.

    Args:
        out: where lines go.
    """

    def __init__(self, app: ASGIApp, out: TextIO | None = None) -> None:
        self._app = app
        self._out = out or sys.stderr

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, then write the line."""
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
        with request_begins() as traces:
            try:
                await self._app(scope, receive, watched)
            finally:
                self._write(asked, status, time.perf_counter() - began, traces)

    def _write(self, scope: Any, status: int, seconds: float, traces: list[str]) -> None:
        line = {
            "event": "request",
            "level": "error" if status == 500 else "warning" if status > 500 or status == 0 else "info",
            "method": scope["method"] if scope["method"] in _METHODS else "OTHER",
            "route": scope.get(ROUTE) or scope.get("path_template") or "none",
            "status": status,
            "ms": round(seconds * 1000, 2),
            "timestamp": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        }
        if traces:
            line["trace_id"] = traces[0]
        self._out.write(_encode(line).decode() + "\n")


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
