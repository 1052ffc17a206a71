"""The published record of a draw: what was promised, what was fixed at the close, what was revealed.

One JSON object of one canonical spelling; `export` puts it before one line per index, in order. docs/draw.md is the
specification.
"""

from __future__ import annotations

import hmac
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from ticketing.base.clock import parse_rfc3339, rfc3339
from ticketing.waiting.beacon import BEACONS, Beacon
from ticketing.waiting.draw import (
    ALGORITHM,
    CHUNK,
    DIGEST_BYTES,
    MAX_N,
    ROUNDS,
    SECRET_BYTES,
    Places,
    commitment,
    draw_seed,
    number,
    tagged,
)

FORMAT = "ticketing-draw"
VERSION = 1
MAX_RECORD_BYTES = 4_096
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_MAX_MS = 253_402_300_799_999  # the last instant of the year 9999


class BadRecord(Exception):
    """This is no record of a draw, or not in its one spelling; the message says why."""


@dataclass(frozen=True)
class DrawRecord:
    """A draw in one of three stages: announced; then closed (`closed_at`, `n`, `roll`); then revealed (`secret`).

    Attributes:
        event_id: letters, digits, `_` and `-`.
        epoch: which draw of the event.
        commitment: 64 hex digits.
        published_at: when the commitment was, in milliseconds.
        beacon_source: the source of outside randomness that was promised; None: the draw does without.
        closed_at: when registration closed, in milliseconds, after `published_at`.
        n: how many indexes take part.
        roll: 32 bytes, `RollDigest.digest()` over the subjects.
        secret: the 32 bytes behind the commitment.
        beacon: the round, when one was promised.

    Raises:
        BadRecord: on construction, when the fields do not make a stage.
    """

    event_id: str
    epoch: int
    commitment: str
    published_at: int
    beacon_source: str | None = None
    closed_at: int | None = None
    n: int | None = None
    roll: bytes | None = None
    secret: bytes | None = None
    beacon: Beacon | None = None

    def __post_init__(self) -> None:
        _check_announced(self)
        if (self.closed_at, self.n, self.roll) != (None, None, None):
            _check_closed(self)
        if (self.secret, self.beacon) != (None, None):
            _check_revealed(self)

    @property
    def closed(self) -> bool:
        """Whether it is fixed who takes part."""
        return self.closed_at is not None and self.n is not None and self.roll is not None

    @property
    def revealed(self) -> bool:
        """Whether everybody can compute the places."""
        return self.secret is not None

    @property
    def digest(self) -> bytes:
        """32 bytes over everything that was fixed at the close; publish them at once. Raises BadRecord before."""
        if self.closed_at is None or self.n is None or self.roll is None:
            raise BadRecord("registration is not closed")
        announcement = tagged(
            "announcement",
            ALGORITHM.encode(),
            number(ROUNDS),
            self.event_id.encode(),
            number(self.epoch),
            bytes.fromhex(self.commitment),
            number(self.published_at),
            (self.beacon_source or "").encode(),
        )
        return tagged("close", announcement, number(self.closed_at), number(self.n), self.roll)

    @property
    def seed(self) -> bytes:
        """32 bytes that give everybody their place. Raises BadRecord before the secret is revealed."""
        if self.secret is None or self.n is None:
            raise BadRecord("the secret is not revealed")
        beacon = self.beacon.material() if self.beacon else None
        return draw_seed(self.secret, self.event_id, self.epoch, self.n, self.digest, beacon)

    @property
    def kept(self) -> bool:
        """Whether the revealed secret is the one that was promised."""
        return self.secret is not None and hmac.compare_digest(commitment(self.secret), self.commitment)

    def close(self, closed_at: int, n: int, roll: bytes) -> DrawRecord:
        """The record with what is fixed at the close. Raises BadRecord."""
        return replace(self, closed_at=closed_at, n=n, roll=roll)

    def reveal(self, secret: bytes, beacon: Beacon | None = None) -> DrawRecord:
        """The whole record. Raises BadRecord for another secret than the promised one, or another beacon."""
        record = replace(self, secret=secret, beacon=beacon)
        if not record.kept:
            raise BadRecord("this is not the secret behind the commitment")
        return record


def _check_announced(record: DrawRecord) -> None:
    if not _ID.fullmatch(record.event_id):
        raise BadRecord("event_id has other signs than letters, digits, _ and -, or not 1 to 64")
    if not 0 <= record.epoch < 2**53:
        raise BadRecord("epoch is out of range")
    if not re.fullmatch(r"[0-9a-f]{64}", record.commitment):
        raise BadRecord("commitment is not 64 hex digits")
    if not 0 <= record.published_at <= _MAX_MS:
        raise BadRecord("published_at is out of range")
    if record.beacon_source is not None and record.beacon_source not in BEACONS:
        raise BadRecord(f"no rule is known for the beacon {record.beacon_source!r}; known: {', '.join(BEACONS)}")


def _check_closed(record: DrawRecord) -> None:
    if record.closed_at is None or record.n is None or record.roll is None:
        raise BadRecord("closed_at, n and roll come together")
    if not record.published_at < record.closed_at <= _MAX_MS:
        raise BadRecord("the commitment was not published before registration closed")
    if not 0 <= record.n <= MAX_N:
        raise BadRecord("n is out of range")
    if len(record.roll) != DIGEST_BYTES:
        raise BadRecord("roll is not 32 bytes")


