"""One HTTP/1.1 connection of one buyer, as lean as can be: a thousand of them share two cores with what they test."""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass
from typing import Any

PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Answer:
    """Status and body of one response."""

    status: int
    body: bytes

    def json(self) -> Any:
        """The decoded body."""
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The `code` of a problem document; empty for other answers."""
        return str(self.json().get("code", "")) if self.status >= 400 else ""


class Line:
    """A connection that is kept open. Not for two requests at once."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._token = token
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def open(self) -> None:
        """Connect, so that the race itself is not about connecting."""
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)

    async def close(self) -> None:
        """Hang up."""
        if self._writer is not None:
            self._writer.close()
            with contextlib.suppress(OSError):
                await self._writer.wait_closed()

    async def get(self, path: str) -> Answer:
        """GET with the buyer's token."""
        return await self._ask("GET", path, b"", "")

    async def post(self, path: str, document: object, headers: str = "") -> Answer:
        """POST JSON; `headers` are whole lines that end in CRLF."""
        return await self._ask("POST", path, json.dumps(document).encode(), headers)

    async def hold(self, event_id: str, *seats: str) -> Answer:
        """Ask for exactly these seats."""
        return await self.post(f"/api/events/{event_id}/holds", {"seats": list(seats)})

    async def order(self, hold_token: str, key: str) -> Answer:
        """Order what is held, with a card that is good."""
        payment = {"method": "card", "token": "tok_ok"}
        document = {"hold_token": hold_token, "payment": payment}
        return await self.post("/api/orders", document, f"Idempotency-Key: {key}\r\n")

    async def _ask(self, method: str, path: str, body: bytes, headers: str) -> Answer:
        assert self._reader is not None
        assert self._writer is not None
        kind = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
        head = f"{method} {path} HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {self._token}\r\n{kind}{headers}\r\n"
        async with asyncio.timeout(PATIENCE_SECONDS):
            self._writer.write(head.encode() + body)
            raw = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = int(raw.partition("content-length:")[2].partition("\r\n")[0] or 0)
            return Answer(int(raw.split(" ", 2)[1]), await self._reader.readexactly(length))
