"""Whether this machine has what the drills need, looked at before anything starts."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator

from tests.drills.faults import LIBFAKETIME
from tests.drills.front import missing
from tests.servers import mariadb, mysql

_SERVERS = {
    "mariadb": (mariadb.available, "apt-get install mariadb-server, or --database mysql"),
    "mysql": (mysql.available, "scripts/get-mysql.sh fetches it, or --database mariadb"),
}


def lacking(*, database: str | None, clocks: Collection[str] = (), disks: Collection[str] = ()) -> list[str]:
    """What is not there, each with how to get it.

    Args:
        database: the server that the stack runs on, "mariadb" or "mysql"; None for stacks on SQLite only.
        clocks, disks: names of the drills that put a clock wrong, that fill up a disk.
    """
    return [*_programs(database), *_for_single_drills(clocks, disks)]


def _programs(database: str | None) -> Iterator[str]:
    for name in missing():
        yield f"{name} is not installed: apt-get install {name}"
    if database is not None:
        available, how = _SERVERS[database]
        if not available():
            yield f"{database}'s server is not installed: {how}"


def _for_single_drills(clocks: Collection[str], disks: Collection[str]) -> Iterator[str]:
    if clocks and LIBFAKETIME is None:
        yield f"{_names(clocks)}: libfaketime is not installed: apt-get install faketime"
    if disks and (why := _no_mount()):
        yield f"{_names(disks)}: cannot mount a small file system ({why}): run as root on Linux, or leave them out"


def _names(names: Collection[str]) -> str:
    return ", ".join(names)


def _no_mount() -> str:
    """Why no small file system can be mounted, "" if one can. A root in a container may lack the right: it is tried."""
    with tempfile.TemporaryDirectory(prefix="tkd") as folder:
        try:
            done = subprocess.run(
                ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True, text=True, check=False
            )
        except FileNotFoundError:
            return "there is no mount command"
        if done.returncode:
            return done.stderr.strip() or f"mount ended with {done.returncode}"
        subprocess.run(["umount", "-l", folder], check=True)
    return ""


def look(*, database: str | None, clocks: Collection[str] = (), disks: Collection[str] = ()) -> None:
    """Go on when all is there; else say what is missing and how to get it. Raises SystemExit with code 2."""
    found = lacking(database=database, clocks=clocks, disks=disks)
    if found:
        print("\n".join(["nothing was started:", *found]), file=sys.stderr)
        raise SystemExit(2)
