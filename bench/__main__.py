"""python -m bench [TABLE …]: print the tables of docs/performance.md, all of them or those that are named.

All of them take the better part of an hour; the quick ones come first, and what is printed stays when the rest is
interrupted. `line`, `growth` and `other` stand for several. Named first, `scale`, `scale:check` and `capacity`
(docs/scale.md) take their own --help.
"""

from __future__ import annotations

import argparse
import io
import os
import platform
import signal
import sys

from bench.arguments import number, whole
from bench.line.probe import PRIORITY
from bench.scale import command as scale
from bench.tables import GROUPS, TABLES, Table, chosen


def main() -> int:
    """Run what was asked for; 1 when a target is missed, 2 when something could not be measured."""
    if sys.argv[1:] and sys.argv[1] in scale.NAMES:
        return scale.main(sys.argv[1], sys.argv[2:])
    names = ", ".join([*(table.name for table in TABLES), *GROUPS])
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("tables", nargs="*", metavar="TABLE", help=f"{names}; default: all")
    parser.add_argument("--rounds", type=whole(1, 100), default=5, help="interleaved runs; the medians are shown")
    parser.add_argument("--scale", type=number(0.01, 100), default=1.0, help="share of the usual number of requests")
    parser.add_argument(
        "--database", choices=("sqlite", "mariadb", "both"), default="sqlite", help="below the line (default: sqlite)"
    )
    parser.add_argument(
        "--nice", type=whole(-20, 19), default=0,
        help="run at this priority: below 0, as root, other work on the machine counts for less",
    )  # fmt: skip
    given = parser.parse_args()
    try:
        tables = chosen(given.tables)
    except KeyError as error:
        parser.error(f"no such table: {error.args[0]}; there are {names}")
    lacking = {table.name: lacks for table in tables if (lacks := table.lacks(given.database))}
    # What was asked for by its name must not be left out in silence, nor after an hour of other tables.
    if refused := [f"{name} needs {lacks}" for name, lacks in lacking.items() if name in given.tables]:
        parser.error("; ".join(refused))
    if lacking and given.database != "sqlite" and any("--database" in lacks for lacks in lacking.values()):
        parser.error(next(iter(lacks for lacks in lacking.values() if "--database" in lacks)) + " is not installed")
    return _print(tables, lacking, given)


def _print(tables: list[Table], lacking: dict[str, str], given: argparse.Namespace) -> int:
    # Stopped half-way, what was started must still be taken down; and what was printed must be in the file by then.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)
    for name, lacks in lacking.items():
        _say(f"left out: {name}, which needs {lacks}")
    todo = [table for table in tables if table.name not in lacking]
    minutes = sum(table.minutes * (2 if table.databases and given.database == "both" else 1) for table in todo)
    _say(f"{len(todo)} tables: about {minutes:.0f} minutes with --rounds 5 --scale 1 on an idle machine")
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; medians of {given.rounds}"
    )
    PRIORITY.nice = given.nice
    try:
        PRIORITY.give([os.getpid()])
    except PermissionError:
        _say(f"--nice {given.nice} needs root")
        return 2
    missed = []
    for n, table in enumerate(todo, 1):
        _say(f"{n} of {len(todo)}: {table.name}, about {table.minutes:g} min")
        try:
            if table.show(given):
                missed.append(table.name)
        except KeyboardInterrupt:
            _say(f"interrupted in {table.name}; left: {', '.join(other.name for other in todo[n - 1 :])}")
            return 130
    if missed:
        _say(f"missed: {', '.join(missed)}")
    return 2 if lacking else int(bool(missed))


def _say(text: str) -> None:
    print(f"… {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
