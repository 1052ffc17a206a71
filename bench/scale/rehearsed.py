"""The simulator against a real sale on this machine: `ticketing rehearse`, and the same crowd played beside it.

The machine is one instance that neither grows nor shrinks. Nothing of the prediction is taken from the rehearsal:
only the committed constants, and what is known of its fans beforehand (docs/rehearsal.md).
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.line.probe import load_average
from bench.scale.capacity import Constants
from bench.scale.planned import Planned
from bench.scale.simulate import Played, Sale, play
from ticketing.cli.rehearse import PLANS_LOADED, SIGN_INS_A_SECOND
from ticketing.rehearsal.fan import QUANTITIES, QUANTITY_SHARES
from ticketing.rehearsal.plan import Mix

_RATE = 600_000
_GENERATOR = 160e-6
"""CPU seconds a request of the generator beside the platform, as docs/rehearsal.md has them."""

_MIX = Mix()
# Of the fans: bots, of the leavers half and of the closers a quarter go before they are called.
_NO_SHOW = _MIX.bot + _MIX.leaver / 2 + _MIX.closer / 4
# Of those inside: the other leavers and two of three closers do not order; of the cards 4 % are declined.
_BUYS = (1 - (_MIX.leaver / 2 + _MIX.closer / 2) / (1 - _NO_SHOW)) * 0.96
_SEATS_EACH = statistics.fmean(QUANTITIES, QUANTITY_SHARES)
# 4 s to choose and 8 s to pay by the median of a lognormal (mean 1.16 × that); 15 % take three times as long.
_VISIT = (4 + 8) * 1.16 * 1.3
# Somebody was faster: assumed.
_HOLDS_EACH = 1.2

_STEPS = {
    "sign in": "sign_in", "join": "join", "line": "status", "claim": "claim", "map": "availability", "order": "order",
    "order page": "order_page", "ticket": "ticket", "QR code": "qr",
}  # fmt: skip


class NotRehearsedError(Exception):
    """The rehearsal could not run, or its verdict cannot be read; the message says why."""


@dataclass(frozen=True)
class Asked:
    """A rehearsal with a line: fans, seats, people inside at a time; seconds before and after T-0."""

    fans: int
    seats: int
    cap: int
    lobby: float
    duration: float

    @property
    def options(self) -> list[str]:
        """Of `ticketing rehearse`."""
        given = {"fans": self.fans, "seats": self.seats, "cap": self.cap, "lobby": self.lobby}
        return [f"--{name}={value:g}" for name, value in (given | {"duration": self.duration}).items()]


@dataclass(frozen=True)
class Line:
    """Predicted beside measured; None: did not happen, or the model says nothing."""

    what: str
    predicted: float | None
    measured: float | None

    @property
    def error(self) -> float | None:
        """Predicted over measured, less one."""
        return self.predicted / self.measured - 1 if self.predicted is not None and self.measured else None


def rehearse(asked: Asked, say: Callable[[str], None]) -> dict[str, Any]:
    """Play it for real; the verdict. Raises NotRehearsedError."""
    say(f"rehearsing {asked.fans:,} fans, about {asked.lobby + asked.duration + 30:.0f} s; load {load_average():.1f}")
    with tempfile.TemporaryDirectory(prefix="tkc") as folder:
        command = [sys.executable, "-m", "ticketing", "rehearse", "--report", folder, *asked.options]
        done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode not in (0, 1):  # 1: a promise was missed, which is not what is asked here
            raise NotRehearsedError(f"the rehearsal ended with {done.returncode}: {done.stderr.decode()[-1000:]}")
        return read(Path(folder) / "verdict.json")


def read(path: Path) -> dict[str, Any]:
    """A rehearsal's verdict.json. Raises OSError, NotRehearsedError."""
    try:
        verdict = json.loads(path.read_text(encoding="utf-8"))
        if {"fans", "steps", "processes", "sold_out_seconds"} <= verdict.keys() and verdict["line"]:
            return dict(verdict)
    except (ValueError, AttributeError):
        pass
    raise NotRehearsedError(f"{path} is no verdict.json of a rehearsal with a waiting line")


