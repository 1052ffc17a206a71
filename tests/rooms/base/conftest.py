"""A real Valkey server, and a clock that stands still."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from ticketing.base.clock import ManualClock
from ticketing.base.valkey import Valkey
from ticketing.base.valkey_server import ValkeyServer

NOW = 1_790_000_000_000


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture(scope="session")
def base_valkey(short_folder: Path) -> Iterator[ValkeyServer]:
    """One server for this room. Whoever stops it starts it again."""
    server = ValkeyServer(short_folder / "bv")
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def valkey(base_valkey: ValkeyServer) -> AsyncIterator[Valkey]:
    """A client of the empty server; one second of patience."""
    if base_valkey.pid is None:
        base_valkey.start()
    client = Valkey(base_valkey.url, timeout=1.0)
    await client.execute("FLUSHALL")
    yield client
    await client.close()
