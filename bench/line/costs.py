"""What one look, one join and one claim cost, at full speed on one API process; join beside its bare limit."""

from __future__ import annotations

import asyncio
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
from redis import Redis

from bench.line.crowd import session_token
from bench.line.probe import PRIORITY, load_average
from bench.line.waiters import wait_for_lobby
from bench.load import NextRequest, Result, cpu_seconds, each, repeat, request, run
from tests.stack import Stack, free_port
from ticketing.base.tokens import Signer
from ticketing.catalog.arena import arena
from ticketing.catalog.model import Event

PLENTY = 50_000_000


@dataclass
class Cost:
    """Medians of interleaved rounds. CPU in microseconds a request: of the API process, and of Valkey."""

    name: str
    rate: float
    cpu_us: float
    valkey_us: float
    p50: float
    p99: float


@dataclass
class Costs:
    """All of a run; `wire` is the size of an answered look, head and all."""

    status: Cost
    bare_status: Cost
    join: Cost
    bare_join: Cost
    claim: Cost
    wire: float
    load: float

    @property
    def join_ratio(self) -> float:
        """Joins per second over those of the bare route."""
        return self.join.rate / self.bare_join.rate


class _Bench:
    def __init__(self, stack: Stack, scale: float, rounds: int) -> None:
        self.stack = stack
        self.rounds = rounds
        self.count = max(500, int(6_000 * scale))
        keys = stack.settings.signing_keys
        self._signer = Signer(keys, next(iter(keys)))
        self._numbers = iter(range(10**9))
        self.api = stack.children["api"].pid
        self.valkey = stack.cache.pid or 0

    def tokens(self, count: int) -> list[dict[str, str]]:
        """Headers of people that nobody has seen before."""
        now = time.time_ns() // 1_000_000
        return [
            {"Authorization": f"Bearer {session_token(self._signer, next(self._numbers), now)}", "Content-Length": "0"}
            for _ in range(count)
        ]

    def event(self, opens_in: float) -> Event:
        """A line whose indexes do not run short in a burst that no crowd could make."""
        event = self.stack.add_event(arena(50_000), waiting_room=True, opens_in_ms=int(opens_in * 1000))
        wait_for_lobby(self.stack, event)
        with Redis.from_url(self.stack.environ["TICKETING_VALKEY_URL"]) as client:
            client.hset(f"w:{{{event.id}}}:meta", "limit", PLENTY)
        return event

    def go(self, port: int, pid: int, source: NextRequest) -> tuple[Result, float]:
        """One run; also Valkey's CPU microseconds a request."""
        before = cpu_seconds([self.valkey])
        result = asyncio.run(run(port, [pid], source))
        wrong = {status: n for status, n in result.statuses.items() if status != 200}
        if wrong:
            raise RuntimeError(f"unexpected answers {wrong}")
        return result, (cpu_seconds([self.valkey]) - before) / result.requests * 1e6


def _cost(name: str, results: list[tuple[Result, float]]) -> Cost:
    def middle(value: Callable[[Result], float]) -> float:
        return statistics.median(value(result) for result, _ in results)

    return Cost(
        name,
        middle(lambda r: r.rate),
        middle(lambda r: r.cpu_us),
        statistics.median(valkey for _, valkey in results),
        middle(lambda r: r.percentile(0.5)),
        middle(lambda r: r.percentile(0.99)),
    )


@contextlib.contextmanager
def _bare(stack: Stack, event: Event) -> Iterator[tuple[int, int]]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.line.bare_join", str(port), event.id],
        env=os.environ | stack.environ,
        start_new_session=True,
    )
    PRIORITY.give([process.pid])
    try:
        for _ in range(400):
            with contextlib.suppress(httpx.HTTPError):
                httpx.get(f"http://127.0.0.1:{port}/constant", timeout=1)
                break
            time.sleep(0.05)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(10)


def measure(rounds: int, scale: float) -> Costs:
    """Interleaved rounds of our routes and the bare ones. The machine is shared: trust the ratios."""
    with tempfile.TemporaryDirectory(prefix="tkb") as folder:
        stack = Stack(Path(folder), processes=1, line_cap=100_000, line_rate=600_000)
        try:
            stack.start()
            PRIORITY.give_stack(stack)
            bench = _Bench(stack, scale, rounds)
            ours, bare_event = bench.event(3_000), bench.event(3_000)
            with _bare(stack, bare_event) as (port, pid):
                return _compare(bench, ours, port, pid)
        finally:
            stack.stop()


def _compare(bench: _Bench, ours: Event, port: int, pid: int) -> Costs:
    stack, n = bench.stack, bench.count
    look = request("GET", f"/status/{ours.id}.json")
    runs: dict[str, list[tuple[Result, float]]] = {"status": [], "constant": [], "join": [], "bare": []}
    for _ in range(bench.rounds):
        people = [request("POST", f"/api/events/{ours.id}/queue", headers) for headers in bench.tokens(n)]
        runs["bare"].append(bench.go(port, pid, repeat(request("POST", "/join", {"Content-Length": "0"}), n)))
        runs["join"].append(bench.go(stack.port, bench.api, each(people)))
        runs["constant"].append(bench.go(port, pid, repeat(request("GET", "/constant"), n)))
        runs["status"].append(bench.go(stack.port, bench.api, repeat(look, n)))
    answer = httpx.get(f"{stack.url}/status/{ours.id}.json")
    wire = (
        len(answer.content) + sum(len(k) + len(v) + 4 for k, v in answer.headers.raw) + len("HTTP/1.1 200 OK\r\n\r\n")
    )
    return Costs(
        _cost("status", runs["status"]),
        _cost("bare constant, 300 B", runs["constant"]),
        _cost("join", runs["join"]),
        _cost("bare ASGI route, same EVALSHA", runs["bare"]),
        _cost("claim (Lua, commit, Lua)", _claims(bench)),
        wire,
        load_average(),
    )


def _claims(bench: _Bench) -> list[tuple[Result, float]]:
    """Everybody of a lobby is called at once, and each claims once."""
    stack, per_round = bench.stack, max(200, bench.count // 6)
    event = bench.event(20)
    people = bench.tokens(per_round * bench.rounds)
    bench.go(stack.port, bench.api, each([request("POST", f"/api/events/{event.id}/queue", p) for p in people]))
    for _ in range(600):
        status = httpx.get(f"{stack.url}/status/{event.id}.json").json()
        if status["phase"] == "open" and status["serving"] >= len(people):
            break
        time.sleep(0.1)
    claims = [request("POST", f"/api/events/{event.id}/admission", person) for person in people]
    return [bench.go(stack.port, bench.api, each(claims[n : n + per_round])) for n in range(0, len(claims), per_round)]
