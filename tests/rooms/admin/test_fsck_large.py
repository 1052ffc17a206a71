"""A hundred thousand orders: the check reads them piece by piece. Prints its time and memory; asserts neither."""

from __future__ import annotations

import hashlib
import resource
import time
from typing import Any

import pytest
from sqlalchemy import insert

from tests.rooms.admin.house import PRICE, SEATS, House
from ticketing.base.db import metadata
from ticketing.payments.gateway import StatementLine

ORDERS = 100_000
_PER_EVENT = len(SEATS) // 2


@pytest.mark.slow
async def test_a_hundred_thousand_orders(sqlite_house: House) -> None:
    house = sqlite_house
    house.provider.page = 500
    before = (await house.check()).figures["orders"]
    for start in range(0, ORDERS, _PER_EVENT):
        await sell_out(house, range(start, min(start + _PER_EVENT, ORDERS)))
    memory, wall, cpu = peak_mib(), time.perf_counter(), time.process_time()
    report = await house.check()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"\n{ORDERS} orders: {wall:.1f} s, {cpu:.1f} s of CPU, peak memory {memory} -> {peak_mib()} MiB")
    assert (report.exit_code, report.breaches) == (0, [])
    assert report.figures["orders"] == before + ORDERS
    assert sum(money.captured for money in report.money) >= 2 * PRICE * ORDERS
    # The same size with one thing wrong: it is found, and nothing else.
    await house.sql("UPDATE ledger SET amount = amount + 1 WHERE order_id = :o AND kind = 'captured'", o=number(77_777))
    found = await house.check()
    assert {b.code for b in found.breaches} == {
        "money_does_not_add_up", "provider_amount_differs", "event_money_does_not_add_up",
    }  # fmt: skip
    assert {b.ids.get("order_id", number(77_777)) for b in found.breaches} == {number(77_777)}


def number(n: int) -> str:
    return "ord_" + hashlib.sha256(str(n).encode()).hexdigest()[:32]


def peak_mib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


async def sell_out(house: House, numbers: range) -> None:
    """An event of its own, two seats for each order."""
    await house.open()
    tables: dict[str, list[dict[str, Any]]] = {
        name: [] for name in ("orders", "order_seats", "tickets", "ledger", "event_people")
    }
    instants = dict.fromkeys(("created_at", "reserved_at", "paid_at", "updated_at"), house.now)
    money = {"event_id": house.event.id, "amount": 2 * PRICE, "currency": "KRW"}
    for at, n in enumerate(numbers):
        order, account = number(n), f"acc_{n}"
        about = {"event_id": house.event.id, "account_id": account}
        texts = {"hold_id": "h", "method": "card", "payment_token": "t", "fingerprint": "f", "policy": "{}"}
        tables["orders"].append(
            {"id": order, "state": "ticketed", "reason": None, **money, **about, **texts, **instants}
        )
        tables["event_people"].append({**about, "seats": 2})
        for ordinal in (2 * at, 2 * at + 1):
            seat = {"order_id": order, "event_id": house.event.id, "seat_id": SEATS[ordinal], "live": 1}
            place = {"ordinal": ordinal, "section": "x", "row": "A", "number": "1", "grade": "VIP", "amount": PRICE}
            tables["order_seats"].append({**seat, **place})
            issued = {"id": f"tkt_{n}_{ordinal}", "account_id": account, "status": "valid", "issued_at": house.now}
            tables["tickets"].append({**seat, **issued, "admitted_at": None, "admitted_by": None})
        for kind, reference in (("capture_requested", ""), ("captured", f"cap_{n}")):
            entry = {"order_id": order, "kind": kind, "reference": reference, "detail": "", "at": house.now}
            tables["ledger"].append({**money, **entry})
        house.provider.lines.append(StatementLine("capture", order, f"cap_{n}", None, 2 * PRICE, "KRW", house.now))
    async with house.db.write() as conn:
        for name, rows in tables.items():
            await conn.execute(insert(metadata.tables[name]), rows)
