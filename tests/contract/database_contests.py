"""Two buyers and the last seat, played step by step on two connections."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Executable, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from tests.contract.database_fixtures import Place, box, claim
from ticketing.base.db import Database

SEAT, LOCK = 1, 2

Sell = Callable[[AsyncConnection, int], Awaitable[None]]


async def changed(db: Database, statement: Executable) -> int:
    """How many rows a statement says it changed, in a transaction of its own."""
    return await db.transact(lambda conn: rowcount(conn, statement, {}))


async def rowcount(
    conn: AsyncConnection, statement: Executable, rows: Mapping[str, Any] | Sequence[Mapping[str, Any]]
) -> int:
    """The same within a transaction, for one set of parameters or many."""
    return int((await conn.execute(statement, rows)).rowcount)


async def last_one_sold(place: Place, engine: AsyncEngine, sell: Sell) -> int:
    """How often the last seat is sold when the second buyer looked before the first one bought."""
    # Newer MariaDB servers notice such a race themselves when they are told to; what is shown here is without that.
    if place.machine.execute("SHOW VARIABLES LIKE 'innodb_snapshot_isolation'"):
        place.machine.execute("SET GLOBAL innodb_snapshot_isolation = OFF")
    async with engine.begin() as conn:
        await conn.execute(insert(box), [{"id": SEAT, "left": 1}, {"id": LOCK, "left": 0}])
    async with engine.connect() as late:
        assert (await late.execute(select(box.c.left).where(box.c.id == SEAT))).scalar_one() == 1
        async with engine.begin() as early:
            await sell(early, 1)
        try:
            await sell(late, 2)
            await late.commit()
        except IntegrityError:
            await late.rollback()
    async with engine.connect() as conn:
        return int((await conn.execute(select(func.count()).select_from(claim))).scalar_one())


async def looks_again(conn: AsyncConnection, buyer: int) -> None:
    """Take a lock, look whether the seat is still there, write what was seen."""
    await conn.execute(select(box.c.id).where(box.c.id == LOCK).with_for_update())
    left = (await conn.execute(select(box.c.left).where(box.c.id == SEAT))).scalar_one()
    if left > 0:
        await conn.execute(update(box).where(box.c.id == SEAT).values(left=left - 1))
        await conn.execute(insert(claim).values(id=buyer, thing=f"ticket of {buyer}", live=1))


async def conditionally(conn: AsyncConnection, buyer: int) -> None:
    """Count down where there is something left; no row means lost."""
    if await rowcount(conn, update(box).where(box.c.id == SEAT, box.c.left > 0).values(left=box.c.left - 1), {}):
        await conn.execute(insert(claim).values(id=buyer, thing=f"ticket of {buyer}", live=1))


async def by_unique_key(conn: AsyncConnection, buyer: int) -> None:
    """Insert, and let the key judge."""
    await conn.execute(insert(claim).values(id=buyer, thing="the seat", live=1))