def _check_revealed(record: DrawRecord) -> None:
    if record.closed_at is None:
        raise BadRecord("a secret was revealed before registration closed")
    if record.secret is None or len(record.secret) != SECRET_BYTES:
        raise BadRecord("secret is not 32 bytes")
    if record.beacon_source is None:
        if record.beacon is not None:
            raise BadRecord("a beacon was used that nobody had announced")
        return
    if record.beacon is None or record.beacon.source != record.beacon_source:
        raise BadRecord(f"the promised beacon {record.beacon_source} was not used")
    due = BEACONS[record.beacon_source].round_after(record.closed_at)
    if record.beacon.round != due:
        raise BadRecord(f"the beacon's round is {record.beacon.round}; the first after the close is {due}")
    if len(record.beacon.value) != DIGEST_BYTES:
        raise BadRecord("the beacon's value is not 32 bytes")


def document(record: DrawRecord) -> dict[str, Any]:
    """The record as a JSON object, in the order of the specification; what is not known yet is null."""
    beacon = record.beacon
    return {
        "format": FORMAT,
        "version": VERSION,
        "algorithm": ALGORITHM,
        "rounds": ROUNDS,
        "event_id": record.event_id,
        "epoch": record.epoch,
        "commitment": record.commitment,
        "published_at": rfc3339(record.published_at),
        "beacon_source": record.beacon_source,
        "closed_at": None if record.closed_at is None else rfc3339(record.closed_at),
        "n": record.n,
        "roll": record.roll.hex() if record.roll else None,
        "digest": record.digest.hex() if record.closed else None,
        "secret": record.secret.hex() if record.secret else None,
        "beacon": None if beacon is None else {"round": beacon.round, "value": beacon.value.hex()},
        "seed": record.seed.hex() if record.revealed else None,
    }


def encode(record: DrawRecord) -> bytes:
    """The one spelling of a record: UTF-8 JSON without spaces or a line end."""
    return json.dumps(document(record), separators=(",", ":")).encode()


def decode(raw: bytes) -> DrawRecord:
    """The record of its one spelling. Raises BadRecord, also when its digest or seed does not follow from the rest.

    A record whose secret is not the promised one is read, so that a verifier can say so: see `DrawRecord.kept`.
    """
    if len(raw) > MAX_RECORD_BYTES:
        raise BadRecord(f"the record is longer than {MAX_RECORD_BYTES} bytes")
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        raise BadRecord("the first line is not a JSON object") from None
    if not isinstance(found, dict) or found.get("format") != FORMAT or found.get("version") != VERSION:
        raise BadRecord(f"the first line is not a record of format {FORMAT}, version {VERSION}")
    try:
        record = _read(found)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise BadRecord(f"a field of the record is missing or has no such value: {error}") from None
    expected = document(record)
    if odd := sorted(expected.keys() ^ found.keys()):
        raise BadRecord(f"the record has fields too many or too few: {', '.join(odd)[:200]}")
    for name, value in expected.items():
        if found[name] != value:
            raise BadRecord(f"{name} does not follow from the rest of the record")
    if raw != encode(record):
        raise BadRecord("the record is not in its one spelling: order of fields, spaces, numbers")
    return record


def _read(found: dict[str, Any]) -> DrawRecord:
    closed_at, beacon = found["closed_at"], found["beacon"]
    for name in ("epoch", "n"):
        if type(found[name]) is not int and (name, found[name]) != ("n", None):
            raise ValueError(name)
    return DrawRecord(
        event_id=found["event_id"],
        epoch=found["epoch"],
        commitment=found["commitment"],
        published_at=parse_rfc3339(found["published_at"]),
        beacon_source=found["beacon_source"],
        closed_at=None if closed_at is None else parse_rfc3339(closed_at),
        n=found["n"],
        roll=_bytes(found["roll"]),
        secret=_bytes(found["secret"]),
        beacon=None
        if beacon is None
        else Beacon(found["beacon_source"] or "", int(beacon["round"]), bytes.fromhex(beacon["value"])),
    )


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else bytes.fromhex(text)


def line(subject: str, place: int) -> bytes:
    """One line of an export: who, and where they stand."""
    return b'["%b",%d]\n' % (subject.encode(), place)


def export(record: DrawRecord, subjects: Iterable[str]) -> Iterator[bytes]:
    """The whole draw as JSON lines, some 200 kB at a time: the record, then one line per index.

    Each piece takes some 10 ms to make: on an event loop, make way between them.

    Args:
        record: a revealed one.
        subjects: all of them in the order of their index.

    Raises:
        BadRecord: the record is not revealed, or there are not `n` subjects.
    """
    seed, n = record.seed, record.n or 0
    yield encode(record) + b"\n"
    source, written = iter(subjects), 0
    places = iter(Places(seed, n)) if n else iter(())
    while batch := list(islice(source, CHUNK)):
        written += len(batch)
        if written > n:
            break
        yield b"".join(map(line, batch, places))
    if written != n:
        raise BadRecord(f"there are {'more than ' if written > n else ''}{min(written, n)} subjects, not {n}")


def gzipped(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces as one gzip stream; the same pieces give the same bytes."""
    squeeze = zlib.compressobj(6, zlib.DEFLATED, 31)
    for piece in pieces:
        if squeezed := squeeze.compress(piece):
            yield squeezed
    yield squeeze.flush()
