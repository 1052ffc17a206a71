"""The queue forgets accepted orders; they are fulfilled all the same."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import httpx

from tests.people import sign_up
from tests.stack import Stack
from ticketing.base.clock import ManualClock
from ticketing.base.db import connect_database
from ticketing.base.queue.valkey import ValkeyQueue
from ticketing.base.valkey import Valkey
from ticketing.base.valkey_server import ValkeyServer
from ticketing.orders.guard import IntakeGuard
from ticketing.wiring.migrate import migrate


async def test_orders_that_a_flushed_queue_lost_are_sent_again_and_fulfilled() -> None:
    with tempfile.TemporaryDirectory(prefix="tk") as folder:
        stack = Stack(Path(folder))
        try:
            await asyncio.to_thread(stack.start, worker=False)
            event = await stack.add_event_async()
            async with httpx.AsyncClient(base_url=stack.url, timeout=20) as client:
                alice = await sign_up(client, "Alice")
                hold = (await alice.hold(event.id, "1C-C-1")).json()
                accepted = await alice.order(hold["token"])
                assert accepted.status_code == 202
                queue = Valkey(stack.environ["TICKETING_QUEUE_URL"])
                assert await queue.execute("XLEN", "{orders}:messages") == 1
                await queue.execute("FLUSHALL")
                await queue.close()

                stack.start_worker()
                order_id = accepted.json()["order_id"]
                assert (await alice.get(f"/api/orders/{order_id}")).json()["status"] == "placed"
                order = await alice.follow(order_id, timeout=40)
                assert order["status"] == "ticketed"
        finally:
            await asyncio.to_thread(stack.stop)


async def test_the_guard_sends_again_only_what_is_neither_queued_nor_in_the_books(short_folder: Path) -> None:
    server = ValkeyServer(short_folder / "guard")
    await server.start_async()
    db = connect_database(f"sqlite+aiosqlite:///{short_folder / 'guard.sqlite3'}")
    valkey = Valkey(server.url)
    try:
        await migrate(db)
        queue = ValkeyQueue(valkey, "guarded")
        server_ms = int((await valkey.execute("TIME"))[0]) * 1000
        clock = ManualClock(server_ms)
        guard = IntakeGuard(db, queue, clock)
        older = f"{server_ms - 60_000}-1"
        await valkey.execute("XADD", "{guarded}:messages", older, "b", b"an older order")
        await queue.send([b"an order"])
        guard.remember("ord_a", b"an order")
        assert await guard.run_once() == 0, "too young to be missed"
        clock.advance(9)
        assert await guard.run_once() == 0, "behind a backlog"
        deliveries = await queue.receive(10, 0.1)
        await queue.ack(deliveries)
        assert await guard.run_once() == 1, "gone from the queue and not in the books"
        assert [d.body for d in await queue.receive(10, 0.1)] == [b"an order"]
        assert await guard.run_once() == 0, "just sent again"
        await queue.close()
    finally:
        await valkey.close()
        await db.close()
        server.stop()
