"""What anybody can compute of a draw from its published record."""

from __future__ import annotations

from ticketing.waiting.draw import RollDigest, position
from ticketing.waiting.model import Line
from ticketing.waiting.open_line import gapless


def place_of(line: Line, index: int) -> int:
    """Where an index stands, by the published draw."""
    assert line.seed is not None
    assert line.n is not None
    return position(line.seed, index, line.n) if index <= line.n else index


def digest_of(line: Line, places: list[tuple[int, str]]) -> bytes:
    """The digest over the places of those who took part, as anybody may compute it from the export."""
    digest = RollDigest(line.event_id, line.epoch)
    n = line.n or 0
    digest.add(gapless([place for place in places if place[0] <= n], 0, n))
    return digest.digest()
