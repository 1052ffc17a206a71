"""One generator process: thousands of people who wait in line, each on a keep-alive connection of their own.

Requests leave at instants that the client's policy fixed beforehand, and latency counts from that instant, so a server
that stalls is charged with everything that should have been sent meanwhile.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

import msgspec

from bench.line.person import Person
from ticketing.base.tokens import Signer
from ticketing.rehearsal.histogram import Histogram
from ticketing.rehearsal.loop import Loop, raise_descriptor_limit
from ticketing.waiting.draw import Places

_HOUR = 3_600_000


@dataclass(frozen=True)
class Plan:
    """What one process plays. Instants are of the monotonic clock, which all processes of a machine share.

    Attributes:
        first, stride, of: every `stride`-th number from `first` on, below `of`; they stand for accounts.
        target: where the connections go: host, port.
        begin, arrive_seconds: people come evenly over this time.
        draw_at: T-0. end: when all stop.
        no_show: share that never claims; late: share that comes only after T-0.
        visit_seconds: how long somebody stays inside, on average.
        speed: how much faster than people these act, where the line's clock runs faster as well.
        only_look: nobody joins: everybody looks as if they stood in line, `only_look` being the seconds in all that
            the line takes; 0 for a real line.
    """

    event_id: str
    first: int
    stride: int
    of: int
    target: tuple[str, int]
    begin: float
    arrive_seconds: float
    draw_at: float
    end: float
    no_show: float = 0.3
    late: float = 0.05
    visit_seconds: float = 30.0
    speed: float = 1.0
    only_look: float = 0.0

    def encode(self) -> str:
        """For the other process's standard input."""
        return json.dumps(asdict(self))


class Seen:
    """The status as this process last saw it; bytes that are equal are read once."""

    def __init__(self) -> None:
        self._raw = b""
        self.phase = "lobby"
        self.serving = 0
        self.rate = 0.0
        self.n = 0
        self.places: Places | None = None
        self._at = ""

    def take(self, raw: bytes) -> None:
        """Read a status. One that is older than what was seen says nothing: each API process looks for itself, so that
        another may be half a second behind (the page does the same, `web/src/line/status.ts`).
        """
        if raw == self._raw:
            return
        document = json.loads(raw)
        if document["at"] < self._at or document["serving"] < self.serving:
            return
        self._raw = raw
        self._at = document["at"]
        self.phase = document["phase"]
        self.serving = document["serving"]
        self.rate = document["rate"]
        self.n = document["n"] or self.n
        if document["seed"] and self.places is None and self.n:
            self.places = Places(_unb64(document["seed"]), self.n)

    def position(self, index: int) -> int | None:
        """A place, None before the draw."""
        if self.places is None:
            return None
        return self.places.place(index) if index <= self.n else index


def _unb64(text: str) -> bytes:
    import base64

    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def session_token(signer: Signer, number: int, now_ms: int) -> str:
    """A session that is good by its signature alone, as all are: account `bench…` of a number."""
    payload = [f"ses_bench{number:08d}", f"acc_bench{number:08d}", "fan", now_ms + 12 * _HOUR]
    return signer.sign("session", msgspec.json.encode(payload))


class Crowd(Loop):
    """Runs a plan; `report` afterwards."""

    def __init__(self, plan: Plan, signer: Signer | None) -> None:
        super().__init__()
        self.plan = plan
        self.seen = Seen()
        self.latencies: dict[str, Histogram] = {}
        self.errors: Counter[str] = Counter()
        self.outcomes: Counter[str] = Counter()
        self.claims: list[tuple[int, float, float, str]] = []
        self.indexes: list[int] = []
        self.received = 0
        self.answers = 0
        now = time.time_ns() // 1_000_000
        host = f"Host: {plan.target[0]}\r\n"
        self.status_request = f"GET /status/{plan.event_id}.json HTTP/1.1\r\n{host}\r\n".encode()
        for number in range(plan.first, plan.of, plan.stride):
            token = session_token(signer, number, now) if signer else ""
            self.at(self._arrival(number), Person(self, number, token, host))

    def _arrival(self, number: int) -> float:
        """People come evenly; the late ones over the first half of the sale."""
        plan = self.plan
        early = plan.of * (1 - plan.late)
        if number < early:
            return plan.begin + plan.arrive_seconds * number / early
        return plan.draw_at + 5 + (plan.end - plan.draw_at) / 2 * (number - early) / max(1.0, plan.of - early)

    def measure(self, kind: str, seconds: float) -> None:
        """One answer of a kind, counted from when it should have been asked for."""
        histogram = self.latencies.get(kind)
        if histogram is None:
            histogram = self.latencies[kind] = Histogram()
        histogram.add(seconds)

    def play(self) -> None:
        """Play until the end."""
        end = self.plan.end
        self.run(end)
        for person in self.connections:
            if isinstance(person, Person) and person.asked and end - person.due > 10:
                self.errors["no answer within 10 s"] += 1

    def report(self) -> dict[str, Any]:
        """For the parent."""
        return {
            "latencies": {kind: histogram.document() for kind, histogram in self.latencies.items()},
            "late": self.late.document(),
            "errors": dict(self.errors),
            "outcomes": dict(self.outcomes),
            "claims": self.claims,
            "indexes": self.indexes,
            "received": self.received,
            "answers": self.answers,
            "busiest": max((share for _, share in self.load), default=0.0),
            "connected": len(self.connections),
        }


def main() -> None:
    """Read a plan from standard input, play it, print the report."""
    import gc

    from ticketing.settings import read_settings

    raise_descriptor_limit()
    given = json.loads(sys.stdin.readline())
    plan = Plan(**given | {"target": tuple(given["target"])})
    signer = None
    if not plan.only_look:
        keys = read_settings(os.environ).signing_keys
        signer = Signer(keys, next(iter(keys)))
    crowd = Crowd(plan, signer)
    gc.freeze()
    gc.disable()
    crowd.play()
    json.dump(crowd.report(), sys.stdout)


if __name__ == "__main__":
    main()
