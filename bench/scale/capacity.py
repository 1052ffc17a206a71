"""The measured constants of the simulator: CPU per request by route, and what the database takes.

`python -m bench capacity` prints them anew.
"""

from __future__ import annotations

import asyncio
import datetime
import json
import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from bench import fulfil_table, requests_table
from bench.line import costs
from bench.line.probe import load_average
from bench.scale import pages
from bench.scale.planned import NotUnderstoodError
from bench.scale.routes import Route

PARTS = ("requests", "costs", "pages", "fulfil")
COMMITTED = Path(__file__).with_name("constants.json")

_ROUTES = {
    "catalogue read": "catalogue",
    "availability 200 (50,000 seats)": "availability",
    "hold": "hold",
    "order intake": "order",
}
NEEDED = frozenset(_ROUTES.values()) | {
    "status", "join", "claim", "sign_in", "plan", "order_page", "ticket", "qr", "fulfil",
}  # fmt: skip


@dataclass(frozen=True)
class Limits:
    """A second at most. Measured: `orders` into the books of `database`; `commits`, of claims through one process.

    Assumed: `alb_units` that a load balancer has which has seen no crowd yet; `cdn`, CloudFront's default quota of
    requests for a distribution.
    """

    orders: float
    database: str
    commits: float
    alb_units: float = 100.0
    cdn: float = 250_000.0


@dataclass(frozen=True)
class Run:
    """When a part was measured, and the machine's load average then: figures of a busy machine are too dear."""

    date: str
    load: float


@dataclass(frozen=True)
class Constants:
    """All that was measured; `parts` of PARTS, which may have been measured one by one."""

    command: str
    machine: str
    parts: dict[str, Run]
    routes: dict[str, Route]
    limits: Limits

    @classmethod
    def read(cls, path: Path = COMMITTED) -> Constants:
        """The committed run, or another.

        Raises:
            OSError: no such file.
            NotUnderstoodError: it is no output of `bench capacity --json`, or of an older one.
        """
        try:
            made = json.loads(path.read_text(encoding="utf-8"))
            made["routes"] = {name: Route(**route) for name, route in made["routes"].items()}
            made["limits"] = Limits(**made["limits"])
            made["parts"] = {name: Run(**run) for name, run in made["parts"].items()}
            constants = cls(**made)
            rates = [route.rate for route in constants.routes.values()]
            limits = constants.limits
            good = min(*rates, limits.orders, limits.commits, limits.alb_units, limits.cdn) > 0
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise NotUnderstoodError(f"{path} is no output of `python -m bench capacity --json`: {error!r}") from None
        if missing := NEEDED - constants.routes.keys():
            raise NotUnderstoodError(f"{path} has no cost of {', '.join(sorted(missing))}: measure it anew")
        if not good:
            raise NotUnderstoodError(f"{path}: rates and limits must be above 0")
        return constants

    @property
    def origin(self) -> str:
        """When and where, in words."""
        parts = ", ".join(f"{name} {run.date} at load {run.load:g}" for name, run in self.parts.items())
        return f"{self.machine}: {parts}"

    def json(self) -> str:
        """As it is committed."""
        return json.dumps(asdict(self), indent=2) + "\n"


def measure(
    rounds: int, scale: float, say: Callable[[str], None], parts: Sequence[str] = PARTS, known: Path = COMMITTED
) -> Constants:
    """Run the tables that the constants come from; about four minutes at --scale 0.2 --rounds 3.

    Args:
        parts: of PARTS; what the others give is taken from `known`.
    """
    before = None if set(parts) == set(PARTS) else Constants.read(known)
    routes, runs = (dict(before.routes), dict(before.parts)) if before else ({}, {})
    limits = before.limits if before else Limits(1.0, "", 1.0)
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    for part in parts:
        say(part)
        match part:
            case "requests":
                for row in asyncio.run(requests_table.measure(rounds, scale)):
                    if row.name in _ROUTES:
                        routes[_ROUTES[row.name]] = Route(round(row.cpu_us, 1), round(row.rate, 1))
            case "costs":
                line = costs.measure(rounds, scale)
                for name, cost in (("status", line.status), ("join", line.join), ("claim", line.claim)):
                    routes[name] = Route(round(cost.cpu_us, 1), round(cost.rate, 1), round(cost.valkey_us, 1))
                limits = replace(limits, commits=routes["claim"].rate)
            case "pages":
                routes |= pages.measure(rounds, scale)
            case "fulfil":
                # MariaDB where it is installed: it is the nearer to Aurora.
                books = asyncio.run(fulfil_table.measure(rounds, scale))[-1]
                limits = replace(limits, orders=round(books.ours, 1), database=books.database)
        runs[part] = Run(today, round(load_average(), 1))
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    command = f"python -m bench capacity --json --rounds {rounds} --scale {scale:g}"
    return Constants(command, machine, runs, routes, limits)
