"""An hour of ordinary selling, watched for what grows: `python -m tests.drills.soak [--minutes 60]`.

One show after the other is sold on one stack, each checked at its end. Memory, file descriptors and threads of every
process and the connections of both stores are read every five seconds. Exit code 0: everything sold as it must, and
nothing grew; 1: not.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import statistics
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from redis import Redis

from tests.drills.availability import Availability, measure
from tests.drills.drill import open_sale, stack_for, temporary_folder
from tests.drills.preflight import look
from tests.drills.sale import crowd_at
from tests.drills.shoppers import Shoppers
from tests.drills.yard import Yard
from ticketing.rehearsal.machine import resident_bytes

EVERY_SECONDS = 5.0
SHOW_SECONDS = 60.0
GROWTH = 0.05
"""By how much the median of the last quarter may be above that of the second one: caches are full by then."""
SPARE = 8
"""Descriptors, threads and connections that may come on top: pools (8 connections, 6 threads a process) fill slowly."""


@dataclass
class Watch:
    """Samples by what was measured, such as `api-1 memory`."""

    yard: Yard
    samples: dict[str, list[float]] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Samples are taken within the block."""
        thread = threading.Thread(target=self._run, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join(30)

    def _run(self) -> None:
        while not self._stop.wait(EVERY_SECONDS):
            for name, value in self._read().items():
                self.samples.setdefault(name, []).append(value)

    def _read(self) -> dict[str, float]:
        found: dict[str, float] = {}
        pids = {name: child.pid for name, child in self.yard.children.items()}
        pids |= {name: pid for name, pid in (("cache", self.yard.primary.pid), ("queue", self.yard.queue.pid)) if pid}
        for name, pid in pids.items():
            with contextlib.suppress(OSError):
                found[f"{name} memory"] = resident_bytes(pid) / 1024**2
                found[f"{name} files"] = len(list(Path(f"/proc/{pid}/fd").iterdir()))
                found[f"{name} threads"] = len(list(Path(f"/proc/{pid}/task").iterdir()))
        for name, store in (("cache", self.yard.primary), ("queue", self.yard.queue)):
            with Redis.from_url(store.url, socket_timeout=5) as client:
                found[f"{name} connections"] = float(client.info("clients")["connected_clients"])
        if self.yard.server is not None:
            (row,) = self.yard.server.execute("SHOW STATUS LIKE 'Threads_connected'")
            found["database connections"] = float(row[1])
        return found


@dataclass(frozen=True)
class Trend:
    """Medians of the second and of the last quarter, and what the worst sample was."""

    name: str
    early: float
    late: float
    most: float

    @property
    def grew(self) -> bool:
        """Whether this is more than caches and pools explain."""
        if self.name.endswith("memory"):
            return self.late > self.early * (1 + GROWTH) + 1.0
        return self.late > self.early + SPARE


def trends(samples: dict[str, list[float]]) -> list[Trend]:
    """Of everything that was sampled often enough."""
    found = []
    for name, values in sorted(samples.items()):
        quarter = len(values) // 4
        if quarter:
            early, late = values[quarter : 2 * quarter], values[-quarter:]
            found.append(Trend(name, statistics.median(early), statistics.median(late), max(values)))
    return found


def table(found: Sequence[Trend]) -> str:
    """As Markdown."""
    lines = ["| what | second quarter | last quarter | most | |", "|---|---|---|---|---|"]
    lines += [
        f"| {trend.name} | {trend.early:.1f} | {trend.late:.1f} | {trend.most:.1f} | {'GREW' if trend.grew else ''} |"
        for trend in found
    ]
    return "\n".join(lines)


async def show(yard: Yard, pace: float) -> tuple[Availability, list[str], int]:
    """Sell one show; what its buyers felt, what was wrong, and how many orders were accepted."""
    people = round(pace * SHOW_SECONDS)
    async with crowd_at(yard, people, own_lines=True) as crowd:
        sale, provider = await open_sale(yard, crowd)
        try:
            await Shoppers(sale, pace, line=True).all()
            felt = measure(list(sale.history.exchanges))
            verdict = await sale.settle(timeout=90.0, may_hang_up=True)
            wrong = [str(breach) for breach in verdict.breaches if breach.rule != "server-error"]
            try:
                await yard.fsck(sale.event_id)
            except AssertionError as error:
                wrong.append(f"fsck: {str(error)[:300]}")
            return felt, wrong, verdict.facts["accepted"]
        finally:
            await provider.aclose()


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser("python -m tests.drills.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--pace", type=float, default=3.0, help="buyers per second")
    parser.add_argument("--database", choices=("mariadb", "mysql"), default="mariadb")
    parser.add_argument("--samples", type=Path, help="write every sample as JSON to this file")
    options = parser.parse_args(arguments)
    look(database=options.database)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    felt, wrong, orders, shows = Availability(), list[str](), 0, 0
    with temporary_folder() as folder, stack_for("yard", options.database, folder / "y") as yard:
        watch = Watch(yard)
        end = time.monotonic() + options.minutes * 60
        with watch.watching():
            while time.monotonic() < end:
                here, breaches, accepted = asyncio.run(show(yard, options.pace))
                felt, orders, shows = felt + here, orders + accepted, shows + 1
                wrong += breaches + [f"{name} ended with {code}" for name, code in yard.ended().items()]
                left = (end - time.monotonic()) / 60
                print(
                    f"show {shows}: {accepted} orders, {100 * here.share:.2f} % answered well, {len(breaches)} wrong;"
                    f" {max(0.0, left):.0f} min left",
                    file=sys.stderr,
                    flush=True,
                )
    found = trends(watch.samples)
    if options.samples:
        options.samples.write_text(json.dumps(watch.samples))
    grew = [trend.name for trend in found if trend.grew]
    print(table(found))
    print(f"\n{shows} shows, {orders:,} orders, {felt.requests:,} requests, {100 * felt.share:.3f} % answered well")
    print("\n".join(wrong) or "no promise broken")
    print(f"grew: {', '.join(grew) or 'nothing'}")
    return int(bool(wrong or grew or not found))


if __name__ == "__main__":
    raise SystemExit(main())
