"""The databases of the contract: an SQLite file, a real MariaDB, a real MySQL. Each test gets its own, empty."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, MetaData, String, Table, Text, UniqueConstraint

from tests.servers.server import DatabaseServer
from ticketing.base.db import Database, connect_database
from ticketing.base.outbox import outbox
from ticketing.orders.sql import event_people
from ticketing.wiring.migrate import migrate

SERVERS = ("mariadb", "mysql")
KINDS = ("sqlite", *SERVERS)
PATIENCE = 60.0
"""Seconds within which everything here must have come to an end: a hanging call is a failure."""

_own = MetaData()
box = Table(
    "box",
    _own,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("left", Integer, nullable=False),
    Column("name", Text, nullable=True),
    Column("raw", LargeBinary, nullable=True),
    Column("big", BigInteger, nullable=True),
    mysql_charset="utf8mb4",
)
"""Some rows to count down."""
claim = Table(
    "claim",
    _own,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("thing", String(40), nullable=False),
    Column("live", Integer, nullable=True),
    UniqueConstraint("thing", "live"),
)
"""At most one live claim on a thing."""


@dataclass
class Place:
    """One kind of database, and an empty one of it at `url`."""

    kind: str
    url: str
    server: DatabaseServer | None
    opened: list[Database] = field(default_factory=list)

    def connect(self, *, attempts: int = 6, timeout: float = 5.0, **more: float) -> Database:
        """One more client, closed at the end of the test."""
        made = connect_database(self.url, timeout=timeout, **more)
        db = Database(made.engine, attempts=attempts)
        self.opened.append(db)
        return db

    @property
    def machine(self) -> DatabaseServer:
        """The server; only for tests of servers."""
        assert self.server is not None
        return self.server


def _place(kind: str, request: pytest.FixtureRequest, folder: Path) -> Place:
    if kind == "sqlite":
        return Place(kind, f"sqlite+aiosqlite:///{folder / 'contract.sqlite3'}", None)
    server: DatabaseServer = request.getfixturevalue(f"{kind}_server")
    return Place(kind, server.create_database("contract"), server)


async def _prepared(place: Place) -> Place:
    db = place.connect()
    async with db.write() as conn:
        await conn.run_sync(_own.create_all)
    return place


@pytest.fixture(params=KINDS)
async def empty(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    """Each kind, without any table."""
    place = _place(request.param, request, tmp_path)
    yield place
    await asyncio.gather(*(db.close() for db in place.opened))


@pytest.fixture
async def place(empty: Place) -> Place:
    """Each kind, with the tables of this file."""
    return await _prepared(empty)


@pytest.fixture
async def books(empty: Place) -> Place:
    """Each kind, with the product's tables."""
    await migrate(empty.connect())
    return empty


@pytest.fixture(params=SERVERS)
async def server_place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    """Servers only, with the tables of this file."""
    place = await _prepared(_place(request.param, request, tmp_path))
    yield place
    await asyncio.gather(*(db.close() for db in place.opened))


class Meeting:
    """Lets tasks meet at a point once, but waits for nobody who cannot come: one may be held up by the other."""

    def __init__(self, parties: int, patience: float = 1.0) -> None:
        self._barrier = asyncio.Barrier(parties)
        self._patience = patience
        self.met = False

    async def __call__(self) -> None:
        """Wait for the others."""
        if not self.met:
            try:
                await asyncio.wait_for(self._barrier.wait(), self._patience)
                self.met = True
            except (TimeoutError, asyncio.BrokenBarrierError):
                self.met = True


__all__ = ["KINDS", "PATIENCE", "SERVERS", "Meeting", "Place", "box", "claim", "event_people", "outbox"]
