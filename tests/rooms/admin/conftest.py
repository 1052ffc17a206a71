"""The honest house on SQLite and on MariaDB, with a real Valkey."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.rooms.admin.house import House
from tests.servers import mariadb
from ticketing.base.db import connect_database
from ticketing.base.valkey import Valkey
from ticketing.base.valkey_server import ValkeyServer
from ticketing.wiring.migrate import migrate


async def _migrated(url: str) -> str:
    db = connect_database(url)
    await migrate(db)
    await db.close()
    return url


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[ValkeyServer]:
    with tempfile.TemporaryDirectory(prefix="tk") as folder:
        server = ValkeyServer(Path(folder))
        server.start()
        yield server
        server.kill()


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file, to be copied."""
    file = tmp_path_factory.mktemp("fsck") / "empty.sqlite3"
    asyncio.run(_migrated(f"sqlite+aiosqlite:///{file}"))
    return file


@pytest.fixture(scope="session")
def mariadb_url() -> Iterator[str]:
    """A migrated database on a server of its own."""
    with mariadb.run() as server:
        yield asyncio.run(_migrated(server.url()))


@pytest.fixture(params=["sqlite", "mariadb"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "mariadb":
        return str(request.getfixturevalue("mariadb_url"))
    return sqlite_copy(request.getfixturevalue("empty_sqlite"), tmp_path)


def sqlite_copy(empty: Path, folder: Path) -> str:
    shutil.copy(empty, folder / "db.sqlite3")
    return f"sqlite+aiosqlite:///{folder / 'db.sqlite3'}"


async def _house(url: str, server: ValkeyServer) -> AsyncIterator[House]:
    db, valkey = connect_database(url), Valkey(server.url)
    await valkey.execute("FLUSHALL")
    house = House(db, valkey)
    try:
        await house.wipe()
        await house.fill()
        yield house
    finally:
        await house.queue.close()
        await valkey.close()
        await db.close()


@pytest.fixture
async def house(database_url: str, valkey_server: ValkeyServer) -> AsyncIterator[House]:
    """The honest house, on either database."""
    async for house in _house(database_url, valkey_server):
        yield house


@pytest.fixture
async def mariadb_house(mariadb_url: str, valkey_server: ValkeyServer) -> AsyncIterator[House]:
    """The honest house on MariaDB."""
    async for house in _house(mariadb_url, valkey_server):
        yield house


@pytest.fixture
async def sqlite_house(empty_sqlite: Path, tmp_path: Path, valkey_server: ValkeyServer) -> AsyncIterator[House]:
    """The honest house on SQLite, for what concerns other stores, or changes the schema."""
    async for house in _house(sqlite_copy(empty_sqlite, tmp_path), valkey_server):
        yield house
