"""The line: its states, its rules, and how many it lets in next. Pure; instants in milliseconds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

NOBODY = "-" * 22
"""Stands in the published record at an index that no account holds (indexes may skip after a loss of Valkey)."""

RESERVATION_MS = 15_000
"""How long a released place keeps its slot free: the value that won in simulation, see docs/adr/0015."""

PENDING_MS = 10_000
"""How long a claim may take to reach the database before its slot is free again."""

FORGET_MS = 7 * 24 * 3_600_000
"""How long Valkey keeps a line that is closed."""

MAX_CAP = 100_000
MAX_RATE = 600_000
INDEX_BLOCK = 1_000
"""Indexes reserved ahead in the database, at least: also the largest gap that a loss leaves in a quiet line."""


class Phase(StrEnum):
    """Where a line is in its life."""

    ANNOUNCED = "announced"
    LOBBY = "lobby"
    DRAWING = "drawing"
    OPEN = "open"
    SOLD_OUT = "sold_out"
    CLOSED = "closed"


class Ending(StrEnum):
    """Why a place was given up, or a visit ended."""

    LEFT = "left"
    ORDERED = "ordered"
    IDLE = "idle"
    LIMIT = "limit"


@dataclass(frozen=True)
class Line:
    """One event's line as the database has it.

    Attributes:
        epoch: counts the draws of an event; tickets of another epoch are void.
        salt: makes subjects of accounts.
        secret: 32 bytes behind the commitment; public once the line is open.
        cap: people inside at once. rate: admissions in any 60 seconds.
        n: how many took part in the draw; roll: digest over them; closed_at: when registration closed; seed: 32
            bytes that give everybody their place. All None before the draw.
        beacon_source: the outside randomness that was promised, beacon: the round; None for a draw without.
        issued: highest index that may have been given out. serving: highest place that was released.
        about: version of the about object.
        open_until: break-glass: no pass is asked for until then; 0 otherwise.
    """

    event_id: str
    epoch: int
    salt: bytes
    secret: bytes
    commitment: str
    lobby_at: int
    opens_at: int
    cap: int
    rate: int
    phase: Phase
    n: int | None = None
    roll: bytes | None = None
    closed_at: int | None = None
    beacon_source: str | None = None
    beacon: str | None = None
    seed: bytes | None = None
    issued: int = 0
    serving: int = 0
    paused: bool = False
    draining: bool = False
    message_ko: str = ""
    message_en: str = ""
    about: int = 1
    work_bits: int = 0
    open_until: int = 0
    created_at: int = 0

    @property
    def drawn(self) -> bool:
        """Whether everybody's place is known."""
        return self.seed is not None


@dataclass(frozen=True)
class Census:
    """What the leader's script counted in Valkey at one instant.

    Attributes:
        seq: highest index given out. limit: highest that may be.
        inside: live leases. recent: admissions of the last 60 s.
        unclaimed: places released within the reservation time that nobody has claimed yet.
        at_door: people whose turn it is and who were told to wait a moment.
        refused: joins and claims refused as too frequent, since the last census.
        unsaved, ended: joins and endings that the database does not have yet.
        moved: places called within the last 60 s. health: 0 to 1, pressure: of bad joins; as they were last written.
        before: places called before the reservation time. holes: indexes that nobody holds (`holes.py`).
    """

    phase: str
    seq: int
    limit: int
    serving: int
    inside: int
    recent: int
    unclaimed: int
    at_door: int
    refused: int
    unsaved: int
    ended: int
    moved: int
    health: float
    pressure: str = ""
    before: int = 0
    holes: str = ""


NOTHING_YET = Census(Phase.ANNOUNCED.value, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1.0)
"""Before the leader has looked for the first time."""


@dataclass(frozen=True)
class Stock:
    """Places of an event by price grade, in the catalogue's order: free, and held or in unpaid orders."""

    free: tuple[int, ...]
    held: int
    capacity: tuple[int, ...]

    @property
    def total_free(self) -> int:
        """Free places of all grades."""
        return sum(self.free)

    def digits(self) -> str:
        """One digit per grade: 0 none, 1 few (below a tenth), 2 plenty."""
        return "".join(
            "0" if free == 0 else "1" if free * 10 < capacity else "2"
            for free, capacity in zip(self.free, self.capacity, strict=True)
        )


PEOPLE_PER_SEAT = 2
"""How many may be let in for each free seat: some only look, and an empty sale room sells nothing."""


def release(line: Line, census: Census, stock: Stock | None, health: float) -> int:
    """The new `serving`: places released so far, never below the old.

    A slot is spoken for by someone inside, at the door, or just called. What was released beyond the last index given
    out is spoken for as well: whoever joins next walks straight in. Late claims need no reservation: they take the
    next free slot, and the claim script alone judges the cap.

    Args:
        stock: None when nobody knows: then the stock does not limit.
        health: 0 to 1, scales what is released.
    """
    if line.paused or census.phase != Phase.OPEN:
        return census.serving
    ahead_of_joins = max(0, census.serving - census.seq)
    spoken_for = census.inside + census.unclaimed + census.at_door + ahead_of_joins
    room = min(line.cap, MAX_CAP) - spoken_for
    room = min(room, line.rate - census.recent - census.unclaimed - census.at_door - ahead_of_joins)
    if stock is not None:
        room = min(room, stock.total_free * PEOPLE_PER_SEAT - spoken_for)
    if room <= 0:
        return census.serving
    return census.serving + max(1, math.floor(room * health)) if health > 0 else census.serving


