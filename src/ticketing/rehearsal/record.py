"""What one process saw: every answer counted, and the history that the verdict is read from."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from ticketing.rehearsal.client import Answer
from ticketing.rehearsal.histogram import Histogram

GOOD, REFUSED, FAILED = "good", "refused", "failed"


_NO_MORE = {"sold_out", "line_closed"}
_REFUSALS = {
    "join": {*_NO_MORE, "lobby_not_open", "line_draining"},
    "claim": {*_NO_MORE, "not_your_turn", "line_full", "line_paused"},
    "renew": {*_NO_MORE, "place_used"},
    "hold, chosen": {"seats_taken", "limit_exceeded", "sale_closed"},
    "hold, best": {"no_seats_left", "limit_exceeded", "sale_closed"},
    "order": {"hold_expired"},
}
"""Codes of the 409s that may befall an honest fan, by step. Whether a hold had expired, its buyer looks at."""


def kind_of(step: str, answer: Answer) -> str:
    """How well a request was answered: GOOD for 2xx and 3xx, REFUSED for what an honest fan may be told there, such as
    that somebody was faster, and for all that a bot is told; FAILED for any other: 429, 5xx, nothing, but also a 401,
    403 or 404, since fans ask only for what is theirs.
    """
    status = answer.status
    if 200 <= status < 400:
        return GOOD
    if step == "bot":
        return REFUSED if 400 <= status < 500 and status != 429 else FAILED
    return REFUSED if status == 409 and code_of(answer) in _REFUSALS.get(step, ()) else FAILED


@dataclass
class History:
    """What happened to the fans, in their own words; instants in seconds after T-0 (before it: negative).

    Attributes:
        holds: fan, hold id, seats, when it was answered.
        orders: fan, idempotency key, order id, when it was sent, when it was answered.
        looks: fan, order id, state, seats, tickets, when: each state of an order that was new to its buyer.
        tickets: fan, ticket id, seat, order id.
        claims: place, sent, answered, "in" or "full".
        visits: from, until: somebody was inside for certain.
        bots: what was tried, status, code.
    """

    holds: list[tuple[int, str, list[str], float]] = field(default_factory=list)
    orders: list[tuple[int, str, str, float, float]] = field(default_factory=list)
    looks: list[tuple[int, str, str, list[str], list[str], float]] = field(default_factory=list)
    tickets: list[tuple[int, str, str, str]] = field(default_factory=list)
    claims: list[tuple[int, float, float, str]] = field(default_factory=list)
    visits: list[tuple[float, float]] = field(default_factory=list)
    bots: list[tuple[str, int, str]] = field(default_factory=list)

    def add(self, other: dict[str, list[Any]]) -> None:
        """Take another process's over."""
        for name, entries in other.items():
            getattr(self, name).extend(tuple(entry) for entry in entries)


@dataclass
class Record:
    """Counts, latencies and history.

    Attributes:
        zero: T-0 on the monotonic clock.
        reasons: what was answered other than well or not at all, by step. failures: those of them that are FAILED.
        surprises: answers that nobody can make sense of, by step.
    """

    zero: float
    latencies: dict[tuple[str, int], Histogram] = field(default_factory=dict)
    answers: Counter[tuple[str, str]] = field(default_factory=Counter)
    by_second: Counter[tuple[str, int]] = field(default_factory=Counter)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    failures: Counter[tuple[str, str]] = field(default_factory=Counter)
    surprises: Counter[tuple[str, str]] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    stages: Counter[str] = field(default_factory=Counter)
    seats: list[tuple[float, int, int, int]] = field(default_factory=list)
    line: list[tuple[float, int, int]] = field(default_factory=list)
    history: History = field(default_factory=History)

    def since(self, instant: float) -> float:
        """Seconds after T-0."""
        return round(instant - self.zero, 4)

    def answered(self, step: str, answer: Answer, why: str) -> None:
        """See `Observer`. The latency is filed under the second in which the request was meant to be sent."""
        kind = kind_of(step, answer)
        second = int((answer.due - self.zero) // 1)
        key = (step, second)
        histogram = self.latencies.get(key)
        if histogram is None:
            histogram = self.latencies[key] = Histogram()
        histogram.add(answer.at - answer.due)
        self.answers[step, kind] += 1
        if kind != GOOD:
            reason = why or f"{answer.status} {code_of(answer)}"
            self.reasons[step, reason] += 1
            if kind == FAILED:
                self.failures[step, reason] += 1
                self.by_second["failed", second] += 1
            elif step != "bot":
                self.by_second["refused", second] += 1

    def surprised(self, step: str, what: str) -> None:
        """See `Observer`."""
        self.surprises[step, what] += 1

    def count(self, what: str, instant: float) -> None:
        """Something happened: `arrived`, `entered`, `ordered`, `ticketed`."""
        self.by_second[what, int((instant - self.zero) // 1)] += 1

    def move(self, old: str, new: str) -> None:
        """A fan went from one stage to the next; empty is outside."""
        if old:
            self.stages[old] -= 1
        if new:
            self.stages[new] += 1

    def document(self) -> dict[str, Any]:
        """For the parent."""
        return {
            "latencies": [[step, second, histogram.document()] for (step, second), histogram in self.latencies.items()],
            "answers": [[*key, count] for key, count in self.answers.items()],
            "by_second": [[*key, count] for key, count in self.by_second.items()],
            "reasons": [[*key, count] for key, count in self.reasons.items()],
            "failures": [[*key, count] for key, count in self.failures.items()],
            "surprises": [[*key, count] for key, count in self.surprises.items()],
            "outcomes": dict(self.outcomes),
            "seats": self.seats,
            "line": self.line,
            "history": vars(self.history),
        }

    def add(self, document: dict[str, Any]) -> None:
        """Take another process's over."""
        for step, second, histogram in document["latencies"]:
            self.latencies.setdefault((step, second), Histogram()).merge(Histogram.of(histogram))
        for name in ("answers", "by_second", "reasons", "failures", "surprises"):
            counted: Counter[Any] = getattr(self, name)
            for first, second, count in document[name]:
                counted[first, second] += count
        self.outcomes.update(document["outcomes"])
        self.seats = sorted([*self.seats, *map(tuple, document["seats"])])
        self.line = sorted([*self.line, *map(tuple, document["line"])])
        self.history.add(document["history"])

    def step(self, name: str) -> Histogram:
        """All latencies of a step."""
        made = Histogram()
        for (step, _), histogram in self.latencies.items():
            if step == name:
                made.merge(histogram)
        return made

    @property
    def steps(self) -> list[str]:
        """Names of all steps that were made."""
        return sorted({step for step, _ in self.latencies})


def code_of(answer: Answer) -> str:
    """The stable code of a problem document, "?" when there is none."""
    try:
        document = json.loads(answer.body)
        return str(document["code"])
    except (ValueError, KeyError, TypeError):
        return "?"
