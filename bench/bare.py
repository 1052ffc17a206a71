"""The bare limits: plain ASGI routes on the same server, same loop, same Valkey client, doing only the one thing.

/constant answers a constant JSON of the size given in the environment; /hold runs hold.lua by EVALSHA on the next
seat of its own list and answers a constant; /order runs claim.lua and sends one message to the queue.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn
import uvloop

from ticketing.base.queue.valkey import ValkeyQueue
from ticketing.base.valkey import Valkey
from ticketing.holds.model import Groups
from ticketing.holds.store import HoldStore
from ticketing.holds.token import HoldClaims

Send = Callable[[dict[str, Any]], Awaitable[None]]


def create_app(event_id: str, capacity: int, constant: bytes) -> Any:
    """The ASGI application."""
    valkey = Valkey(os.environ["TICKETING_VALKEY_URL"])
    queue = ValkeyQueue(Valkey(os.environ["TICKETING_QUEUE_URL"]), "bare")
    store = HoldStore(valkey)
    seats = itertools.cycle(range(capacity))
    numbers = itertools.count()
    message = b"x" * 420
    held: list[HoldClaims] = []

    async def answer(send: Send, status: int, body: bytes) -> None:
        length = str(len(body)).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", length)]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def app(scope: dict[str, Any], _receive: Any, send: Send) -> None:
        if scope["type"] != "http":
            return
        path = scope["path"]
        if path == "/constant":
            await answer(send, 200, constant)
        elif path == "/hold":
            n = next(numbers)
            seat = next(seats)
            account, hold_id = f"bare{n % 20_000}", f"bare{n}"
            outcome = await store.hold(
                event_id, account, hold_id, Groups([[seat]]), cap=1000, now=n, expires=n + 10**12
            )
            held.append(
                HoldClaims(
                    hold_id, event_id, account, "", (seat,), (1,), "KRW", n + 10**12, getattr(outcome, "epoch", "")
                )
            )
            await answer(send, 201 if held[-1].epoch else 409, b"{}")
        elif path == "/order":
            n = next(numbers)
            await store.claim(held.pop(), f"ord{n}", "x" * 32, now=n, stretched_to=n + 10**12)
            await queue.send([message])
            await answer(send, 202, b"{}")
        else:
            await answer(send, 404, b"{}")

    return app


def main() -> None:
    """Serve on the port given: bare.py PORT EVENT CAPACITY CONSTANT_BYTES."""
    port, event_id, capacity, size = sys.argv[1:]
    constant = json.dumps({"pad": "x" * max(0, int(size) - 11)}).encode()
    config = uvicorn.Config(
        create_app(event_id, int(capacity), constant), port=int(port), log_level="warning", access_log=False,
        server_header=False, lifespan="off",
    )  # fmt: skip
    server = uvicorn.Server(config)
    uvloop.run(server.serve())


if __name__ == "__main__":
    main()
