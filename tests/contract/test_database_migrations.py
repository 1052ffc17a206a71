"""Migrations on each kind of database: up from nothing, equal to the metadata, down again, once however many try."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from tests.contract.database_fixtures import SERVERS, Place
from ticketing.base.db import Database
from ticketing.wiring.migrate import MigrationLocked, config_for, migrate, newest
from ticketing.wiring.tables import metadata

T = TypeVar("T")


async def in_schema(db: Database, look: Callable[[Connection], T]) -> T:
    """Run a synchronous look at the schema."""
    async with db.engine.connect() as conn:
        return await conn.run_sync(look)


def tables(conn: Connection) -> set[str]:
    """What is there, but for Alembic's own table."""
    return set(inspect(conn).get_table_names()) - {"alembic_version"}


def difference(conn: Connection) -> list[Any]:
    """What a new migration would have to change."""
    return compare_metadata(MigrationContext.configure(conn, opts={"compare_type": True}), metadata)


async def test_from_nothing_to_the_newest_and_a_second_time_changes_nothing(empty: Place) -> None:
    db = empty.connect()
    assert await in_schema(db, tables) == set()
    assert await migrate(db) == (None, newest())
    assert await in_schema(db, tables) == set(metadata.tables)
    assert await migrate(db) == (newest(), newest())


async def test_the_schema_is_what_the_code_says(books: Place) -> None:
    db = books.connect()
    assert await in_schema(db, difference) == []


async def test_a_difference_would_be_noticed(books: Place) -> None:
    """Negative control."""
    db = books.connect()
    async with db.engine.begin() as conn:
        await conn.execute(text("ALTER TABLE orders DROP COLUMN reason"))
        await conn.execute(text("CREATE TABLE stray (id INTEGER PRIMARY KEY)"))
    kinds = {change[0] for change in await in_schema(db, difference)}
    assert kinds == {"add_column", "remove_table"}


@pytest.mark.parametrize("empty", SERVERS, indirect=True)
async def test_every_table_compares_text_byte_by_byte_in_innodb(books: Place) -> None:
    db = books.connect()
    query = text(
        "SELECT table_name, engine, table_collation FROM information_schema.tables "
        "WHERE table_schema = DATABASE() AND table_name <> 'alembic_version'"
    )
    found = await db.fetch(query)
    assert len(found) == len(metadata.tables)
    assert {(engine, collation) for _, engine, collation in found} == {("InnoDB", "utf8mb4_bin")}
    columns = text(
        "SELECT DISTINCT collation_name FROM information_schema.columns "
        "WHERE table_schema = DATABASE() AND table_name <> 'alembic_version' AND collation_name IS NOT NULL"
    )
    assert [row[0] for row in await db.fetch(columns)] == ["utf8mb4_bin"]


async def test_down_to_nothing_and_up_again(books: Place) -> None:
    db = books.connect()

    async def down() -> None:
        async with db.engine.begin() as conn:
            await conn.run_sync(lambda sync: command.downgrade(config_for(sync), "base"))

    await down()
    assert await in_schema(db, tables) == set()
    await migrate(db)
    assert await in_schema(db, difference) == []


def test_there_is_one_line_of_revisions() -> None:
    script = ScriptDirectory.from_config(config_for())
    assert len(script.get_heads()) == 1
    for revision in script.walk_revisions():
        assert not revision.is_branch_point


@pytest.mark.slow
async def test_many_processes_migrate_at_the_same_time(empty: Place) -> None:
    code = (
        "import asyncio, sys\n"
        "from ticketing.base.db import connect_database\n"
        "from ticketing.wiring.migrate import migrate\n"
        "async def main():\n"
        "    db = connect_database(sys.argv[1], timeout=30)\n"
        "    print(*await migrate(db))\n"
        "    await db.close()\n"
        "asyncio.run(main())\n"
    )
    # They start together; each takes about a second to load, far more than they differ by.
    children = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", code, empty.url), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(4)
    ]
    ends = await asyncio.wait_for(asyncio.gather(*(child.communicate() for child in children)), 120)
    errors = "".join(stderr.decode() for _, stderr in ends)
    assert [child.returncode for child in children] == [0] * 4, errors
    said = sorted(stdout.decode().strip() for stdout, _ in ends)
    # One of them did it, the others found it done.
    assert said == sorted([f"None {newest()}", *[f"{newest()} {newest()}"] * 3])
    assert await in_schema(empty.connect(), difference) == []


@pytest.mark.parametrize("empty", SERVERS, indirect=True)
async def test_without_the_lock_two_at_once_fail(empty: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control."""
    both_begin = asyncio.Barrier(2)

    async def no_lock(*_: object) -> None:
        await both_begin.wait()

    monkeypatch.setattr("ticketing.wiring.migrate._lock", no_lock)
    ends = await asyncio.gather(
        *(migrate(empty.connect(answer_timeout=10.0)) for _ in range(2)), return_exceptions=True
    )
    assert any(isinstance(end, DBAPIError) and "exists" in str(end) for end in ends)


@pytest.mark.parametrize("empty", SERVERS, indirect=True)
async def test_who_waits_too_long_for_another_is_told_so(empty: Place) -> None:
    holder, db = empty.connect(), empty.connect()
    async with holder.engine.connect() as conn:
        await conn.execute(text("SELECT GET_LOCK('ticketing-migrate', 0)"))
        with pytest.raises(MigrationLocked):
            await migrate(db, lock_seconds=1)
        await conn.execute(text("SELECT RELEASE_LOCK('ticketing-migrate')"))
    assert await in_schema(db, tables) == set()
    assert await migrate(db, lock_seconds=1) == (None, newest())
