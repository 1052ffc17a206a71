"""The election: one leader at most acts, another takes over in time, and one that was stopped can do no harm."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.rooms.waiting.line_bench import LOBBY_MS, Bench, step
from ticketing.base.blobs import FolderBlobs
from ticketing.base.db import DatabaseAway
from ticketing.waiting import sql
from ticketing.waiting.controls import Change
from ticketing.waiting.lead import TAKEOVER_SECONDS, Leadership
from ticketing.waiting.posting import PATIENCE
from ticketing.waiting.status import status_key
from ticketing.waiting.store import Deposed, LineStore

LOOK_SECONDS = 0.5


async def nothing(_: Any) -> None:
    """A transaction without statements of its own."""


def rivals(bench: Bench, count: int = 2) -> list[Leadership]:
    """Processes that stand for leader."""
    return [Leadership(bench.db, f"w{n}", monotonic=lambda: bench.now / 1000) for n in range(count)]


async def test_of_many_who_stand_at_once_one_leads(bench: Bench) -> None:
    candidates = rivals(bench, 8)
    assert sum(await asyncio.gather(*(candidate.stand() for candidate in candidates))) == 1
    for _ in range(20):
        bench.clock.advance(LOOK_SECONDS)
        for candidate in candidates:
            if candidate.leading:
                await candidate.beat()
            else:
                assert not await candidate.stand()


async def test_another_takes_over_within_five_seconds(bench: Bench) -> None:
    leader, standby = rivals(bench)
    assert await leader.stand()
    assert not await standby.stand()
    seconds = 0.0
    while not await standby.stand():
        bench.clock.advance(LOOK_SECONDS)
        seconds += LOOK_SECONDS
    assert TAKEOVER_SECONDS <= seconds <= 5
    assert (leader.fence, standby.fence) == (1, 2)


async def test_of_two_who_take_over_at_once_one_does(bench: Bench) -> None:
    leader, *standbys = rivals(bench, 5)
    assert await leader.stand()
    assert not any([await standby.stand() for standby in standbys])
    bench.clock.advance(TAKEOVER_SECONDS)
    assert sum(await asyncio.gather(*(standby.stand() for standby in standbys))) == 1


async def test_one_that_was_stopped_can_write_nothing_afterwards(bench: Bench) -> None:
    leader, standby = rivals(bench)
    await leader.stand()
    await standby.stand()
    bench.clock.advance(TAKEOVER_SECONDS)
    assert await standby.stand()
    with pytest.raises(Deposed):
        await leader.transact(nothing)
    leader.step_down()
    with pytest.raises(Deposed):
        await leader.beat()
    assert not await leader.stand()
    await standby.beat()


async def test_a_leader_that_resigns_is_replaced_at_once(bench: Bench) -> None:
    leader, standby = rivals(bench)
    await leader.stand()
    await standby.stand()
    await leader.resign()
    assert await standby.stand()
    await leader.resign()
    await standby.beat()


async def test_a_resignation_of_a_deposed_leader_unseats_nobody(bench: Bench) -> None:
    leader, standby = rivals(bench)
    await leader.stand()
    await standby.stand()
    bench.clock.advance(TAKEOVER_SECONDS)
    await standby.stand()
    await leader.resign()
    assert await sql_leader(bench) == "w1"


async def sql_leader(bench: Bench) -> str:
    """Who holds the lease."""
    async with bench.db.read() as conn:
        row = await sql.read_leader(conn, "line")
    assert row is not None
    return row[2]


async def test_nobody_leads_without_the_database(bench: Bench) -> None:
    leader, standby = rivals(bench)
    await leader.stand()
    bench.db.away = True
    with pytest.raises(DatabaseAway):
        await leader.beat()
    with pytest.raises(DatabaseAway):
        await standby.stand()


@pytest.mark.parametrize("point", ["line:tick", "line:decided"])
async def test_a_leader_stopped_in_its_tick_wakes_up_to_do_nothing(bench: Bench, point: str) -> None:
    stale = bench.candidate()
    await step(stale)
    for number in range(6):
        await bench.join(f"acc_{number}")
    bench.clock.advance(LOBBY_MS / 1000)
    await step(stale)
    standby = bench.candidate()
    await step(standby)
    bench.clock.advance(1)
    bench.stop_at = point
    hanging = asyncio.create_task(stale.step())
    await bench.stopped.wait()
    await step(standby)
    bench.clock.advance(TAKEOVER_SECONDS)
    await bench.controls.change(bench.event.id, "acc_p", Change(cap=77))
    await step(standby)
    assert (await bench.meta())["fence"] == "2"
    before, status = await bench.meta(), await bench.api.store.status(bench.event.id)
    bench.resumed.set()
    await hanging
    assert await bench.meta() == before
    assert await bench.api.store.status(bench.event.id) == status
    assert (await bench.meta())["cap"] == "77"


async def stopped_before_its_put(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> tuple[bytes | None, bytes | None]:
    """The blob as the next leader wrote it, and after the stopped one has woken up between Valkey and its put."""
    stale = bench.candidate()
    await step(stale)
    standby = bench.candidate()
    await step(standby)
    bench.clock.advance(1)
    publish = LineStore.publish

    async def publish_and_stop(store: LineStore, *args: Any) -> None:
        await publish(store, *args)
        await bench.crash("published")

    monkeypatch.setattr(LineStore, "publish", publish_and_stop)
    bench.stop_at = "published"
    hanging = asyncio.create_task(stale.step())
    await bench.stopped.wait()
    await step(standby)
    bench.clock.advance(TAKEOVER_SECONDS)
    await step(standby)
    assert (await bench.meta())["fence"] == "2"
    key = status_key(bench.event.id)
    before = await bench.blobs.get(key)
    bench.resumed.set()
    await hanging
    return before, await bench.blobs.get(key)


async def test_a_leader_stopped_before_its_put_shows_no_older_status(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, after = await stopped_before_its_put(bench, monkeypatch)
    assert before is not None
    assert after == before


async def test_control_without_turns_it_would(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    async def put(blobs: FolderBlobs, key: str, body: bytes, *headers: str, turn: int) -> bool:
        assert turn > 0
        await blobs.put(key, body, *headers)
        return True

    monkeypatch.setattr(FolderBlobs, "put_by_turn", put)
    before, after = await stopped_before_its_put(bench, monkeypatch)
    assert before is not None
    assert after is not None
    assert json.loads(after)["at"] < json.loads(before)["at"]


async def test_a_database_from_an_older_copy_does_not_leave_one_status_for_ever(bench: Bench) -> None:
    leader, key = bench.candidate(), status_key(bench.event.id)
    await bench.blobs.put_by_turn(key, b"of a lost future", "application/json", turn=90)
    for _ in range(PATIENCE):
        await step(leader)
        bench.clock.advance(1)
        assert await bench.blobs.get(key) == b"of a lost future"
    for _ in range(2):
        await step(leader)
        bench.clock.advance(1)
        assert await bench.blobs.get(key) == await bench.api.store.status(bench.event.id)
