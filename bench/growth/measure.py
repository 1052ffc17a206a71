"""Costs at several sizes of one thing, the rest unchanged; each stack is started anew."""

from __future__ import annotations

import asyncio
import itertools
import random
import signal
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from redis import Redis

from bench.growth.fill import ORDERS_A_SHOW, fill, fill_show, order_id, owner
from bench.load import cpu_seconds, request
from bench.openloop import Outcome
from bench.shop import Shop, signed_in
from tests.stack import Stack
from ticketing.catalog.arena import arena
from ticketing.catalog.index import PlanIndex
from ticketing.catalog.model import SeatPlan
from ticketing.catalog.theatre import theatre
from ticketing.orders.sql import count_by_state
from ticketing.rehearsal.machine import resident_bytes

Say = Callable[[str], None]


@dataclass(frozen=True)
class Cell:
    """One step: requests a second, CPU of the API processes per request, latencies in milliseconds."""

    rate: float
    cpu_us: float
    p50: float
    p99: float


@dataclass(frozen=True)
class SeatsRow:
    """A plan of so many seats. Bytes; milliseconds: `rebuild` from an empty Valkey to the first answer."""

    seats: int
    availability: Cell
    availability_bytes: int
    hold: Cell
    rebuild: float


@dataclass(frozen=True)
class ProcessesRow:
    """So many API processes; `memory`: bytes of each kind of process, at rest."""

    processes: int
    availability: Cell
    hold: Cell
    order: Cell
    memory: dict[str, int]


@dataclass(frozen=True)
class OrdersRow:
    """So many orders in the database of so many bytes.

    `worker_cpu_ms` and `fulfilled`: CPU of the worker per new order, and orders that it finished a second.
    """

    orders: int
    size: int
    page: Cell
    mine: Cell
    hold: Cell
    intake: Cell
    worker_cpu_ms: float
    fulfilled: float
    states_ms: float


@contextmanager
def stack_at_rest(processes: int = 1) -> Iterator[Stack]:
    with tempfile.TemporaryDirectory(prefix="tkg") as folder:
        stack = Stack(Path(folder), processes=processes)
        try:
            stack.start()
            _pause(stack)
            yield stack
        finally:
            stack.children["worker"].send_signal(signal.SIGCONT)
            stack.stop()


def _pause(stack: Stack) -> None:
    """Stop the worker, which comes in only where it is what is measured, at a moment when it is not writing."""
    worker = stack.children["worker"]
    for _ in range(200):
        worker.send_signal(signal.SIGSTOP)
        try:
            with sqlite3.connect(stack.folder / "ticketing.sqlite3", timeout=0, isolation_level=None) as db:
                db.execute("BEGIN IMMEDIATE")
                db.execute("ROLLBACK")
        except sqlite3.OperationalError:
            worker.send_signal(signal.SIGCONT)
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the worker never stopped writing")


def cell_of(shop: Shop, send: Callable[[int], tuple[Outcome, float]], count: int, rounds: int) -> Cell:
    """Medians over some runs of at full speed over 64 connections; latencies of the same runs."""
    rates, cpus, p50s, p99s = [], [], [], []
    for _ in range(rounds):
        before = cpu_seconds(shop.api)
        outcome, _ = send(count)
        cpus.append((cpu_seconds(shop.api) - before) / len(outcome.latencies) * 1e6)
        rates.append(outcome.rate)
        p50s.append(outcome.percentile(0.5))
        p99s.append(outcome.percentile(0.99))
    return Cell(*(statistics.median(values) for values in (rates, cpus, p50s, p99s)))


def _availability(shop: Shop) -> Callable[[int], tuple[Outcome, float]]:
    single = request("GET", f"/api/events/{shop.event.id}/availability")
    return lambda count: shop.go([single] * count, 200)


