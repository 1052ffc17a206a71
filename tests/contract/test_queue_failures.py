"""What the queue adapters do when the server refuses, is silent, is gone, or has forgotten everything."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from tests.contract.queue_fixtures import (
    IMPATIENT,
    PATIENT,
    QueueBackend,
    SqsBackend,
    ValkeyBackend,
    Wire,
    fresh_name,
)
from tests.contract.test_queue import drain_to_the_end, one
from ticketing.base.queue import Delivery, Queue, QueueUnavailable, SendFailed

# A send ends within four times its patience; the rest is for a busy machine.
BOUND_SECONDS = 4 * IMPATIENT + 5


def calls(delivery: Delivery) -> dict[str, Callable[[Queue], Coroutine[Any, Any, object]]]:
    """Every call of the port but send and close."""
    return {
        "receive": lambda queue: queue.receive(1, 1),
        "ack": lambda queue: queue.ack([delivery]),
        "release": lambda queue: queue.release([delivery], 0),
        "extend": lambda queue: queue.extend([delivery], 5),
        "stats": lambda queue: queue.stats(),
        "dead_letters": lambda queue: queue.dead_letters(5),
        "redrive": lambda queue: queue.redrive(5),
    }


class TestServerGone:
    async def test_calls_fail_in_bounded_time_and_work_again_after_the_restart(
        self, queue_victim: QueueBackend
    ) -> None:
        queue = await queue_victim.open(fresh_name(), patience=IMPATIENT)
        await queue.send([b"before 0", b"before 1"])
        held = await one(queue)

        await queue_victim.stop()
        async with asyncio.timeout(BOUND_SECONDS):
            with pytest.raises(SendFailed) as caught:
                await queue.send([b"during 0", b"during 1"])
        assert caught.value.unknown
        assert caught.value.failed == (0, 1)
        for call in calls(held).values():
            async with asyncio.timeout(BOUND_SECONDS):
                with pytest.raises(QueueUnavailable):
                    await call(queue)

        await queue_victim.start()
        await queue.send([b"after"])
        found = {delivery.body for delivery in await drain_to_the_end(queue)}
        assert {b"before 0", b"before 1", b"after"} <= found

    async def test_waiting_receive_notices(self, queue_victim: QueueBackend) -> None:
        queue = await queue_victim.open(fresh_name(), patience=IMPATIENT)
        waiting = asyncio.create_task(queue.receive(1, 3))
        await asyncio.sleep(0.3)
        await queue_victim.stop()
        async with asyncio.timeout(BOUND_SECONDS + 20):
            with pytest.raises(QueueUnavailable):
                await waiting

    async def test_kill_in_mid_traffic_loses_nothing_that_was_confirmed(self, queue_victim: QueueBackend) -> None:
        name = fresh_name()
        queue = await queue_victim.open(name, patience=IMPATIENT)
        confirmed: set[bytes] = set()
        failed: set[bytes] = set()
        under_way = asyncio.Event()

        async def sender(number: int) -> None:
            for n in range(400):
                body = f"{number} {n}".encode()
                try:
                    await queue.send([body])
                    confirmed.add(body)
                    if len(confirmed) == 40:
                        under_way.set()
                except SendFailed:
                    failed.add(body)
                    return

        senders = asyncio.gather(*(sender(number) for number in range(4)))
        async with asyncio.timeout(60):
            await under_way.wait()
        await queue_victim.stop()
        await senders
        assert failed, "nothing failed: the server went after the traffic"

        await queue_victim.start()
        found = {delivery.body for delivery in await drain_to_the_end(queue)}
        assert confirmed <= found <= confirmed | failed


class TestServerSilent:
    async def test_a_lost_answer_is_an_unknown_outcome(self, queue_backend: QueueBackend) -> None:
        name = fresh_name()
        direct = await queue_backend.open(name)
        async with Wire(queue_backend).open() as wire:
            muted = await queue_backend.open(name, proxy=wire, patience=IMPATIENT)
            await muted.send([b"heard"])
            wire.mute = True
            async with asyncio.timeout(BOUND_SECONDS):
                with pytest.raises(SendFailed) as caught:
                    await muted.send([b"unheard"])
            assert caught.value.unknown
        # Unknown is the word: it is there, from every try.
        found = [delivery.body for delivery in await drain_to_the_end(direct)]
        assert found.count(b"heard") == 1
        assert found.count(b"unheard") >= 1

    async def test_a_send_that_is_heard_at_the_second_try_succeeds(self, queue_backend: QueueBackend) -> None:
        name = fresh_name()
        direct = await queue_backend.open(name)
        async with Wire(queue_backend).open() as wire:
            queue = await queue_backend.open(name, proxy=wire, patience=IMPATIENT * 2)
            await queue.send([b"warm"])
            wire.mute = True
            sending = asyncio.create_task(queue.send([b"work"]))
            await asyncio.sleep(IMPATIENT / 2)
            wire.mute = False
            async with asyncio.timeout(PATIENT):
                await sending
        # Twice: duplicates are part of the promise.
        found = [delivery.body for delivery in await drain_to_the_end(direct)]
        assert found.count(b"work") == 2


class TestServerRefuses:
    async def test_valkey_without_memory(self, queue_valkey: ValkeyBackend) -> None:
        valkey = queue_valkey.connect()
        queue = await queue_valkey.open(fresh_name())
        await valkey.execute("CONFIG", "SET", "maxmemory", "1")
        try:
            with pytest.raises(SendFailed, match="OutOfMemory") as caught:
                await queue.send([b"a", b"b"])
        finally:
            await valkey.execute("CONFIG", "SET", "maxmemory", "0")
        assert not caught.value.unknown
        assert caught.value.failed == (0, 1)
        assert (await queue.stats()).depth == 0

    async def test_sqs_without_the_queue(self, queue_sqs: SqsBackend) -> None:
        name = fresh_name()
        queue = await queue_sqs.open(name)
        queue_sqs.server.delete_queue(name)
        with pytest.raises(SendFailed, match="NonExistentQueue") as caught:
            await queue.send([b"a", b"b"])
        assert not caught.value.unknown
        assert caught.value.failed == (0, 1)
        with pytest.raises(QueueUnavailable, match="NonExistentQueue"):
            await queue.receive(1, 0)


class TestServerForgets:
    """Valkey only: SQS has no such event, a queue that was deleted is refused, see above."""

    @pytest.mark.parametrize("command", ["FLUSHALL", "SCRIPT FLUSH"])
    async def test_valkey_queue_goes_on(self, queue_valkey: ValkeyBackend, command: str) -> None:
        valkey = queue_valkey.connect()
        queue = await queue_valkey.open(fresh_name(), visibility_seconds=30)
        await queue.send([b"before"])
        held = await one(queue)
        waiting = asyncio.create_task(queue.receive(1, 10))
        await asyncio.sleep(0.2)

        await valkey.execute(*command.split())

        for call in ("extend", "ack", "stats", "dead_letters", "redrive"):
            await calls(held)[call](queue)
        await queue.send([b"after"])
        (woken,) = await waiting
        assert (woken.body, woken.attempt) == (b"after", 1)
        await queue.send([b"more"])
        assert (await one(queue)).body == b"more"
