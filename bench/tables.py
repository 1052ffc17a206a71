"""The tables of docs/performance.md: their names, how long each takes, what it needs, and how it is printed."""

from __future__ import annotations

import argparse
import asyncio
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench import fulfil_table, requests_table
from bench.growth import run as growth
from bench.line import cdn
from bench.line import run as line
from tests.servers import mariadb

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Table:
    """`minutes`: about so many, at the usual number of requests and rounds; `command`: that it is printed by alone.

    `show` prints it and says whether a target was missed. `nginx`, `databases`: whether it needs nginx, and takes
    --database.
    """

    name: str
    minutes: float
    show: Callable[[argparse.Namespace], bool]
    nginx: bool = False
    databases: bool = False

    def lacks(self, database: str) -> str:
        """What this machine does not have of what it needs; empty: nothing."""
        if self.nginx and not cdn.available():
            return "nginx (Debian: apt-get install nginx)"
        if self.databases and database != "sqlite" and not mariadb.available():
            return f"MariaDB for --database {database} (Debian: apt-get install mariadb-server)"
        return ""


def _requests(given: argparse.Namespace) -> bool:
    print(f"\n{'route':44}{'req/s':>9}{'CPU µs':>9}{'p50 ms':>9}{'p99 ms':>9}{'ratio':>8}{'generator':>11}")
    rows = asyncio.run(requests_table.measure(given.rounds, given.scale))
    for row in rows:
        ratio = f"{row.ratio:.2f}" if row.ratio else ""
        print(
            f"{row.name:44}{row.rate:>9,.0f}{row.cpu_us:>9.1f}{row.p50:>9.2f}{row.p99:>9.2f}{ratio:>8}"
            f"{row.own_share:>10.0%}"
        )
    hold = next(row.ratio for row in rows if row.name == "hold")
    print(f"target: hold within 2.50 of its bare limit: {hold:.2f}")
    return bool(hold and hold > 2.5)


def _fulfil(given: argparse.Namespace) -> bool:
    rows = asyncio.run(fulfil_table.measure(given.rounds, given.scale))
    print(f"\n{'fulfilment, 2 seats an order':32}{'orders/s':>10}{'bare insert/s':>15}{'ratio':>8}")
    for row in rows:
        print(f"{row.database:32}{row.ours:>10,.0f}{row.bare:>15,.0f}{row.ratio:>8.2f}")
    if not mariadb.available():
        print("MariaDB is not installed: no row of it")
    print("target: at least 0.50 of a bare batched insert of the same rows")
    return any(row.ratio < 0.5 for row in rows)


def _line(part: str, given: argparse.Namespace) -> bool:
    return line.run({part}, given.rounds, given.scale, line.databases_of(given.database))


def _growth(part: str, given: argparse.Namespace) -> bool:
    growth.run({part}, given.rounds, given.scale, line.databases_of(given.database))
    return False


def _pytest(file: str, _: argparse.Namespace) -> bool:
    """Figures that a test prints as it checks them; whether it failed."""
    print(f"\n$ python -m pytest {file} -s", flush=True)
    command = [sys.executable, "-m", "pytest", file, "-s", "-q", "-p", "no:cacheprovider"]
    # In a session of its own: an interrupt from the keyboard reaches it once, from here, and it takes its stacks down.
    with subprocess.Popen(command, cwd=ROOT, start_new_session=True) as child:
        try:
            return child.wait() != 0
        except BaseException:
            child.send_signal(signal.SIGINT)
            child.wait(120)
            raise


def _pages(_: argparse.Namespace) -> bool:
    print("\nweb pages, compressed JavaScript: `make web` builds them and prints their sizes (it needs Node.js)")
    return False


TABLES = (
    Table("pages", 0, _pages),
    Table("imports", 0.5, partial(_pytest, "tests/rooms/catalog/test_import_speed.py")),
    Table("fulfil", 1, _fulfil),
    Table("races", 2, partial(_pytest, "tests/drills/test_races.py")),
    Table("fsck", 2, partial(_pytest, "tests/rooms/admin/test_fsck_large.py")),
    Table("growth:seats", 2, partial(_growth, "seats")),
    Table("growth:processes", 2, partial(_growth, "processes")),
    Table("line:slots", 3, partial(_line, "slots")),
    Table("line:cdn", 3, partial(_line, "cdn"), nginx=True),
    Table("requests", 4, _requests),
    Table("line:costs", 4, partial(_line, "costs"), databases=True),
    Table("growth:people", 5, partial(_growth, "people"), databases=True),
    Table("line:waiters", 7, partial(_line, "waiters"), databases=True),
    Table("growth:orders", 10, partial(_growth, "orders")),
)
"""The quick ones first, so that an interrupted run has the most to show."""

GROUPS = {
    "line": [table.name for table in TABLES if table.name.startswith("line:")],
    "growth": [table.name for table in TABLES if table.name.startswith("growth:")],
    "other": ["pages", "imports", "fsck"],
}


def chosen(names: Iterable[str]) -> list[Table]:
    """The tables of these names and groups, all for none. Raises KeyError, with those that do not exist."""
    wanted = {each for name in names for each in GROUPS.get(name, [name])}
    if unknown := wanted - {table.name for table in TABLES}:
        raise KeyError(", ".join(sorted(unknown)))
    return [table for table in TABLES if not wanted or table.name in wanted]
