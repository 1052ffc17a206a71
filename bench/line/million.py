"""A million people: what a fleet would have to do, worked out from constants that are measured in the same run.

The draw and the refill are not worked out but done: a million places in the database and in Valkey.
"""

from __future__ import annotations

import asyncio
import secrets
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import structlog
from redis import Redis

from bench.arrivals import arrivals
from bench.line.costs import Costs
from bench.line.probe import load_average
from bench.line.waiters import database
from ticketing.base.clock import SystemClock
from ticketing.base.db import Database, connect_database
from ticketing.base.valkey import Valkey
from ticketing.base.valkey_server import ValkeyServer
from ticketing.rehearsal.policy import draw_span, poll_interval
from ticketing.waiting import sql
from ticketing.waiting.beacon_client import HttpBeacons
from ticketing.waiting.draw import SECRET_BYTES, commitment
from ticketing.waiting.lead import Leadership
from ticketing.waiting.model import Line, Phase, Rules
from ticketing.waiting.open_line import CHUNK, Opening
from ticketing.waiting.recover import Recovery
from ticketing.waiting.store import LineStore
from ticketing.wiring.migrate import migrate

PEOPLE = 1_000_000


@dataclass
class Heavy:
    """Measured with so many places. Seconds; `rows` per second into the database, `valkey` bytes a place."""

    database: str
    people: int
    rows: float
    refill: float
    draw: float
    valkey: float
    load: float


def _line(now: int, people: int) -> Line:
    secret = secrets.token_bytes(SECRET_BYTES)
    return Line(
        "evt_million", 1, secrets.token_bytes(32), secret, commitment(secret), now - 1, now, 2_000, 6_000,
        Phase.LOBBY, issued=people, created_at=now - 3_600_000,
    )  # fmt: skip


async def _save(db: Database, line: Line, now: int, people: int) -> float:
    """Places into the database as the leader saves them; seconds."""
    began = time.perf_counter()
    for start in range(0, people, CHUNK):
        places = [(index + 1, f"{index:022d}", now) for index in range(start, min(people, start + CHUNK))]
        async with db.write() as conn:
            await sql.save_places(db, conn, line.event_id, 1, places)
    return time.perf_counter() - began


async def _heavy(name: str, url: str, valkey_url: str, people: int) -> Heavy:
    clock, beacons = SystemClock(), HttpBeacons()
    db, valkey = connect_database(url), Valkey(valkey_url)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    try:
        await migrate(db)
        line = _line(clock.now_ms(), people)
        await db.transact(lambda conn: sql.insert_line(db, conn, line))
        saved = await _save(db, line, clock.now_ms(), people)
        lead = Leadership(db, "bench")
        assert await lead.stand()
        store = LineStore(valkey, Rules())
        began = time.perf_counter()
        await Recovery(db, store, clock, Rules()).refill(line, lead)
        refilled = time.perf_counter()
        with Redis.from_url(valkey_url) as client:
            used = int(client.info("memory")["used_memory"])
        drawing = time.perf_counter()
        opened = await Opening(db, store, clock, beacons).open(line, lead)
        drawn = time.perf_counter()
        assert opened.n == people, opened.n
        return Heavy(name, people, people / saved, refilled - began, drawn - drawing, used / people, load_average())
    finally:
        await beacons.aclose()
        await valkey.close()
        await db.close()


def heavy(scale: float, databases: tuple[str, ...]) -> list[Heavy]:
    """The draw and the refill of a million places on each database."""
    rows = []
    for name in databases:
        with tempfile.TemporaryDirectory(prefix="tkb") as folder, database(name) as url:
            server = ValkeyServer(Path(folder) / "v")
            server.start()
            try:
                where = url or f"sqlite+aiosqlite:///{Path(folder) / 'm.sqlite3'}"
                rows.append(asyncio.run(_heavy(name, where, server.url, max(10_000, int(PEOPLE * scale)))))
            finally:
                server.stop()
    return rows


@dataclass(frozen=True)
class Story:
    """People who wait, admissions a second, and what follows from it. Requests a second at their highest."""

    people: int
    admitted: float
    drain_minutes: float
    looks: float
    reveal: float
    looks_in_all: float
    megabits: float
    joins: float
    origin: float
    origin_cores: float
    join_cores: float


def story(people: int, admitted: float, costs: Costs, no_show: float = 0.3) -> Story:
    """Play the client's policy in steps of a second, in cohorts of a thousandth of the line.

    Joins: the highest second of a rehearsal's arrivals, with a lobby of ten minutes (docs/rehearsal.md).
    """
    called = admitted / (1 - no_show)
    cohort = people / 1000
    most = total = 0.0
    second = 0
    while called * second < people:
        ahead = [cohort * (n + 0.5) - called * second for n in range(1000)]
        looks = sum(cohort / poll_interval(int(place), called * 60) for place in ahead if place > 0)
        most, total, second = max(most, looks), total + looks, second + 1
    joins = people * max(arrivals(600.0, 600.0).values())
    reveal = people / draw_span(people)
    # What the CDN asks of us: each of its 13 regional caches once a second; and every admitted person claims once.
    origin = 13 + admitted
    return Story(
        people, admitted, second / 60, most, reveal, total, reveal * costs.wire * 8 / 1e6, joins, origin,
        (13 * costs.status.cpu_us + admitted * costs.claim.cpu_us) / 1e6, joins * costs.join.cpu_us / 1e6,
    )  # fmt: skip


def stories(costs: Costs) -> list[Story]:
    """10,000, 100,000 and a million people, slow and fast sales."""
    return [
        story(people, admitted, costs)
        for people, admitted in ((10_000, 20), (100_000, 50), (100_000, 200), (PEOPLE, 200), (PEOPLE, 500))
    ]