def predict(asked: Asked, constants: Constants, processes: int) -> Played:
    """The same sale by the simulator: one instance, which is this machine, with so many API processes."""
    cores = min(os.cpu_count() or 1, processes)
    machine = Planned(
        "this machine", 1, 1, 1, 0.0, 0.0, 0.0, 50.0, 10**9, 1, 0, "its own", 1_000, "its own", processors=cores
    )
    sign_ins = min(asked.fans, int(asked.lobby * SIGN_INS_A_SECOND))
    sale = Sale(
        asked.fans, asked.seats, asked.cap, _RATE, _VISIT, _NO_SHOW, _BUYS, _SEATS_EACH, _HOLDS_EACH, asked.lobby,
        asked.duration, sign_ins / asked.fans, cdn=False, plans=min(1.0, PLANS_LOADED / asked.fans), prescale=False,
        beside=_GENERATOR,
    )  # fmt: skip
    return play(sale, machine, constants, longest=int(asked.duration) + 60)


def compare(asked: Asked, verdict: dict[str, Any], constants: Constants) -> list[Line]:
    """Line by line. Raises NotRehearsedError when the verdict is of another crowd."""
    if verdict["fans"] != asked.fans:
        raise NotRehearsedError(f"the verdict is of {verdict['fans']:,} fans: give --fans, --seats … as it had them")
    used = {name: load["cpu_seconds"] for name, load in verdict["processes"].items()}
    apis = [name for name in used if name.startswith("API ")]
    played = predict(asked, constants, len(apis) or 1)
    moments, steps = played.moments, dict(verdict["steps"])
    # Chosen by hand or by the site, a hold is a hold; here they are added up, and the slower of both is shown.
    holds = [steps[name] for name in ("hold, chosen", "hold, best") if name in steps]
    seconds = asked.lobby + asked.duration
    asking = sum(step["count"] for name, step in steps.items() if name != "bot")
    api = sum(count * constants.routes[route].cpu for moment in moments for route, count in moment.answered.items())
    lines = [
        Line("no seat free, s after T-0", played.none_free, verdict["sold_out_seconds"]),
        Line("requests a second, on average", sum(m.requests for m in moments) / seconds, asking / seconds),
        Line("CPU seconds of the API", api, sum(used[name] for name in apis) if apis else None),
        Line("CPU seconds of the worker", sum(m.worker for m in moments), used.get("worker")),
    ]
    every = [(name, route, [steps[name]]) for name, route in _STEPS.items() if name in steps]
    for name, route, found in [*every, ("hold", "hold", holds)]:
        if found:
            count = sum(m.answered.get(route, 0.0) for m in moments)
            lines.append(Line(f"{name}: requests", count, sum(step["count"] for step in found)))
            for mark in ("p50", "p99"):
                measured = max(step[f"{mark}_ms"] for step in found)
                lines.append(Line(f"{name}: {mark} ms", _latency(played, route, mark), measured))
    return lines


def _latency(played: Played, route: str, mark: str) -> float | None:
    """Milliseconds: of the seconds' percentiles, weighted by requests, the median for p50 and the 99th for p99."""
    found = sorted(
        ((m.p50 if mark == "p50" else m.p99)[route], m.answered[route])
        for m in played.moments
        if m.answered.get(route) and route in m.p50
    )
    left = sum(count for _, count in found) * (0.5 if mark == "p50" else 0.99)
    for latency, count in found:
        left -= count
        if left <= 0:
            return latency * 1000
    return None


def table(lines: Sequence[Line]) -> str:
    """For people."""

    def shown(value: float | None, form: str) -> str:
        return "-" if value is None else format(value, form)

    rows = [f"{'what':34}{'predicted':>11}{'measured':>11}{'error':>9}"]
    rows += [
        f"{line.what:34}{shown(line.predicted, ',.1f'):>11}{shown(line.measured, ',.1f'):>11}"
        f"{shown(line.error, '+.0%'):>9}"
        for line in lines
    ]
    return "\n".join(rows)
