"""A real Valkey server for this room."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.rooms.holds.house import Bench
from ticketing.base import ids
from ticketing.base.valkey import Valkey
from ticketing.base.valkey_server import ValkeyServer


@pytest.fixture(scope="session")
def holds_valkey(short_folder: Path) -> Iterator[ValkeyServer]:
    """One server for all tests that do not hurt it."""
    server = ValkeyServer(short_folder / "holds")
    server.start()
    yield server
    server.kill()


@pytest.fixture
async def bench(holds_valkey: ValkeyServer) -> AsyncIterator[Bench]:
    """Parts over that server, for an event of one's own."""
    valkey = Valkey(holds_valkey.url)
    yield Bench(valkey, ids.new_id("evt"))
    await valkey.close()
