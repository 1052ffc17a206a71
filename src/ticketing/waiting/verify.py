"""Check a published draw from nothing but its export: promise, close, seed, list, and everybody's place.

Reads the export once, in order. Keeps some 100 bytes per person, to find anybody twice.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from ticketing.waiting.draw import CHUNK, SUBJECT_LENGTH, Places, RollDigest
from ticketing.waiting.model import NOBODY
from ticketing.waiting.record import MAX_RECORD_BYTES, BadRecord, DrawRecord, decode, line

_LINE = len(line("x" * SUBJECT_LENGTH, 2**32))
_NOBODY = NOBODY.encode()

Tell = Callable[[int, int], None]
"""Told how many of how many lines were read."""


class Lines(Protocol):
    """A binary file, as far as it is read here."""

    def readline(self, size: int, /) -> bytes:
        """The next line with its end, or its first `size` bytes; nothing at the end of the file."""
        ...


@dataclass
class Finding:
    """Something that does not agree: `count` times, the first time as in `detail`."""

    code: str
    detail: str
    count: int = 1


@dataclass(frozen=True)
class Expected:
    """What the reader knows from elsewhere, so that a whole consistent forgery is found as well.

    Attributes:
        commitment: 64 hex digits noted before the draw. digest: 64 hex digits noted at the close.
        subject, index, place: whom to look up; what is given must belong together.
    """

    commitment: str | None = None
    digest: str | None = None
    subject: str | None = None
    index: int | None = None
    place: int | None = None

    def anyone(self) -> bool:
        """Whether somebody is to be looked up."""
        return (self.subject, self.index, self.place) != (None, None, None)

    def means(self, subject: str, index: int, place: int) -> bool:
        """Whether this line is the one to look up, by the first of the three that is given."""
        if self.subject is not None:
            return subject == self.subject
        return index == self.index if self.index is not None else place == self.place


@dataclass(frozen=True)
class Person:
    """One line of the export."""

    index: int
    subject: str
    place: int


@dataclass
class Verdict:
    """What came of it. `checked` names the checks that were made, in order; `ok` when nothing disagrees."""

    record: DrawRecord | None = None
    checked: list[str] = field(default_factory=list)
    findings: dict[str, Finding] = field(default_factory=dict)
    person: Person | None = None
    lines: int = 0
    nobody: int = 0

    @property
    def ok(self) -> bool:
        """Whether the draw is proved."""
        return not self.findings

    def add(self, code: str, detail: str) -> None:
        """Note a disagreement; of each code only the first in words."""
        if code in self.findings:
            self.findings[code].count += 1
        else:
            self.findings[code] = Finding(code, detail)


def verify(source: Lines, expected: Expected = Expected(), tell: Tell = lambda _done, _of: None) -> Verdict:
    """Recompute a whole draw from its export.

    Args:
        source: the export, already decompressed.
        expected: what to compare with, and whom to look up.
        tell: called every 4,096 lines.

    Raises:
        OSError, EOFError, zlib.error: whatever reading the source raises.
    """
    verdict = Verdict()
    head = source.readline(MAX_RECORD_BYTES + 2)
    try:
        if not head.endswith(b"\n"):
            raise BadRecord("the first line is no record: it is cut off or too long")
        record = verdict.record = decode(head[:-1])
    except BadRecord as error:
        verdict.add("record", str(error))
        return verdict
    verdict.checked.append("record")
    _check_promise(record, expected, verdict)
    if record.revealed:
        _check_lines(source, record, expected, verdict, tell)
    return verdict


def _check_promise(record: DrawRecord, expected: Expected, verdict: Verdict) -> None:
    if not record.revealed:
        verdict.add("not_revealed", "the secret is not revealed yet: there is nothing to check")
        return
    if not record.kept:
        verdict.add("commitment", "the revealed secret is not the one that was promised")
    verdict.checked.append("commitment")
    if expected.commitment is not None:
        if expected.commitment.lower() != record.commitment:
            verdict.add("noted_commitment", f"the commitment is {record.commitment}, not the one you noted")
        verdict.checked.append("noted_commitment")
    if expected.digest is not None:
        if expected.digest.lower() != record.digest.hex():
            verdict.add("noted_digest", f"the digest is {record.digest.hex()}, not the one you noted")
        verdict.checked.append("noted_digest")


class _Roll:
    """All lines of one export, as they come."""

    def __init__(self, record: DrawRecord, expected: Expected, verdict: Verdict) -> None:
        self.n = record.n or 0
        self.verdict, self.expected, self.looking = verdict, expected, expected.anyone()
        self.digest = RollDigest(record.event_id, record.epoch)
        self.places = Places(record.seed, self.n) if self.n else None
        self.subjects: set[bytes] = set()
        self.computed = array("Q")
        self._batch: list[str] = []

    def read(self, raw: bytes) -> None:
        """Check the next line."""
        verdict, index = self.verdict, self.verdict.lines + 1
        verdict.lines = index
        subject = raw[2 : 2 + SUBJECT_LENGTH]
        place = self.places.place(index) if self.places else 0
        self.computed.append(place)
        if raw != b'["%b",%d]\n' % (subject, place):
            self._say_how(raw, index, place)
        if subject == _NOBODY:
            verdict.nobody += 1
        elif subject in self.subjects:
            verdict.add("twice", f"{_text(subject)} is in the list a second time, at index {index}")
        else:
            self.subjects.add(subject)
        name = _text(subject)
        self._batch.append(name)
        if len(self._batch) == CHUNK:
            self.flush()
        if self.looking and self.expected.means(name, index, place):
            verdict.person = Person(index, name, place)

    def _say_how(self, raw: bytes, index: int, place: int) -> None:
        body = raw[4 + SUBJECT_LENGTH : -2]
        if len(body) < 12 and body.isdigit() and raw == line(_text(raw[2 : 2 + SUBJECT_LENGTH]), int(body)):
            self.verdict.add("place", f"index {index} was given place {int(body)}; the draw gives it place {place}")
        else:
            self.verdict.add("line", f'the line of index {index} is not ["subject",place]')

    def flush(self) -> None:
        """Digest what has gathered."""
        try:
            self.digest.add(self._batch)
        except ValueError as error:
            self.verdict.add("line", f"near index {self.verdict.lines}: {error}")
        self._batch = []


def _check_lines(source: Lines, record: DrawRecord, expected: Expected, verdict: Verdict, tell: Tell) -> None:
    roll = _Roll(record, expected, verdict)
    while verdict.lines < roll.n and (raw := source.readline(_LINE + 1)):
        roll.read(raw)
        if verdict.lines % CHUNK == 0:
            tell(verdict.lines, roll.n)
    roll.flush()
    if verdict.lines < roll.n:
        verdict.add("missing", f"the list ends after {verdict.lines} of {roll.n} lines")
    elif source.readline(1):
        verdict.add("surplus", f"the list goes on after the last of {roll.n} lines")
    if roll.digest.digest() != record.roll:
        verdict.add("roll", "this is not the list that was fixed when registration closed")
    verdict.checked += ["roll", "twice", "place"]
    if verdict.lines == roll.n:
        if not _each_once(roll.computed):
            verdict.add("bijection", "the draw does not give every place exactly once")
        verdict.checked.append("bijection")
    if expected.anyone():
        _look_up(expected, verdict)
    tell(verdict.lines, roll.n)


def _each_once(places: array[int]) -> bool:
    seen = bytearray(len(places) + 1)
    for place in places:
        seen[place] = 1
    return sum(seen) == len(places) and not seen[0]


def _look_up(expected: Expected, verdict: Verdict) -> None:
    wanted = {"subject": expected.subject, "index": expected.index, "place": expected.place}
    given = {name: value for name, value in wanted.items() if value is not None}
    if verdict.person is None:
        name, value = next(iter(given.items()))
        verdict.add("unknown", f"{name} {value} is not in this draw")
        return
    person = verdict.person
    for name, value in given.items():
        if getattr(person, name) != value:
            verdict.add("noted_person", f"{name} is {getattr(person, name)}, not {value}, for {person.subject}")


def _text(raw: bytes) -> str:
    return raw.decode("ascii", "replace")
