"""Run a rehearsal: start the generator processes, hear how it goes, put what they saw together."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from ticketing.rehearsal.histogram import Histogram
from ticketing.rehearsal.loop import raise_descriptor_limit
from ticketing.rehearsal.machine import Meter, busiest, give_priority
from ticketing.rehearsal.plan import Plan
from ticketing.rehearsal.record import Record

_SPARE = 500
_GRACE_SECONDS = 60.0


class GeneratorFailed(Exception):
    """A generator process ended without its report; the message is the end of what it said."""


@dataclass
class Progress:
    """How it goes, over all generator processes. `at` is in seconds after T-0."""

    at: float = 0.0
    stages: Counter[str] = field(default_factory=Counter)
    answers: int = 0
    failed: int = 0
    free: int | None = None
    sold: int = 0
    serving: int = 0
    late_ms: float = 0.0
    cpu: float = 0.0
    connections: int = 0


@dataclass
class Played:
    """What came of it.

    Attributes:
        record: what all fans saw together. unfinished: journeys that were cut off at the end.
        late: how late the generators sent. load: each generator's CPU, second by second.
        seconds: from the first arrival to the end. cores: of this machine. meter: of the processes, as far as known.
    """

    plan: Plan
    record: Record
    unfinished: int = 0
    late: Histogram = field(default_factory=Histogram)
    load: list[list[tuple[float, float]]] = field(default_factory=list)
    seconds: float = 0.0
    cores: int = field(default_factory=lambda: os.cpu_count() or 1)
    meter: Meter = field(default_factory=lambda: Meter({}))

    @property
    def busiest(self) -> float:
        """CPU share of the busiest generator in its busiest ten seconds."""
        return max((busiest([share for _, share in shares]) for shares in self.load), default=0.0)

    @property
    def busiest_together(self) -> float:
        """Cores that all generators used together in their busiest ten seconds."""
        used: dict[int, float] = {}
        for shares in self.load:
            for at, share in _by_second(shares).items():
                used[at] = used.get(at, 0.0) + share
        return busiest([used[at] for at in sorted(used)])


def _by_second(shares: list[tuple[float, float]]) -> dict[int, float]:
    """One figure for each second. Samples are a second apart or more: one counts for all the time since the last."""
    made: dict[int, float] = {}
    following: int | None = None
    for at, share in shares:
        second = int(at // 1)
        made |= dict.fromkeys(range(second if following is None else following, second + 1), share)
        following = second + 1
    return made


def generators_for(fans: int) -> int:
    """How many processes can hold so many connections under this machine's limit of open files."""
    return max(1, -(-int(fans * 1.1) // (raise_descriptor_limit() - _SPARE)))


def conduct(
    plan: Plan,
    seat_plan: bytes,
    count: int,
    meter: Meter,
    tell: Callable[[Progress], None] = lambda _: None,
    nice: int = 0,
    stop: threading.Event | None = None,
) -> Played:
    """Play a plan in `count` processes.

    Args:
        seat_plan: the event's plan document.
        meter: is told of the generators, and read once a second.
        tell: is told how it goes, about once a second.
        nice: of the generator processes.
        stop: once it is set, the fans stop where they are, and what they saw so far is all there is.

    Raises:
        GeneratorFailed: one of them broke down.
    """
    played = Played(plan, Record(plan.opens_at), meter=meter)
    heard: queue.Queue[tuple[int, dict[str, Any] | None]] = queue.Queue()
    with contextlib.ExitStack() as exits:
        running = [
            exits.enter_context(_generator(replace(plan, first=n, stride=count), seat_plan)) for n in range(count)
        ]
        for n, process in enumerate(running):
            threading.Thread(target=_hear, args=(n, process, heard), daemon=True).start()
        give_priority((process.pid for process in running), nice)
        meter.groups |= {"generator": [process.pid for process in running]} if meter.groups else {}
        _listen(plan, running, heard, meter, tell, played, stop or threading.Event())
    played.seconds = time.monotonic() - plan.begin
    return played


def _listen(
    plan: Plan,
    running: list[subprocess.Popen[bytes]],
    heard: queue.Queue[tuple[int, dict[str, Any] | None]],
    meter: Meter,
    tell: Callable[[Progress], None],
    played: Played,
    stop: threading.Event,
) -> None:
    told: dict[int, dict[str, Any]] = {}
    close, asked = plan.close, False
    left, second = set(range(len(running))), time.monotonic()
    while left:
        now = time.monotonic()
        if stop.is_set() and not asked:
            close, asked = now, True
            for process in running:
                process.terminate()
        if now - second >= 1:
            second += max(1.0, now - second)
            meter.sample(round(now - plan.opens_at, 2))
            tell(_together(told, now - plan.opens_at))
        if now > close + _GRACE_SECONDS:
            raise GeneratorFailed(f"the generator did not report within {_GRACE_SECONDS:.0f} s of the end")
        with contextlib.suppress(queue.Empty):
            n, document = heard.get(timeout=0.2)
            if document is None:
                if n in left:
                    raise GeneratorFailed(f"a generator ended with code {running[n].wait(5)} and without a report")
            elif "progress" in document:
                told[n] = document["progress"]
            else:
                left.discard(n)
                _take(played, document["report"])


def _take(played: Played, report: dict[str, Any]) -> None:
    played.record.add(report)
    played.unfinished += report["unfinished"]
    played.late.merge(Histogram.of(report["generator"]["late"]))
    played.load.append([(at, share) for at, share in report["generator"]["load"]])


def _together(told: dict[int, dict[str, Any]], at: float) -> Progress:
    made = Progress(at=at)
    for one in told.values():
        made.stages.update(one["stages"])
        made.answers += one["answers"]
        made.failed += one["failed"]
        made.connections += one["connections"]
        if one["free"] is not None:
            made.free = one["free"] if made.free is None else min(made.free, one["free"])
        made.sold = max(made.sold, one["sold"])
        made.serving = max(made.serving, one["serving"])
        made.late_ms = max(made.late_ms, one["late_ms"])
        made.cpu = max(made.cpu, one["cpu"])
    return made


def _hear(n: int, process: subprocess.Popen[bytes], heard: queue.Queue[tuple[int, dict[str, Any] | None]]) -> None:
    assert process.stdout is not None  # noqa: S101 - it was asked for
    for line in process.stdout:
        heard.put((n, json.loads(line)))
    heard.put((n, None))


@contextlib.contextmanager
def _generator(plan: Plan, seat_plan: bytes) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "ticketing.rehearsal.play"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert process.stdin is not None  # noqa: S101 - it was asked for
        process.stdin.write(plan.encode().encode() + b"\n" + seat_plan)
        process.stdin.close()
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(10)
        if process.stdout is not None:
            process.stdout.close()
