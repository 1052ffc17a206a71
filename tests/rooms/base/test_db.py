"""What a read-only writer does to the connections of a process."""

from __future__ import annotations

import asyncio
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
