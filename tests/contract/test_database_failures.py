"""What a database does to us in a bad hour: locks, kills, restarts, demotions, silence. All of it ends in time."""

from __future__ import annotations

import asyncio
import functools
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import asyncmy
import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.contract.database_fixtures import PATIENCE, SERVERS, Meeting, Place, box
from ticketing.base.db import Database, DatabaseAway

ONE_MORE = update(box).where(box.c.id == 1).values(left=box.c.left + 1)


async def opened(place: Place, **how: float) -> Database:
    """A database with one box in it, and one thing in that."""
    db = place.connect(**how)
    async with db.write() as conn:
        await conn.execute(insert(box), [{"id": 1, "left": 1}, {"id": 2, "left": 1}])
    return db


async def left(db: Database) -> int:
    """How much is in the box."""
    return int((await db.fetch(select(box.c.left).where(box.c.id == 1)))[0][0])


def in_bounded_time(test: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """A test that must not hang."""

    @functools.wraps(test)
    async def run(*args: Any, **kwargs: Any) -> None:
        async with asyncio.timeout(PATIENCE):
            await test(*args, **kwargs)

    return run


async def test_a_mistake_is_not_tried_again(place: Place) -> None:
    db = await opened(place)
    tries = 0

    async def work(conn: AsyncConnection) -> None:
        nonlocal tries
        tries += 1
        await conn.execute(insert(box).values(id=1, left=0))

    with pytest.raises(IntegrityError):
        await db.transact(work)
    assert tries == 1


async def test_a_failed_transaction_leaves_nothing_and_its_connection_serves_on(place: Place) -> None:
    db = await opened(place)

    async def work(conn: AsyncConnection) -> None:
        await conn.execute(ONE_MORE)
        raise ValueError("in the middle")

    for _ in range(20):
        with pytest.raises(ValueError, match="in the middle"):
            await db.transact(work)
    assert await left(db) == 1


@in_bounded_time
async def test_a_cancelled_transaction_leaves_nothing_and_frees_its_locks(place: Place) -> None:
    db = await opened(place)
    begun = asyncio.Event()

    async def work(conn: AsyncConnection) -> None:
        await conn.execute(ONE_MORE)
        begun.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(db.transact(work))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await db.transact(lambda conn: conn.execute(ONE_MORE))
    assert await left(db) == 2


@in_bounded_time
async def test_a_deadlock_is_resolved_by_trying_again(server_place: Place) -> None:
    db = await opened(server_place)
    meet, tries = Meeting(2), 0

    def lock(first: int, second: int) -> Coroutine[Any, Any, None]:
        async def work(conn: AsyncConnection) -> None:
            nonlocal tries
            tries += 1
            for box_id in (first, second):
                await conn.execute(update(box).where(box.c.id == box_id).values(left=box.c.left + 1))
                await meet()

        return db.transact(work)

    await asyncio.gather(lock(1, 2), lock(2, 1))
    # One of the two was chosen as the victim, and only that one ran twice.
    assert tries == 3
    assert [row.left for row in await db.fetch(select(box).order_by(box.c.id))] == [3, 3]


@pytest.mark.slow
@in_bounded_time
async def test_a_lock_that_is_held_for_long_is_waited_for_and_then_given_up(place: Place) -> None:
    # A server lets it wait five seconds; SQLite as long as the timeout says, each time.
    db = await opened(place, timeout=0.2, attempts=1 if place.server else 3)
    holder = place.connect()
    async with holder.write() as conn:
        await conn.execute(ONE_MORE)
        with pytest.raises(DatabaseAway):
            await db.transact(lambda conn: conn.execute(ONE_MORE))
    await db.transact(lambda conn: conn.execute(ONE_MORE))
    assert await left(db) == 3


@in_bounded_time
async def test_a_lock_that_is_freed_in_time_costs_a_try(place: Place) -> None:
    db = await opened(place, timeout=0.2)
    holder = place.connect()
    began = asyncio.Event()

    async def work(conn: AsyncConnection) -> None:
        began.set()
        await conn.execute(ONE_MORE)

    async with holder.write() as conn:
        await conn.execute(ONE_MORE)
        waiting = asyncio.create_task(db.transact(work))
        if place.server is not None:
            await began.wait()
        else:
            await asyncio.sleep(0.3)
    await waiting
    assert await left(db) == 3


@in_bounded_time
async def test_a_killed_connection_is_replaced(server_place: Place) -> None:
    db = await opened(server_place)
    seen: list[int] = []

    async def work(conn: AsyncConnection) -> None:
        seen.append((await conn.execute(text("SELECT CONNECTION_ID()"))).scalar_one())
        await conn.execute(ONE_MORE)
        if len(seen) == 1:
            server_place.machine.execute(f"KILL {seen[0]}")
        await conn.execute(select(box))

    await db.transact(work)
    assert len(set(seen)) == len(seen) == 2
    assert await left(db) == 2


@in_bounded_time
async def test_a_restart_in_the_middle_costs_a_try(server_place: Place) -> None:
    db = await opened(server_place)
    tries = 0

    async def work(conn: AsyncConnection) -> None:
        nonlocal tries
        tries += 1
        await conn.execute(ONE_MORE)
        if tries == 1:
            server_place.machine.kill()
            server_place.machine.start()
        await conn.execute(select(box))

    await db.transact(work)
    assert tries == 2
    assert await left(db) == 2


@in_bounded_time
async def test_a_server_that_is_gone_is_said_to_be_away_and_found_again(server_place: Place) -> None:
    db = await opened(server_place)
    await db.ping()
    server_place.machine.kill()
    try:
        for ask in (db.ping(), db.fetch(select(box)), db.transact(lambda conn: conn.execute(ONE_MORE))):
            with pytest.raises(DatabaseAway):
                await ask
    finally:
        server_place.machine.start()
    await db.transact(lambda conn: conn.execute(ONE_MORE))
    assert await left(db) == 2


@contextmanager
def silent(place: Place) -> Iterator[None]:
    """The server's process stops in its tracks: its sockets stay open, and nobody answers."""
    pid = place.machine.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    # The signal is under way for a moment, and a thread that has not had it yet would still answer.
    states = [task / "stat" for task in Path(f"/proc/{pid}/task").iterdir()]
    while not all(state.read_text().rpartition(")")[2].split()[0] in "tT" for state in states):
        time.sleep(0.01)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@pytest.mark.slow
@in_bounded_time
async def test_a_server_that_falls_silent_is_given_up_in_bounded_time(server_place: Place) -> None:
    db = await opened(server_place, attempts=2, timeout=1.0, answer_timeout=1.0)
    with silent(server_place):
        for ask in (db.ping(), db.fetch(select(box)), db.transact(lambda conn: conn.execute(ONE_MORE))):
            with pytest.raises(DatabaseAway):
                await ask
    await db.transact(lambda conn: conn.execute(ONE_MORE))
    assert await left(db) == 2


async def as_root(place: Place, *statements: str) -> None:
    """What only the server's root may do: the account of the tests cannot make others."""
    connection = await asyncmy.connect(unix_socket=str(place.machine.socket), user="root", autocommit=True)
    try:
        async with connection.cursor() as cursor:
            for statement in statements:
                await cursor.execute(statement)
    finally:
        await connection.ensure_closed()


@asynccontextmanager
async def read_only(place: Place) -> AsyncIterator[Place]:
    """The server as a demoted writer; and a place where one is no superuser, as in production."""
    grant = "GRANT ALL PRIVILEGES ON contract.* TO plain@'%'"
    await as_root(place, "DROP USER IF EXISTS plain@'%'", "CREATE USER plain@'%' IDENTIFIED BY 'plain'", grant)
    place.machine.execute("SET GLOBAL read_only = 1")
    plain = Place(place.kind, place.url.replace("ticketing:ticketing@", "plain:plain@"), place.server, place.opened)
    try:
        yield plain
    finally:
        place.machine.execute("SET GLOBAL read_only = 0")


@in_bounded_time
async def test_a_demoted_writer_is_left_and_the_transaction_runs_on_the_next_one(server_place: Place) -> None:
    await opened(server_place)
    async with read_only(server_place) as plain:
        db = plain.connect()
        seen: list[int] = []

        async def work(conn: AsyncConnection) -> None:
            seen.append((await conn.execute(text("SELECT CONNECTION_ID()"))).scalar_one())
            if len(seen) == 3:
                server_place.machine.execute("SET GLOBAL read_only = 0")
            await conn.execute(ONE_MORE)

        await db.transact(work)
    # Each try had a connection of its own: the name of the writer may lead to another machine by now.
    assert len(set(seen)) == len(seen) == 3
    assert await left(db) == 2


@in_bounded_time
async def test_a_writer_that_stays_read_only_is_given_up_while_reading_goes_on(server_place: Place) -> None:
    await opened(server_place)
    async with read_only(server_place) as plain:
        db = plain.connect()
        with pytest.raises(DatabaseAway):
            await db.transact(lambda conn: conn.execute(ONE_MORE))
        assert await left(db) == 1


@pytest.mark.parametrize("statement", ["SELECT nonsense", "SELECT * FROM nowhere"])
async def test_a_wrong_statement_is_not_called_an_outage(server_place: Place, statement: str) -> None:
    db = await opened(server_place)
    with pytest.raises(DBAPIError):
        await db.fetch(text(statement))


@pytest.mark.parametrize("empty", SERVERS, indirect=True)
@in_bounded_time
async def test_more_callers_than_connections_wait_for_their_turn(place: Place) -> None:
    db = await opened(place, pool_size=2)
    await asyncio.gather(*(db.transact(lambda conn: conn.execute(ONE_MORE)) for _ in range(30)))
    assert await left(db) == 31
