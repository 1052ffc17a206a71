"""Places that nobody holds: after a loss, indexes that may have been given out are never given out again.

Thousands may be skipped so. To call them as if people stood there would hold up those behind for minutes: a slot would
be kept for each. The leader steps over them. Whoever does hold one after all (joined in the last second, not written
down yet) brings a ticket, finds that their turn has come, and takes the next slot.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from ticketing.waiting.draw import Places
from ticketing.waiting.model import Line

Range = tuple[int, int]
MOST_RANGES = 200


class Gaps:
    """Collects the ranges of indexes between those that are held, which are told in order."""

    def __init__(self) -> None:
        self.ranges: list[Range] = []
        self._next = 1

    def held(self, indexes: Iterable[int]) -> None:
        """These are held."""
        for index in indexes:
            self.upto(index - 1)
            self._next = index + 1

    def upto(self, highest: int) -> None:
        """Nobody holds anything from here to `highest`."""
        if highest >= self._next:
            self.ranges.append((self._next, highest))
            self._next = highest + 1


def write_ranges(ranges: Sequence[Range]) -> str:
    """As text; of too many the widest, in order."""
    widest = sorted(sorted(ranges, key=lambda r: r[0] - r[1])[:MOST_RANGES])
    return ",".join(f"{first}-{last}" for first, last in widest)


def read_ranges(text: str) -> list[Range]:
    """From text."""
    return [(int(first), int(last)) for first, _, last in (part.partition("-") for part in text.split(",") if part)]


def positions_of(line: Line, ranges: Sequence[Range]) -> list[int]:
    """Where nobody stands, in order, once the line is drawn. Some 40 µs for each index that took part in the draw."""
    if line.seed is None or line.n is None:
        return []
    n = line.n
    # A line may be drawn with nobody in its lobby.
    places = Places(line.seed, n) if n else None
    return sorted(
        places.place(index) if places is not None and index <= n else index
        for first, last in ranges
        for index in range(first, last + 1)
    )


def between(holes: Sequence[int], after: int, upto: int) -> int:
    """How many of these positions lie behind `after`, up to and with `upto`."""
    return max(0, bisect_right(holes, upto) - bisect_right(holes, after))


def step_over(holes: Sequence[int], serving: int, people: int) -> int:
    """The position up to which `people` more are called, not counting where nobody stands."""
    target = serving + people
    while (more := serving + people + between(holes, serving, target)) > target:
        target = more
    return target
