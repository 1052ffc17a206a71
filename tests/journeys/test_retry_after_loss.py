"""The same Idempotency-Key, long after, and with Valkey emptied in between: still the same order."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import httpx

from tests.people import eventually, sign_up
from tests.stack import Stack


async def test_a_retry_finds_its_order_though_valkey_forgot_everything() -> None:
    with tempfile.TemporaryDirectory(prefix="tk") as folder:
        stack = Stack(Path(folder))
        try:
            await asyncio.to_thread(stack.start)
            await _retry(stack)
        finally:
            await asyncio.to_thread(stack.stop)


async def _retry(stack: Stack) -> None:
    event = await stack.add_event_async()
    async with httpx.AsyncClient(base_url=stack.url, timeout=20) as client:
        alice, bob = await sign_up(client, "Alice"), await sign_up(client, "Bob")
        hold = (await alice.hold(event.id, "1C-C-1")).json()
        accepted = (await alice.order(hold["token"], key="the-same-key")).json()
        await alice.follow(accepted["order_id"])

        async with stack.valkey() as valkey:
            await valkey.execute("FLUSHALL")

        async def is_rebuilt() -> bool:
            return (await bob.hold(event.id, "1C-C-1")).status_code == 409

        await eventually(is_rebuilt)
        again = await alice.order(hold["token"], key="the-same-key")
        assert (again.status_code, again.json()["order_id"]) == (202, accepted["order_id"])
        # Another key is another order, and the seat is sold.
        other = await alice.order(hold["token"], key="another-key")
        assert (other.status_code, other.json()["code"]) == (409, "seats_taken")
