"""Whatever consumers do, and however they die, no message is lost."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.queue_fixtures import QueueBackend, fresh_name
from tests.contract.test_queue import drain_to_the_end

STEPS = st.lists(
    st.tuples(st.sampled_from(["send", "ack", "release", "later", "extend", "crash", "dawdle"]), st.integers(1, 25)),
    min_size=5,
    max_size=25,
)


class TestNothingIsLost:
    @settings(
        max_examples=5,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(steps=STEPS)
    async def test_whatever_consumers_do(self, queue_backend: QueueBackend, steps: list[tuple[str, int]]) -> None:
        name = fresh_name()
        queue = await queue_backend.open(name, max_attempts=50)
        sent: set[bytes] = set()
        done: set[bytes] = set()
        for step, count in steps:
            if step == "send":
                bodies = [f"{len(sent) + n}".encode() for n in range(count)]
                await queue.send(bodies)
                sent.update(bodies)
                continue
            got = await queue.receive(count, 0)
            assert {delivery.body for delivery in got} <= sent - done
            if step == "ack":
                done |= {delivery.body for delivery in got}
                await queue.ack(got)
            elif step in ("release", "later"):
                await queue.release(got, 0 if step == "release" else 1)
            elif step == "extend":
                await queue.extend(got, 1)
            elif step == "crash":  # the consumer is gone with what it held
                await queue.close()
                queue = await queue_backend.open(name, max_attempts=50)
            else:
                await asyncio.sleep(0.1)

        rest = await drain_to_the_end(queue)
        assert done.isdisjoint(delivery.body for delivery in rest)
        assert done | {delivery.body for delivery in rest} == sent
        assert (await queue.stats()).dead == 0

    @pytest.mark.parametrize("ack_first", [False, True], ids=["ack after work", "control: ack before work"])
    async def test_a_consumer_that_dies_in_mid_work(self, queue_backend: QueueBackend, ack_first: bool) -> None:
        queue = await queue_backend.open(fresh_name())
        bodies = {f"{n}".encode() for n in range(30)}
        deadly = {f"{n}".encode() for n in range(0, 30, 7)}
        await queue.send(sorted(bodies))
        done: set[bytes] = set()
        quiet = 0
        while quiet < 2:
            got = await queue.receive(10, 1)
            quiet = 0 if got else quiet + 1
            if ack_first:
                await queue.ack(got)
            # It dies at the first sight of some: they are neither done nor, if it works in the right order, acked.
            finished = [delivery for delivery in got if delivery.body not in deadly or delivery.attempt > 1]
            done |= {delivery.body for delivery in finished}
            if not ack_first:
                await queue.ack(finished)

        lost = bodies - done
        assert lost == (deadly if ack_first else set())
