"""An hour of ordinary selling, watched for what grows: `python -m tests.drills.soak [--minutes 60]`.

One show after the other is sold on one stack, each checked at its end. Memory, file descriptors and threads of every
process (balancer, CDN and stores among them) and the connections of the stores are read every five seconds. Exit code
0: everything sold as it must, nothing grew, and it was looked at all the time; 1: not; 2: the machine lacks something.
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
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from redis import Redis

from tests.drills.availability import Availability, measure
from tests.drills.drill import leaves_of, one_line, open_sale, stack_for, temporary_folder
from tests.drills.preflight import look
from tests.drills.sale import crowd_at
from tests.drills.shoppers import Shoppers
from tests.drills.yard import Yard
from ticketing.rehearsal.machine import resident_bytes

EVERY_SECONDS = 5.0
SHOW_SECONDS = 60.0
GROWTH = 0.05
"""By how much the median of the last quarter may be above that of the second one: caches are full by then."""
ENOUGH = 0.95
"""The share of the samples that were due which must be there: a watcher that stopped looking has seen nothing grow."""
SPARE = 8
"""Descriptors, threads and connections that may come on top: pools (8 connections, 6 threads a process) fill slowly."""


@dataclass
class Watch:
    """Samples by what was measured, such as `api-1 memory`.

    `read` gives one of each; `every`: seconds; `due`: how many there should be; `errors`: why some are missing.
    """

    read: Callable[[], Iterator[tuple[str, float]]]
    every: float = EVERY_SECONDS
    samples: dict[str, list[float]] = field(default_factory=dict)
    errors: Counter[str] = field(default_factory=Counter)
    due: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Samples are taken within the block."""
        thread = threading.Thread(target=self._run, daemon=True)
        began = time.monotonic()
        thread.start()
        try:
            yield
        finally:
            self.due = int((time.monotonic() - began) / self.every)
            self._stop.set()
            thread.join(30)

    def _run(self) -> None:
        due = time.monotonic()
        while True:
            due += self.every
            if self._stop.wait(max(0.0, due - time.monotonic())):
                return
            try:
                for name, value in self.read():
                    self.samples.setdefault(name, []).append(value)
            except Exception as error:  # noqa: BLE001 - a sample that fails must not be the last one
                self.errors[one_line(error)] += 1

    def gaps(self) -> list[str]:
        """What was looked at too seldom to say anything of it."""
        if not self.samples:
            return [f"nothing was measured: {self._why()}"]
        # The last sample may just have been due. What failed each time has no samples, only errors.
        taken = {name: len(values) for name, values in sorted(self.samples.items())}
        taken["all of it"] = self.due - self.errors.total()
        return [
            f"{name} was measured {count} times of {self.due}: {self._why()}"
            for name, count in taken.items()
            if count + 1 < ENOUGH * self.due
        ]

    def _why(self) -> str:
        return ", ".join(f"{count} × {what}" for what, count in self.errors.most_common(3)) or "no error"


def readings(yard: Yard) -> Iterator[tuple[str, float]]:
    """One sample of everything. Raises what the stores' clients raise, after what could be read."""
    for name, pid in pids(yard).items():
        with contextlib.suppress(OSError):  # gone in this moment; that it was to run is judged elsewhere
            yield f"{name} memory", resident_bytes(pid) / 1024**2
            yield f"{name} files", float(len(list(Path(f"/proc/{pid}/fd").iterdir())))
            yield f"{name} threads", float(len(list(Path(f"/proc/{pid}/task").iterdir())))
    for name, store in (("cache", yard.primary), ("queue", yard.queue)):
        with Redis.from_url(store.url, socket_timeout=5) as client:
            yield f"{name} connections", float(client.info("clients")["connected_clients"])
    if yard.server is not None:
        (row,) = yard.server.execute("SHOW STATUS LIKE 'Threads_connected'")
        yield "database connections", float(row[1])


def pids(yard: Yard) -> dict[str, int]:
    """Process ids of all that runs, by name."""
    stores = {"cache": yard.primary.pid, "replica": yard.spare.pid, "queue": yard.queue.pid}
    if yard.server is not None:
        stores["database"] = yard.server.pid
    found = {name: child.pid for name, child in yard.children.items()} | yard.front.pids()
    return found | {name: pid for name, pid in stores.items() if pid is not None}


@dataclass(frozen=True)
class Trend:
    """Medians of the second and of the last quarter, what the worst sample was, and the slope from the second quarter
    on, per hour (of memory, else None)."""

    name: str
    early: float
    late: float
    most: float
    hourly: float | None = None

    @property
    def grew(self) -> bool:
        """Whether this is more than caches and pools explain."""
        if self.name.endswith("memory"):
            return self.late > self.early * (1 + GROWTH) + 1.0
        return self.late > self.early + SPARE


