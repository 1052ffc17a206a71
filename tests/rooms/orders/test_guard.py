"""The guard of accepted orders, over a real queue: whatever is remembered meanwhile, none is missed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.rooms.orders.conftest import Desk
from ticketing.base import ids
from ticketing.base.clock import ManualClock
from ticketing.base.db import Database
from ticketing.base.queue.port import QueueStats
from ticketing.base.queue.valkey import ValkeyQueue
from ticketing.base.valkey import Valkey
from ticketing.base.valkey_server import ValkeyServer
from ticketing.orders import guard as guard_module
from ticketing.orders.guard import IntakeGuard

AFTER = 8.0
"""Seconds after which an order is looked for."""


class Interrupted(ValkeyQueue):
    """The queue, with a place for what other requests do while it answers."""

    meanwhile: Callable[[], None] | None = None
    at = ""

    def interrupt(self, at: str, meanwhile: Callable[[], None]) -> None:
        self.at, self.meanwhile = at, meanwhile

    def _now(self, at: str) -> None:
        if self.meanwhile is not None and at == self.at:
            self.meanwhile()
            self.meanwhile = None

    async def stats(self) -> QueueStats:
        stats = await super().stats()
        self._now("stats")
        return stats

    async def send(self, bodies: Sequence[bytes]) -> None:
        await super().send(bodies)
        self._now("send")


@dataclass
class Post:
    """A guard that has much to remember, or little, and the queue that it looks after."""

    db: Database
    queue: Interrupted
    clock: ManualClock

    def guard(self, most: int = 100) -> IntakeGuard:
        return IntakeGuard(self.db, self.queue, self.clock, after_seconds=AFTER, most=most)

    async def queued(self) -> list[str]:
        """What workers are given; acked, as if they were done with it."""
        deliveries = await self.queue.receive(100, 0.1)
        await self.queue.ack(deliveries)
        return sorted(delivery.body.decode() for delivery in deliveries)


@pytest.fixture(scope="module")
def server(short_folder: Path) -> Iterator[ValkeyServer]:
    server = ValkeyServer(short_folder / "gq")
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def post(server: ValkeyServer, db: Database, clock: ManualClock) -> AsyncIterator[Post]:
    line = Valkey(server.url)
    queue = Interrupted(line, ids.new_id("que"))
    yield Post(db, queue, clock)
    await queue.close()
    await line.close()


async def test_an_order_that_its_client_sends_again_and_again_hides_no_older_one(post: Post) -> None:
    """Each repeat is remembered anew and is young; the queue has lost what was remembered after its first time."""
    guard = post.guard()
    guard.remember("ord_busy", b"busy")
    guard.remember("ord_lost", b"lost")
    for _ in range(4):
        post.clock.advance(3)
        guard.remember("ord_busy", b"busy")
    assert await guard.run_once() == 1
    assert await post.queued() == ["lost"]
    post.clock.advance(AFTER)
    assert await guard.run_once() == 2, "neither is in the books, and the busy one is old enough by now"
    assert await post.queued() == ["busy", "lost"]


async def test_what_is_in_the_books_is_forgotten_and_what_is_not_is_sent_again(post: Post, desk: Desk) -> None:
    guard = post.guard()
    placed = await desk.place(0)
    guard.remember(placed, b"in the books")
    guard.remember("ord_lost", b"lost")
    post.clock.advance(AFTER)
    assert await guard.run_once() == 1
    assert await post.queued() == ["lost"]


@pytest.mark.parametrize("at", ["stats", "send"])
async def test_orders_that_are_let_go_while_the_queue_answers_do_not_break_the_round(post: Post, at: str) -> None:
    """The guard is full: each new order pushes the oldest out, which may be one that it is just looking after."""
    guard = post.guard(most=2)
    guard.remember("ord_a", b"a")
    guard.remember("ord_b", b"b")
    post.clock.advance(AFTER)
    post.queue.interrupt(at, lambda: guard.remember("ord_c", b"c"))
    sent = ["b"] if at == "stats" else ["a", "b"]
    assert await guard.run_once() == len(sent)
    assert await post.queued() == sent
    post.clock.advance(AFTER)
    await guard.run_once()
    assert {"b", "c"} <= set(await post.queued()), "and goes on looking after the others"


async def test_a_full_guard_does_not_grow_by_what_it_sends_again(post: Post) -> None:
    """Two orders come in each round while what is lost is sent: the room for two stays a room for two."""
    guard = post.guard(most=2)

    def new_orders(round_: int) -> None:
        for name in ("x", "y"):
            guard.remember(f"ord_{name}{round_}", name.encode())

    new_orders(0)
    for round_ in range(1, 5):
        post.clock.advance(AFTER)
        post.queue.interrupt("send", lambda n=round_: new_orders(n))
        await guard.run_once()
    await post.queued()
    post.clock.advance(AFTER)
    assert await guard.run_once() == 2


@pytest.mark.usefixtures("logged")
async def test_what_workers_fail_at_again_and_again_is_not_sent_for_ever(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It lies with the dead letters, is not in the books, and would be a new dead letter every few minutes."""
    monkeypatch.setattr(guard_module, "MOST_TIMES", 3)
    guard = post.guard()
    guard.remember("ord_bad", b"bad")
    sent = []
    for _ in range(6):
        post.clock.advance(AFTER)
        sent.append(await guard.run_once())
        await post.queued()
    assert sent == [1, 1, 1, 0, 0, 0]
