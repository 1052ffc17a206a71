"""10,000 and 100,000 people in one line at the same time, on the real stack, generator included."""

from __future__ import annotations

import contextlib
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from redis import Redis

from bench.line import disk
from bench.line.crowd import Plan
from bench.line.play import Played, play, processes_for
from bench.line.probe import PRIORITY, Kernel, Meter, connections_of, load_average, resident
from tests.servers import mariadb
from tests.stack import Stack
from ticketing.catalog.arena import arena
from ticketing.catalog.model import Event
from ticketing.rehearsal.histogram import Histogram
from ticketing.rehearsal.machine import children_of
from ticketing.rehearsal.overtaking import Overtakings, overtakings


@dataclass(frozen=True)
class Scene:
    """How a run goes. Seconds; `cap` people inside at once."""

    people: int
    arrive: float
    lobby: float
    sale: float
    cap: int

    @property
    def total(self) -> float:
        return self.arrive + self.lobby + self.sale


def scene(people: int) -> Scene:
    """10,000 people in a minute and a half, 100,000 in four; the line moves by some 60 and 95 places a second."""
    if people <= 2_000:
        return Scene(people, arrive=5, lobby=6, sale=25, cap=400)
    if people <= 20_000:
        return Scene(people, arrive=20, lobby=10, sale=50, cap=1_500)
    return Scene(people, arrive=80, lobby=15, sale=110, cap=2_500)


@dataclass
class Waited:
    """What a run showed; memory in bytes, CPU in shares of a core over the whole run. `disk`: what a bare write to the
    stores' disk took meanwhile.
    """

    scene: Scene
    database: str
    played: Played
    per_connection: float
    kernel_per_connection: float
    connections: list[int]
    cpu: dict[str, float]
    load: float
    most_inside: int
    utilisation: float
    served: int
    order: Overtakings
    valkey_per_join: float
    at_peak: int
    disk: Histogram
    api_cpu: list[tuple[float, float]] = field(default_factory=list)


class Watch:
    """Looks at the stores and the kernel while the crowd plays."""

    def __init__(self, stack: Stack, event: Event, at: Scene, plan: Plan) -> None:
        self._stack = stack
        self._scene = at
        self._plan = plan
        self._event = event
        api = stack.children["api"].pid
        self.api = children_of(api) or [api]
        PRIORITY.give_stack(stack)
        self.before = resident(self.api)
        self.kernel_before = Kernel.now()
        self.inside: list[int] = []
        self.serving = 0
        self.memory: tuple[int, int, list[int]] | None = None
        self.loads: list[float] = []
        self.used: dict[str, float] = {}
        self.valkey_before = self._valkey_used()
        self.valkey_per_join = 0.0

    def _redis(self) -> Redis:
        return Redis.from_url(self._stack.environ["TICKETING_VALKEY_URL"], socket_timeout=5)

    def _valkey_used(self) -> int:
        with self._redis() as client:
            return int(client.info("memory")["used_memory"])

    def __call__(self, crowds: list[int]) -> None:
        """Until shortly before the plan's end."""
        worker, valkey = self._stack.children["worker"].pid, self._stack.cache.pid
        meter = Meter({"api": self.api, "worker": [worker], "valkey": [valkey or 0], "generator": crowds})
        key = f"w:{{{self._event.id}}}"
        with self._redis() as client:
            while time.monotonic() < self._plan.end - 1:
                now = time.monotonic()
                if self.memory is None and now > self._plan.draw_at - 4:
                    self._weigh(client, key)
                if now > self._plan.draw_at + 15 and now < self._plan.end - 3:
                    self.inside.append(client.zcount(f"{key}:active", f"({time.time_ns() // 1_000_000}", "+inf"))
                self.serving = int(client.hget(f"{key}:meta", "serving") or 0)
                self.loads.append(load_average())
                time.sleep(0.2)
        self.used = meter.read()

    def _weigh(self, client: Any, key: str) -> None:
        """Everybody is connected and has joined; T-0 is about to come."""
        kernel = Kernel.now()
        grown = kernel.slab - self.kernel_before.slab + kernel.tcp - self.kernel_before.tcp
        self.memory = (resident(self.api) - self.before, grown, connections_of(self.api))
        joined = int(client.hget(f"{key}:meta", "seq") or 1)
        used = int(client.info("memory")["used_memory"]) - self.valkey_before
        self.valkey_per_join = used / max(1, joined)


def wait_for_lobby(stack: Stack, event: Event) -> None:
    """Return when the leader has opened the lobby."""
    for _ in range(200):
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{stack.url}/status/{event.id}.json", timeout=2).json().get("phase") == "lobby":
                return
        time.sleep(0.1)
    raise RuntimeError("the lobby did not open")


@contextlib.contextmanager
def database(name: str) -> Iterator[str | None]:
    """A URL, None for the stack's own SQLite."""
    if name == "mariadb":
        with mariadb.run(durable=True) as server:
            PRIORITY.give([server.pid] if server.pid else [])
            yield server.url()
    else:
        yield None


def run(people: int, database_name: str) -> Waited:
    """One run from the first arrival to the end of the measured part of the sale."""
    at = scene(people)
    processes = max(2, processes_for(int(people * 1.25)))
    with tempfile.TemporaryDirectory(prefix="tkb") as folder, database(database_name) as url:
        stack = Stack(
            Path(folder), database_url=url, processes=processes, line_cap=at.cap, line_rate=600_000, database_pool=4
        )
        try:
            stack.start()
            ready = 6.0
            event = stack.add_event(
                arena(50_000), waiting_room=True, opens_in_ms=int((ready + at.arrive + at.lobby) * 1000)
            )
            now, wall = time.monotonic(), time.time()
            draw_at = now + event.sale.on_sale_at / 1000 - wall
            wait_for_lobby(stack, event)
            plan = Plan(
                event.id, 0, 1, people, ("127.0.0.1", stack.port), draw_at - at.arrive - at.lobby, at.arrive, draw_at,
                draw_at + at.sale,
            )  # fmt: skip
            watch = Watch(stack, event, at, plan)
            with disk.watched(Path(folder)) as synced:
                played = play(plan, stack.environ, watch)
            return _judge(at, database_name, played, watch, synced)
        finally:
            stack.stop()


def _judge(at: Scene, database_name: str, played: Played, watch: Watch, synced: Histogram) -> Waited:
    assert watch.memory is not None
    grown, kernel, connections = watch.memory
    held = sum(connections) or 1
    return Waited(
        at,
        database_name,
        played,
        per_connection=grown / held,
        kernel_per_connection=kernel / held / 2,
        connections=connections,
        cpu={name: used / at.total for name, used in watch.used.items()},
        load=max(watch.loads),
        most_inside=max(watch.inside, default=0),
        utilisation=statistics.mean(watch.inside or [0]) / at.cap,
        served=watch.serving,
        order=overtakings(played.claims),
        valkey_per_join=watch.valkey_per_join,
        at_peak=held,
        disk=synced,
    )
