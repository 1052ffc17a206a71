"""Valkey lost everything, and the sale goes on: what comes back, what does not, and who judges meanwhile."""

from __future__ import annotations

import asyncio

import pytest

from tests.rooms.catalog.plans import plan, standing
from tests.rooms.holds.house import Bench, OneEvent
from ticketing.base.db import DatabaseAway
from ticketing.base.errors import Unavailable
from ticketing.holds.hold import HoldView
from ticketing.holds.model import Claimed, Gone, OrderedElsewhere, Taken
from ticketing.holds.rebuild import Rebuilder


async def hold(bench: Bench, account: str, *seats: int) -> HoldView:
    """Hold seats by ordinal."""
    return await bench.service.hold_seats(bench.event_id, account, [bench.index.seat_ids[seat] for seat in seats])


async def claim(bench: Bench, view: HoldView, order_id: str) -> object:
    """Bind a hold to an order."""
    now = bench.clock.now_ms()
    return await bench.store.claim(view.claims, order_id, f"print of {order_id}", now=now, stretched_to=now + 900_000)


async def lose(bench: Bench) -> None:
    """All that this event has in Valkey."""
    keys = await bench.valkey.execute("KEYS", f"h:{{{bench.event_id}}}:*")
    await bench.valkey.execute("DEL", *keys)


async def ensure(bench: Bench) -> bool:
    """Rebuild if needed."""
    return await bench.service.rebuilder.ensure(bench.event_id, bench.index.capacity)


async def test_sold_seats_and_counts_come_back_and_holds_do_not(bench: Bench) -> None:
    bench.truth.owners = {0: "acc_a", 1: "acc_a", 12: "acc_b"}
    await hold(bench, "acc_c", 5)
    await lose(bench)
    assert await ensure(bench)
    assert await bench.seats() == "330000000000300"
    assert await bench.bought() == {"acc_a": 2, "acc_b": 1}


async def test_a_rebuild_of_what_is_there_changes_nothing(bench: Bench) -> None:
    view = await hold(bench, "acc_a", 5)
    before = await bench.store.read(bench.event_id)
    assert await ensure(bench)
    assert await bench.store.read(bench.event_id) == before
    assert isinstance(await claim(bench, view, "ord_1"), Claimed)


async def test_a_sale_that_commits_while_the_books_are_read_is_not_lost(bench: Bench) -> None:
    bench.truth.owners = {0: "acc_a"}
    bench.truth.reading = asyncio.Event()
    rebuilding = asyncio.create_task(ensure(bench))
    await bench.truth.read.wait()
    # What the rebuild has in hand is old from here on.
    bench.truth.owners = {0: "acc_a", 1: "acc_a", 2: "acc_b"}
    await bench.sync("acc_a", "hld_1", 1)
    await bench.sync("acc_b", "hld_2", 2)
    bench.truth.reading.set()
    assert await rebuilding
    assert await bench.seats() == "333000000000000"
    assert await bench.bought() == {"acc_a": 2, "acc_b": 1}


async def test_a_cancellation_while_the_books_are_read_leaves_the_person_their_cap(bench: Bench) -> None:
    bench.truth.owners = {0: "acc_a"}
    bench.truth.reading = asyncio.Event()
    rebuilding = asyncio.create_task(ensure(bench))
    await bench.truth.read.wait()
    bench.truth.owners = {}
    await bench.sync("acc_a", "hld_1", 0)
    bench.truth.reading.set()
    assert await rebuilding
    assert (await bench.bought())["acc_a"] == 0
    # The seat itself may look sold until the audit has seen it twice; then it is free.
    await bench.store.mend(bench.event_id, [], [0])
    assert await bench.seats() == "0" * 15


async def test_holds_are_refused_honestly_while_another_process_rebuilds(bench: Bench) -> None:
    now, capacity = bench.clock.now_ms(), bench.index.capacity
    assert await bench.store.begin_rebuild(bench.event_id, "ep_other", capacity, now) == "begun"
    with pytest.raises(Unavailable) as refused:
        await hold(bench, "acc_a", 0)
    assert refused.value.code == "rebuilding"
    assert await bench.store.end_rebuild(bench.event_id, "ep_other", [], {}) == "ready"
    await hold(bench, "acc_a", 0)


async def test_a_rebuild_whose_process_died_is_taken_over_and_its_late_end_does_nothing(bench: Bench) -> None:
    capacity = bench.index.capacity
    assert await bench.store.begin_rebuild(bench.event_id, "ep_dead", capacity, bench.clock.now_ms()) == "begun"
    bench.clock.advance(14)
    assert not await ensure(bench)
    bench.clock.advance(2)
    assert await ensure(bench)
    await hold(bench, "acc_a", 0)
    assert await bench.store.end_rebuild(bench.event_id, "ep_dead", [0, 1, 2], {"acc_a": 3}) == "lost"
    assert await bench.seats() == "1" + "0" * 14


