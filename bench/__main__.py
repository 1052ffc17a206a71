"""python -m bench [--rounds N] [--scale F] [requests] [fulfil]: print the tables of docs/performance.md."""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import sys

from bench import fulfil_table, requests_table


def main() -> int:
    """Run what was asked for; 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("tables", nargs="*", metavar="TABLE", help="requests, fulfil (default: all)")
    parser.add_argument("--rounds", type=int, default=5, help="interleaved runs; the medians are shown")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the usual number of requests")
    given = parser.parse_args()
    unknown = set(given.tables) - {"requests", "fulfil"}
    if unknown:
        parser.error(f"no such table: {', '.join(sorted(unknown))}")
    tables = given.tables or ["requests", "fulfil"]
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; medians of {given.rounds}"
    )
    missed = False
    if "requests" in tables:
        missed |= _requests(given.rounds, given.scale)
    if "fulfil" in tables:
        missed |= _fulfil(given.rounds, given.scale)
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
