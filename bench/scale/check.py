"""The model against this machine: constants from one pair of runs, then predicted beside measured at other loads.

Calibrated with one API process: the rate at full speed, the latency on a single connection, and the CPU of everything
per request. Predicted from that alone: latencies at 20, 50 and 80 % of it, and all of it for two processes.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.openloop import Outcome
from bench.scale import queueing
from bench.shop import Shop
from tests.stack import Stack
from ticketing.catalog.arena import arena

SHARES, SECONDS = (0.2, 0.5, 0.8), 1.5


@dataclass(frozen=True)
class Calibration:
    """Of one step on one process. Seconds; `machine_cpu`: API, stores and generator together, per request."""

    rate: float
    alone: float
    machine_cpu: float

    def most(self, processes: int) -> float:
        """Requests a second: so many processes, or all cores of the machine, whichever ends first."""
        return min(processes * self.rate, (os.cpu_count() or 1) / self.machine_cpu) if processes > 1 else self.rate

    def latency(self, processes: int, rate: float, share: float) -> float:
        """Seconds: what it takes alone, and the wait of M/M/k before servers that are as fast as `most` says."""
        service = processes / self.most(processes)
        return self.alone + queueing.percentile(processes, rate, service, share) - service


@dataclass(frozen=True)
class Line:
    """Predicted beside measured; milliseconds, or requests a second."""

    processes: int
    step: str
    what: str
    predicted: float
    measured: float

    @property
    def error(self) -> float:
        """Predicted over measured, less one."""
        return self.predicted / self.measured - 1


def measure(say: Callable[[str], None]) -> list[Line]:
    """One process, then two; some half a minute of a quiet machine."""
    lines: list[Line] = []
    known: dict[str, Calibration] = {}
    for processes in (1, 2):
        with tempfile.TemporaryDirectory(prefix="tks") as folder:
            stack = Stack(Path(folder), processes=processes)
            try:
                stack.start(worker=False)
                shop = Shop(stack, arena(50_000))
                for step, send, some in (("hold", shop.holds, 3_000), ("order", shop.orders, 1_200)):
                    say(f"{processes} API process(es): {step}")
                    send(200)
                    full, cpu = send(some)
                    if processes == 1:
                        alone, _ = send(200, connections=1)
                        known[step] = Calibration(full.rate, alone.percentile(0.5) / 1000, cpu)
                    else:
                        lines.append(Line(processes, step, "most/s", known[step].most(processes), full.rate))
                    lines += _loads(processes, step, known[step], send)
                    for line in lines[-3 * len(SHARES) :]:
                        say(row(line))
            finally:
                stack.stop()
    return lines


def _loads(processes: int, step: str, known: Calibration, send: Callable[..., tuple[Outcome, float]]) -> list[Line]:
    lines = []
    for share in SHARES:
        rate = share * known.most(processes)
        outcome, _ = send(int(rate * SECONDS), rate=rate, connections=256)
        lines += [
            Line(processes, step, f"p{mark:g} ms at {share:.0%}, {rate:,.0f}/s",
                 known.latency(processes, rate, mark / 100) * 1000, outcome.percentile(mark / 100))
            for mark in (50, 99)
        ]  # fmt: skip
        late = sorted(outcome.late)[int(0.99 * len(outcome.late))] * 1000
        lines.append(
            Line(processes, step, f"answered/s at {share:.0%} (sent up to {late:.0f} ms late)", rate, outcome.rate)
        )
    return lines


def row(one: Line) -> str:
    """A line of the table."""
    return (
        f"{one.processes:>9} {one.step:6} {one.what:48}{one.predicted:>11,.1f}{one.measured:>11,.1f}{one.error:>+8.0%}"
    )


def table(lines: list[Line]) -> str:
    """For people."""
    rows = [f"{'processes':>9} {'step':6} {'what':48}{'predicted':>11}{'measured':>11}{'error':>8}"]
    rows += [row(one) for one in lines]
    return "\n".join(rows)
