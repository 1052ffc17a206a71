"""Everybody's place after the draw, as a fan's phone works it out: written from docs/draw.md, and from nothing else.

The platform has its own code for this; here is another, so that a rehearsal notices when the two disagree.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

_ROUNDS = 10


class Draw:
    """Places of one line.

    Args:
        seed: as the status shows it, base64url.
        n: how many took part.
    """

    def __init__(self, seed: str, n: int) -> None:
        self._seed = base64.urlsafe_b64decode(seed + "=" * (-len(seed) % 4))
        self._n = n
        self._half = 4
        while 4**self._half < n:
            self._half += 1
        self._known: dict[tuple[int, int], int] = {}

    def place(self, index: int) -> int:
        """The place of the one who joined as number `index`; behind the cohort it is the index itself."""
        if index > self._n:
            return index
        half, mask = self._half, (1 << self._half) - 1
        at = index - 1
        while True:
            left, right = at >> half, at & mask
            for turn in range(_ROUNDS):
                left, right = right, left ^ self._mixed(turn, right, mask)
            at = left << half | right
            if at < self._n:
                return at + 1

    def _mixed(self, turn: int, right: int, mask: int) -> int:
        value = self._known.get((turn, right))
        if value is None:
            digest = hmac.digest(self._seed, bytes([turn]) + right.to_bytes(4, "big"), hashlib.sha256)
            value = self._known[turn, right] = int.from_bytes(digest[:4], "big") & mask
        return value
