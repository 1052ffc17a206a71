"""Was the order kept? Judged from what the clients saw and when, not from what the line says of itself."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Claim:
    """One answered claim: place, instants of sending and of the answer (seconds, one clock), 'in' or 'full'."""

    position: int
    sent: float
    answered: float
    outcome: str


KEPT_SECONDS = 4.0
"""Somebody at the door who has not come again for so long is no longer counted as being there."""


@dataclass(frozen=True, order=True)
class Stay:
    """At the door from the answer "full" to the next claim; `again`: when that one was answered "full" as well, else
    None.
    """

    position: int
    since: float
    until: float
    again: float | None


def stays_at_door(claims: Iterable[Claim], kept: float = KEPT_SECONDS) -> list[Stay]:
    """Everybody's stays, in order of their beginning."""
    by_position: dict[int, list[Claim]] = {}
    for claim in claims:
        by_position.setdefault(claim.position, []).append(claim)
    stays = []
    for position, calls in by_position.items():
        calls.sort(key=lambda claim: claim.sent)
        for one, following in itertools.pairwise(calls):
            if one.outcome == "full":
                # The script keeps a turn for longer than this from a moment that is not before the sending.
                until = min(following.sent, one.sent + kept)
                again = following.answered if following.outcome == "full" else None
                stays.append(Stay(position, one.answered, until, again))
    return sorted(stays, key=lambda stay: stay.since)


@dataclass(frozen=True)
class Overtakings:
    """How often somebody was admitted while a smaller place stood at the door all the while.

    Attributes:
        kept: the smaller place's slot was kept for it: its next claim succeeded. No harm.
        outranked: its slot was kept, and before it came again somebody took it who stands before both: called earlier,
            come later. The order among those who are there is kept.
        inversions: the smaller place was told "full" once more, and there is nothing that explains it.
    """

    kept: int
    outranked: int
    inversions: int


def overtakings(claims: Iterable[Claim], kept_seconds: float = KEPT_SECONDS) -> Overtakings:
    """Judge all claims of a run."""
    claims = list(claims)
    stays = stays_at_door(claims, kept_seconds)
    entries = sorted((claim for claim in claims if claim.outcome == "in"), key=lambda claim: claim.sent)
    at_door: list[tuple[int, float, Stay]] = []
    following = kept = outranked = inversions = 0
    for claim in entries:
        while following < len(stays) and stays[following].since < claim.sent:
            stay = stays[following]
            heapq.heappush(at_door, (stay.position, stay.until, stay))
            following += 1
        while at_door and at_door[0][1] <= claim.sent:
            heapq.heappop(at_door)
        passed = [stay for place, until, stay in at_door if place < claim.position and until > claim.answered]
        in_vain = [stay for stay in passed if stay.again is not None]
        if any(not _outranked(stay, entries) for stay in in_vain):
            inversions += 1
        elif in_vain:
            outranked += 1
        elif passed:
            kept += 1
    return Overtakings(kept, outranked, inversions)


def _outranked(stay: Stay, entries: list[Claim]) -> bool:
    """Whether a place before this one may have come in between its two claims."""
    assert stay.again is not None  # noqa: S101 - of those who were told "full" again
    return any(
        entry.position < stay.position and entry.answered > stay.since and entry.sent < stay.again for entry in entries
    )