def trends(samples: dict[str, list[float]], every: float = EVERY_SECONDS) -> list[Trend]:
    """Of everything that was sampled often enough."""
    found = []
    for name, values in sorted(samples.items()):
        quarter = len(values) // 4
        if quarter:
            early, late = values[quarter : 2 * quarter], values[-quarter:]
            hourly = slope(values[quarter:], every) if name.endswith("memory") else None
            found.append(Trend(name, statistics.median(early), statistics.median(late), max(values), hourly))
    return found


def slope(values: Sequence[float], every: float) -> float | None:
    """By how much they grow in an hour, by least squares; None of fewer than two."""
    if len(values) < 2:
        return None
    line = statistics.linear_regression(range(len(values)), values)
    return line.slope * 3600 / every


def table(found: Sequence[Trend]) -> str:
    """As Markdown: every process, every store."""
    lines = ["| what | second quarter | last quarter | most | an hour | |", "|---|---|---|---|---|---|"]
    for trend in found:
        hourly = "" if trend.hourly is None else f"{trend.hourly:+.1f}"
        cells = (trend.name, f"{trend.early:.1f}", f"{trend.late:.1f}", f"{trend.most:.1f}", hourly)
        lines.append(f"| {' | '.join(cells)} | {'GREW' if trend.grew else ''} |")
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


@dataclass
class Soak:
    """What was sold until now. `wrong`: broken promises, and shows that did not come to their end."""

    pace: float
    felt: Availability = field(default_factory=Availability)
    wrong: list[str] = field(default_factory=list)
    orders: int = 0
    shows: int = 0

    def sell(self, yard: Yard, end: float) -> None:
        """One show after the other until `end` (monotonic). One that breaks is put down, and the next one begins."""
        while time.monotonic() < end:
            self.shows += 1
            felt, wrong, orders = Availability(), list[str](), 0
            try:
                felt, wrong, orders = asyncio.run(show(yard, self.pace))
            except Exception as error:  # noqa: BLE001 - half an hour of samples must not be lost with it
                leaves = [error] if not isinstance(error, ExceptionGroup) else list(leaves_of(error))
                wrong = [f"show {self.shows}: {one_line(leaf)}" for leaf in leaves[:5]]
                time.sleep(1.0)  # not again and again, should each fail at once
            wrong += [f"show {self.shows}: {name} ended with {code}" for name, code in yard.ended().items()]
            self.felt, self.orders = self.felt + felt, self.orders + orders
            self.wrong += wrong
            left = max(0.0, (end - time.monotonic()) / 60)
            print(
                f"show {self.shows}: {orders} orders, {100 * felt.share:.2f} % answered well, {len(wrong)} wrong;"
                f" {left:.0f} min left",
                file=sys.stderr,
                flush=True,
            )

    def summary(self) -> str:
        """In words."""
        sold = f"{self.shows} shows, {self.orders:,} orders, {self.felt.requests:,} requests"
        return "\n".join([
            f"\n{sold}, {100 * self.felt.share:.3f} % answered well", *(self.wrong or ["no promise broken"])
        ])  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser("python -m tests.drills.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--pace", type=float, default=3.0, help="buyers per second")
    parser.add_argument("--database", choices=("mariadb", "mysql"), default="mariadb")
    parser.add_argument("--samples", type=Path, help="write every sample as JSON to this file")
    options = parser.parse_args(arguments)
    look(database=options.database)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the stack is stopped, and the table printed
    soak = Soak(options.pace)
    watch = Watch(lambda: iter(()))
    try:
        with temporary_folder() as folder, stack_for("yard", options.database, folder / "y") as yard:
            watch.read = lambda: readings(yard)
            with watch.watching():
                soak.sell(yard, time.monotonic() + options.minutes * 60)
    except KeyboardInterrupt:
        soak.wrong.append("interrupted")
    except Exception as error:  # noqa: BLE001 - what was seen until now is shown all the same
        soak.wrong.append(f"the stack: {one_line(error)}")
    found = trends(watch.samples)
    if options.samples:
        options.samples.write_text(json.dumps(watch.samples))
    grew = [trend.name for trend in found if trend.grew]
    print(table(found))
    print(soak.summary())
    print(f"grew: {', '.join(grew) or 'nothing'}")
    gaps = watch.gaps()
    print("\n".join(gaps) or f"looked at {watch.due} times")
    return int(bool(soak.wrong or grew or gaps or not found))


if __name__ == "__main__":
    raise SystemExit(main())
