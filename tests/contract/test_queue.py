"""What every adapter of the queue port promises, on real servers."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter

import pytest

from tests.contract.queue_fixtures import MAX_ATTEMPTS, VISIBILITY_SECONDS, QueueBackend, fresh_name
from ticketing.base.queue import Delivery, MessageTooLarge, Queue

BINARY = [
    b"",
    b"\x00",
    b"plain text",
    b'{"a": "<&>\'"}',
    "공연 예매 🎫".encode(),
    b"line\r\nline",
    b"base64:",
    b"base64:AAAA",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    "\ufffe\uffff\x1f".encode(),
    bytes(range(256)),
]


async def drain(queue: Queue, quiet_seconds: float = 0.2) -> list[Delivery]:
    """Receive and ack until nothing has come for a while; every delivery that was seen."""
    seen: list[Delivery] = []
    quiet_since = time.monotonic()
    while time.monotonic() - quiet_since < quiet_seconds:
        if got := await queue.receive(50, 0):
            await queue.ack(got)
            seen += got
            quiet_since = time.monotonic()
        else:
            await asyncio.sleep(0.05)
    return seen


async def drain_to_the_end(queue: Queue) -> list[Delivery]:
    """Receive and ack until the queue itself says that nothing is left, hidden ones included."""
    seen: list[Delivery] = []
    async with asyncio.timeout(15):
        while (await queue.stats()).depth:
            seen += await drain(queue, 0.1)
    return seen


async def receive_all(queue: Queue, count: int) -> list[Delivery]:
    """Receive, without ack, until `count` have come."""
    got: list[Delivery] = []
    async with asyncio.timeout(10):
        while len(got) < count:
            got += await queue.receive(count - len(got), 1)
    return got


async def one(queue: Queue) -> Delivery:
    """The next delivery, which comes within a few seconds."""
    (delivery,) = await receive_all(queue, 1)
    return delivery


class TestQueue:
    async def test_everything_sent_is_delivered_and_gone_after_ack(self, queue_backend: QueueBackend) -> None:
        queue = await queue_backend.open(fresh_name())
        bodies = [f"message {n}".encode() for n in range(47)]
        before = time.time() * 1000

        await queue.send(bodies)
        deliveries = await drain(queue)

        assert Counter(delivery.body for delivery in deliveries) == Counter(bodies)
        assert len({delivery.id for delivery in deliveries}) == len(bodies)
        assert {delivery.attempt for delivery in deliveries} == {1}
        assert all(before - 1000 < delivery.sent_at_ms < time.time() * 1000 + 1000 for delivery in deliveries)
        assert (await queue.stats()).depth == 0

    async def test_send_of_nothing_and_equal_bodies(self, queue_backend: QueueBackend) -> None:
        queue = await queue_backend.open(fresh_name())
        await queue.send([])
        assert await queue.receive(10, 0) == []
        await queue.send([b"twin", b"twin"])
        assert [delivery.body for delivery in await drain(queue)] == [b"twin", b"twin"]

    async def test_bodies_come_as_they_were_sent(self, queue_backend: QueueBackend) -> None:
        queue = await queue_backend.open(fresh_name())
        await queue.send(BINARY)
        assert Counter(delivery.body for delivery in await drain(queue)) == Counter(BINARY)

    async def test_largest_body_passes_and_a_larger_one_is_refused_whole(self, queue_backend: QueueBackend) -> None:
        queue = await queue_backend.open(fresh_name())
        largest = random.Random(1).randbytes(queue.max_body_bytes)
        assert len(largest) > 100_000

        with pytest.raises(MessageTooLarge, match="blob") as caught:
            await queue.send([b"small", largest + b"!"])
        assert (caught.value.index, caught.value.size, caught.value.limit) == (1, len(largest) + 1, len(largest))
        assert await queue.receive(10, 0) == []

        await queue.send([largest] * 12)
        assert [delivery.body == largest for delivery in await drain(queue)] == [True] * 12

    async def test_empty_receive_waits_and_gives_nothing(self, queue_backend: QueueBackend) -> None:
        queue = await queue_backend.open(fresh_name())
        begin = time.monotonic()
        assert await queue.receive(10, 1) == []
        assert time.monotonic() - begin > 0.8

    async def test_waiting_receive_holds_up_nobody_and_wakes(self, queue_backend: QueueBackend) -> None:
        queue = await queue_backend.open(fresh_name())
        waiting = [asyncio.create_task(queue.receive(1, 15)) for _ in range(3)]
        await asyncio.sleep(0.3)
        # Were the waiting reads in the way, this would take 15 s.
        async with asyncio.timeout(8):
            await queue.send([b"0", b"1", b"2"])
            await queue.stats()
            got = await asyncio.gather(*waiting)
        assert sorted(delivery.body for part in got for delivery in part) == [b"0", b"1", b"2"]

    async def test_unacked_comes_again_with_the_next_attempt(self, queue_backend: QueueBackend) -> None:
        name = fresh_name()
        queue, other = await queue_backend.open(name), await queue_backend.open(name)
        await queue.send([b"work"])

        first = await one(queue)
        assert await other.receive(10, 0) == []
        second = await one(other)

        assert (second.id, second.body, second.sent_at_ms) == (first.id, b"work", first.sent_at_ms)
        assert (first.attempt, second.attempt) == (1, 2)
        assert first.receipt != second.receipt

    async def test_released_comes_again_at_once_or_after_its_delay(self, queue_backend: QueueBackend) -> None:
        queue = await queue_backend.open(fresh_name(), visibility_seconds=30)
        await queue.send([b"work"])
        await queue.release([await one(queue)], 0)
        again = await one(queue)
        assert again.attempt == 2

        begin = time.monotonic()
        await queue.release([again], 2)
        assert await queue.receive(1, 0) == []
        assert (await queue.stats()).in_flight == 1
        assert (await one(queue)).attempt == 3
        assert time.monotonic() - begin > 1.5

    async def test_heartbeat_keeps_it_away_from_others(self, queue_backend: QueueBackend) -> None:
        queue = await queue_backend.open(fresh_name())
        await queue.send([b"long work"])
        delivery = await one(queue)
        for _ in range(2):
            await queue.extend([delivery], 3)
            await asyncio.sleep(VISIBILITY_SECONDS * 0.8)
            assert await queue.receive(1, 0) == []
        await queue.ack([delivery])
        assert (await queue.stats()).depth == 0

    async def test_late_and_repeated_settling_is_passed_over(self, queue_backend: QueueBackend) -> None:
        queue = await queue_backend.open(fresh_name())
        await queue.send([b"work"])
        first = await one(queue)
        second = await one(queue)
        assert second.attempt == 2
        await queue.ack([second])
        await queue.ack([second])
        await queue.ack([first])
        await queue.release([first, second], 0)
        await queue.extend([first, second], 5)
        assert await drain(queue, VISIBILITY_SECONDS + 0.5) == []

    async def test_poison_goes_to_the_dead_letters_and_can_be_redriven(self, queue_backend: QueueBackend) -> None:
        queue = await queue_backend.open(fresh_name(), visibility_seconds=30)
        await queue.send([b"poison"])
        for attempt in range(1, MAX_ATTEMPTS + 1):
            delivery = await one(queue)
            assert delivery.attempt == attempt
            await queue.release([delivery], 0)
        await queue.send([b"good"])
        assert [found.body for found in await drain(queue)] == [b"good"]

        stats = await queue.stats()
        assert (stats.depth, stats.dead) == (0, 1)
        for _ in range(2):  # looking does not take
            (letter,) = await queue.dead_letters(10)
            assert (letter.id, letter.body, letter.sent_at_ms) == (delivery.id, b"poison", delivery.sent_at_ms)
            assert letter.attempts >= MAX_ATTEMPTS

        assert await queue.redrive(10) == 1
        again = await one(queue)
        assert (again.body, again.attempt) == (b"poison", 1)
        await queue.ack([again])
        stats = await queue.stats()
        assert (stats.depth, stats.dead) == (0, 0)

    async def test_redrive_moves_no_more_than_asked(self, queue_backend: QueueBackend) -> None:
        queue = await queue_backend.open(fresh_name(), visibility_seconds=30, max_attempts=1)
        bodies = {f"poison {n}".encode() for n in range(14)}
        await queue.send(sorted(bodies))
        await queue.release(await receive_all(queue, 14), 0)
        assert await drain(queue, 0.3) == []
        assert {letter.body for letter in await queue.dead_letters(100)} == bodies
        assert len(await queue.dead_letters(12)) == 12

        assert await queue.redrive(12) == 12
        assert (await queue.stats()).dead == 2
        assert await queue.redrive(100) == 2
        assert await queue.redrive(100) == 0
        assert {delivery.body for delivery in await receive_all(queue, 14)} == bodies

    async def test_consumers_get_disjoint_messages(self, queue_backend: QueueBackend) -> None:
        name = fresh_name()
        consumers = [await queue_backend.open(name, visibility_seconds=30) for _ in range(4)]
        bodies = {f"{n}".encode() for n in range(100)}
        await consumers[0].send(sorted(bodies))

        async def take(queue: Queue) -> list[Delivery]:
            mine: list[Delivery] = []
            while got := await queue.receive(4, 0):
                mine += got
                await asyncio.sleep(0)
            return mine

        taken = await asyncio.gather(*(take(queue) for queue in consumers))
        assert Counter(delivery.body for part in taken for delivery in part) == Counter(bodies)
        assert sum(1 for part in taken if part) > 1, "no contention: one consumer got everything"

    async def test_stats_tell_what_is_there(self, queue_backend: QueueBackend) -> None:
        queue = await queue_backend.open(fresh_name(), visibility_seconds=30)
        empty = await queue.stats()
        assert (empty.depth, empty.in_flight, empty.oldest_age_seconds, empty.dead) == (0, 0, 0.0, 0)
        await queue.send([b"a", b"b", b"c"])
        await asyncio.sleep(0.2)
        taken = await receive_all(queue, 2)
        stats = await queue.stats()
        assert (stats.depth, stats.in_flight, stats.dead) == (3, 2, 0)
        assert stats.oldest_age_seconds is not None
        assert 0.1 < stats.oldest_age_seconds < 30
        await queue.ack(taken)
        stats = await queue.stats()
        assert (stats.depth, stats.in_flight) == (1, 0)
