"""The ledger table. Rows are added and never changed: there is no UPDATE and no DELETE in this file."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import BigInteger, Column, Index, Integer, String, UniqueConstraint, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ticketing.base.db import Database, Millis, table
from ticketing.payments.model import EntryKind, LedgerEntry

ledger = table(
    "ledger",
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("order_id", String(64), nullable=False),
    Column("event_id", String(64), nullable=False),
    Column("kind", String(24), nullable=False),
    Column("reference", String(80), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("detail", String(200), nullable=False),
    Column("at", Millis, nullable=False),
    UniqueConstraint("order_id", "kind", "reference", name="uq_ledger_fact"),
    Index("ix_ledger_event", "event_id", "kind"),
)


async def append(db: Database, conn: AsyncConnection, facts: Sequence[tuple[str, LedgerEntry]]) -> int:
    """Write facts, each with its event's id; those already written are left out. Gives how many were new."""
    if not facts:
        return 0
    rows = [
        {
            "order_id": entry.order_id,
            "event_id": event_id,
            "kind": entry.kind.value,
            "reference": entry.reference,
            "amount": entry.amount,
            "currency": entry.currency,
            "detail": entry.detail[:200],
            "at": entry.at_ms,
        }
        for event_id, entry in facts
    ]
    result = await conn.execute(db.insert_ignore(ledger), rows)
    return int(result.rowcount)


async def entries_of(conn: AsyncConnection, order_ids: Sequence[str]) -> dict[str, list[LedgerEntry]]:
    """The facts of some orders, in the order of writing."""
    found: dict[str, list[LedgerEntry]] = {order_id: [] for order_id in order_ids}
    query = select(ledger).where(ledger.c.order_id.in_(order_ids)).order_by(ledger.c.id)
    for row in (await conn.execute(query)).all():
        found[row.order_id].append(
            LedgerEntry(row.order_id, EntryKind(row.kind), row.amount, row.currency, row.reference, row.at, row.detail)
        )
    return found


async def totals(conn: AsyncConnection, event_id: str) -> dict[str, int]:
    """Sum of the amounts by kind for an event."""
    query = (
        select(ledger.c.kind, func.sum(ledger.c.amount)).where(ledger.c.event_id == event_id).group_by(ledger.c.kind)
    )
    return {kind: int(amount) for kind, amount in (await conn.execute(query)).all()}
