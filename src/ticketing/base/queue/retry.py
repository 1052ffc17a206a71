"""How often and how soon a queue call is tried again."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from .port import MessageTooLarge


@dataclass(frozen=True, slots=True)
class Retry:
    """Bounded retry: `attempts` tries in all, pauses of full jitter below a doubling ceiling (seconds)."""

    attempts: int = 3
    first_pause: float = 0.1
    longest_pause: float = 1.0

    def pause(self, tried: int) -> float:
        """Seconds to wait after `tried` tries (1 or more)."""
        ceiling = min(self.longest_pause, self.first_pause * 2.0 ** (tried - 1))
        return random.uniform(0, ceiling)  # noqa: S311 spreads load, hides nothing


def check_sizes(bodies: Sequence[bytes], limit: int) -> None:
    """Raise MessageTooLarge for the first body over `limit` bytes."""
    for index, body in enumerate(bodies):
        if len(body) > limit:
            raise MessageTooLarge(index, len(body), limit)


def chunked(sizes: Sequence[int], most: int, most_bytes: int) -> list[range]:
    """Cut indexes 0..n-1 into runs of at most `most` items and `most_bytes` (a single larger one stands alone)."""
    chunks: list[range] = []
    start = total = 0
    for index, size in enumerate(sizes):
        if index > start and (index - start >= most or total + size > most_bytes):
            chunks.append(range(start, index))
            start, total = index, 0
        total += size
    if start < len(sizes):
        chunks.append(range(start, len(sizes)))
    return chunks
