"""Server time. Only instants: milliseconds since the epoch, UTC."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Where the time comes from; tests move it by hand."""

    def now_ms(self) -> int:
        """Milliseconds since the epoch."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_ms(self) -> int:
        """Milliseconds since the epoch."""
        return time.time_ns() // 1_000_000


class ManualClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now_ms: int) -> None:
        self._now_ms = now_ms

    def now_ms(self) -> int:
        """Milliseconds since the epoch."""
        return self._now_ms

    def advance(self, seconds: float) -> None:
        """Move the hands forward (or back, with a negative number)."""
        self._now_ms += int(seconds * 1000)


def rfc3339(ms: int) -> str:
    """`2026-11-22T11:00:00.000Z` of an instant in milliseconds."""
    # gmtime and one format: a third of the time of datetime's way, and every answer has two or three of them.
    year, month, day, hour, minute, second, *_ = time.gmtime(ms // 1000)
    return f"{year:04d}-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}:{second:02d}.{ms % 1000:03d}Z"


def parse_rfc3339(text: str) -> int:
    """Milliseconds of an RFC 3339 instant; raises ValueError when it has no offset or is not one."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone: end it with Z or an offset such as +09:00")
    # Not truncated: most milliseconds have no exact binary fraction, and half of those lie just below themselves.
    return round(moment.timestamp() * 1000)
