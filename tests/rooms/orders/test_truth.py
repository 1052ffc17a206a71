"""Two workers carry news of the same seats to Valkey, and their news cross: in the end it says what the books say."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from tests.rooms.orders.conftest import Desk
from ticketing.base.outbox import Topic, outbox
from ticketing.base.valkey import Valkey, ValkeyAway
from ticketing.base.valkey_server import ValkeyServer
from ticketing.holds.rebuild import Rebuilder
from ticketing.holds.store import HoldStore
from ticketing.orders import messages
from ticketing.orders.messages import SeatsChanged
from ticketing.orders.truth import SalesBooks, SeatSync
from ticketing.payments.gateway import Declined

ALICE = "acc_aaaaaaaaaaaaaaaa"


class Late(HoldStore):
    """The store, to a worker that has read the books and is held up before it tells what it read."""

    def __init__(self, valkey: Valkey) -> None:
        super().__init__(valkey)
        self.about_to_tell = asyncio.Event()
        self.go_on = asyncio.Event()

    async def sync(
        self, event_id: str, account_id: str, hold_id: str, bought: int, sold: Sequence[int], unsold: Sequence[int]
    ) -> int:
        self.about_to_tell.set()
        await self.go_on.wait()
        return await super().sync(event_id, account_id, hold_id, bought, sold, unsold)


class Restless(HoldStore):
    """The store, to a worker that is overtaken whenever it tells something: an order comes, or is declined."""

    def __init__(self, valkey: Valkey, desk: Desk, changes: int) -> None:
        super().__init__(valkey)
        self._desk = desk
        self._left = changes
        self._order: str | None = None
        self.told = 0

    async def sync(
        self, event_id: str, account_id: str, hold_id: str, bought: int, sold: Sequence[int], unsold: Sequence[int]
    ) -> int:
        changed = await super().sync(event_id, account_id, hold_id, bought, sold, unsold)
        self.told += 1
        if self._left:
            self._left -= 1
            if self._order is None:
                self._order = await self._desk.place(1)
            else:
                await self._desk.settle(self._order, Declined("no"))
                self._order = None
        return changed


class Breaking(Late):
    """The same as Late, and Valkey goes away when the worker wants to mend what it told."""

    def __init__(self, valkey: Valkey) -> None:
        super().__init__(valkey)
        self._calls = 0

    async def sync(
        self, event_id: str, account_id: str, hold_id: str, bought: int, sold: Sequence[int], unsold: Sequence[int]
    ) -> int:
        self._calls += 1
        if self._calls == 2:
            raise ValkeyAway("away")
        return await super().sync(event_id, account_id, hold_id, bought, sold, unsold)


class LooksOnce(SeatSync):
    """The handler as it was: what it read first is all that it knows."""

    _first: dict[int, Any] | None = None

    async def _read(self, changes: Mapping[int, SeatsChanged]) -> dict[int, Any]:
        if self._first is None:
            self._first = await super()._read(changes)
        return {row_id: self._first[row_id] for row_id in changes}


@dataclass
class Hall:
    """The desk, with the seats of its event in Valkey."""

    desk: Desk
    valkey: Valkey
    store: HoldStore

    def worker(self, handler: type[SeatSync], store: HoldStore) -> Topic:
        return Topic(messages.SEATS, self.desk.db, self.desk.clock, leased=handler(self.desk.db, store))

    async def hear_news(self) -> int:
        """A worker that nothing holds up; gives how many rows it was given."""
        return await self.worker(SeatSync, self.store).run_once()

    async def told(self) -> tuple[list[int], dict[str, int]]:
        """Sold ordinals and seats by account, as Valkey has them."""
        event_id = self.desk.event.id
        seats = (await self.store.read(event_id)).seats
        flat = await self.valkey.execute("HGETALL", f"h:{{{event_id}}}:bought")
        pairs = flat.items() if isinstance(flat, dict) else zip(flat[::2], flat[1::2], strict=True)
        return [n for n, byte in enumerate(seats) if byte == ord("3")], {k.decode(): int(v) for k, v in pairs}

    async def true(self) -> tuple[list[int], dict[str, int]]:
        """The same by the books."""
        return await self.desk.sold(), await self.desk.people()


@pytest.fixture(scope="module")
def server(short_folder: Path) -> Iterator[ValkeyServer]:
    server = ValkeyServer(short_folder / "tr")
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def hall(server: ValkeyServer, desk: Desk) -> AsyncIterator[Hall]:
    valkey = Valkey(server.url)
    store = HoldStore(valkey)
    capacity = (await desk.catalog.get(desk.event.id)).index.capacity
    assert await Rebuilder(store, SalesBooks(desk.db), desk.clock).ensure(desk.event.id, capacity)
    yield Hall(desk, valkey, store)
    await valkey.close()


async def crossing(hall: Hall, handler: type[SeatSync], late: Late, later: str) -> Topic:
    """Worker A has read the books; worker B reads and tells what came later; now A tells what it had read."""
    desk = hall.desk
    order_id = await desk.place(0, 1)
    if later == "bought":
        await desk.settle(order_id, Declined("no"))
    a = hall.worker(handler, late)
    telling = asyncio.create_task(a.run_once())
    await late.about_to_tell.wait()
    if later == "bought":
        await desk.place(0, 1)
    else:
        await desk.settle(order_id, Declined("no"))
    assert await hall.hear_news() == 1
    assert await hall.told() == await hall.true()
    late.go_on.set()
    assert await telling >= 1
    return a


@pytest.mark.parametrize("later", ["bought", "given up"])
async def test_news_that_cross_end_in_what_the_books_say(hall: Hall, later: str) -> None:
    await crossing(hall, SeatSync, Late(hall.valkey), later)
    assert await hall.true() == (([0, 1], {ALICE: 2}) if later == "bought" else ([], {}))
    assert await hall.told() == await hall.true()
    assert "seats" not in await hall.desk.waiting()


@pytest.mark.parametrize("later", ["bought", "given up"])
async def test_without_the_second_look_the_older_news_stay(hall: Hall, later: str) -> None:
    """Negative control."""
    await crossing(hall, LooksOnce, Late(hall.valkey), later)
    assert await hall.told() == (([], {}) if later == "bought" else ([0, 1], {ALICE: 2}))
    assert "seats" not in await hall.desk.waiting(), "and nobody comes again to mend it"


async def test_with_valkey_away_at_the_second_look_the_news_come_again(hall: Hall) -> None:
    a = await crossing(hall, SeatSync, Breaking(hall.valkey), "given up")
    assert await hall.told() != await hall.true()
    hall.desk.clock.advance(1)
    assert await a.run_once() == 1
    assert await hall.told() == await hall.true() == ([], {})
    assert "seats" not in await hall.desk.waiting()


async def test_seats_that_change_whenever_they_are_told_are_looked_at_again_and_not_for_ever(hall: Hall) -> None:
    await hall.desk.place(0)
    store = Restless(hall.valkey, hall.desk, changes=30)
    assert await hall.worker(SeatSync, store).run_once() == 1
    assert 1 < store.told < 30, "it looked again, and ended although something changed each time"
    row, *_ = await hall.desk.db.fetch(select(outbox).where(outbox.c.topic == messages.SEATS).order_by(outbox.c.id))
    assert (row.attempts, row.dead, row.available_at) == (1, 0, hall.desk.clock.now_ms()), "and comes again at once"
    while await hall.hear_news():
        pass
    assert await hall.told() == await hall.true()
    assert "seats" not in await hall.desk.waiting()


class BreaksOnce(HoldStore):
    """The store, whose first answer nobody foresaw."""

    def __init__(self, valkey: Valkey) -> None:
        super().__init__(valkey)
        self._broke = False

    async def sync(
        self, event_id: str, account_id: str, hold_id: str, bought: int, sold: Sequence[int], unsold: Sequence[int]
    ) -> int:
        if not self._broke:
            self._broke = True
            raise ZeroDivisionError("a bug")
        return await super().sync(event_id, account_id, hold_id, bought, sold, unsold)


@pytest.mark.usefixtures("logged")
async def test_news_that_cannot_be_told_stop_no_others(hall: Hall) -> None:
    await hall.desk.place(0)
    await hall.desk.place(1)
    assert await hall.worker(SeatSync, BreaksOnce(hall.valkey)).run_once() == 2
    assert (await hall.told())[0] == [1]
    assert (await hall.desk.waiting()).count("seats") == 1, "the other comes again"
