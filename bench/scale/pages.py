"""What a buyer asks beside the hot routes: sign-in, seat plan, order page, ticket, QR code, on one API process.

And what the worker behind them needs for an order.
"""

from __future__ import annotations

import asyncio
import json

from bench.growth.fill import fill_show, order_id, owner
from bench.growth.measure import Cell, cell_of, drain, now_ms, stack_at_rest
from bench.load import request
from bench.openloop import Outcome
from bench.scale.routes import Route
from bench.shop import Shop, signed_in
from tests.stack import PASSWORD, Stack
from ticketing.accounts import sql
from ticketing.accounts.model import Account, Role
from ticketing.catalog.arena import arena
from ticketing.catalog.index import PlanIndex

_ORDERS, _ACCOUNTS = 1_000, 4


def measure(rounds: int, scale: float) -> dict[str, Route]:
    """Route → its cost; `fulfil` is the worker's, per order. Half a minute at --scale 0.2 --rounds 3.

    Raises:
        RuntimeError: an answer other than the one expected.
    """
    plan = arena(50_000)
    count = max(100, int(3_000 * scale))
    made: dict[str, Route] = {}
    with stack_at_rest() as stack:
        shop = Shop(stack, plan)
        for name, requests in _reads(stack, shop).items():

            def send(number: int, requests: list[bytes] = requests) -> tuple[Outcome, float]:
                return shop.go([requests[n % len(requests)] for n in range(number)], 200)

            send(50)
            made[name] = _route(cell_of(shop, send, count, rounds))
        made["sign_in"] = _sign_in(stack, shop, max(10, int(100 * scale)), rounds)
        shop.holds(orders := max(200, int(2_000 * scale)))
        shop.orders(orders)
        worker_ms, rate = drain(stack, stack.folder / "ticketing.sqlite3", shop.event.id, orders)
        made["fulfil"] = Route(round(worker_ms * 1000, 1), round(rate, 1))
    return made


def _route(cell: Cell) -> Route:
    return Route(round(cell.cpu_us, 1), round(cell.rate, 1))


def _reads(stack: Stack, shop: Shop) -> dict[str, list[bytes]]:
    """The pages of orders that a past show is filled with, and the plan."""
    past = stack.add_event(shop.plan)
    sold = dict(list(enumerate(PlanIndex(shop.plan).seat_ids))[: 2 * _ORDERS])
    fill_show(str(stack.folder / "ticketing.sqlite3"), past.id, sold, range(_ORDERS), now_ms())
    person, numbers = signed_in(stack), range(_ORDERS)
    asyncio.run(_enter(stack))
    first = [ordinal for ordinal in sold if ordinal % 2 == 0]  # an order has two seats next to each other
    tickets = [(f"/api/tickets/tkt_bench{n:012d}_{first[n]}", person(owner(n))) for n in numbers]
    return {
        "plan": [request("GET", f"/api/events/{shop.event.id}/plan", {"Accept-Encoding": "gzip"})],
        "order_page": [request("GET", f"/api/orders/{order_id(n)}", person(owner(n))) for n in numbers],
        "ticket": [request("GET", path, whose) for path, whose in tickets],
        "qr": [request("GET", f"{path}.svg", whose) for path, whose in tickets],
    }


async def _enter(stack: Stack) -> None:
    """The accounts of those who have the orders: a ticket bears its holder's name."""
    people = [Account(f"acc_bench{n:08d}", f"owner{n}@bench.example", "P", Role.FAN) for n in range(owner(_ORDERS) + 1)]
    async with stack.database() as db:
        await db.transact(lambda conn: sql.insert_accounts(conn, people, "no hash", now_ms()))


def _sign_in(stack: Stack, shop: Shop, count: int, rounds: int) -> Route:
    """By the real route, with real hashes, one after the other: two at once would be two cores' work."""
    requests = []
    for n in range(_ACCOUNTS):
        email = f"fan{n}@bench.example"
        asyncio.run(stack.add_staff(Role.FAN, email))
        body = json.dumps({"email": email, "password": PASSWORD}).encode()
        requests.append(request("POST", "/api/sessions", {}, body))
    return _route(
        cell_of(
            shop,
            lambda number: shop.go([requests[n % _ACCOUNTS] for n in range(number)], 201, connections=1),
            count,
            rounds,
        )
    )
