"""The bare limit of a join: a plain ASGI route, same server, loop and Valkey client, that makes the same Lua call."""

from __future__ import annotations

import itertools
import os
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, cast

import uvicorn
import uvloop

from ticketing.base.valkey import Valkey
from ticketing.waiting.model import Line, Rules
from ticketing.waiting.store import LineStore

Send = Callable[[dict[str, Any]], Awaitable[None]]


@dataclass(frozen=True)
class _Named:
    """All that the script wants to know of a line."""

    event_id: str
    epoch: int


def create_app(event_id: str) -> Any:
    """POST /join: a place for somebody new; GET /constant: an answer as long as the status."""
    store = LineStore(Valkey(os.environ["TICKETING_VALKEY_URL"]), Rules())
    line = cast(Line, _Named(event_id, 1))
    numbers = itertools.count()
    run = f"{os.getpid():08d}"
    constant = b"x" * 300

    async def app(scope: dict[str, Any], _receive: Any, send: Send) -> None:
        if scope["type"] != "http":
            return
        status, body = 200, constant
        if scope["path"] == "/join":
            subject = f"{run}{next(numbers):014d}"
            outcome = await store.join(line, subject, 0, time.time_ns() // 1_000_000)
            status, body = (200 if hasattr(outcome, "index") else 500), b"{}"
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


def main() -> None:
    """Serve: bare_join PORT EVENT."""
    port, event_id = sys.argv[1:]
    config = uvicorn.Config(
        create_app(event_id), port=int(port), log_level="warning", access_log=False, server_header=False, lifespan="off"
    )
    uvloop.run(uvicorn.Server(config).serve())


if __name__ == "__main__":
    main()
