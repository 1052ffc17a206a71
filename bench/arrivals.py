"""When the fans of a sale come, as shares a second: the rehearsal's own lot, drawn many times."""

from __future__ import annotations

import functools
import math
import random
from collections import Counter

from ticketing.rehearsal.plan import arrival

_LOTS = 500_000


@functools.cache
def arrivals(lobby: float, duration: float) -> dict[int, float]:
    """Second after T-0 (before it: negative) → share of the fans who come in it.

    Args:
        lobby, duration: seconds from the first arrival to T-0, and from there to the end.
    """
    lots = random.Random(7)
    drawn = Counter(math.floor(arrival(lots, -lobby, 0.0, duration)) for _ in range(_LOTS))
    return {second: count / _LOTS for second, count in drawn.items()}
