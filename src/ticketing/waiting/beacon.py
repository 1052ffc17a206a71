"""Outside randomness: a public beacon's round, which nobody could know when registration closed. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ticketing.waiting.draw import delimited, number


@dataclass(frozen=True)
class BeaconSource:
    """A public source of randomness whose rounds come at known instants, in milliseconds."""

    genesis: int
    period: int
    url: str

    MARGIN: ClassVar[int] = 3_000

    def round_after(self, closed_at: int) -> int:
        """The one round that counts: the first at least 3 s after the close, so that its digest is public before."""
        return -(-(max(0, closed_at + self.MARGIN - self.genesis)) // self.period) + 1

    def at(self, round_: int) -> int:
        """When a round comes."""
        return self.genesis + (round_ - 1) * self.period


_QUICKNET = "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971"
BEACONS = {
    "drand-quicknet": BeaconSource(1_692_803_367_000, 3_000, f"https://api.drand.sh/{_QUICKNET}/public/{{round}}")
}


@dataclass(frozen=True)
class Beacon:
    """One round of outside randomness.

    Attributes:
        source: a key of BEACONS.
        round: counts from 1.
        value: 32 bytes; for drand its `randomness`.
    """

    source: str
    round: int
    value: bytes

    def material(self) -> bytes:
        """What goes into the seed: source, round and value, delimited."""
        return delimited(self.source.encode(), number(self.round), self.value)
