"""CPU and memory of named processes, once a second, as the kernel counts them (Linux; elsewhere nothing is known)."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

BUSIEST_SECONDS = 10
_TICK = os.sysconf("SC_CLK_TCK")


def children_of(pid: int) -> list[int]:
    """Process ids of the children; none for a process that is gone."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def cpu_seconds(pid: int) -> float:
    """User and system time so far; 0 for a process that is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICK


def resident_bytes(pid: int) -> int:
    """Resident memory that is the process's own; 0 for a process that is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon:")), 0)


def busiest(shares: Sequence[float]) -> float:
    """Mean of the busiest ten of figures that were taken once a second, of all when they are fewer; 0 for none."""
    tens = [shares[i : i + BUSIEST_SECONDS] for i in range(max(1, len(shares) - BUSIEST_SECONDS + 1))]
    return max((sum(ten) / len(ten) for ten in tens if ten), default=0.0)


def give_priority(pids: Iterable[int], nice: int) -> None:
    """Let processes go before (nice below 0, as root) or behind other work; Linux shares the CPU out among sessions
    first, where it groups them, so their sessions as well. Raises PermissionError.
    """
    if not nice:
        return
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.setpriority(os.PRIO_PROCESS, pid, nice)
        with contextlib.suppress(OSError):
            Path(f"/proc/{pid}/autogroup").write_text(str(nice))


def check_priority(nice: int) -> None:
    """Whether `give_priority` may do this, tried out on this process. Raises PermissionError."""
    own = os.getpriority(os.PRIO_PROCESS, 0)
    if nice and nice < own:
        os.setpriority(os.PRIO_PROCESS, 0, nice)
        os.setpriority(os.PRIO_PROCESS, 0, own)


def groups_sessions() -> bool:
    """Whether Linux shares the CPU out among sessions before it does among their processes."""
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/sched_autogroup_enabled").read_text().strip() == "1"
    return False


@dataclass
class Meter:
    """Samples of groups of processes.

    Attributes:
        groups: name → pids. samples: name → (instant, CPU in cores since the sample before, resident bytes).
    """

    groups: dict[str, list[int]]
    samples: dict[str, list[tuple[float, float, int]]] = field(default_factory=dict)
    _last: dict[str, tuple[float, float]] = field(default_factory=dict)

    @classmethod
    def of(cls, groups: Mapping[str, Sequence[int]]) -> Meter:
        """A meter for processes; without /proc for none."""
        known = Path("/proc/self/stat").exists()
        return cls({name: list(pids) for name, pids in groups.items()} if known else {})

    def loads(self) -> dict[str, dict[str, float]]:
        """By process: CPU seconds in all and over the busiest ten seconds (in cores), memory at most (bytes)."""
        return {name: _load(samples) for name, samples in self.samples.items()}

    def sample(self, now: float) -> None:
        """Take one sample; `now` in seconds of the clock that the report counts by."""
        for name, pids in self.groups.items():
            used = sum(map(cpu_seconds, pids))
            before = self._last.get(name)
            if before is not None and now > before[0]:
                share = max(0.0, (used - before[1]) / (now - before[0]))
                memory = sum(map(resident_bytes, pids))
                self.samples.setdefault(name, []).append((now, share, memory))
            self._last[name] = (now, used)


def _load(samples: list[tuple[float, float, int]]) -> dict[str, float]:
    shares = [share for _, share, _ in samples]
    spans = [at - before for (before, _, _), (at, _, _) in itertools.pairwise(samples)]
    used = sum(share * span for share, span in zip(shares[1:], spans, strict=True)) + sum(shares[:1])
    return {
        "cpu_seconds": round(used, 2),
        "busiest_cores": round(busiest(shares), 3),
        "memory_bytes": max((memory for *_, memory in samples), default=0),
    }
