"""An Auto Scaling group in steps of a second: target tracking, warm-up, scheduled floor, maximum.

As AWS documents target tracking: an alarm on three one-minute averages above the target scales out, to the size that
would have brought the metric to its target; of several policies the largest wish counts; fifteen minutes below nine
tenths of it scale in. While instances warm up they count as there, so nothing is started twice.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

from bench.scale.planned import Planned

OUT_MINUTES, IN_MINUTES = 3, 15
METRIC_DELAY = 60.0
"""Seconds until CloudWatch shows a minute to the alarm; assumed."""


@dataclass
class Group:
    """Instances by the second at which they answer. Call `tick` once a second, in order."""

    planned: Planned
    boots: list[float] = field(default_factory=list)
    floor: int = 0
    _minutes: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=IN_MINUTES))
    _pending: deque[tuple[float, float, float]] = field(default_factory=deque)
    _sums: list[float] = field(default_factory=lambda: [0.0, 0.0])
    _seconds: int = 0

    def __post_init__(self) -> None:
        self.floor = self.floor or self.planned.least
        self.boots = self.boots or [-math.inf] * max(self.planned.desired, self.floor)

    def in_service(self, now: float) -> int:
        """Instances that answer."""
        return sum(ready <= now for ready in self.boots)

    @property
    def desired(self) -> int:
        """Instances that are there or start."""
        return len(self.boots)

    def schedule(self, now: float, capacity: int) -> None:
        """A scheduled action: floor and wish rise together."""
        self.floor = capacity
        self._grow(now, capacity)

    def tick(self, now: float, cpu: float, requests: float) -> None:
        """A second has passed with this CPU (percent, average) and so many requests per instance."""
        self._sums[0] += cpu
        self._sums[1] += requests
        self._seconds += 1
        if self._seconds == 60:
            self._pending.append((now + METRIC_DELAY, self._sums[0] / 60, self._sums[1]))
            self._sums, self._seconds = [0.0, 0.0], 0
        if self._pending and self._pending[0][0] <= now:
            _, cpu_minute, requests_minute = self._pending.popleft()
            self._minutes.append((cpu_minute / self.planned.cpu_target, requests_minute / self.planned.requests_target))
            self._judge(now)

    def _judge(self, now: float) -> None:
        wishes = []
        for policy in range(2):
            ratios = [minute[policy] for minute in self._minutes]
            if len(ratios) >= OUT_MINUTES and min(ratios[-OUT_MINUTES:]) > 1:
                wishes.append(math.ceil(self.in_service(now) * ratios[-1]))
        if wishes:
            self._grow(now, max(wishes))
        elif len(self._minutes) == IN_MINUTES and all(max(minute) < 0.9 for minute in self._minutes):
            wish = max(self.floor, math.ceil(self.desired * max(self._minutes[-1])))
            self.boots = sorted(self.boots)[: max(wish, 1)]
            self._minutes.clear()

    def _grow(self, now: float, wish: int) -> None:
        more = min(wish, self.planned.most) - self.desired
        self.boots += [now + self.planned.warmup] * max(0, more)
