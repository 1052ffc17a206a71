"""How a drill felt to its buyers: what share of their requests was answered well, and the longest gap.

Judged from the recorded exchanges alone. Answered well: an answer that moves the buyer on or tells what to do instead,
within `WELL_SECONDS`: 2xx, 3xx, and refusals of business (409 "somebody was faster", 404, 422, …). Not well: no
answer, a late one, any 5xx, the honest 503 included, and 429, since these buyers never ask too often.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.drills.history import Exchange

WELL_SECONDS = 5.0
Span = tuple[float, float]


def well(exchange: Exchange) -> bool:
    """Whether one request was answered well."""
    status = exchange.status
    if status is None or status >= 500 or status in (408, 429):
        return False
    return exchange.at - exchange.began <= WELL_SECONDS


def kind(exchange: Exchange) -> str:
    """What the buyer was doing: look, wait, hold, order or follow."""
    path = exchange.path
    if "/queue" in path or path.endswith("/admission") or path.startswith("/status/"):
        return "wait"
    if path.startswith("/api/orders"):
        return "order" if exchange.method == "POST" else "follow"
    return "hold" if path.endswith("/holds") else "look"


@dataclass
class Availability:
    """`bad` counts by what went wrong, "hold 503" for one; `gap` is in seconds, of the kind `gap_kind`."""

    requests: int = 0
    good: int = 0
    gap: float = 0.0
    gap_kind: str = ""
    bad: Counter[str] = field(default_factory=Counter)

    @property
    def share(self) -> float:
        """Answered well, of all; 1.0 when nobody asked."""
        return self.good / self.requests if self.requests else 1.0

    def __add__(self, other: Availability) -> Availability:
        worse = max(self, other, key=lambda a: a.gap)
        return Availability(
            self.requests + other.requests, self.good + other.good, worse.gap, worse.gap_kind, self.bad + other.bad
        )


def measure(exchanges: Sequence[Exchange], without: Sequence[Span] = ()) -> Availability:
    """Measure what was asked outside some announced spans of time.

    The gap is the longest time in which one kind of request got no good answer though somebody asked: from the moment
    when a request was sent that went wrong, to the next good answer to that kind of request.
    """
    found = Availability()
    asked = [x for x in exchanges if not any(start <= x.began <= end for start, end in without)]
    for name in {kind(x) for x in asked}:
        _measure_kind(found, name, [x for x in asked if kind(x) == name])
    return found


def _measure_kind(found: Availability, name: str, asked: list[Exchange]) -> None:
    good = sorted(x.at for x in asked if well(x))
    end = max(x.at for x in asked)
    found.requests += len(asked)
    found.good += len(good)
    for bad in (x for x in asked if not well(x)):
        why = "no answer" if bad.status is None else "late" if bad.status < 429 else str(bad.status)
        found.bad[f"{name} {why}"] += 1
        over = next((at for at in good if at > bad.began), end)
        if over - bad.began > found.gap:
            found.gap, found.gap_kind = over - bad.began, name
