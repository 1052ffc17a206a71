"""Fulfilment per second, beside a bare batched insert of the same rows, on SQLite and on MariaDB.

The bare limit writes exactly the rows that fulfilment leaves behind (orders, seats, counts, ledger, outbox), by
`executemany` of the same driver, in transactions of the same size. Fulfilment also reads, checks caps and builds
the rows from messages.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Table, delete, insert, select

from tests.servers import mariadb
from ticketing.base.clock import SystemClock
from ticketing.base.db import Database, connect_database
from ticketing.base.outbox import outbox
from ticketing.catalog.arena import arena
from ticketing.catalog.create_event import NewEvent, NewPrice, NewVenue, create_event
from ticketing.catalog.load import Catalog
from ticketing.catalog.model import Localized
from ticketing.catalog.save_plan import save_plan
from ticketing.orders.fulfil import Fulfilment
from ticketing.orders.messages import OrderPlaced
from ticketing.orders.sql import event_people, order_seats, orders
from ticketing.payments.sql import ledger
from ticketing.wiring.migrate import migrate

BATCH = 100
TABLES: tuple[Table, ...] = (orders, order_seats, event_people, ledger, outbox)
_HOUR = 3_600_000


@dataclass
class FulfilRow:
    """One line of the table: orders per second."""

    database: str
    ours: float
    bare: float

    @property
    def ratio(self) -> float:
        """Ours over the bare limit; 1 would be free."""
        return self.ours / self.bare


async def _event(db: Database, clock: SystemClock) -> tuple[str, str]:
    plan = arena(50_000)
    saved = await save_plan(db, clock, plan)
    now = clock.now_ms()
    house = NewVenue(Localized.same("Bench"), Localized.same("Bench"), "Asia/Seoul")
    prices = tuple(NewPrice(grade, 100_000) for grade in plan.grades())
    new = NewEvent(
        saved.version, Localized.same("Bench"), Localized.same(""), now + 48 * _HOUR, now - _HOUR, now + 24 * _HOUR,
        prices, max_per_person=2,
    )  # fmt: skip
    return (await create_event(db, clock, house, new)).id, saved.version


def _messages(event_id: str, version: str, count: int, now: int) -> list[OrderPlaced]:
    return [
        OrderPlaced(
            f"ord_bench{n:08d}", event_id, f"acc_bench{n:08d}", f"hld_bench{n:08d}_{event_id}", version,
            (2 * n, 2 * n + 1), (100_000, 100_000), "KRW", "card", "tok_ok", "f" * 32, now,
        )
        for n in range(count)
    ]  # fmt: skip


async def _rows_written(db: Database) -> dict[str, list[dict[str, Any]]]:
    rows = {}
    async with db.read() as conn:
        for table in TABLES:
            rows[table.name] = [dict(row._mapping) for row in (await conn.execute(select(table))).all()]
    return rows


async def _empty(db: Database) -> None:
    async with db.write() as conn:
        for table in TABLES:
            await conn.execute(delete(table))


async def _bare(db: Database, rows: dict[str, list[dict[str, Any]]], batches: int) -> float:
    started = time.perf_counter()
    for n in range(batches):
        async with db.write() as conn:
            for table in TABLES:
                of_table: Sequence[dict[str, Any]] = rows[table.name]
                size = len(of_table) // batches
                await conn.execute(insert(table), of_table[n * size : (n + 1) * size])
    return time.perf_counter() - started


async def _one(name: str, url: str, count: int, rounds: int) -> FulfilRow:
    db, clock = connect_database(url), SystemClock()
    catalog = Catalog(db, clock)
    try:
        await migrate(db)
        event_id, version = await _event(db, clock)
        await catalog.get(event_id)
        fulfilment = Fulfilment(db, catalog, clock)
        messages = _messages(event_id, version, count, clock.now_ms())
        ours, bare = [], []
        for _ in range(rounds):
            started = time.perf_counter()
            for n in range(0, count, BATCH):
                await fulfilment.fulfil(messages[n : n + BATCH])
            ours.append(count / (time.perf_counter() - started))
            rows = await _rows_written(db)
            await _empty(db)
            bare.append(count / await _bare(db, rows, count // BATCH))
            await _empty(db)
        return FulfilRow(name, statistics.median(ours), statistics.median(bare))
    finally:
        await catalog.close()
        await db.close()


async def measure(rounds: int, scale: float) -> list[FulfilRow]:
    """SQLite, and MariaDB where it is installed."""
    count = max(500, int(5_000 * scale)) // BATCH * BATCH
    table = []
    with tempfile.TemporaryDirectory(prefix="tkb") as folder:
        table.append(await _one("SQLite", f"sqlite+aiosqlite:///{Path(folder) / 'b.sqlite3'}", count, rounds))
    if mariadb.available():
        with mariadb.run(durable=True) as server:
            table.append(await _one("MariaDB 10.11", server.url(), count, rounds))
    return table
