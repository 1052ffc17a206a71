"""What the buyers asked and what they were told: the only thing that the checker believes about promises."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any

import httpx


@dataclass(frozen=True)
class Exchange:
    """One request and its answer. `status` is None when no answer came: anything may have happened then.

    `began` and `at` (its end) are on a monotonic clock, in seconds; `account` is "" for requests without a session;
    bodies are decoded JSON.
    """

    at: float
    account: str
    method: str
    path: str
    request: Any = None
    key: str = ""
    status: int | None = None
    answer: Any = None
    media_type: str = ""
    began: float = 0.0


@dataclass
class History:
    """All exchanges of one drill, in the order in which their answers came."""

    exchanges: list[Exchange] = field(default_factory=list)

    def add(self, exchange: Exchange) -> None:
        """Append."""
        self.exchanges.append(exchange)

    def answers(self, method: str, prefix: str = "/") -> list[Exchange]:
        """Exchanges of a method and the beginning of a path."""
        return [e for e in self.exchanges if e.method == method and e.path.startswith(prefix)]

    def placed(self) -> list[Exchange]:
        """Every attempt to place an order."""
        return [e for e in self.exchanges if e.method == "POST" and e.path == "/api/orders"]

    def accepted(self) -> dict[str, Exchange]:
        """Order id → the first 202 that promised it."""
        found: dict[str, Exchange] = {}
        for exchange in self.placed():
            if exchange.status == 202:
                found.setdefault(exchange.answer["order_id"], exchange)
        return found

    def codes(self, method: str, suffix: str) -> list[tuple[int | None, str]]:
        """(status, problem code) of the refusals on paths with an ending."""
        return [
            (e.status, (e.answer or {}).get("code", ""))
            for e in self.exchanges
            if e.method == method and e.path.endswith(suffix) and (e.status is None or e.status >= 400)
        ]


class Recorder(httpx.AsyncBaseTransport):
    """An HTTP transport that writes down everything that passes. `history` may be replaced between drills.

    Who waits for a free connection waits on our side, and is counted as if the platform had been slow: with `own_lines`
    each account has connections of its own, as people have. (One pool for hundreds is slow by itself: it looks at all
    its connections for each request.)
    """

    def __init__(self, inner: httpx.AsyncBaseTransport | None = None, *, own_lines: bool = False) -> None:
        self._inner = inner or httpx.AsyncHTTPTransport(limits=httpx.Limits(max_connections=24))
        self._own_lines = own_lines
        self._lines: dict[str, httpx.AsyncHTTPTransport] = {}
        self.history = History()
        self.accounts: dict[str, str] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass one request on; record its answer, or that none came."""
        history = self.history
        began = time.monotonic()
        status: int | None = None
        answer: Any = None
        media_type = ""
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        try:
            response = await self._line(token).handle_async_request(request)
            body = await response.aread()
            status, media_type = response.status_code, response.headers.get("content-type", "")
            answer = _json(body) if "json" in media_type else None
            return response
        finally:
            history.add(
                Exchange(
                    time.monotonic(),
                    self.accounts.get(token, ""),
                    request.method,
                    request.url.path,
                    _json(request.content),
                    request.headers.get("idempotency-key", ""),
                    status,
                    answer,
                    media_type,
                    began,
                )
            )

    def _line(self, token: str) -> httpx.AsyncBaseTransport:
        if not self._own_lines or not token:
            return self._inner
        if token not in self._lines:
            self._lines[token] = httpx.AsyncHTTPTransport(verify=False)
        return self._lines[token]

    async def aclose(self) -> None:
        """Close connections."""
        for line in (self._inner, *self._lines.values()):
            await line.aclose()


def _json(body: bytes) -> Any:
    try:
        return json.loads(body) if body else None
    except ValueError:
        return None
