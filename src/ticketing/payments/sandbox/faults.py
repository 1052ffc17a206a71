"""The provider's front door: who may come in, and the faults of the whole house."""

from __future__ import annotations

import asyncio
import contextlib
import hmac

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from ticketing.payments.sandbox.behaviour import FaultMode

DROP = "drop_connection"
_OPEN_PATHS = frozenset({"/health"})
_FAULTLESS_PATHS = frozenset({"/health", "/faults"})


class Faults:
    """The fault in force; gone with the process, as a repaired provider's would be."""

    mode: FaultMode = FaultMode.NONE


async def hang(receive: Receive, at_most_s: float) -> None:
    """Say nothing until the caller hangs up, at most so long."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(at_most_s):
            while (await receive())["type"] != "http.disconnect":
                pass


class Door:
    """ASGI middleware: checks the API key, applies the fault mode, cuts connections when a route asks for it."""

    def __init__(self, app: ASGIApp, *, api_key: str, faults: Faults, slow_s: float, hang_s: float) -> None:
        self._app = app
        self._key = f"Bearer {api_key}".encode()
        self._faults = faults
        self._slow_s = slow_s
        self._hang_s = hang_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        if path not in _OPEN_PATHS and not self._knows(scope):
            await _answer(send, 401, b'{"status":"error","code":"unauthenticated"}')
            return
        mode = FaultMode.NONE if path in _FAULTLESS_PATHS else self._faults.mode
        if mode is FaultMode.ERROR:
            await _answer(send, 503, b'{"status":"error","code":"out_of_order"}')
            return
        if mode is FaultMode.SILENT:
            await self._app(scope, receive, _say_nothing)
            await hang(receive, self._hang_s)
            await _answer(send, 504, b'{"status":"error","code":"no_answer"}')
            return
        scope.setdefault("state", {})
        await self._app(scope, receive, _unless_dropped(scope, self._late(send) if mode is FaultMode.SLOW else send))

    def _late(self, send: Send) -> Send:
        """The work is done at once, its answer comes late: by then the caller may have gone."""

        async def send_late(message: Message) -> None:
            if message["type"] == "http.response.start":
                await asyncio.sleep(self._slow_s)
            await send(message)

        return send_late

    def _knows(self, scope: HTTPScope) -> bool:
        given = [value for name, value in scope["headers"] if name == b"authorization"]
        return len(given) == 1 and hmac.compare_digest(given[0], self._key)


async def _say_nothing(message: Message) -> None:
    """Swallow an answer."""


def _unless_dropped(scope: Scope, send: Send) -> Send:
    """Pass the answer on, or begin one that is never finished: the server then cuts the connection."""

    async def pass_on(message: Message) -> None:
        if not scope["state"].get(DROP):
            await send(message)
        elif message["type"] == "http.response.start":
            headers = [(b"content-type", b"application/json"), (b"content-length", b"4096")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b"{", "more_body": True})

    return pass_on


async def _answer(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
