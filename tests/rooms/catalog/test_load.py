"""The catalogue as other rooms read it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import delete, update

from tests.rooms.catalog.conftest import NOW
from tests.rooms.catalog.plans import small_hall
from tests.rooms.catalog.test_create_event import HOUR, VENUE, show
from tests.rooms.catalog.test_refreshed import Hands
from ticketing.base.clock import ManualClock
from ticketing.base.db import Database, DatabaseAway
from ticketing.base.errors import NotFound
from ticketing.catalog import load as module
from ticketing.catalog import sql
from ticketing.catalog.create_event import create_event
from ticketing.catalog.load import Catalog
from ticketing.catalog.model import Event
from ticketing.catalog.save_plan import save_plan


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
async def catalog(db: Database, clock: ManualClock, hands: Hands) -> AsyncIterator[Catalog]:
    found = Catalog(db, clock, ttl=1.0, stale_for=60.0, monotonic=hands)
    yield found
    await found.close()


async def an_event(db: Database, clock: ManualClock, **more: Any) -> Event:
    saved = await save_plan(db, clock, small_hall())
    return await create_event(db, clock, VENUE, show(saved.version, **more))


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the statements that were run, in order."""
    ran: list[str] = []

    def count(name: str) -> None:
        original = getattr(sql, name)

        async def counted(*args: Any, **kwargs: Any) -> Any:
            ran.append(name)
            return await original(*args, **kwargs)

        monkeypatch.setattr(sql, name, counted)

    for name in ("find_events", "find_event", "find_plan"):
        count(name)
    return ran


async def test_an_event_comes_with_its_plan_and_prices(db: Database, clock: ManualClock, catalog: Catalog) -> None:
    event = await an_event(db, clock)
    loaded = await catalog.get(event.id)
    assert loaded.event == event
    assert await catalog.event(event.id) == event
    assert await catalog.listed() == (event,)
    assert loaded.index.capacity == 14
    amounts = [loaded.amount_at(ordinal) for ordinal in (0, 3, 9, 13)]
    assert amounts == [198_000, 0, 143_000, 121_000]
    with pytest.raises(IndexError):
        loaded.amount_at(14)


async def test_what_is_known_is_answered_without_the_database(
    db: Database, clock: ManualClock, catalog: Catalog, hands: Hands, reads: list[str]
) -> None:
    event = await an_event(db, clock)
    reads.clear()
    first = await catalog.get(event.id)
    assert reads == ["find_events", "find_plan"]
    assert all([await catalog.get(event.id) is first for _ in range(20)])
    assert reads == ["find_events", "find_plan"]
    hands.now += 2
    assert await catalog.get(event.id) is first, "an event that did not change stays the same object"
    assert reads == ["find_events", "find_plan", "find_events"]


async def test_many_who_ask_at_once_read_the_store_once(
    db: Database, clock: ManualClock, catalog: Catalog, reads: list[str]
) -> None:
    event = await an_event(db, clock)
    reads.clear()
    loaded = await asyncio.gather(*(catalog.get(event.id) for _ in range(100)))
    assert all(one is loaded[0] for one in loaded)
    assert reads == ["find_events", "find_plan"]


async def test_a_change_by_another_process_is_seen_after_the_ttl(
    db: Database, clock: ManualClock, catalog: Catalog, hands: Hands
) -> None:
    event = await an_event(db, clock)
    before = await catalog.get(event.id)
    async with db.write() as conn:
        await conn.execute(update(sql.events).where(sql.events.c.id == event.id).values(cancelled=True))
    assert not (await catalog.get(event.id)).event.sale.cancelled
    hands.now += 1.01
    after = await catalog.get(event.id)
    assert after.event.sale.cancelled
    assert after.index is before.index, "the plan is not read again"


async def test_a_new_event_is_found_at_once_and_a_removed_one_goes(
    db: Database, clock: ManualClock, catalog: Catalog, hands: Hands
) -> None:
    assert await catalog.listed() == ()
    event = await an_event(db, clock)
    assert (await catalog.get(event.id)).event == event
    hands.now += 1.01
    assert await catalog.listed() == (event,)
    async with db.write() as conn:
        await conn.execute(delete(sql.event_prices))
        await conn.execute(delete(sql.events))
    hands.now += 1.01
    with pytest.raises(NotFound):
        await catalog.get(event.id)


async def test_a_past_event_is_not_listed_but_known(
    db: Database, clock: ManualClock, catalog: Catalog, hands: Hands
) -> None:
    event = await an_event(db, clock)
    clock.advance(113 * 3600)
    assert await catalog.listed() == ()
    first = await catalog.get(event.id)
    hands.now += 2
    assert first.event == event
    assert await catalog.get(event.id) is first


@pytest.mark.parametrize("event_id", ["", "evt_aaaaaaaaaaaaaaaa", "x" * 10_000, "evt_' or 1=1 --", "가", "evt_\x00"])
async def test_unknown_events(catalog: Catalog, event_id: str) -> None:
    for ask in (catalog.get, catalog.event):
        with pytest.raises(NotFound):
            await ask(event_id)


async def test_junk_never_reaches_the_store(catalog: Catalog, reads: list[str]) -> None:
    for event_id in ("", "' or 1=1", "EVT_AAAAAAAA", "x" * 10_000):
        with pytest.raises(NotFound):
            await catalog.get(event_id)
    assert reads == []


async def test_unknown_plans(catalog: Catalog) -> None:
    with pytest.raises(NotFound):
        await catalog.plan("nothing")


async def test_memory_is_bounded(db: Database, catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_KEPT_EVENTS", 3)
    for letter in "abcdefgh":
        with pytest.raises(NotFound):
            await catalog.event(f"evt_{letter * 16}")
    assert len(catalog._single) == 3


async def test_while_the_database_is_away_what_was_known_goes_on(
    db: Database, clock: ManualClock, catalog: Catalog, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = await an_event(db, clock)
    known = await catalog.get(event.id)

    async def away(*args: Any, **kwargs: Any) -> Any:
        raise DatabaseAway("away")

    monkeypatch.setattr(sql, "find_events", away)
    monkeypatch.setattr(sql, "find_event", away)
    for _ in range(59):
        hands.now += 1.0
        assert await catalog.get(event.id) is known
    with pytest.raises(DatabaseAway):
        await catalog.get("evt_aaaaaaaaaaaaaaaa")
    hands.now += 2.0
    with pytest.raises(DatabaseAway):
        await catalog.get(event.id)


async def test_events_are_listed_in_the_order_in_which_they_start(
    db: Database, clock: ManualClock, catalog: Catalog
) -> None:
    later = await an_event(db, clock)
    sooner = await an_event(db, clock, starts_at=NOW + 99 * HOUR)
    assert await catalog.listed() == (sooner, later)
