"""Judges a drill of a waiting line from what its people were told and when; shares no code with the line.

Rules: `twice` (an index of two people), `moved` (a person of two indexes), `place` (a place that changes, or is not
a permutation), `early` (in before the turn), `over-cap`, `over-rate`, `overtaken` (turned away at the door while a
later place is let in), `backwards` (serving), `left-out` (never got in), `books` (the database disagrees).
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

DOOR_SECONDS = 6.0
"""Who was told "your turn, but no room" keeps their turn so long: `DOOR_MS` of the line."""
STATUS_LAG = 2.5
"""The public status follows the books within a tick (1 s), what processes keep of it (0.5 s), and one poll."""


@dataclass(frozen=True)
class Told:
    """One answer. `sent` and `at`: seconds, monotonic; `status` None when no answer came."""

    sent: float
    at: float
    account: str
    kind: str
    status: int | None
    body: dict[str, Any] = field(default_factory=dict)

    @property
    def inside(self) -> bool:
        """Whether this is a pass."""
        return self.kind == "claim" and self.status == 200


@dataclass
class Evidence:
    """All that is known. `accidents`: (from, until) when something was broken; `visits`: (index, live) of the books."""

    told: list[Told]
    cap: int
    rate: int
    accidents: Sequence[tuple[float, float]] = ()
    visits: Sequence[tuple[int, int | None]] = ()


@dataclass(frozen=True)
class Breach:
    """A broken promise."""

    rule: str
    what: str


def check(evidence: Evidence) -> list[Breach]:
    """Every breach of every rule."""
    told = sorted(evidence.told, key=lambda t: t.at)
    rules = (_places, _turns, _cap, _rate, _door, _serving, _left_out, _books)
    return [breach for rule in rules for breach in rule(evidence, told)]


def _places(_: Evidence, told: list[Told]) -> Iterator[Breach]:
    owner: dict[int, str] = {}
    index_of: dict[str, int] = {}
    position_of: dict[str, int] = {}
    for t in told:
        index = t.body.get("index") if t.status == 200 else None
        if index is not None:
            if owner.setdefault(index, t.account) != t.account:
                yield Breach("twice", f"{index} was given to {owner[index]} and {t.account}")
            if index_of.setdefault(t.account, index) != index:
                yield Breach("moved", f"{t.account} had {index_of[t.account]} and was given {index}")
        position = t.body.get("position")
        if position is not None and position_of.setdefault(t.account, position) != position:
            yield Breach("place", f"{t.account} stood at {position_of[t.account]} and then at {position}")
    if len(set(position_of.values())) != len(position_of):
        yield Breach("place", "two people stand at one place")


def _position(told: list[Told]) -> dict[str, int]:
    return {t.account: t.body["position"] for t in told if t.body.get("position") is not None}


def _turns(_: Evidence, told: list[Told]) -> Iterator[Breach]:
    position = _position(told)
    seen = [(t.at, t.body["serving"]) for t in told if t.kind == "status" and t.status == 200]
    for t in told:
        if t.inside:
            serving = max((serving for at, serving in seen if at <= t.at + STATUS_LAG), default=0)
            if position.get(t.account, 10**9) > serving:
                yield Breach("early", f"{t.account} at {position.get(t.account)} came in while {serving} was served")


def _stays(told: list[Told]) -> dict[str, tuple[float, float]]:
    """Account → from the first pass to the moment when it asked to leave, or to the last pass."""
    stays: dict[str, tuple[float, float]] = {}
    for t in told:
        if t.inside:
            first, last = stays.get(t.account, (t.at, t.at))
            stays[t.account] = (first, max(last, t.at))
    for t in told:
        if t.kind == "leave" and t.account in stays:
            first, last = stays[t.account]
            stays[t.account] = (first, max(first, min(last, t.sent)) if t.sent < last else t.sent)
    return stays


def _cap(e: Evidence, told: list[Told]) -> Iterator[Breach]:
    changes = sorted(
        change for first, last in _stays(told).values() if last > first for change in ((first, 1), (last, -1))
    )
    inside = most = 0
    for _, change in changes:
        inside += change
        most = max(most, inside)
    if most > e.cap:
        yield Breach("over-cap", f"{most} inside of at most {e.cap}")


def _rate(e: Evidence, told: list[Told]) -> Iterator[Breach]:
    first = sorted({t.account: t.at for t in reversed(told) if t.inside}.values())
    # Between the script's decision and the answer lies the commit: the window is that much shorter here.
    for number, at in enumerate(first):
        within = sum(at - 55.0 < earlier <= at for earlier in first[: number + 1])
        if within > e.rate:
            yield Breach("over-rate", f"{within} within 55 s, {e.rate} per minute are allowed")
            return


def _door(e: Evidence, told: list[Told]) -> Iterator[Breach]:
    position = _position(told)
    claims: dict[str, list[Told]] = defaultdict(list)
    entries: dict[str, Told] = {}
    for t in told:
        if t.kind == "claim" and t.account in position:
            claims[t.account].append(t)
            if t.inside:
                entries.setdefault(t.account, t)
    for account, asked in claims.items():
        for first, again in itertools.pairwise(asked):
            if not (_full(first) and _full(again)) or again.sent - first.sent > DOOR_SECONDS - 1:
                continue
            if any(start - 1 < again.at and first.sent < end + DOOR_SECONDS for start, end in e.accidents):
                continue
            between = [t for t in entries.values() if t.sent > first.at and t.at < again.sent]
            later = [t for t in between if position[t.account] > position[account]]
            if later and not any(position[t.account] < position[account] for t in entries.values()
                                 if t.at > first.at and t.sent < again.at):  # fmt: skip
                yield Breach("overtaken", f"{account} at {position[account]} by {later[0].account}")


def _full(t: Told) -> bool:
    return t.status == 409 and t.body.get("code") == "line_full"


def _serving(_: Evidence, told: list[Told]) -> Iterator[Breach]:
    """What the leader said, in the order of its own stamps: a process without its store shows the last that it knew."""
    said = {(t.body["at"], t.body["serving"]) for t in told if t.kind == "status" and t.status == 200}
    for (earlier, before), (later, after) in itertools.pairwise(sorted(said)):
        if after < before and earlier != later:
            yield Breach("backwards", f"serving was {before} at {earlier} and {after} at {later}")


def _left_out(_: Evidence, told: list[Told]) -> Iterator[Breach]:
    joined = {t.account for t in told if t.kind == "join" and t.status == 200}
    for account in sorted(joined - {t.account for t in told if t.inside}):
        last = [t for t in told if t.account == account][-1]
        yield Breach("left-out", f"{account} never got in; last told {last.status} {last.body.get('code')}")


def _books(e: Evidence, told: list[Told]) -> Iterator[Breach]:
    index_of = {t.account: t.body["index"] for t in told if t.status == 200 and "index" in t.body}
    known = {index for index, _ in e.visits}
    for account in {t.account for t in told if t.inside}:
        if e.visits and index_of[account] not in known:
            yield Breach("books", f"{account} was inside, and the books know nothing of it")
