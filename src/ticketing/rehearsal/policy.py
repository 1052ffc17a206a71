"""When a client of the line asks: the same rules as the web page's `line/policy.ts`, in seconds."""

from __future__ import annotations

import math
import random

LEAST, MOST = 2.0, 60.0
CLAIM_SPREAD = 0.8
"""Those who are called at the same second come over this time."""

RENEW_SECONDS = 30.0
"""How often a seat page that is looked at shows a sign of life."""

_CROWD = 100_000
_DRAW_SPREAD = 20.0
_UNKNOWN_PACE = 4


def jitter(delay: float) -> float:
    """±15 %."""
    return delay * (0.85 + 0.3 * random.random())  # noqa: S311 - spreads a crowd


def poll_interval(ahead: int, per_minute: float) -> float:
    """An eighth of the time that remains, 2 to 60 s, without jitter."""
    remaining = ahead * 60 / per_minute if per_minute > 0 else ahead / _UNKNOWN_PACE
    return max(LEAST, min(remaining / 8, MOST))


def poll_delay(ahead: int, per_minute: float) -> float:
    """Until the next look while waiting."""
    return jitter(poll_interval(ahead, per_minute))


def draw_span(crowd: int) -> float:
    """Seconds over which the first looks after the draw are spread: 20 for 100,000 people, by the root below."""
    return _DRAW_SPREAD * math.sqrt(min(1.0, crowd / _CROWD))


def draw_spread(crowd: int) -> float:
    """One of these first looks: seconds after the draw."""
    return draw_span(crowd) * random.random()  # noqa: S311


def lobby_delay(until_draw: float, crowd: int) -> float:
    """Until the next look before the draw: seldom, but right after the moment that everybody waits for."""
    spread = draw_spread(crowd)
    if until_draw <= 0:
        return jitter(max(LEAST, spread))
    most = jitter(MOST)
    return until_draw + spread if until_draw <= most else most
