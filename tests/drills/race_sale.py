"""Sales for the races: opened, looked at, and robbed of their judges."""

from __future__ import annotations

import re
from collections import Counter

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text

from tests.drills.race_verdict import OPEN
from tests.people import eventually
from tests.rooms.catalog.plans import plan, reserved, row
from tests.stack import Stack
from ticketing.base.valkey import Valkey
from ticketing.catalog.model import Event
from ticketing.holds.store import HoldStore


async def open_sale(stack: Stack, places: int, **how: int) -> tuple[Event, list[str]]:
    """An event with one section of so many seats, rows of ten, on sale and known to Valkey; and its seat ids."""
    section = reserved("A", *(row(str(n), "R", 10, y=10.0 * n) for n in range(1, places // 10 + 1)))
    event = await stack.add_event_async(plan(section), **how)
    await known_to_valkey(stack, event.id, places)
    return event, list(section.seat_ids())


async def known_to_valkey(stack: Stack, event_id: str, places: int) -> None:
    """Wait until holds can be had: the worker opens an event within moments; whoever is earlier is asked to wait."""
    async with stack.valkey() as valkey:
        store = HoldStore(valkey)

        async def ready() -> bool:
            state = await store.read(event_id)
            return state.ready and len(state.seats) == places

        await eventually(ready, 20)


async def script_calls(valkey: Valkey) -> int:
    """How many scripts the server of holds has run."""
    stats = (await valkey.execute("INFO", "commandstats")).decode()
    found = re.search(r"cmdstat_evalsha:calls=(\d+)", stats)
    assert found is not None
    return int(found[1])


async def final(stack: Stack, event_id: str, count: int) -> Counter[tuple[str, str | None]]:
    """How the orders of an event ended, by (state, reason); waits for all of them."""
    query = text("SELECT state, reason FROM orders WHERE event_id = :event")
    async with stack.database() as db:
        found: Counter[tuple[str, str | None]] = Counter()

        async def ended() -> bool:
            found.clear()
            found.update((state, reason) for state, reason in await db.fetch(query, {"event": event_id}))
            return found.total() == count and not any(state in OPEN for state, _ in found)

        await eventually(ended, 60)
        return found


async def seats_of_people(stack: Stack, event_id: str) -> dict[str, int]:
    """Account → live seats, counted from the seats themselves."""
    query = text(
        "SELECT o.account_id, COUNT(*) FROM order_seats s JOIN orders o ON o.id = s.order_id "
        "WHERE s.event_id = :event AND s.live = 1 GROUP BY o.account_id"
    )
    async with stack.database() as db:
        return {account: int(count) for account, count in await db.fetch(query, {"event": event_id})}


def drop_unique_keys(conn: Connection) -> None:
    """Take the judges of I1 out of the schema."""
    operations = Operations(MigrationContext.configure(conn))
    for table, key in (("order_seats", "uq_order_seats_one_owner"), ("tickets", "uq_tickets_one_live")):
        with operations.batch_alter_table(table) as batch:
            batch.drop_constraint(key, type_="unique")
