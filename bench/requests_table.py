"""CPU per request of the hot routes, each beside its bare limit, in one run on one API process."""

from __future__ import annotations

import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx

from bench.load import NextRequest, Result, each, repeat, request, run
from tests.stack import Stack, free_port
from ticketing.accounts.model import Account, Role
from ticketing.accounts.sessions import Sessions
from ticketing.base import ids
from ticketing.base.clock import SystemClock
from ticketing.base.tokens import Signer
from ticketing.catalog.arena import arena

MAX_PER_PERSON = 10


@dataclass
class Row:
    """One line of the table."""

    name: str
    rate: float
    cpu_us: float
    p50: float
    p99: float
    ratio: float | None
    own_share: float


class Bench:
    """A stack with one API process, and the bare server beside it on the same Valkey."""

    def __init__(self, stack: Stack, rounds: int, scale: float) -> None:
        self.stack = stack
        self.rounds = rounds
        self.scale = scale
        self.event = stack.add_event(arena(50_000), max_per_person=MAX_PER_PERSON)
        self.bare_event = stack.add_event(arena(50_000), max_per_person=MAX_PER_PERSON)
        self.random = random.Random(7)
        self.rows: list[Row] = []
        self.headers: list[dict[str, str]] = []

    async def prepare(self, people: int) -> None:
        """Sign accounts in: tokens only, since signing in is not what is measured here."""
        signer = Signer(self.stack.settings.signing_keys, "k1")
        async with self.stack.database() as db, self.stack.valkey() as valkey:
            sessions = Sessions(db, valkey, signer, SystemClock())
            for n in range(people):
                account = Account(ids.new_id("acc"), f"p{n}@example.com", "P", Role.FAN)
                token, _ = await sessions.start(account)
                self.headers.append({"Authorization": f"Bearer {token}"})

    def start_bare(self, size: int) -> tuple[subprocess.Popen[bytes], int]:
        port = free_port()
        capacity = 50_000
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.bare", str(port), self.bare_event.id, str(capacity), str(size)],
            env=os.environ | self.stack.environ,
        )
        for _ in range(200):
            try:
                httpx.get(f"http://127.0.0.1:{port}/constant", timeout=1)
            except httpx.HTTPError:
                time.sleep(0.05)
            else:
                return process, port
        raise RuntimeError("the bare server did not start")

    async def compare(
        self, name: str, bare_name: str, ours: Callable[[], NextRequest], bare: Callable[[], NextRequest], size: int,
        expected: int,
    ) -> None:  # fmt: skip
        """Run A B A B …; the medians go into the table."""
        process, port = self.start_bare(size)
        api = self.stack.children["api"].pid
        try:
            mine: list[Result] = []
            limit: list[Result] = []
            await run(port, [process.pid], repeat(request("GET", "/constant"), 500))
            for _ in range(self.rounds):
                limit.append(_checked(bare_name, await run(port, [process.pid], bare()), None))
                mine.append(_checked(name, await run(self.stack.port, [api], ours()), expected))
        finally:
            process.terminate()
            process.wait(10)
        base = statistics.median(result.cpu_us for result in limit)
        self.add(f"  {bare_name}", limit, None)
        self.add(name, mine, base)

    def add(self, name: str, results: list[Result], base: float | None) -> None:
        """Put the medians of some runs into the table; `base` is the bare limit's CPU."""
        middle = statistics.median(result.cpu_us for result in results)
        self.rows.append(
            Row(
                name,
                statistics.median(result.rate for result in results),
                middle,
                statistics.median(result.percentile(0.5) for result in results),
                statistics.median(result.percentile(0.99) for result in results),
                None if base is None else middle / base,
                statistics.median(result.own_cpu / result.seconds for result in results),
            )
        )

    def count(self, number: int) -> int:
        return max(200, int(number * self.scale))


def _checked(name: str, result: Result, expected: int | None) -> Result:
    wrong = {s: n for s, n in result.statuses.items() if (s != expected if expected else s >= 400)}
    if wrong or not result.requests:
        raise RuntimeError(f"{name}: unexpected answers {wrong} of {result.requests}")
    return result


async def measure(rounds: int, scale: float) -> list[Row]:
    """All rows. The machine is shared: trust the ratios."""
    with tempfile.TemporaryDirectory(prefix="tkb") as folder:
        stack = Stack(Path(folder), processes=1)
        await asyncio.to_thread(stack.start)
        try:
            bench = await asyncio.to_thread(Bench, stack, rounds, scale)
            await _reads(bench)
            await bench.prepare(bench.count(4_000))
            await _holds(bench)
            await _orders(bench)
            return bench.rows
        finally:
            await asyncio.to_thread(stack.stop)


