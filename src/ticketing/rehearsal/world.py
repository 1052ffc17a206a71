"""What the fans of one process share: the site, the map, the line's board, the clock, and the book of record."""

from __future__ import annotations

import json
import random
from collections.abc import Generator
from typing import Any

from ticketing.rehearsal.client import Answer, Ask, Client, Journey
from ticketing.rehearsal.draw import Draw
from ticketing.rehearsal.loop import Loop
from ticketing.rehearsal.plan import Plan
from ticketing.rehearsal.record import Record
from ticketing.rehearsal.seatmap import SeatMap
from ticketing.rehearsal.wire import Site, header

Asking = Generator["float | Ask", "Answer | None", Answer]

FINAL = frozenset({"ticketed", "refused", "declined", "expired", "cancelled", "refunded"})
_TRIES = 8
_MAPS_KNOWN = 16


class Board:
    """The line's public status as this process last saw it; bytes that are equal are read once."""

    def __init__(self) -> None:
        self._raw = b""
        self._at = ""
        self._draw: Draw | None = None
        self.phase = ""
        self.serving = 0
        self.rate = 0.0
        self.last = 0

    def take(self, raw: bytes) -> bool:
        """Read a status; whether it is news. One that is older than what was seen says nothing: another process of the
        site may be a moment behind.
        """
        if raw == self._raw:
            return False
        document = json.loads(raw)
        if document["at"] < self._at or document["serving"] < self.serving:
            return False
        self.phase, self.rate, self.last = document["phase"], document["rate"], document["last"]
        if document["seed"] and document["n"] and self._draw is None:
            self._draw = Draw(document["seed"], document["n"])
        # Last, so that a status that cannot be read is not taken for seen.
        self._raw, self._at, self.serving = raw, document["at"], document["serving"]
        return True

    def place(self, index: int) -> int | None:
        """A place, None before the draw."""
        return self._draw.place(index) if self._draw is not None else None


class World:
    """One process's share of the rehearsal."""

    def __init__(self, plan: Plan, loop: Loop) -> None:
        self.plan = plan
        self.loop = loop
        self.site = Site(plan.target, plan.host)
        self.record = Record(plan.opens_at)
        self.rng = random.Random(f"{plan.seed}/{plan.first}")  # noqa: S311 - plays people, guards nothing
        self.map = SeatMap()
        self.board = Board()
        self.event = f"/api/events/{plan.event_id}"
        self.stolen = ""
        self.clients: list[Client] = []
        self._maps: list[bytes] = []

    def begin(self, number: int, journey: Journey, when: float) -> None:
        """Send somebody on a journey."""
        client = Client(self.loop, self.site, self.record, number, journey)
        self.clients.append(client)
        self.loop.at(when, client)

    def playing(self) -> int:
        """How many journeys are not over."""
        return sum(not client.over for client in self.clients)

    def check(self, now: float) -> None:
        """Once a second: who has waited too long for an answer gives it up."""
        for client in self.clients:
            client.check(now)

    def ask(self, step: str, request: bytes, *, tries: int = _TRIES) -> Asking:
        """Send a request, and again as pages do after no answer, 429 and 5xx: after what Retry-After says, or a pause
        that doubles. Gives the last answer.
        """
        pause = 0.7
        for attempt in range(tries):
            answer = yield Ask(step, request)
            assert answer is not None  # noqa: S101 - a request is always answered, if only by nothing
            retry = answer.status in (0, 429) or answer.status >= 500
            if not retry or attempt == tries - 1 or answer.at > self.plan.close:
                return answer
            told = header(answer.raw, b"retry-after")
            wait = float(told) if told.isdigit() else min(8.0, pause)
            pause *= 2
            yield answer.at + wait * self.rng.uniform(0.8, 1.2)
        raise AssertionError("unreachable")

    def look_at_map(self, etag: bytes) -> Generator[float | Ask, Answer | None, bytes]:
        """Ask what is free; gives the tag of the answer for the next time."""
        tag = {"If_None_Match": etag.decode()} if etag else {}
        answer = yield from self.ask("map", self.site.request("GET", f"{self.event}/availability", **tag))
        if answer.status != 200:
            return etag
        fresh = header(answer.raw, b"etag")
        if fresh in self._maps:
            return fresh
        # Everybody is sent the same few bytes in a second: they are read once.
        news = self.map.read_availability(answer.body)
        self._maps = [fresh, *self._maps[:_MAPS_KNOWN]]
        if news:
            seen = self.map
            assert seen.free is not None  # noqa: S101 - just read
            self.record.seats.append((self.record.since(answer.at), seen.free, seen.held, seen.sold))
        return fresh

    def see_line(self, answer: Answer) -> None:
        """Take a status of the line over."""
        if answer.status == 200 and self.board.take(answer.body):
            board = self.board
            self.record.line.append((self.record.since(answer.at), board.serving, board.last))

    def progress(self, now: float) -> dict[str, Any]:
        """What is told once a second."""
        record = self.record
        return {
            "at": record.since(now),
            "stages": dict(record.stages),
            "answers": sum(record.answers.values()),
            "failed": sum(count for (_, kind), count in record.answers.items() if kind == "failed"),
            "free": self.map.free,
            "sold": self.map.sold,
            "serving": self.board.serving,
            "late_ms": round(self.loop.late.percentile(0.99), 2),
            "cpu": round(self.loop.load[-1][1], 3) if self.loop.load else 0.0,
            "connections": len(self.loop.connections),
        }
