"""The measured constants of the simulator: CPU per request by route. `python -m bench capacity` prints them anew."""

from __future__ import annotations

import asyncio
import datetime
import json
import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path

from bench import requests_table
from bench.line import costs
from bench.line.probe import load_average

COMMITTED = Path(__file__).with_name("constants.json")

_ROUTES = {
    "catalogue read": "catalogue",
    "availability 200 (50,000 seats)": "availability",
    "hold": "hold",
    "order intake": "order",
}


@dataclass(frozen=True)
class Route:
    """API and Valkey CPU in microseconds a request; `rate` is what one process gave at full speed."""

    cpu_us: float
    rate: float
    valkey_us: float | None = None

    @property
    def service(self) -> float:
        """Seconds for which a request keeps its process busy, waits for the scheduler and the loop included."""
        return 1 / self.rate


@dataclass(frozen=True)
class Constants:
    """All of a run; `load` is the machine's load average: figures of a busy machine are too dear."""

    date: str
    command: str
    machine: str
    load: float
    routes: dict[str, Route]

    @classmethod
    def read(cls, path: Path = COMMITTED) -> Constants:
        """The committed run, or another."""
        made = json.loads(path.read_text())
        made["routes"] = {name: Route(**route) for name, route in made["routes"].items()}
        return cls(**made)

    def json(self) -> str:
        """As it is committed."""
        return json.dumps(asdict(self), indent=2) + "\n"


def measure(rounds: int, scale: float) -> Constants:
    """Run the two tables that the constants come from; about two minutes at --scale 0.2 --rounds 3."""
    routes = {
        _ROUTES[row.name]: Route(round(row.cpu_us, 1), round(row.rate, 1))
        for row in asyncio.run(requests_table.measure(rounds, scale))
        if row.name in _ROUTES
    }
    line = costs.measure(rounds, scale)
    for name, cost in (("status", line.status), ("join", line.join), ("claim", line.claim)):
        routes[name] = Route(round(cost.cpu_us, 1), round(cost.rate, 1), round(cost.valkey_us, 1))
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    command = f"python -m bench capacity --json --rounds {rounds} --scale {scale:g}"
    return Constants(today, command, machine, round(load_average(), 1), routes)
