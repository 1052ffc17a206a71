"""The provider's own settings: handed in, never read from the environment here."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """How this provider runs. Times are seconds.

    `data` is the folder of its books. `callback_url` is used for captures that name none. `slow_s` is the wait of
    `tok_slow` and of the slow mode; `pending_s` the time until a pending capture is decided; `hang_s` bounds
    "never". A callback is tried `callback_attempts` times, `callback_backoff_s` apart at first, then doubling.
    """

    data: Path
    secret: str = field(repr=False)
    callback_url: str | None = None
    slow_s: float = 3.0
    pending_s: float = 1.0
    hang_s: float = 120.0
    callback_attempts: int = 10
    callback_backoff_s: float = 0.5
    callback_timeout_s: float = 5.0
