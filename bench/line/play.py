"""Run crowds in processes of their own, and put their reports together."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bench.line.crowd import Plan
from bench.load import cpu_seconds
from ticketing.rehearsal.histogram import Histogram
from ticketing.rehearsal.loop import raise_descriptor_limit
from ticketing.rehearsal.overtaking import Claim

SPARE_DESCRIPTORS = 2_000
"""Of a process's limit, for what is no connection, and for uneven shares."""


@dataclass
class Played:
    """What all crowds of a run saw together. `late`: how late the generator itself was; `busiest`: its busiest
    process's share of a core in its busiest second; `own_cpu`: seconds.
    """

    latencies: dict[str, Histogram] = field(default_factory=dict)
    late: Histogram = field(default_factory=Histogram)
    errors: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    claims: list[Claim] = field(default_factory=list)
    indexes: list[int] = field(default_factory=list)
    received: int = 0
    answers: int = 0
    busiest: float = 0.0
    own_cpu: float = 0.0
    processes: int = 0

    def add(self, report: dict[str, Any]) -> None:
        """One process's report."""
        for kind, document in report["latencies"].items():
            self.latencies.setdefault(kind, Histogram()).merge(Histogram.of(document))
        self.late.merge(Histogram.of(report["late"]))
        self.errors.update(report["errors"])
        self.outcomes.update(report["outcomes"])
        self.claims += [Claim(*claim) for claim in report["claims"]]
        self.indexes += report["indexes"]
        self.received += report["received"]
        self.answers += report["answers"]
        self.busiest = max(self.busiest, report["busiest"])
        self.processes += 1

    def kind(self, prefix: str) -> Histogram:
        """All latencies whose kind begins with this."""
        made = Histogram()
        for kind, histogram in self.latencies.items():
            if kind.startswith(prefix):
                made.merge(histogram)
        return made


def processes_for(connections: int) -> int:
    """How many processes can hold so many connections under this machine's limit of descriptors."""
    room = raise_descriptor_limit() - SPARE_DESCRIPTORS
    return -(-connections // room)


def play(plan: Plan, environ: dict[str, str], meanwhile: Callable[[list[int]], None]) -> Played:
    """Play a plan in as many processes as it needs. `meanwhile` gets their pids and returns before they end."""
    count = processes_for(plan.of)
    played = Played()
    with contextlib.ExitStack() as exits:
        running = [exits.enter_context(_crowd(replace(plan, first=n, stride=count), environ)) for n in range(count)]
        pids = [process.pid for process, _ in running]
        meanwhile(pids)
        while time.monotonic() < plan.end - 0.2:
            time.sleep(0.05)
        played.own_cpu = cpu_seconds([pid for pid in pids if Path(f"/proc/{pid}").exists()])
        for process, output in running:
            if process.wait(60) != 0:
                raise RuntimeError(f"a crowd ended with {process.returncode}")
            output.seek(0)
            played.add(json.load(output))
    return played


@contextlib.contextmanager
def _crowd(plan: Plan, environ: dict[str, str]) -> Iterator[tuple[subprocess.Popen[bytes], Any]]:
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.line.crowd"], stdin=subprocess.PIPE, stdout=output, env=os.environ | environ
        )
        try:
            assert process.stdin is not None
            process.stdin.write(plan.encode().encode() + b"\n")
            process.stdin.close()
            yield process, output
        finally:
            if process.poll() is None:
                process.kill()
                process.wait(10)
