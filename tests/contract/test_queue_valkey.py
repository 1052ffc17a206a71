"""What only the Valkey adapter has to get right: its keys, its scripts, and other tools on the same stream."""

from __future__ import annotations

import asyncio

import pytest

from tests.contract.queue_fixtures import ValkeyBackend, fresh_name
from tests.contract.test_queue import drain, one, receive_all
from ticketing.base.queue.valkey import ValkeyQueue


async def test_keys_share_a_hash_slot_and_nothing_is_left_in_them(queue_valkey: ValkeyBackend) -> None:
    name = fresh_name()
    queue, valkey = await queue_valkey.open(name), queue_valkey.connect()
    await queue.send([b"x"] * 1_203)  # several script calls
    assert len(await drain(queue)) == 1_203
    keys = await valkey.execute("KEYS", f"*{name}*")
    assert keys == [f"{{{name}}}:messages".encode()]
    assert await valkey.execute("XLEN", keys[0]) == 0
    assert (await valkey.execute("XPENDING", keys[0], "workers"))[0] == 0


def test_a_name_that_breaks_the_hash_tag_is_refused(queue_valkey: ValkeyBackend) -> None:
    for name in ("", "a{b", "a}b"):
        with pytest.raises(ValueError, match="braces"):
            ValkeyQueue(queue_valkey.connect(), name)


async def test_what_another_tool_read_comes_again(queue_valkey: ValkeyBackend) -> None:
    name = fresh_name()
    queue, valkey = await queue_valkey.open(name), queue_valkey.connect()
    assert await queue.receive(1, 0) == []  # makes the group
    await queue.send([b"work"])
    read = ("XREADGROUP", "GROUP", "workers", "somebody", "STREAMS", f"{{{name}}}:messages", ">")
    assert await valkey.execute(*read) is not None
    assert await queue.receive(1, 0) == []
    again = await one(queue)
    assert (again.body, again.attempt) == (b"work", 2)


async def test_what_another_tool_removed_is_forgotten(queue_valkey: ValkeyBackend) -> None:
    name = fresh_name()
    queue, valkey = await queue_valkey.open(name), queue_valkey.connect()
    await queue.send([b"deleted", b"acked", b"left"])
    held = {delivery.body: delivery.id for delivery in await receive_all(queue, 3)}
    stream = f"{{{name}}}:messages"
    await valkey.execute("XDEL", stream, held[b"deleted"])
    await valkey.execute("XACK", stream, "workers", held[b"acked"])
    await valkey.execute("XDEL", stream, held[b"acked"])
    assert (await one(queue)).body == b"left"
    assert await valkey.execute("ZCARD", f"{{{name}}}:due") == 1


async def test_a_group_removed_by_hand_is_made_anew(queue_valkey: ValkeyBackend) -> None:
    name = fresh_name()
    queue, valkey = await queue_valkey.open(name), queue_valkey.connect()
    await queue.send([b"held", b"waiting"])
    held = await one(queue)
    await valkey.execute("XGROUP", "DESTROY", f"{{{name}}}:messages", "workers")
    await queue.extend([held], 5)
    assert {delivery.body for delivery in await receive_all(queue, 2)} == {b"held", b"waiting"}


async def test_an_older_delivery_cannot_take_a_message_from_the_newer_one(queue_valkey: ValkeyBackend) -> None:
    queue = await queue_valkey.open(fresh_name())
    await queue.send([b"work"])
    older = await one(queue)
    newer = await one(queue)
    await queue.extend([newer], 30)
    await queue.release([older], 0)
    await asyncio.sleep(0.1)
    assert await queue.receive(1, 0) == []
    await queue.release([newer], 0)
    assert (await one(queue)).attempt == 3


async def test_delays_are_exact_below_a_second_and_beyond_the_visibility(queue_valkey: ValkeyBackend) -> None:
    name = fresh_name()
    queue, valkey = await queue_valkey.open(name), queue_valkey.connect()
    await queue.send([b"soon", b"late"])
    soon, late = await receive_all(queue, 2)
    await queue.release([soon], 0.25)
    await queue.release([late], 3_600)
    assert (await one(queue)).id == soon.id
    key = f"{{{name}}}:due"
    later_by = float(await valkey.execute("ZSCORE", key, late.id)) - float(await valkey.execute("ZSCORE", key, soon.id))
    assert later_by > 3_500_000
