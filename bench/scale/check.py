"""The model against this machine: constants from one pair of runs, then predicted beside measured at other loads.

Calibrated with one API process: the rate at full speed, the latency on a single connection, and the CPU of everything
per request. Predicted from that alone: latencies at 20, 50 and 80 % of it, and all of it for two processes.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.line.crowd import session_token
from bench.load import cpu_seconds, request
from bench.scale import queueing
from bench.scale.openloop import Outcome, run
from tests.stack import Stack
from ticketing.base.tokens import Signer
from ticketing.catalog.arena import arena

PEOPLE, SHARES, SECONDS = 4_000, (0.2, 0.5, 0.8), 1.5


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


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


class _Machine:
    """A real stack, seats that nobody has, and the holds that can be ordered."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.event = stack.add_event(arena(50_000), max_per_person=10)
        self.free = [seat for one in arena(50_000).sections if not one.grade for seat in one.seat_ids()]
        random.Random(7).shuffle(self.free)
        keys = stack.settings.signing_keys
        signer, now = Signer(keys, next(iter(keys))), time.time_ns() // 1_000_000
        self.people = [{"Authorization": f"Bearer {session_token(signer, n, now)}"} for n in range(PEOPLE)]
        self.used = 0
        self.held: list[tuple[dict[str, str], str]] = []
        api = stack.children["api"].pid
        self.pids = [api, *_children(api), stack.cache.pid or 0, stack.queue.pid or 0]

    def holds(self, count: int, **how: float | int) -> tuple[Outcome, float]:
        owners, requests = [], []
        for _ in range(count):
            owners.append(self.people[self.used % PEOPLE])
            body = json.dumps({"seats": [self.free[self.used]]}).encode()
            requests.append(request("POST", f"/api/events/{self.event.id}/holds", owners[-1], body))
            self.used += 1
        outcome, cpu = self.go(requests, 201, **how)
        self.held += [(owners[n], json.loads(body)["token"]) for n, body in outcome.bodies.items()]
        return outcome, cpu

    def orders(self, count: int, **how: float | int) -> tuple[Outcome, float]:
        requests = []
        for _ in range(min(count, len(self.held))):
            owner, token = self.held.pop()
            body = json.dumps({"hold_token": token, "payment": {"method": "card", "token": "tok_ok"}}).encode()
            headers = owner | {"Idempotency-Key": f"scale-{len(self.held):08d}-{self.used}"}
            requests.append(request("POST", "/api/orders", headers, body))
        return self.go(requests, 202, **how)

    def go(self, requests: list[bytes], expected: int, **how: float | int) -> tuple[Outcome, float]:
        """One run; also the CPU seconds that everything took per request."""
        before, own = cpu_seconds(self.pids), time.process_time()
        outcome = asyncio.run(run(self.stack.port, requests, **how))  # type: ignore[arg-type]
        used = cpu_seconds(self.pids) - before + time.process_time() - own
        if wrong := {status: n for status, n in outcome.statuses.items() if status != expected}:
            raise RuntimeError(f"unexpected answers {wrong}: {next(iter(outcome.bodies.values()))[:200]!r}")
        return outcome, used / len(requests)


def measure(say: Callable[[str], None]) -> list[Line]:
    """One process, then two; some half a minute of a quiet machine."""
    lines: list[Line] = []
    known: dict[str, Calibration] = {}
    for processes in (1, 2):
        with tempfile.TemporaryDirectory(prefix="tks") as folder:
            stack = Stack(Path(folder), processes=processes)
            try:
                stack.start(worker=False)
                machine = _Machine(stack)
                for step, send, some in (("hold", machine.holds, 3_000), ("order", machine.orders, 1_200)):
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
