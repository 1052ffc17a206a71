"""The accounts room on a migrated SQLite and a real Valkey, with a clock that stands still."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from ticketing.accounts.passwords import Passwords
from ticketing.accounts.sessions import Sessions
from ticketing.base.clock import ManualClock
from ticketing.base.db import Database, connect_database
from ticketing.base.rate import RateLimiter
from ticketing.base.tokens import Signer
from ticketing.base.valkey import Valkey
from ticketing.base.valkey_server import ValkeyServer
from ticketing.wiring.migrate import migrate

NOW = 1_790_000_000_000


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def signer() -> Signer:
    return Signer({"k1": bytes(range(32))}, "k1")


@pytest.fixture(scope="session")
def passwords() -> Passwords:
    return Passwords()


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    database = connect_database(f"sqlite+aiosqlite:///{tmp_path / 'accounts.sqlite3'}")
    await migrate(database)
    yield database
    await database.close()


@pytest.fixture(scope="session")
def accounts_valkey(short_folder: Path) -> Iterator[ValkeyServer]:
    """One server for this room. Whoever stops it starts it again."""
    server = ValkeyServer(short_folder / "av")
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def valkey(accounts_valkey: ValkeyServer) -> AsyncIterator[Valkey]:
    if accounts_valkey.pid is None:
        accounts_valkey.start()
    client = Valkey(accounts_valkey.url, timeout=1.0)
    await client.execute("FLUSHALL")
    yield client
    await client.close()


@pytest.fixture
def limiter(valkey: Valkey, clock: ManualClock) -> RateLimiter:
    return RateLimiter(valkey, clock)


@pytest.fixture
def sessions(db: Database, valkey: Valkey, signer: Signer, clock: ManualClock) -> Sessions:
    return Sessions(db, valkey, signer, clock, lifetime_seconds=3600)