async def _reads(bench: Bench) -> None:
    event = f"/api/events/{bench.event.id}"
    async with httpx.AsyncClient(base_url=bench.stack.url) as client:
        detail = await client.get(event)
        availability = await client.get(f"{event}/availability")
    n = bench.count(6_000)
    for name, path, size in (
        ("catalogue read", event, len(detail.content)),
        ("availability 200 (50,000 seats)", f"{event}/availability", len(availability.content)),
    ):
        await bench.compare(
            name, f"bare constant, {size:,} bytes",
            partial(lambda path: repeat(request("GET", path), n), path),
            lambda: repeat(request("GET", "/constant"), n), size, 200,
        )  # fmt: skip
    tag = {"If-None-Match": availability.headers["etag"]}
    await bench.compare(
        "availability 304", "bare constant, 2 bytes",
        lambda: repeat(request("GET", f"{event}/availability", tag), n),
        lambda: repeat(request("GET", "/constant"), n), 2, 304,
    )  # fmt: skip


async def _holds(bench: Bench) -> None:
    """One seat each, no seat twice, no account over its cap."""
    per_round = bench.count(5_000)
    seats = bench_seats(bench)
    people = bench.headers
    used = 0

    def ours() -> NextRequest:
        nonlocal used
        made = []
        for _ in range(per_round):
            body = json.dumps({"seats": [seats[used]]}).encode()
            made.append(request("POST", f"/api/events/{bench.event.id}/holds", people[used % len(people)], body))
            used += 1
        return each(made)

    await _ready(bench, bench.bare_event.id)
    await bench.compare(
        "hold", "bare ASGI route, same EVALSHA", ours, lambda: repeat(request("POST", "/hold"), per_round), 2, 201
    )


def bench_seats(bench: Bench) -> list[str]:
    """All reserved seats, shuffled."""
    ids_of_plan = [seat for section in arena(50_000).sections if not section.grade for seat in section.seat_ids()]
    bench.random.shuffle(ids_of_plan)
    return ids_of_plan


async def _ready(bench: Bench, event_id: str) -> None:
    async with httpx.AsyncClient(base_url=bench.stack.url) as client:
        await client.get(f"/api/events/{event_id}/availability")


async def _orders(bench: Bench) -> None:
    """Intake of orders whose holds were made before; the worker is stopped meanwhile."""
    bench.stack.kill("worker")
    per_round = bench.count(1_500)
    event = await bench.stack.add_event_async(arena(50_000), max_per_person=MAX_PER_PERSON)
    await _ready(bench, event.id)
    tokens: list[bytes] = []
    seats = bench_seats(bench)
    total = per_round * bench.rounds
    async with httpx.AsyncClient(base_url=bench.stack.url, timeout=30) as client:
        for n in range(total):
            answer = await client.post(
                f"/api/events/{event.id}/holds",
                json={"seats": [seats[n]]},
                headers=bench.headers[n % len(bench.headers)],
            )
            body = {"hold_token": answer.json()["token"], "payment": {"method": "card", "token": "tok_ok"}}
            headers = bench.headers[n % len(bench.headers)] | {"Idempotency-Key": f"bench-{n:08d}"}
            tokens.append(request("POST", "/api/orders", headers, json.dumps(body).encode()))
    used = 0

    def ours() -> NextRequest:
        nonlocal used
        part = tokens[used : used + per_round]
        used += per_round
        return each(part)

    await _compare_orders(bench, ours, per_round)


async def _compare_orders(bench: Bench, ours: Callable[[], NextRequest], per_round: int) -> None:
    process, port = bench.start_bare(2)
    api = bench.stack.children["api"].pid
    mine: list[Result] = []
    limit: list[Result] = []
    bare = request("POST", "/order")
    try:
        for _ in range(bench.rounds):
            # The bare route orders what its own /hold has held just before; only the orders are counted.
            await run(port, [process.pid], repeat(request("POST", "/hold"), per_round))
            limit.append(_checked("bare order", await run(port, [process.pid], repeat(bare, per_round)), 202))
            mine.append(_checked("order intake", await run(bench.stack.port, [api], ours()), 202))
    finally:
        process.terminate()
        process.wait(10)
    base = statistics.median(result.cpu_us for result in limit)
    bench.add("  bare ASGI route, same EVALSHA and send", limit, None)
    bench.add("order intake", mine, base)
