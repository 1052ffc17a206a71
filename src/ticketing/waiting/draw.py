"""The draw: who stands where in line, computed so that anybody can compute it again.

Everything here is pure and byte-exact; `docs/draw.md` is the same in words, `web/src/draw.ts` the same in the browser,
and `tests/rooms/waiting/draw_vectors.json` holds both to it.

An *index* says when somebody joined, a *place* where they stand after the draw; both count from 1 to n. A *subject* is
an account's pseudonym in one draw: 22 characters of base64url.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator
from itertools import islice

ALGORITHM = "feistel-hmac-sha256"
ROUNDS = 10
SECRET_BYTES = 32
DIGEST_BYTES = 32
MAX_N = 2**32
SUBJECT_LENGTH = 22
CHUNK = 4096
LEAST_HALF = 4

_DOMAIN = b"ticketing/draw/1/"
_SUBJECTS = re.compile(r"(?:[A-Za-z0-9_-]{22})*")


def delimited(*parts: bytes) -> bytes:
    """The parts, each behind its length in 4 bytes, so that none can slide into its neighbour."""
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def number(value: int) -> bytes:
    """A whole number from 0 to 2**64 - 1 in 8 bytes, big end first. Raises ValueError outside of that."""
    if not 0 <= value < 2**64:
        raise ValueError(f"{value} is not a whole number of 64 bits")
    return value.to_bytes(8, "big")


def tagged(purpose: str, *parts: bytes) -> bytes:
    """SHA-256 over the parts, each delimited, behind the purpose: 32 bytes that mean nothing elsewhere."""
    return hashlib.sha256(delimited(_DOMAIN + purpose.encode(), *parts)).digest()


def commitment(secret: bytes) -> str:
    """What is published before the draw: 64 hex digits that bind the platform to its 32-byte secret, and tell nothing.

    Raises:
        ValueError: the secret is not 32 bytes long.
    """
    return tagged("commitment", _exactly(secret, SECRET_BYTES, "secret")).hex()


def draw_seed(secret: bytes, event_id: str, epoch: int, n: int, chain_digest: bytes, beacon: bytes | None) -> bytes:
    """The 32 bytes that order the line: HKDF-SHA256 of the secret, bound to who registered and to outside randomness.

    Args:
        secret: the 32 bytes behind the commitment.
        event_id: whose draw it is.
        epoch: which draw of the event, from 1.
        n: how many registered; 0 has a seed too, though there is nobody to draw.
        chain_digest: 32 bytes over all that was fixed at the close (`DrawRecord.digest`).
        beacon: outside randomness (`Beacon.material`), or None for a draw without.

    Raises:
        ValueError: a length or a number is out of range, or the beacon is empty.
    """
    if beacon is not None and not beacon:
        raise ValueError("an empty beacon is no randomness: use None for a draw without one")
    info = delimited(
        event_id.encode(),
        number(epoch),
        number(n),
        _exactly(chain_digest, DIGEST_BYTES, "digest"),
        beacon or b"",
    )
    key = hmac.digest(_DOMAIN + b"seed", _exactly(secret, SECRET_BYTES, "secret"), hashlib.sha256)  # HKDF-Extract
    return hmac.digest(key, info + b"\x01", hashlib.sha256)  # HKDF-Expand: one block is all that 32 bytes need


class RollDigest:
    """SHA-256 over the subjects in the order of their index, 4,096 at a time.

    Lists of any length go in; 90 kB are kept. Full chunks can be digested while registration is still open, since
    subjects are only ever appended: then the close costs one chunk, however many registered.
    """

    def __init__(self, event_id: str, epoch: int) -> None:
        self._head = (event_id.encode(), number(epoch))
        self._chunks: list[bytes] = []
        self._rest = ""
        self.count = 0

    def add(self, subjects: Iterable[str]) -> None:
        """Append subjects. Raises ValueError for what is none; what came before may have been appended then."""
        source = iter(subjects)
        while batch := list(islice(source, CHUNK)):
            text = "".join(batch)
            # All of one width: the text alone then says where each begins.
            if any(len(subject) != SUBJECT_LENGTH for subject in batch):
                raise ValueError(f"a subject does not have {SUBJECT_LENGTH} characters")
            if not _SUBJECTS.fullmatch(text):
                raise ValueError("a subject is not base64url")
            self.count += len(batch)
            self._rest += text
            full = CHUNK * SUBJECT_LENGTH
            if len(self._rest) >= full:
                self._chunks.append(tagged("chunk", self._rest[:full].encode()))
                self._rest = self._rest[full:]

    def digest(self) -> bytes:
        """32 bytes over all that was added so far; more may be added afterwards."""
        last = [tagged("chunk", self._rest.encode())] if self._rest else []
        return tagged("roll", *self._head, number(self.count), *self._chunks, *last)


def position(seed: bytes, index: int, n: int, *, rounds: int = ROUNDS) -> int:
    """The place, 1 to n, of the one who joined as number `index`, 1 to n. About 40 µs; a kept `Places` is faster.

    Raises:
        ValueError: the seed is not 32 bytes, or index or n is out of range.
    """
    return Places(seed, n, rounds=rounds).place(index)


def index_of(seed: bytes, place: int, n: int, *, rounds: int = ROUNDS) -> int:
    """The index of the one who stands at `place`: the inverse of `position`, with the same range and errors."""
    return Places(seed, n, rounds=rounds).index(place)


def half_bits(n: int) -> int:
    """The h, 4 to 16, of the smallest domain 4**h that holds n places and has at least 256."""
    # Below 256, orders of a few people are not equally likely, whatever the number of rounds: every round is an even
    # permutation, and little is left of that only where most of the domain lies outside of n (docs/adr/0016).
    return max(LEAST_HALF, ((n - 1).bit_length() + 1) // 2)


class _Round(dict[int, int]):
    """One round's function as a table that fills itself: HMAC-SHA256 under the seed, cut to h bits."""

    def __init__(self, seed: bytes, turn: int, half: int) -> None:
        super().__init__()
        self._seed, self._turn, self._mask = seed, bytes([turn]), (1 << half) - 1

    def __missing__(self, right: int) -> int:
        mac = hmac.digest(self._seed, self._turn + right.to_bytes(4, "big"), hashlib.sha256)
        value = self[right] = int.from_bytes(mac[:4], "big") & self._mask
        return value


