"""What the leader tells of lines and seats; what it cannot read, it does not tell."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.rooms.waiting.line_bench import PLENTY, Bench, step
from ticketing.admin.gauges import Gauges
from ticketing.base import metrics
from ticketing.base.queue.valkey import ValkeyQueue
from ticketing.base.valkey_server import ValkeyServer
from ticketing.holds.availability import Availability
from ticketing.holds.hold import HoldService
from ticketing.holds.store import HoldStore
from ticketing.orders.truth import SalesBooks
from ticketing.waiting.model import Phase, Stock


async def told(gauges: Gauges, rounds: int) -> dict[Any, float]:
    """What the gauges show after so many rounds."""
    stop = asyncio.Event()
    task = asyncio.create_task(gauges.run(stop, every_seconds=0.001))
    for _ in range(rounds):
        await asyncio.sleep(0.005)
    shown = dict(metrics._levels)
    stop.set()
    await task
    return shown


@pytest.mark.parametrize("breaks", [True, False])
async def test_a_reading_that_breaks_leaves_no_old_figure(monkeypatch: pytest.MonkeyPatch, breaks: bool) -> None:
    calls = 0

    async def read(_: Gauges) -> dict[tuple[str, str], float]:
        nonlocal calls
        calls += 1
        if breaks and calls > 1:
            raise KeyError("surprise")
        return {("seats.free", ""): 42.0}

    monkeypatch.setattr(Gauges, "read", read)
    gauges = Gauges(*[None] * 6, leading=lambda: True)  # type: ignore[arg-type]
    assert await told(gauges, 10) == ({} if breaks else {("seats.free", ""): 42.0})
    assert metrics._levels == {}


@pytest.fixture
async def bench(valkey_server: ValkeyServer, empty_sqlite: Path, tmp_path: Path) -> AsyncIterator[Bench]:
    """The parts of a line, on stores of its own; its event opens in an hour."""
    shutil.copy(empty_sqlite, tmp_path / "line.sqlite3")
    bench = await Bench(valkey_server.url, tmp_path / "line.sqlite3", tmp_path).open(migrated=True)
    await bench.valkey.execute("FLUSHALL")
    yield bench
    await bench.close()


def holds_of(bench: Bench) -> HoldService:
    return HoldService(
        HoldStore(bench.valkey), bench.catalog, SalesBooks(bench.db), bench.signer, bench.clock, ttl_seconds=420
    )


def gauges_of(bench: Bench) -> Gauges:
    holds, truth = holds_of(bench), SalesBooks(bench.db)
    availability = Availability(HoldStore(bench.valkey), bench.catalog, truth, holds.rebuilder, bench.clock)
    queue = ValkeyQueue(bench.valkey, "orders", max_attempts=1)
    return Gauges(bench.db, bench.catalog, availability, queue, bench.api.store, bench.clock, lambda: True)


async def line_told(bench: Bench) -> tuple[Phase, float, float]:
    """The line's phase; its length and how many of it could be called, as told."""
    told = await gauges_of(bench).read()
    return (await bench.line()).phase, told["queue.line_length", ""], told["queue.callable", ""]


async def test_only_people_whose_turn_could_come_are_callable(bench: Bench) -> None:
    leader = bench.candidate()
    bench.stock = Stock((0,), 5, (5,))
    await step(leader)
    for account in "abcde":
        await bench.join(f"acc_{account}")
    await step(leader)
    assert await line_told(bench) == (Phase.LOBBY, 5, 0)

    bench.clock.advance((bench.event.sale.on_sale_at - bench.now) / 1000 + 1)
    await step(leader)
    assert await line_told(bench) == (Phase.OPEN, 5, 5)

    # Held by people inside, all of them: nobody is called on until one comes back.
    await holds_of(bench).hold_seats(bench.event.id, "acc_inside", [f"A-1-{n}" for n in range(1, 5)])
    await holds_of(bench).hold_seats(bench.event.id, "acc_beside", ["A-1-5"])
    assert await line_told(bench) == (Phase.OPEN, 5, 0)

    bench.stock = Stock((0,), 0, (5,))
    await step(leader)
    assert await line_told(bench) == (Phase.SOLD_OUT, 5, 0)

    bench.stock = PLENTY
    await step(leader)
    assert (await bench.line()).phase is Phase.OPEN


async def test_where_nothing_is_on_sale_a_leader_tells_zeros(bench: Bench) -> None:
    """Else the alarm `silent-leader` would page whoever runs an idle installation."""
    told = await gauges_of(bench).read()
    assert {told[name, ""] for name in ("queue.callable", "seats.held")} == {0.0}
