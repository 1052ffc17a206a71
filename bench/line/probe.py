"""What the kernel knows: memory of processes and sockets, CPU, descriptors, load."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from bench.load import cpu_seconds
from tests.stack import Stack
from ticketing.rehearsal.machine import children_of, give_priority

_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Priority:
    """What `--nice` asked for: below 0, other work on the machine counts for less."""

    nice: int = 0

    def give(self, pids: list[int]) -> None:
        """Raise processes, and their sessions."""
        give_priority(pids, self.nice)

    def give_stack(self, stack: Stack) -> None:
        """Raise everything that a stack has started."""
        children = [child.pid for child in stack.children.values()]
        stores = [pid for pid in (stack.cache.pid, stack.queue.pid) if pid]
        self.give(children + [pid for child in children for pid in children_of(child)] + stores)


PRIORITY = Priority()


def load_average() -> float:
    """Of the last minute."""
    return os.getloadavg()[0]


def resident(pids: list[int]) -> int:
    """Resident bytes that are the processes' own (file pages left out)."""
    total = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                total += int(line.split()[1]) * 1024
    return total


def connections_of(pids: list[int]) -> list[int]:
    """Open descriptors of each."""
    return [sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir()) for pid in pids]


@dataclass(frozen=True)
class Kernel:
    """Kernel memory in bytes: all slabs, and pages that hold data in TCP sockets."""

    slab: int
    tcp: int

    @classmethod
    def now(cls) -> Kernel:
        """Read it."""
        slab = next(line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("Slab:"))
        tcp = next(line for line in Path("/proc/net/sockstat").read_text().splitlines() if line.startswith("TCP:"))
        fields = tcp.split()
        return cls(int(slab.split()[1]) * 1024, int(fields[fields.index("mem") + 1]) * _PAGE)


class Meter:
    """CPU shares of named groups of processes since the last reading."""

    def __init__(self, groups: dict[str, list[int]]) -> None:
        self.groups = groups
        self._last = {name: cpu_seconds(pids) for name, pids in groups.items()}

    def read(self) -> dict[str, float]:
        """CPU seconds of each group since the last reading."""
        now = {name: cpu_seconds(pids) for name, pids in self.groups.items()}
        used = {name: now[name] - self._last[name] for name in now}
        self._last = now
        return used