class Places:
    """A whole draw: a Feistel network on a domain of 4**h, walked on until it lands inside of n.

    A round has only 2**h inputs (1,024 for a million people), so each is computed once and kept: the first place
    costs some 40 µs (0.3 ms in the smallest lines), one of many 1 to 3 µs, and making the object nothing.

    Args:
        seed: 32 bytes.
        n: how many take part, 1 to 2**32.
        rounds: anything but ROUNDS only to show why it is ROUNDS.

    Raises:
        ValueError: the seed is not 32 bytes, or n is out of range.
    """

    def __init__(self, seed: bytes, n: int, *, rounds: int = ROUNDS) -> None:
        if not 1 <= n <= MAX_N:
            raise ValueError(f"{n} people cannot be drawn: 1 to {MAX_N} can")
        _exactly(seed, DIGEST_BYTES, "seed")
        self.n = n
        self._half = half_bits(n)
        self._rounds = [_Round(seed, turn, self._half) for turn in range(rounds)]

    def place(self, index: int) -> int:
        """Where the one who joined as number `index` stands. Raises ValueError outside of 1 to n."""
        at, n, half = self._start(index), self.n, self._half
        mask = (1 << half) - 1
        while True:
            left, right = at >> half, at & mask
            for table in self._rounds:
                left, right = right, left ^ table[right]
            at = left << half | right
            if at < n:
                return at + 1

    def index(self, place: int) -> int:
        """Who stands at `place`: the inverse. Raises ValueError outside of 1 to n."""
        at, n, half = self._start(place), self.n, self._half
        mask = (1 << half) - 1
        while True:
            left, right = at >> half, at & mask
            for table in reversed(self._rounds):
                left, right = right ^ table[left], left
            at = left << half | right
            if at < n:
                return at + 1

    def _start(self, number: int) -> int:
        if not 1 <= number <= self.n:
            raise ValueError(f"{number} is not in 1 to {self.n}")
        return number - 1

    def __iter__(self) -> Iterator[int]:
        """The places of index 1, 2, … n."""
        return map(self.place, range(1, self.n + 1))

    def __len__(self) -> int:
        return self.n


def _exactly(value: bytes, length: int, what: str) -> bytes:
    if len(value) != length:
        raise ValueError(f"the {what} has {len(value)} bytes, not {length}")
    return value