def by_seats(rounds: int, scale: float, say: Say) -> list[SeatsRow]:
    """600, 15,000 and 50,000 seats."""
    rows = []
    plans: Sequence[tuple[int, SeatPlan]] = ((600, theatre()), (15_000, arena(15_000)), (50_000, arena(50_000)))
    with stack_at_rest() as stack:
        for seats, plan in plans:
            say(f"{seats:,} seats")
            shop = Shop(stack, plan)
            look = _availability(shop)
            look(500)
            size = len(httpx.get(f"{stack.url}/api/events/{shop.event.id}/availability").content)
            available = cell_of(shop, look, max(500, int(6_000 * scale)), rounds)
            count = min(len(shop.free) // (rounds + 1), int(4_000 * scale))
            hold = cell_of(shop, shop.holds, count, rounds)
            rows.append(SeatsRow(seats, available, size, hold, _rebuild(stack, shop)))
    return rows


def _rebuild(stack: Stack, shop: Shop) -> float:
    """Milliseconds from a lost store, all seats but 50 sold, to the next good hold."""
    kept = shop.free[shop.used : shop.used + 50]
    sold = {ordinal: seat for ordinal, seat in enumerate(PlanIndex(shop.plan).seat_ids) if seat not in set(kept)}
    first = 10_000_000 + 1_000 * len(sold)  # no two shows have the same orders
    path = str(stack.folder / "ticketing.sqlite3")
    fill_show(path, shop.event.id, sold, range(first, first + len(sold) // 2), now_ms())
    with Redis.from_url(stack.environ["TICKETING_VALKEY_URL"], socket_timeout=5) as client:
        client.flushall()
    began = time.perf_counter()
    for tried in itertools.count():
        try:
            shop.hold_one(kept[0], -tried)  # somebody else each time: who asks again at once is told to wait
        except RuntimeError as error:
            if time.perf_counter() - began > 30:
                raise RuntimeError(f"no hold went through after the loss: {error}") from None
            time.sleep(0.005)
        else:
            break
    return (time.perf_counter() - began) * 1000


def now_ms() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def by_processes(rounds: int, scale: float, say: Say) -> list[ProcessesRow]:
    """One API process and two."""
    rows = []
    for processes in (1, 2):
        say(f"{processes} API process(es)")
        with stack_at_rest(processes) as stack:
            shop = Shop(stack, arena(50_000))
            resting = {
                "API": max(resident_bytes(pid) for pid in shop.api),
                "worker": resident_bytes(stack.children["worker"].pid),
                "provider": resident_bytes(stack.children["provider"].pid),
                "Valkey, cache": resident_bytes(stack.cache.pid or 0),
                "Valkey, queue": resident_bytes(stack.queue.pid or 0),
            }
            look = _availability(shop)
            look(500)
            available = cell_of(shop, look, max(500, int(8_000 * scale)), rounds)
            shop.holds(200)
            hold = cell_of(shop, shop.holds, int(4_000 * scale), rounds)
            order = cell_of(shop, shop.orders, int(1_500 * scale), rounds)
            rows.append(ProcessesRow(processes, available, hold, order, resting))
    return rows


def by_orders(sizes: Sequence[int], rounds: int, scale: float, say: Say) -> list[OrdersRow]:
    """An empty database, then ever more orders in it; the show on sale is always a new one."""
    rows = []
    plan = arena(50_000)
    sold = dict(enumerate(PlanIndex(plan).seat_ids))
    with stack_at_rest() as stack:
        path = stack.folder / "ticketing.sqlite3"
        past = [stack.add_event(plan).id for _ in range(-(-max(sizes) // ORDERS_A_SHOW))]
        with sqlite3.connect(path) as db:  # over since yesterday
            day = 24 * 3_600_000
            db.execute(
                "UPDATE events SET starts_at = starts_at - ?, off_sale_at = off_sale_at - ?", (31 * day, 31 * day)
            )
        there = 0
        for size in sizes:
            say(f"{size:,} orders")
            fill(str(path), past, sold, range(there, size), now_ms())
            there = size
            rows.append(_with_orders(stack, past[0], size, path, rounds, scale))
    return rows


def _with_orders(stack: Stack, full: str, size: int, path: Path, rounds: int, scale: float) -> OrdersRow:
    shop = Shop(stack, arena(50_000))
    _availability(shop)(200)
    as_person = signed_in(stack)
    shop.holds(200)
    hold = cell_of(shop, shop.holds, int(3_000 * scale), rounds)
    count = int(1_000 * scale)
    intake = cell_of(shop, shop.orders, count, rounds)
    cpu_ms, fulfilled = drain(stack, path, shop.event.id, count * rounds)
    if size == 0:  # the pages of the orders that have just been made
        with sqlite3.connect(path) as db:
            made = db.execute("SELECT id, account_id FROM orders").fetchall()
        pages = [(order, as_person(int(account.removeprefix("acc_bench")))) for order, account in made]
    else:
        numbers = random.Random(7).sample(range(size), 3_000)
        pages = [(order_id(n), as_person(owner(n))) for n in numbers]
    read = [request("GET", f"/api/orders/{order}", person) for order, person in pages]
    mine = [request("GET", "/api/orders", person) for _, person in pages]
    looks = int(1_500 * scale)

    def send(requests: list[bytes]) -> Callable[[int], tuple[Outcome, float]]:
        return lambda count: shop.go(random.sample(requests, min(count, len(requests))), 200)

    page, list_of = cell_of(shop, send(read), looks, rounds), cell_of(shop, send(mine), looks, rounds)
    states = asyncio.run(_states(stack, full))
    return OrdersRow(size, path.stat().st_size, page, list_of, hold, intake, cpu_ms, fulfilled, states)


def drain(stack: Stack, path: Path, event_id: str, count: int) -> tuple[float, float]:
    """(worker's CPU milliseconds per order, orders a second) until all of the show's orders are final."""
    worker = stack.children["worker"]
    before, began = cpu_seconds([worker.pid]), time.perf_counter()
    worker.send_signal(signal.SIGCONT)
    done = "SELECT COUNT(*) FROM orders WHERE event_id = ? AND state = 'ticketed'"
    with sqlite3.connect(path) as db:
        while db.execute(done, (event_id,)).fetchone()[0] < count:
            if time.perf_counter() - began > 300:
                raise RuntimeError("the worker did not finish within five minutes")
            time.sleep(0.1)
    seconds = time.perf_counter() - began
    used = cpu_seconds([worker.pid]) - before
    _pause(stack)
    return used / count * 1000, count / seconds


async def _states(stack: Stack, event_id: str) -> float:
    """Milliseconds of the count that the dashboard is fed with, for a sold-out show."""
    async with stack.database() as db, db.read() as conn:
        await count_by_state(conn, event_id)
        began = time.perf_counter()
        await count_by_state(conn, event_id)
        return (time.perf_counter() - began) * 1000
