"""What one process saw: every answer counted, and the history that the verdict is read from."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from ticketing.rehearsal.client import Answer
from ticketing.rehearsal.histogram import Histogram

GOOD, REFUSED, FAILED = "good", "refused", "failed"


def kind_of(status: int) -> str:
    """How well a request was answered. Refusing (409: somebody was faster) is answering well; 429 and 5xx are not."""
    if status == 0 or status == 429 or status >= 500:
        return FAILED
    return REFUSED if status >= 400 else GOOD


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
    """Counts, latencies and history; `zero` is T-0 on the monotonic clock."""

    zero: float
    latencies: dict[tuple[str, int], Histogram] = field(default_factory=dict)
    answers: Counter[tuple[str, str]] = field(default_factory=Counter)
    by_second: Counter[tuple[str, int]] = field(default_factory=Counter)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
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
        status = answer.status
        kind = kind_of(status)
        second = int((answer.due - self.zero) // 1)
        key = (step, second)
        histogram = self.latencies.get(key)
        if histogram is None:
            histogram = self.latencies[key] = Histogram()
        histogram.add(answer.at - answer.due)
        self.answers[step, kind] += 1
        if kind != GOOD:
            reason = why or f"{status} {code_of(answer)}"
            self.reasons[step, reason] += 1
            if kind == FAILED:
                self.by_second["failed", second] += 1
            elif step != "bot":
                self.by_second["refused", second] += 1

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
            "outcomes": dict(self.outcomes),
            "seats": self.seats,
            "line": self.line,
            "history": vars(self.history),
        }

    def add(self, document: dict[str, Any]) -> None:
        """Take another process's over."""
        for step, second, histogram in document["latencies"]:
            self.latencies.setdefault((step, second), Histogram()).merge(Histogram.of(histogram))
        for first, second, count in document["answers"]:
            self.answers[first, second] += count
        for first, second, count in document["by_second"]:
            self.by_second[first, second] += count
        for first, second, count in document["reasons"]:
            self.reasons[first, second] += count
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
