"""Store a plan. A plan is named by its content, so storing it twice is storing it once."""

from __future__ import annotations

import gzip
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from ticketing.base.clock import Clock
from ticketing.base.db import Database

from . import sql
from .document import EncodedPlan, encode_plan
from .model import SeatPlan


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """Where a plan is; `is_new` is False when the same content was already stored."""

    id: str
    version: str
    capacity: int
    is_new: bool


async def save_plan(
    db: Database, clock: Clock, plan: SeatPlan, encoded: EncodedPlan | None = None, *, venue_id: str | None = None
) -> SavedPlan:
    """Store a valid plan.

    Args:
        db: where to.
        clock: for the creation time.
        plan: checked by `check_plan`, as every imported or generated plan is.
        encoded: its document, if the caller has it already.
        venue_id: the house that it belongs to, for people who look for it later.

    Raises:
        DatabaseAway: nothing was stored.
    """
    document = encoded or encode_plan(plan)
    row = sql.PlanRow(
        id=f"pln_{document.version}",
        version=document.version,
        name=plan.name,
        capacity=plan.capacity,
        document=gzip.compress(document.body, 9, mtime=0),
    )

    async def work(conn: AsyncConnection) -> bool:
        return await sql.insert_plan(db, conn, row, venue_id, clock.now_ms())

    return SavedPlan(row.id, row.version, row.capacity, await db.transact(work))
