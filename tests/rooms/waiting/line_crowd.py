"""A discrete simulation of people before `model.release`: who is called, comes late or never, stays a while, leaves."""

from __future__ import annotations

import heapq
import random
from collections import deque
from dataclasses import dataclass, field

from ticketing.waiting.model import RESERVATION_MS, Census, Line, Phase, Stock, release

DOOR_RETRY = 2


@dataclass
class Crowd:
    """One hour of a sale, a second at a time. Seconds; `stay` is the mean of an exponential, with 20 % slow tabs.

    The claim is judged as the script does: by the cap, by the rate of a minute, in order of place at the door.
    """

    line: Line
    no_shows: float
    stay: float = 240.0
    seed: int = 7
    inside: list[float] = field(default_factory=list)
    admitted: deque[float] = field(default_factory=deque)
    coming: list[tuple[float, int]] = field(default_factory=list)
    released: deque[tuple[float, int]] = field(default_factory=deque)
    entered: set[int] = field(default_factory=set)
    serving: int = 0
    most: int = 0
    longest_door: float = 0.0

    def run(self, seconds: int, waiting: int, warm_up: int = 600, health: float = 1.0) -> float:
        """The share of slots in use, from `warm_up` on."""
        rng = random.Random(self.seed)
        used = 0
        first_seen: dict[int, float] = {}
        for now in range(seconds):
            while self.inside and self.inside[0] <= now:
                heapq.heappop(self.inside)
            while self.admitted and self.admitted[0] <= now - 60:
                self.admitted.popleft()
            at_door = self._claims(now, rng, first_seen)
            self._call(now, waiting, at_door, health, rng)
            self.most = max(self.most, len(self.inside))
            used += len(self.inside) if now >= warm_up else 0
        return used / (self.line.cap * (seconds - warm_up))

    def _claims(self, now: float, rng: random.Random, first_seen: dict[int, float]) -> int:
        """Whoever comes now, in order of place; the rest stands at the door and comes again."""
        here = []
        while self.coming and self.coming[0][0] <= now:
            here.append(heapq.heappop(self.coming)[1])
        for place in sorted(here):
            first_seen.setdefault(place, now)
            if len(self.inside) < self.line.cap and len(self.admitted) < self.line.rate:
                heapq.heappush(self.inside, now + rng.expovariate(1 / self.stay))
                self.admitted.append(now)
                self.entered.add(place)
                self.longest_door = max(self.longest_door, now - first_seen.pop(place))
            else:
                heapq.heappush(self.coming, (now + DOOR_RETRY, place))
        return len(first_seen)

    def _call(self, now: float, waiting: int, at_door: int, health: float, rng: random.Random) -> None:
        """The leader's second."""
        lately = [n for at, n in self.released if at <= now - RESERVATION_MS / 1000]
        old = lately[-1] if lately else 0
        upto = min(self.serving, waiting)
        unclaimed = max(0, upto - old - sum(old < place <= upto for place in self.entered) - at_door)
        self.entered = {place for place in self.entered if place > old}
        census = Census(
            Phase.OPEN, waiting, waiting, self.serving, len(self.inside), len(self.admitted), unclaimed, at_door,
            0, 0, 0, 0, health,
        )  # fmt: skip
        serving = release(self.line, census, Stock((10**9,), 0, (10**9,)), health)
        for place in range(self.serving + 1, min(serving, waiting) + 1):
            if rng.random() >= self.no_shows:
                # Most look at once; a fifth comes from a tab that was asleep.
                late = rng.expovariate(1 / 60) if rng.random() < 0.2 else rng.uniform(0, 5)
                heapq.heappush(self.coming, (now + 1 + late, place))
        if serving > self.serving:
            self.released.append((now, serving))
            self.serving = serving