async def test_while_the_database_is_away_there_is_no_rebuild_and_then_there_is(bench: Bench) -> None:
    bench.truth.away = True
    with pytest.raises(DatabaseAway):
        await hold(bench, "acc_a", 0)
    bench.truth.away = False
    bench.clock.advance(16)
    await hold(bench, "acc_a", 0)


async def test_many_callers_share_one_rebuild(bench: Bench) -> None:
    begun = 0
    begin = bench.store.begin_rebuild

    async def count(*args: object) -> str:
        nonlocal begun
        begun += 1
        return await begin(*args)  # type: ignore[arg-type]

    bench.store.begin_rebuild = count  # type: ignore[method-assign]
    assert all(await asyncio.gather(*(ensure(bench) for _ in range(50))))
    assert begun == 1


async def test_a_cancelled_caller_does_not_take_the_rebuild_with_it(bench: Bench) -> None:
    bench.truth.reading = asyncio.Event()
    first = asyncio.create_task(ensure(bench))
    await bench.truth.read.wait()
    second = asyncio.create_task(ensure(bench))
    first.cancel()
    bench.truth.reading.set()
    assert await second


async def test_a_hold_that_valkey_lost_can_still_be_ordered_while_its_seats_are_free(bench: Bench) -> None:
    kept, lost_to_another = await hold(bench, "acc_a", 0, 1), await hold(bench, "acc_a", 2)
    await lose(bench)
    await ensure(bench)
    await hold(bench, "acc_b", 2)
    assert await claim(bench, kept, "ord_1") == Claimed(again=False)
    assert await claim(bench, kept, "ord_1") == Claimed(again=True)
    assert await claim(bench, lost_to_another, "ord_2") == Taken((2,))
    assert (await bench.seats())[:3] == "221"


async def test_a_hold_that_was_released_does_not_come_back(bench: Bench) -> None:
    view = await hold(bench, "acc_a", 0)
    await bench.service.release("acc_a", view.claims.hold_id)
    assert isinstance(await claim(bench, view, "ord_1"), Gone)


async def test_before_the_rebuild_one_hold_is_still_one_order(bench: Bench) -> None:
    view = await hold(bench, "acc_a", 0)
    await lose(bench)
    assert await claim(bench, view, "ord_1") == Claimed(again=False)
    assert await claim(bench, view, "ord_2") == OrderedElsewhere("ord_1")


async def test_an_order_from_before_the_rebuild_frees_nothing_of_anybody_else(bench: Bench) -> None:
    """It was claimed when nothing was known; its seats went to Bob, and it was refused. Its end is not Bob's."""
    view = await hold(bench, "acc_a", 0, 1)
    await lose(bench)
    assert isinstance(await claim(bench, view, "ord_1"), Claimed)
    await ensure(bench)
    await hold(bench, "acc_b", 0, 1)
    mine = await hold(bench, "acc_a", 5, 6, 7)
    await bench.sync("acc_a", view.claims.hold_id, 0, 1)
    assert (await bench.seats())[:8] == "11000111"
    # Alice still holds three of four: her count was not lowered by seats that the rebuild had forgotten.
    assert await bench.valkey.execute("HGET", f"h:{{{bench.event_id}}}:people", "acc_a") == b"3"
    assert isinstance(await claim(bench, mine, "ord_2"), Claimed)


async def test_a_hold_on_a_seat_that_turns_out_sold_is_refused_at_the_order(bench: Bench) -> None:
    """Alice's accepted order was under way when Valkey lost her seat; Bob was given it; her sale becomes known."""
    view = await hold(bench, "acc_b", 0, 1)
    bench.truth.owners = {0: "acc_a"}
    await bench.sync("acc_a", "hld_gone", 0)
    assert await claim(bench, view, "ord_1") == Taken((0,))
    assert (await bench.seats())[:2] == "31"
    # Bob gives up: what is Alice's stays hers.
    await bench.service.release("acc_b", view.claims.hold_id)
    assert (await bench.seats())[:2] == "30"


async def test_a_house_of_fifty_thousand_sold_places(bench: Bench) -> None:
    house = OneEvent(bench.event_id, plan(standing("ST", 50_000, "R")), bench.clock.now_ms())
    bench.truth.owners = {ordinal: f"acc_{ordinal // 4}" for ordinal in range(0, 50_000, 2)}
    rebuilder = Rebuilder(bench.store, bench.truth, bench.clock)
    assert await rebuilder.ensure(bench.event_id, house.loaded.index.capacity)
    seats = await bench.seats()
    assert seats == "30" * 25_000
    assert sum((await bench.bought()).values()) == 25_000
