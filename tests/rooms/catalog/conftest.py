"""Stores of this room, on each kind of database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.servers import mariadb
from tests.servers.server import DatabaseServer
from ticketing.base.clock import ManualClock
from ticketing.base.db import Database, connect_database, metadata
from ticketing.catalog import sql

NOW = 1_790_000_000_000
TABLES = [sql.venues, sql.seat_plans, sql.events, sql.event_prices]


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands still."""
    return ManualClock(NOW)


async def made(db: Database) -> Database:
    """The database with this room's tables in it."""
    async with db.write() as conn:
        await conn.run_sync(lambda sync: metadata.create_all(sync, tables=TABLES))
    return db


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    """An SQLite file."""
    database = await made(connect_database(f"sqlite+aiosqlite:///{tmp_path / 'catalog.db'}"))
    yield database
    await database.close()


@pytest.fixture(scope="session")
def catalog_mariadb() -> Iterator[DatabaseServer]:
    """A MariaDB of one's own."""
    with mariadb.run() as server:
        yield server


@pytest.fixture(params=["sqlite", "mariadb"])
async def any_db(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """Each kind of database, empty."""
    if request.param == "sqlite":
        url = f"sqlite+aiosqlite:///{tmp_path / 'catalog.db'}"
    else:
        server: DatabaseServer = request.getfixturevalue("catalog_mariadb")
        url = server.create_database("catalog")
    database = await made(connect_database(url))
    yield database
    await database.close()
