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


@dataclass(frozen=True)
class Stay:
    """At the door from the answer "full" to the next claim; `again`: that one was answered "full" as well."""

    position: int
    since: float
    until: float
    again: bool


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
                stays.append(Stay(position, one.answered, until, following.outcome == "full"))
    return sorted(stays, key=lambda stay: stay.since)


@dataclass(frozen=True)
class Overtakings:
    """How often somebody was admitted while a smaller place stood at the door all the while.

    Attributes:
        kept: the smaller place's slot was kept for it: its next claim succeeded. No harm.
        inversions: the smaller place was told "full" once more.
    """

    kept: int
    inversions: int


def overtakings(claims: Iterable[Claim], kept_seconds: float = KEPT_SECONDS) -> Overtakings:
    """Judge all claims of a run."""
    claims = list(claims)
    stays = stays_at_door(claims, kept_seconds)
    at_door: list[tuple[int, float, bool]] = []
    following = kept = inversions = 0
    for claim in sorted((claim for claim in claims if claim.outcome == "in"), key=lambda claim: claim.sent):
        while following < len(stays) and stays[following].since < claim.sent:
            stay = stays[following]
            heapq.heappush(at_door, (stay.position, stay.until, stay.again))
            following += 1
        while at_door and at_door[0][1] <= claim.sent:
            heapq.heappop(at_door)
        passed = [again for place, until, again in at_door if place < claim.position and until > claim.answered]
        if any(passed):
            inversions += 1
        elif passed:
            kept += 1
    return Overtakings(kept, inversions)