@dataclass(frozen=True)
class Signs:
    """How the sale feels, at one instant; None where nobody knows.

    Attributes:
        hold_ms: p95 of a hold, worst process. database_ms: one small transaction.
        queue_age: seconds that the oldest order has waited. unsure: orders whose payment has no answer, oldest, in
            seconds.
    """

    hold_ms: float | None = None
    database_ms: float | None = None
    queue_age: float | None = None
    unsure: float | None = None


@dataclass(frozen=True)
class Limits:
    """Where each sign begins to be bad."""

    hold_ms: float = 200.0
    database_ms: float = 250.0
    queue_age: float = 10.0
    unsure: float = 60.0


LEAST_HEALTH = 0.05


def next_health(health: float, signs: Signs, limits: Limits = Limits()) -> float:
    """Down fast, up slowly: halved by any bad sign, else a twentieth up, within 0.05 and 1."""
    bad = any(
        sign is not None and sign > limit
        for sign, limit in (
            (signs.hold_ms, limits.hold_ms),
            (signs.database_ms, limits.database_ms),
            (signs.queue_age, limits.queue_age),
            (signs.unsure, limits.unsure),
        )
    )
    return max(LEAST_HEALTH, health / 2) if bad else min(1.0, health + 0.05)


def writable(line: Line, places: Sequence[tuple[int, str, int]]) -> list[tuple[int, str, int]]:
    """Joins (index, subject, instant) that may still go into the database.

    Who took part in the draw is published and never changes: somebody whose join was lost before it and who comes
    back with a ticket has their place in Valkey, and in the visit that they make.
    """
    return [place for place in places if line.n is None or place[0] > line.n]


def index_limit(census: Census, joined_lately: int) -> int | None:
    """A new limit for indexes when the reserved ones run short, else None.

    Args:
        joined_lately: joins since the last look, about a second ago.
    """
    margin = max(INDEX_BLOCK, 10 * joined_lately)
    return census.seq + 2 * margin if census.limit - census.seq < margin else None


# What the scripts answer -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Joined:
    """A place, new or the same again."""

    index: int
    new: bool
    phase: str
    serving: int
    seq: int


@dataclass(frozen=True)
class Early:
    """The lobby is not open."""


@dataclass(frozen=True)
class Over:
    """No more joins or claims: `phase` is closed or sold_out; or "draining"."""

    why: str


@dataclass(frozen=True)
class OutOfIndexes:
    """All indexes that were reserved in the database are given out."""


@dataclass(frozen=True)
class Rebuilding:
    """Valkey has lost this line; the leader brings it back from the database."""


@dataclass(frozen=True)
class TooFast:
    """More calls than a person makes; try again after `wait_ms`."""

    wait_ms: int


@dataclass(frozen=True)
class Unpaid:
    """There is no place to come back to, and for a new one the toll was not paid."""


@dataclass(frozen=True)
class NotInLine:
    """This account has no place."""


@dataclass(frozen=True)
class OtherPlace:
    """The account's place is another one: `index`."""

    index: int


@dataclass(frozen=True)
class UsedPlace:
    """This place was used or given up."""


@dataclass(frozen=True)
class NotYet:
    """The place is behind `serving`."""

    serving: int


@dataclass(frozen=True)
class Full:
    """It is this place's turn, but no slot is free at this moment (or the line is paused: `why`)."""

    serving: int
    why: str = "full"


@dataclass(frozen=True)
class Admitted:
    """Inside. `pending` until the database has it. Instants in milliseconds."""

    lease_id: str
    index: int
    admitted_at: int
    ends_at: int
    pending: bool


JoinOutcome = Joined | Early | Over | OutOfIndexes | Rebuilding | TooFast | UsedPlace | Unpaid
ClaimOutcome = Admitted | NotYet | Full | NotInLine | OtherPlace | UsedPlace | Over | Early | Rebuilding | TooFast


@dataclass(frozen=True)
class Admission:
    """One visit as the database keeps it; `ended_at` and `reason` once it is over."""

    event_id: str
    epoch: int
    index: int
    subject: str
    lease_id: str
    admitted_at: int
    ends_at: int
    ended_at: int | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Rules:
    """How long people may stay, in milliseconds; what a new line begins with.

    Attributes:
        idle_ms: without a sign of life. hard_ms: in all.
        cap, rate, lobby_ms, work_bits: of lines that nobody has set up. beacon: source of outside randomness for
            their draws, None for draws without.
    """

    idle_ms: int = 120_000
    hard_ms: int = 900_000
    cap: int = 2_000
    rate: int = 6_000
    lobby_ms: int = 3_600_000
    work_bits: int = 0
    beacon: str | None = None


@dataclass(frozen=True)
class Place:
    """Where an account stands; `position` is None before the draw."""

    index: int
    subject: str
    position: int | None
    phase: str
    serving: int
    n: int | None
    seq: int
    inside: Admitted | None = field(default=None)
