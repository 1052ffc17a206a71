"""How well the slots inside are used when three in ten do not come: the real stack by a faster clock."""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
from redis import Redis

from bench.line.crowd import Plan
from bench.line.fast import FastClock
from bench.line.play import Played, play
from bench.line.probe import PRIORITY, load_average
from bench.line.waiters import wait_for_lobby
from tests.stack import Stack
from ticketing.catalog.arena import arena
from ticketing.rehearsal.overtaking import KEPT_SECONDS, Overtakings, overtakings

SPEED = 5.0
VISIT_SECONDS = 240.0
CAP = 500
FIRST_VISITS = VISIT_SECONDS / SPEED
SECONDS = 60.0
"""Of real time: the measured part, from when the first visits of an average length are over."""


@dataclass
class Slots:
    """Shares of the cap, over samples; `most` people inside at once, ever."""

    utilisation: float
    lowest: float
    most: int
    cap: int
    played: Played
    order: Overtakings
    load: float


@contextlib.contextmanager
def _processes(stack: Stack, environ: dict[str, str]) -> Iterator[None]:
    log = (stack.folder / "fast.log").open("ab")
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "bench.line.fast", *arguments], env=os.environ | environ, stdout=log, stderr=log
        )
        for arguments in (["api", str(stack.port)], ["leader"])
    ]
    PRIORITY.give([process.pid for process in started])
    try:
        yield
    finally:
        for process in started:
            process.terminate()
        for process in started:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)


def measure(scale: float) -> Slots:
    """Everybody of a lobby, a cap, visits of four minutes on average, a quick clock."""
    seconds = max(30.0, SECONDS * scale)
    people = int(CAP * 1.5 + CAP / (VISIT_SECONDS / SPEED) / 0.7 * (seconds + FIRST_VISITS) * 1.2)
    arrive = people / 200
    with tempfile.TemporaryDirectory(prefix="tkb") as folder:
        stack = Stack(Path(folder), line_cap=CAP, line_rate=600_000)
        start = time.time_ns() // 1_000_000
        environ = stack.environ | {"BENCH_SPEED": str(SPEED), "BENCH_START": str(start)}
        try:
            stack.start(worker=False, api=False)
            PRIORITY.give_stack(stack)
            with _processes(stack, environ):
                _until_up(stack)
                ahead = arrive + 8.0
                draw_at = time.monotonic() + ahead
                event = stack.add_event(
                    arena(50_000),
                    waiting_room=True,
                    opens_in_ms=int(FastClock(start, SPEED).now_ms() - time.time() * 1000 + ahead * 1000 * SPEED),
                )
                wait_for_lobby(stack, event)
                plan = Plan(
                    event.id, 0, 1, people, ("127.0.0.1", stack.port), draw_at - arrive - 4, arrive, draw_at,
                    draw_at + seconds + FIRST_VISITS, late=0.0, visit_seconds=VISIT_SECONDS, speed=SPEED,
                )  # fmt: skip
                samples: list[int] = []
                peak = Peak(stack, event.id, FastClock(start, SPEED), plan, samples)
                played = play(plan, stack.environ, peak)
        finally:
            stack.stop()
    return Slots(
        statistics.mean(samples) / CAP,
        min(samples) / CAP,
        peak.most,
        CAP,
        played,
        overtakings(played.claims, KEPT_SECONDS / SPEED),
        peak.load,
    )


class Peak:
    """Counts who is inside, twenty times a second."""

    def __init__(self, stack: Stack, event_id: str, clock: FastClock, plan: Plan, samples: list[int]) -> None:
        self._url = stack.environ["TICKETING_VALKEY_URL"]
        self._key = f"w:{{{event_id}}}:active"
        self._clock = clock
        self._plan = plan
        self._samples = samples
        self.most = 0
        self.load = 0.0

    def __call__(self, _: list[int]) -> None:
        """Until the plan's end."""
        with Redis.from_url(self._url) as client:
            while (now := time.monotonic()) < self._plan.end - 0.5:
                inside = client.zcount(self._key, f"({self._clock.now_ms()}", "+inf")
                self.most = max(self.most, inside)
                if now > self._plan.draw_at + FIRST_VISITS:
                    self._samples.append(inside)
                self.load = max(self.load, load_average())
                time.sleep(0.05)


def _until_up(stack: Stack) -> None:
    for _ in range(600):
        with contextlib.suppress(httpx.HTTPError):
            httpx.get(f"{stack.url}/health", timeout=2)
            return
        time.sleep(0.1)
    raise RuntimeError("the API did not start")
