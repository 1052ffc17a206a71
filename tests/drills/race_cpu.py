"""CPU seconds of the processes of a stack, from /proc; empty where there is none (macOS)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from tests.stack import Stack

_TICKS = os.sysconf("SC_CLK_TCK")


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children")
    try:
        below = [int(child) for child in children.read_text().split()]
    except OSError:
        return [pid]
    return [pid, *(descendant for child in below for descendant in _family(child))]


def _seconds(pid: int) -> float:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0.0
    # After the name in brackets, which may hold blanks: state is field 3, user and system time are 14 and 15.
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def cpu_seconds(stack: Stack, **others: int | None) -> dict[str, float]:
    """Name → user and system seconds so far: of each process with its children, of each API process, of this one."""
    if not Path("/proc/self/stat").exists():
        return {}
    pids: dict[str, int | None] = {name: child.pid for name, child in stack.children.items()}
    for number, child in enumerate(_family(stack.children["api"].pid)[1:] if "api" in stack.children else (), 1):
        pids[f"api {number}"] = child
    pids |= {"valkey": stack.cache.pid, "queue": stack.queue.pid, **others}
    used = {name: sum(map(_seconds, _family(pid))) for name, pid in pids.items() if pid is not None}
    return used | {"buyers": _seconds(os.getpid())}


def spent(before: Mapping[str, float], after: Mapping[str, float]) -> str:
    """The difference in words."""
    return ", ".join(f"{name} {after[name] - before[name]:.1f}" for name in after if name in before)
