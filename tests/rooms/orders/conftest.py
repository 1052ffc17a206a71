"""The orders room on a migrated SQLite: a small hall on sale in Seoul, and hands to move orders along."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import select

from tests.rooms.catalog.plans import small_hall
from ticketing.base.clock import ManualClock, parse_rfc3339
from ticketing.base.db import Database, connect_database
from ticketing.base.outbox import outbox
from ticketing.catalog.create_event import NewEvent, NewPrice, NewVenue, create_event
from ticketing.catalog.load import Catalog
from ticketing.catalog.model import Event, Localized
from ticketing.catalog.save_plan import save_plan
from ticketing.orders import sql
from ticketing.orders.fulfil import Fulfilment
from ticketing.orders.messages import OrderPlaced
from ticketing.orders.model import Order
from ticketing.orders.settle import Known, Settlement
from ticketing.payments import sql as books
from ticketing.payments.gateway import Captured
from ticketing.payments.model import LedgerEntry, PaymentState, derive
from ticketing.wiring.migrate import migrate

# Far ahead: Valkey forgets by its own clock, and would forget at once what expires in its past.
NOV_22_AT_20_IN_SEOUL = parse_rfc3339("2046-11-22T20:00:00+09:00")
DAY = 24 * 3600
PRICE = 100_000


@dataclass
class Desk:
    """Everything that an order goes through, by hand. Seats are ordinals of the small hall, each ₩100,000."""

    db: Database
    catalog: Catalog
    clock: ManualClock
    event: Event
    fulfilment: Fulfilment
    settlement: Settlement
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    async def place(self, *seats: int, account: str = "acc_aaaaaaaaaaaaaaaa") -> str:
        """An order as the queue brings it, fulfilled; its id."""
        n = next(self.numbers)
        message = OrderPlaced(
            f"ord_{'a' * 10}{'abcdefghijklmnopqrstuvwxyz'[n % 26]}{'abcdefghijklmnopqrstuvwxyz'[n // 26]}",
            self.event.id,
            account,
            f"hld_aaaaaaaa_{n}",
            self.event.plan_version,
            seats,
            (PRICE,) * len(seats),
            "KRW",
            "card",
            "tok_ok",
            "f" * 32,
            self.clock.now_ms(),
        )
        await self.fulfilment.fulfil([message])
        return message.order_id

    async def settle(self, order_id: str, outcome: Known) -> None:
        """Apply one outcome in a transaction of its own."""
        await self.db.transact(lambda conn: self.settlement.settle(conn, {order_id: outcome}))

    async def pay(self, order_id: str, reference: str = "cap_1", amount: int | None = None) -> None:
        """The provider says that it took the money."""
        await self.settle(order_id, Captured(reference, amount or (await self.order(order_id)).amount, "KRW"))

    async def order(self, order_id: str) -> Order:
        async with self.db.read() as conn:
            found = await sql.read_order(conn, order_id)
        assert found is not None
        return found

    async def state(self, order_id: str) -> tuple[str, str | None]:
        """State and reason."""
        order = await self.order(order_id)
        return order.state.value, order.reason

    async def sold(self) -> list[int]:
        """Ordinals with an owner."""
        async with self.db.read() as conn:
            return sorted(await sql.sold_ordinals(conn, self.event.id))

    async def people(self) -> dict[str, int]:
        """Seats by account."""
        async with self.db.read() as conn:
            return await sql.bought_by_people(conn, self.event.id)

    async def ledger(self, order_id: str) -> list[LedgerEntry]:
        async with self.db.read() as conn:
            return (await books.entries_of(conn, [order_id]))[order_id]

    async def money(self, order_id: str) -> PaymentState:
        return derive(await self.ledger(order_id))

    async def waiting(self) -> list[str]:
        """Topics of the outbox, sorted."""
        return sorted(row.topic for row in await self.db.fetch(select(outbox.c.topic)))


@pytest.fixture
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    """What is logged, kept instead of printed: a traceback with all that was known on the way takes a second."""
    with structlog.testing.capture_logs() as logged:
        yield logged


@pytest.fixture
def clock() -> ManualClock:
    """Thirty days before the show."""
    clock = ManualClock(NOV_22_AT_20_IN_SEOUL)
    clock.advance(-30 * DAY)
    return clock


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    database = connect_database(f"sqlite+aiosqlite:///{tmp_path / 'orders.sqlite3'}")
    await migrate(database)
    yield database
    await database.close()


async def a_show(db: Database, clock: ManualClock, *, max_per_person: int = 4) -> Event:
    """A show in the small hall on 22 November at 20:00 in Seoul."""
    plan = small_hall()
    saved = await save_plan(db, clock, plan)
    return await create_event(
        db,
        clock,
        NewVenue(Localized.same("Small hall"), Localized.same("Seoul"), "Asia/Seoul"),
        NewEvent(
            plan_version=saved.version,
            name=Localized("첫 공연", "First show"),
            description=Localized.same(""),
            starts_at=NOV_22_AT_20_IN_SEOUL,
            on_sale_at=clock.now_ms() - 1000,
            off_sale_at=NOV_22_AT_20_IN_SEOUL - 1000,
            prices=tuple(NewPrice(grade, PRICE) for grade in plan.grades()),
            max_per_person=max_per_person,
        ),
    )


@pytest.fixture
async def event(db: Database, clock: ManualClock) -> Event:
    return await a_show(db, clock)


@pytest.fixture
async def catalog(db: Database, clock: ManualClock) -> AsyncIterator[Catalog]:
    catalog = Catalog(db, clock)
    yield catalog
    await catalog.close()


@pytest.fixture
async def desk(db: Database, catalog: Catalog, clock: ManualClock, event: Event) -> Desk:
    return Desk(db, catalog, clock, event, Fulfilment(db, catalog, clock), Settlement(db, catalog, clock))
