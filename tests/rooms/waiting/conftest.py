"""A real Valkey server and a fresh database for each test of this room."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.rooms.waiting.line_bench import Bench
from ticketing.base.db import connect_database
from ticketing.base.valkey_server import ValkeyServer
from ticketing.wiring.migrate import migrate


@pytest.fixture(scope="session")
def waiting_valkey(short_folder: Path) -> Iterator[ValkeyServer]:
    """One server for all tests that do not hurt it; each has an event of its own."""
    server = ValkeyServer(short_folder / "waiting")
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with all tables and nothing in them, to be copied."""
    path = tmp_path_factory.mktemp("waiting") / "empty.sqlite3"
    asyncio.run(_make(path))
    return path


async def _make(path: Path) -> None:
    db = connect_database(f"sqlite+aiosqlite:///{path}")
    await migrate(db)
    await db.close()


@pytest.fixture
async def bench(waiting_valkey: ValkeyServer, empty_database: Path, tmp_path: Path) -> AsyncIterator[Bench]:
    """The parts of the line, for an event that opens in a minute: three may be inside at once."""
    shutil.copy(empty_database, tmp_path / "books.sqlite3")
    bench = await Bench(waiting_valkey.url, tmp_path / "books.sqlite3", tmp_path).open(migrated=True)
    yield bench
    await bench.close()
