"""Servers that are read-only, hang up, or are not what they seem: what a process makes of them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from ticketing.base import db as db_module
from ticketing.base.db import Database, DatabaseAway, connect_database


async def read_only(_: AsyncConnection) -> None:
    """As a demoted writer answers."""
    raise OperationalError("INSERT", {}, Exception(1290, "The server is running with the --read-only option"))


async def drops_of_ten_writers(folder: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """How often all connections were dropped while ten transactions tried in vain."""
    db: Database = connect_database(f"sqlite+aiosqlite:///{folder / 'x.sqlite3'}")
    drops = 0

    async def counted(_: object) -> None:
        nonlocal drops
        drops += 1

    with monkeypatch.context() as patch:
        patch.setattr(type(db.engine), "dispose", counted)
        results = await asyncio.gather(*(db.transact(read_only) for _ in range(10)), return_exceptions=True)
    assert [type(result) for result in results] == [DatabaseAway] * 10
    await db.close()
    return drops


async def test_connections_to_a_demoted_writer_are_dropped_but_not_all_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert 1 <= await drops_of_ten_writers(tmp_path, monkeypatch) <= 8


async def test_control_each_try_would_drop_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db_module, "_DROP_SECONDS", 0.0)
    assert await drops_of_ten_writers(tmp_path, monkeypatch) == 60


@contextlib.asynccontextmanager
async def hanging_up(greeting: bytes) -> AsyncIterator[str]:
    """The address of a server that says so much and resets the connection, as one that is killed does."""

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        plug: socket.socket = writer.get_extra_info("socket")
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"mysql+asyncmy://a:b@127.0.0.1:{server.sockets[0].getsockname()[1]}/c"


@pytest.mark.parametrize(
    "greeting", [b"", b"\x4a", b"\x4a\0\0\0\x0a8.0.36", b"\x01\0\0\0\x0a", b"\x07\0\0\0\xff\x15\x04abc"]
)
async def test_a_server_that_hangs_up_is_away(greeting: bytes) -> None:
    async with hanging_up(greeting) as url:
        db = connect_database(url, timeout=1.0)
        for _ in range(10):
            with pytest.raises(DatabaseAway):
                await db.ping()
        await db.close()


async def test_a_driver_that_trips_over_a_lost_socket_is_a_server_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    db = connect_database("mysql+asyncmy://a:b@127.0.0.1:9/c")

    def trip(*_: object, **__: object) -> None:
        raise RuntimeError("Transport does not expose socket instance")  # asyncmy on uvloop, after a reset

    monkeypatch.setattr(db.engine.sync_engine.dialect, "connect", trip)
    with pytest.raises(DatabaseAway, match="does not expose"):
        await db.ping()
    await db.close()
