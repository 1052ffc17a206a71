"""Best available: seats side by side, near the centre of their grade, leaving no lone seat behind if that can be.

Works on a snapshot of the seats; the Lua call decides, so the answer is a list of groups in order of preference.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterator
from math import hypot

from ticketing.catalog.index import PlanIndex, Run, SectionRange

CANDIDATES = 24
_ORPHAN = 1e6
_SPREAD = 6


def best_groups(
    index: PlanIndex, section: SectionRange, seats: bytes, quantity: int, rng: random.Random | None = None
) -> list[tuple[int, ...]]:
    """Up to CANDIDATES groups of `quantity` free seats, best first.

    Args:
        index: the plan.
        section: a reserved section of it.
        seats: state bytes of that section only ('0' is free).
        quantity: seats that want to sit together, at least 1.
        rng: shuffles the first few among themselves, so that a crowd does not fight over one block; None keeps order.

    Groups are blocks of neighbours. Only when no row has `quantity` free neighbours are they split into the fewest
    blocks that lie close together.
    """
    scored = heapq.nsmallest(CANDIDATES, _blocks(index, section, seats, quantity))
    groups = [block for _, block in scored]
    if not groups and quantity > 1:
        split = _split(index, section, seats, quantity)
        return [split] if split else []
    if rng is not None:
        # Never shuffle a block that leaves an orphan in front of one that does not.
        clean = [score < _ORPHAN for score, _ in scored]
        head = clean.index(False) if False in clean else len(groups)
        top = groups[: min(_SPREAD, head or len(groups))]
        rng.shuffle(top)
        groups[: len(top)] = top
    return groups


def _blocks(
    index: PlanIndex, section: SectionRange, seats: bytes, quantity: int
) -> Iterator[tuple[float, tuple[int, ...]]]:
    for run in index.runs(section):
        for start, length in _free_stretches(run, section, seats):
            for first in range(start, start + length - quantity + 1):
                orphans = (first - start == 1) + (start + length - first - quantity == 1)
                score = _distance(index, run, first, quantity) + _ORPHAN * orphans
                yield score, tuple(range(first, first + quantity))


def _free_stretches(run: Run, section: SectionRange, seats: bytes) -> Iterator[tuple[int, int]]:
    """(first ordinal, length) of each stretch of free neighbours in a run."""
    state = seats[run.first - section.first : run.first - section.first + run.count]
    at = 0
    while (start := state.find(b"0", at)) >= 0:
        end = start
        while end < len(state) and state[end : end + 1] == b"0":
            end += 1
        yield run.first + start, end - start
        at = end


def _distance(index: PlanIndex, run: Run, first: int, quantity: int) -> float:
    cx, cy = index.grade_centres[run.grade]
    last = first + quantity - 1
    x, y = (index.x[first] + index.x[last]) / 2, (index.y[first] + index.y[last]) / 2
    return hypot(x - cx, y - cy)


def _split(index: PlanIndex, section: SectionRange, seats: bytes, quantity: int) -> tuple[int, ...] | None:
    """The fewest blocks that make up `quantity`: the longest stretch first, then those nearest to it."""
    stretches = [
        (length, start) for run in index.runs(section) for start, length in _free_stretches(run, section, seats)
    ]
    if sum(length for length, _ in stretches) < quantity:
        return None
    longest, anchor = max(stretches)
    stretches.remove((longest, anchor))
    x, y = index.x[anchor], index.y[anchor]
    stretches.sort(key=lambda item: (-min(item[0], quantity), hypot(index.x[item[1]] - x, index.y[item[1]] - y)))
    chosen: list[int] = []
    for length, start in [(longest, anchor), *stretches]:
        chosen.extend(range(start, start + min(length, quantity - len(chosen))))
        if len(chosen) == quantity:
            return tuple(chosen)
    return None
