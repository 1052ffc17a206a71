"""Availability: one answer for all, true to the seats, told apart by its tag, honest when it is old."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rooms.holds.house import Bench
from ticketing.base.errors import Unavailable
from ticketing.base.valkey import Valkey
from ticketing.holds.availability import Availability, Snapshot, bitmap
from ticketing.holds.model import Groups, Held
from ticketing.holds.store import HoldStore


@given(st.lists(st.sampled_from(b"01234"), max_size=300).map(bytes))
@settings(max_examples=300, deadline=None)
def test_the_bitmap_has_a_bit_for_each_seat_that_is_not_free(seats: bytes) -> None:
    raw = base64.b64decode(bitmap(seats))
    assert len(raw) == (len(seats) + 7) // 8
    for i in range(len(raw) * 8):
        taken = bool(raw[i >> 3] & 1 << (i & 7))
        assert taken == (i < len(seats) and seats[i : i + 1] != b"0")


def document(snapshot: Snapshot) -> dict[str, Any]:
    """The answer."""
    decoded: dict[str, Any] = msgspec.json.decode(snapshot.body)
    return decoded


async def hold(bench: Bench, account: str, *seats: int) -> str:
    """Hold seats; gives the hold's id."""
    view = await bench.service.hold_seats(bench.event_id, account, [bench.index.seat_ids[seat] for seat in seats])
    return view.claims.hold_id


async def test_the_answer_counts_and_marks_what_is_not_free(bench: Bench) -> None:
    bench.truth.owners = {0: "acc_b", 10: "acc_b"}
    await hold(bench, "acc_a", 3, 4)
    answer = document(await bench.availability.get(bench.event_id))
    assert answer["event_id"] == bench.event_id
    assert (answer["free"], answer["stale"]) == (11, False)
    assert answer["sections"]["A"] == {"free": 7, "held": 2, "sold": 1, "taken": bitmap(b"3001100000")}
    assert answer["sections"]["ST"] == {"free": 4, "held": 0, "sold": 1}


async def test_an_event_that_nobody_opened_is_opened_by_the_first_look(bench: Bench) -> None:
    bench.truth.owners = {2: "acc_a"}
    assert document(await bench.availability.get(bench.event_id))["free"] == 14
    assert await bench.seats() == "003000000000000"


async def test_the_answer_is_shared_for_a_second_and_then_new(bench: Bench) -> None:
    first = await bench.availability.get(bench.event_id)
    await hold(bench, "acc_a", 0)
    assert await bench.availability.get(bench.event_id) is first
    bench.clock.advance(1)
    second = await bench.availability.get(bench.event_id)
    assert second.etag != first.etag
    assert (first.free, second.free) == (15, 14)


async def test_as_long_as_nothing_changes_the_same_bytes_are_sent(bench: Bench) -> None:
    first = await bench.availability.get(bench.event_id)
    body, etag = first.body, first.etag
    for _ in range(5):
        bench.clock.advance(1)
        again = await bench.availability.get(bench.event_id)
        assert (again.body, again.etag) == (body, etag)


async def test_processes_that_see_the_same_seats_agree_on_the_tag(bench: Bench) -> None:
    await hold(bench, "acc_a", 0, 1)
    tags = {(await bench.another_process().get(bench.event_id)).etag for _ in range(3)}
    assert len(tags) == 1


async def test_every_change_changes_the_tag(bench: Bench) -> None:
    tags = [(await bench.availability.get(bench.event_id)).etag]

    async def look() -> None:
        bench.clock.advance(1)
        tags.append((await bench.availability.get(bench.event_id)).etag)

    first = await hold(bench, "acc_a", 0)
    await look()
    # Another seat held, the first one free: as many are free as before.
    await bench.service.release("acc_a", first)
    second = await hold(bench, "acc_a", 1)
    await look()
    bench.truth.owners = {1: "acc_a"}
    await bench.sync("acc_a", second, 1)
    await look()
    assert len(set(tags)) == 4


async def test_a_tag_never_comes_again_after_valkey_was_lost(bench: Bench) -> None:
    """The counter of changes is lost with the seats: begun anew it would lead back to tags that browsers hold."""
    seen: dict[str, str] = {}
    for seat in range(6):
        # The database sells one seat and frees another: as many are free, others than before.
        bench.truth.owners = {seat: "acc_a"}
        await bench.valkey.execute("FLUSHALL")
        for _ in range(3):
            bench.clock.advance(1)
            snapshot = await bench.availability.get(bench.event_id)
            taken = document(snapshot)["sections"]["A"]["taken"]
            assert taken == bitmap(b"".join(b"3" if i == seat else b"0" for i in range(10)))
            assert seen.setdefault(snapshot.etag, taken) == taken


async def test_while_valkey_is_away_the_last_answer_is_given_as_stale(bench: Bench) -> None:
    fresh = document(await bench.availability.get(bench.event_id))
    lost = Valkey("unix:///nowhere/valkey.sock", timeout=0.2)
    bench.availability._store = HoldStore(lost)
    bench.clock.advance(1)
    old = await bench.availability.get(bench.event_id)
    assert document(old) == fresh | {"stale": True}
    assert old.stale
    stale_tag = old.etag
    bench.clock.advance(1)
    assert (await bench.availability.get(bench.event_id)).etag == stale_tag
    # It is back: the answer is fresh again, and tagged otherwise.
    bench.availability._store = bench.store
    bench.clock.advance(1)
    back = await bench.availability.get(bench.event_id)
    assert not back.stale
    assert back.etag != stale_tag
    await lost.close()


async def test_a_process_that_never_saw_valkey_answers_from_the_database(bench: Bench) -> None:
    lost = Valkey("unix:///nowhere/valkey.sock", timeout=0.2)

    def fresh_process() -> Availability:
        return Availability(HoldStore(lost), bench.catalog, bench.truth, bench.service.rebuilder, bench.clock)

    bench.truth.owners = {0: "acc_a"}
    first = await fresh_process().get(bench.event_id)
    assert (document(first)["stale"], first.free) == (True, 14)
    # Another seat, as many free: another tag.
    bench.truth.owners = {1: "acc_a"}
    assert (await fresh_process().get(bench.event_id)).etag != first.etag
    bench.truth.away = True
    with pytest.raises(Unavailable):
        await fresh_process().get(bench.event_id)
    assert await fresh_process().free_count(bench.event_id) is None
    await lost.close()


async def test_bytes_are_never_older_than_the_version_they_carry(bench: Bench) -> None:
    await bench.availability.get(bench.event_id)
    before = await bench.store.read(bench.event_id)
    now = bench.clock.now_ms()
    held = await bench.store.hold(
        bench.event_id, "acc_a", f"hld_x_{bench.event_id}", Groups([[0]]), cap=4, now=now, expires=now + 1000
    )
    assert isinstance(held, Held)
    after = await bench.store.read(bench.event_id)
    assert after.version > before.version
    assert (before.seats[0:1], after.seats[0:1]) == (b"0", b"1")


async def test_those_who_wait_for_one_look_go_on_at_once(bench: Bench) -> None:
    """Not one by one, a turn of the loop each: in a rush turns are long, and pages gave up after 15 s in the convoy."""
    await bench.availability.get(bench.event_id)
    bench.clock.advance(2)
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counter = asyncio.create_task(count())
    found = await asyncio.gather(*(bench.availability.get(bench.event_id) for _ in range(4000)))
    counter.cancel()
    assert len({id(snapshot) for snapshot in found}) == 1
    assert turns < 2000
