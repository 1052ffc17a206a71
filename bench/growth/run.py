"""`python -m bench growth`: the tables, or some of them (growth:seats, :people, :processes, :orders)."""

from __future__ import annotations

import sys

from bench.growth.measure import Cell, by_orders, by_processes, by_seats
from bench.line import waiters
from ticketing.rehearsal.loop import raise_descriptor_limit

PARTS = ("seats", "people", "processes", "orders")
PEOPLE = (100, 1_000, 10_000)
ORDERS = (0, 100_000, 1_000_000)
_MIB = 1024 * 1024


def run(parts: set[str], rounds: int, scale: float, databases: tuple[str, ...]) -> None:
    """Print the tables. There is no target here: growth is what is shown."""
    if "seats" in parts:
        _seats(rounds, scale)
    if "people" in parts:
        _people(databases)
    if "processes" in parts:
        _processes(rounds, scale)
    if "orders" in parts:
        _orders(rounds, scale)


def _say(what: str) -> None:
    print(f"  … {what}", file=sys.stderr, flush=True)


def _cells(*cells: Cell) -> str:
    return "".join(f"{cell.rate:>9,.0f}{cell.cpu_us:>8.0f}{cell.p99:>8.1f}" for cell in cells)


def _head(first: str, *steps: str) -> str:
    return f"{first:>10}" + "".join(f"{step + ': /s':>9}{'CPU µs':>8}{'p99 ms':>8}" for step in steps)


def _seats(rounds: int, scale: float) -> None:
    print(f"\n{_head('seats', 'map', 'hold')}{'map bytes':>11}{'rebuild ms':>12}")
    for row in by_seats(rounds, scale, _say):
        print(
            f"{row.seats:>10,}{_cells(row.availability, row.hold)}{row.availability_bytes:>11,}{row.rebuild:>12.0f}",
            flush=True,
        )


def _people(databases: tuple[str, ...]) -> None:
    raise_descriptor_limit()
    for database in databases:
        print(f"\nin line ({database}): p50 / p99 ms")
        print(f"{'people':>10}{'join':>16}{'status':>16}{'claim':>16}{'API cores':>11}{'KB a link':>11}{'errors':>8}")
        for people in PEOPLE:
            _say(f"{people:,} people in line, {database}")
            waited = waiters.run(people, database)
            shown = "".join(f"{_both(waited, kind):>16}" for kind in ("join", "status", "claim"))
            print(
                f"{people:>10,}{shown}{waited.cpu['api']:>11.2f}{waited.per_connection / 1024:>11.1f}"
                f"{sum(waited.played.errors.values()):>8}",
                flush=True,
            )


def _both(waited: waiters.Waited, kind: str) -> str:
    seen = waited.played.kind(kind)
    return f"{seen.percentile(0.5):.1f} / {seen.percentile(0.99):.1f}"


def _processes(rounds: int, scale: float) -> None:
    print(f"\n{_head('processes', 'map', 'hold', 'order')}")
    memory = {}
    for row in by_processes(rounds, scale, _say):
        print(f"{row.processes:>10}{_cells(row.availability, row.hold, row.order)}", flush=True)
        memory = row.memory
    print("memory at rest: " + ", ".join(f"{name} {size / _MIB:.0f} MiB" for name, size in memory.items()))


def _orders(rounds: int, scale: float) -> None:
    print(
        f"\n{_head('orders', 'page', 'mine', 'hold', 'order')}{'worker ms':>11}{'done/s':>8}{'states ms':>11}{'GiB':>6}"
    )
    for row in by_orders(ORDERS, rounds, scale, _say):
        print(
            f"{row.orders:>10,}{_cells(row.page, row.mine, row.hold, row.intake)}{row.worker_cpu_ms:>11.1f}"
            f"{row.fulfilled:>8.0f}{row.states_ms:>11.1f}{row.size / 1024**3:>6.2f}",
            flush=True,
        )
