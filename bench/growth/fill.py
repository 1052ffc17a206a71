"""Past shows with sold seats, written straight into SQLite: a million orders in minutes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ticketing.base.db import metadata
from ticketing.orders.model import CONSUMER_STANDARD
from ticketing.orders.policy import write_policy

ORDERS_A_SHOW = 24_000
_HOUR = 3_600_000
_POLICY = write_policy(CONSUMER_STANDARD)
Row = dict[str, Any]


def order_id(number: int) -> str:
    """Of the order of a number."""
    return f"ord_bench{number:012d}"


def owner(number: int) -> int:
    """The number of the account that has the order: two orders each."""
    return number // 2


def fill(path: str, events: Sequence[str], seats: Mapping[int, str], numbers: range, now_ms: int) -> None:
    """Ticketed orders of two seats, `ORDERS_A_SHOW` a show, each with its seats, tickets, money and counted person."""
    places = list(seats.items())
    start = numbers.start
    while start < numbers.stop:
        show, before = divmod(start, ORDERS_A_SHOW)
        part = range(start, min((show + 1) * ORDERS_A_SHOW, numbers.stop))
        fill_show(path, events[show], dict(places[2 * before :]), part, now_ms)
        start = part.stop


def fill_show(path: str, event_id: str, seats: Mapping[int, str], numbers: range, now_ms: int) -> None:
    """Such orders of one show, two days old, of its first seats."""
    with sqlite3.connect(path, timeout=60) as db:
        db.execute("PRAGMA synchronous = OFF")  # a bench's file need not survive the machine
        for name, rows in _rows(event_id, seats, numbers, now_ms - 48 * _HOUR).items():
            _insert(db, name, rows)


def _insert(db: sqlite3.Connection, name: str, rows: list[Row]) -> None:
    columns = [column.name for column in metadata.tables[name].columns if column.name in rows[0]]
    quoted = ", ".join(f'"{column}"' for column in columns)
    places = ", ".join(f":{column}" for column in columns)
    db.executemany(f"INSERT INTO {name} ({quoted}) VALUES ({places})", rows)  # noqa: S608 - names of our own tables


def _rows(event_id: str, seats: Mapping[int, str], numbers: range, at: int) -> dict[str, list[Row]]:
    tables: dict[str, list[Row]] = {name: [] for name in ("orders", "order_seats", "tickets", "ledger", "event_people")}
    places = iter(seats.items())
    for number in numbers:
        for name, row in _of_order(event_id, dict([next(places), next(places)]), number, at):
            tables[name].append(row)
    # Two orders of one account at the same show are one counted person.
    people: dict[str, int] = {}
    for row in tables["event_people"]:
        people[row["account_id"]] = people.get(row["account_id"], 0) + row["seats"]
    tables["event_people"] = [
        {"event_id": event_id, "account_id": account, "seats": count} for account, count in people.items()
    ]
    return tables


def _of_order(event_id: str, seats: Mapping[int, str], number: int, at: int) -> Iterator[tuple[str, Row]]:
    about = {"event_id": event_id, "account_id": f"acc_bench{owner(number):08d}"}
    order = {"order_id": order_id(number)}
    texts = {"hold_id": f"hld_{number}", "method": "card", "payment_token": "tok_ok", "fingerprint": "f" * 32}
    instants = dict.fromkeys(("created_at", "reserved_at", "paid_at", "updated_at"), at)
    money = {"amount": 200_000, "currency": "KRW"}
    yield "orders", {"id": order["order_id"], "state": "ticketed", "reason": None, "policy": _POLICY,
                     **about, **texts, **instants, **money}  # fmt: skip
    yield "event_people", {**about, "seats": len(seats)}
    for ordinal, seat in seats.items():
        taken = {**order, "event_id": event_id, "seat_id": seat, "live": 1}
        yield "order_seats", {**taken, "ordinal": ordinal, "section": "1C", "row": "A", "number": str(ordinal),
                              "grade": "VIP", "amount": 100_000}  # fmt: skip
        yield "tickets", {**taken, "id": f"tkt_bench{number:012d}_{ordinal}", "account_id": about["account_id"],
                          "status": "valid", "issued_at": at, "admitted_at": None, "admitted_by": None}  # fmt: skip
    for kind, reference in (("capture_requested", ""), ("captured", f"cap_{number}")):
        yield "ledger", {**order, **money, "event_id": event_id, "kind": kind, "reference": reference, "detail": "",
                         "at": at}  # fmt: skip
