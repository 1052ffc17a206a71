"""The keys that judge: without them the database lets through what every other guard misses."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, inspect

from ticketing.admin.fsck.books import Books
from ticketing.admin.fsck.report import Report

# (invariant, table, columns that must be unique together)
_KEYS = (
    ("I1", "order_seats", ("event_id", "seat_id", "live")),
    ("I1", "tickets", ("event_id", "seat_id", "live")),
    ("I1", "order_seats", ("order_id", "seat_id")),
    ("I1", "tickets", ("id",)),
    ("I2", "orders", ("id",)),
    ("I3", "ledger", ("order_id", "kind", "reference")),
    ("I6", "event_people", ("event_id", "account_id")),
)
_ODD = {
    "order_seats": "SELECT order_id, seat_id, event_id, live FROM order_seats WHERE live <> 1 /*AND event_id*/",
    "tickets": "SELECT order_id, seat_id, event_id, live FROM tickets WHERE live <> 1 /*AND event_id*/",
}
TABLES = {"orders", "order_seats", "tickets", "ledger", "event_people", "outbox", "events", "seat_plans"}


async def missing_tables(books: Books) -> set[str]:
    """Tables that the check needs and the database has not."""
    names = await books.conn.run_sync(lambda sync: set(inspect(sync).get_table_names()))
    return TABLES - names


async def check_keys(books: Books, report: Report) -> None:
    """Every unique key is there, and no row slips through it by another value of `live` than 1 or NULL."""
    there = await books.conn.run_sync(_unique_sets)
    for invariant, table, columns in _KEYS:
        if frozenset(columns) not in there[table]:
            report.breach(
                invariant,
                "unique_key_missing",
                f"{table} has no unique key over ({', '.join(columns)}): nothing stops a second owner. Restore it.",
                table=table,
                columns=list(columns),
            )
    for table, query in _ODD.items():
        for row in await books.rows(query):
            report.breach(
                "I1",
                "live_flag_odd",
                f"{table}.live is {row.live}; only 1 and NULL are judged by the unique key",
                table=table,
                event_id=row.event_id,
                order_id=row.order_id,
                seat_id=row.seat_id,
            )
    report.checked.append("schema")


def _unique_sets(sync: Connection) -> dict[str, set[frozenset[str]]]:
    look: Any = inspect(sync)
    found = {}
    for table in {table for _, table, _ in _KEYS}:
        keys = [look.get_pk_constraint(table)["constrained_columns"]]
        keys += [constraint["column_names"] for constraint in look.get_unique_constraints(table)]
        keys += [index["column_names"] for index in look.get_indexes(table) if index["unique"]]
        found[table] = {frozenset(columns) for columns in keys}
    return found
