"""How long each step of a run took; the summary at the end of pytest lists them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

STEPS: list[tuple[float, str]] = []


@contextmanager
def step(name: str) -> Iterator[None]:
    """Time a step."""
    began = time.monotonic()
    try:
        yield
    finally:
        STEPS.append((time.monotonic() - began, name))
