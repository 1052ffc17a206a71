"""Holds: outcomes as types, never numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

FREE, HELD, ORDERED, SOLD, BLOCKED = b"0", b"1", b"2", b"3", b"4"
"""One byte per seat, by ordinal."""


@dataclass(frozen=True)
class Held:
    """The seats are the caller's until the hold expires. `epoch` names the Valkey state that knows of it."""

    ordinals: tuple[int, ...]
    expires_at: int
    epoch: str


@dataclass(frozen=True)
class Taken:
    """Somebody was faster; nothing was held. Ordinals of the lost seats."""

    ordinals: tuple[int, ...]


@dataclass(frozen=True)
class NoneLeft:
    """No group of seats, or not enough places, at this moment."""


@dataclass(frozen=True)
class OverLimit:
    """The cap per person: `counted` seats are already held or bought."""

    counted: int


@dataclass(frozen=True)
class TooFast:
    """This account calls too often."""

    wait_ms: int


@dataclass(frozen=True)
class Rebuilding:
    """Valkey lost its state and is being rebuilt from the database."""


HoldOutcome: TypeAlias = Held | Taken | NoneLeft | OverLimit | TooFast | Rebuilding


@dataclass(frozen=True)
class Claimed:
    """The hold is bound to the order. `again`: it already was, with the same content."""

    again: bool


@dataclass(frozen=True)
class KeyReused:
    """The same idempotency key came with another content."""


@dataclass(frozen=True)
class OrderedElsewhere:
    """The hold belongs to another order."""

    order_id: str


@dataclass(frozen=True)
class Gone:
    """The hold was released or has expired."""


ClaimOutcome: TypeAlias = Claimed | KeyReused | OrderedElsewhere | Gone | Taken


@dataclass(frozen=True)
class Groups:
    """Groups of ordinals, equally long, best first; one group means exactly these seats."""

    groups: Sequence[Sequence[int]]

    @property
    def quantity(self) -> int:
        """Seats per group."""
        return len(self.groups[0])


@dataclass(frozen=True)
class AnyIn:
    """Any `quantity` free places among the ordinals first..last (both included)."""

    first: int
    last: int
    quantity: int


class SalesTruth(Protocol):
    """What the database knows, handed in by wiring (the orders room comes later on the buyer's path)."""

    async def sold(self, event_id: str) -> Sequence[int]:
        """Ordinals with a live sale."""
        ...

    async def bought(self, event_id: str) -> Mapping[str, int]:
        """Account → seats bought."""
        ...
