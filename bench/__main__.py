"""python -m bench [requests] [fulfil] [line] [growth]: print the tables of docs/performance.md.

`line` and `growth` take a quarter of an hour each and run only when they are named; `line:waiters`, `line:slots`,
`line:cdn` and `line:costs`, `growth:seats`, `growth:people`, `growth:processes` and `growth:orders` are parts of them.
Named first, `scale`, `scale:check`
and `capacity` (docs/scale.md) take their own --help.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import sys

from bench import fulfil_table, requests_table
from bench.growth import run as growth
from bench.line import run as line
from bench.line.probe import PRIORITY
from bench.scale import command as scale


def main() -> int:
    """Run what was asked for; 1 when a target is missed."""
    if sys.argv[1:] and sys.argv[1] in scale.NAMES:
        return scale.main(sys.argv[1], sys.argv[2:])
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("tables", nargs="*", metavar="TABLE", help="requests, fulfil (default: these); line, growth")
    parser.add_argument("--rounds", type=int, default=5, help="interleaved runs; the medians are shown")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the usual number of requests")
    parser.add_argument(
        "--database", choices=("sqlite", "mariadb", "both"), default="sqlite", help="below the line (default: sqlite)"
    )
    parser.add_argument(
        "--nice", type=int, default=0, help="run at this priority: below 0, other work on the machine counts for less"
    )
    given = parser.parse_args()
    parts = {f"line:{part}": part for part in line.PARTS}
    growths = {f"growth:{part}": part for part in growth.PARTS}
    unknown = set(given.tables) - {"requests", "fulfil", "line", "growth", *parts, *growths}
    if unknown:
        parser.error(f"no such table: {', '.join(sorted(unknown))}")
    tables = given.tables or ["requests", "fulfil"]
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; medians of {given.rounds}"
    )
    PRIORITY.nice = given.nice
    PRIORITY.give([os.getpid()])
    missed = False
    if "requests" in tables:
        missed |= _requests(given.rounds, given.scale)
    if "fulfil" in tables:
        missed |= _fulfil(given.rounds, given.scale)
    wanted = set(line.PARTS) if "line" in tables else {parts[name] for name in tables if name in parts}
    if wanted:
        missed |= line.run(wanted, given.rounds, given.scale, line.databases_of(given.database))
    grown = set(growth.PARTS) if "growth" in tables else {growths[name] for name in tables if name in growths}
    if grown:
        growth.run(grown, given.rounds, given.scale, line.databases_of(given.database))
    return int(missed)


def _requests(rounds: int, scale: float) -> bool:
    print(f"\n{'route':44}{'req/s':>9}{'CPU µs':>9}{'p50 ms':>9}{'p99 ms':>9}{'ratio':>8}{'generator':>11}")
    rows = asyncio.run(requests_table.measure(rounds, scale))
    for row in rows:
        ratio = f"{row.ratio:.2f}" if row.ratio else ""
        print(
            f"{row.name:44}{row.rate:>9,.0f}{row.cpu_us:>9.1f}{row.p50:>9.2f}{row.p99:>9.2f}{ratio:>8}"
            f"{row.own_share:>10.0%}"
        )
    hold = next(row.ratio for row in rows if row.name == "hold")
    print(f"target: hold within 2.50 of its bare limit: {hold:.2f}")
    return bool(hold and hold > 2.5)


def _fulfil(rounds: int, scale: float) -> bool:
    rows = asyncio.run(fulfil_table.measure(rounds, scale))
    print(f"\n{'fulfilment, 2 seats an order':32}{'orders/s':>10}{'bare insert/s':>15}{'ratio':>8}")
    for row in rows:
        print(f"{row.database:32}{row.ours:>10,.0f}{row.bare:>15,.0f}{row.ratio:>8.2f}")
    print("target: at least 0.50 of a bare batched insert of the same rows")
    return any(row.ratio < 0.5 for row in rows)


if __name__ == "__main__":
    sys.exit(main())
