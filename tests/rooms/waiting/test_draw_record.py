"""The published record: its stages, its one spelling, the beacon's round, and the export."""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest

from ticketing.waiting.beacon import BEACONS, Beacon
from ticketing.waiting.draw import MAX_N, RollDigest, commitment, position
from ticketing.waiting.record import BadRecord, DrawRecord, decode, document, encode, export, gzipped

SECRET = hashlib.sha256(b"secret").digest()
VALUE = hashlib.sha256(b"randomness").digest()
PUBLISHED, CLOSED = 1_795_000_000_000, 1_795_003_600_123
QUICKNET = BEACONS["drand-quicknet"]
NAMES = [f"{number:022d}" for number in range(1, 9)]


def roll_of(names: list[str]) -> bytes:
    roll = RollDigest("evt_abcdefgh", 1)
    roll.add(names)
    return roll.digest()


def announced(source: str | None = None) -> DrawRecord:
    return DrawRecord("evt_abcdefgh", 1, commitment(SECRET), PUBLISHED, source)


def closed(source: str | None = None) -> DrawRecord:
    return announced(source).close(CLOSED, len(NAMES), roll_of(NAMES))


def beacon(**changes: Any) -> Beacon:
    return replace(Beacon("drand-quicknet", QUICKNET.round_after(CLOSED), VALUE), **changes)


def test_a_draw_goes_through_its_stages() -> None:
    record = announced()
    assert (record.closed, record.revealed) == (False, False)
    with pytest.raises(BadRecord, match="not closed"):
        _ = record.digest
    record = record.close(CLOSED, 8, roll_of(NAMES))
    assert (record.closed, record.revealed) == (True, False)
    with pytest.raises(BadRecord, match="not revealed"):
        _ = record.seed
    record = record.reveal(SECRET)
    assert record.revealed
    assert record.kept
    assert len(record.seed) == 32


def test_only_the_promised_secret_can_be_revealed() -> None:
    with pytest.raises(BadRecord, match="not the secret"):
        closed().reveal(VALUE)


@pytest.mark.parametrize(
    ("build", "why"),
    [
        (lambda: announced().close(PUBLISHED, 8, VALUE), "before registration closed"),
        (lambda: announced().close(PUBLISHED - 1, 8, VALUE), "before registration closed"),
        (lambda: announced().close(CLOSED, -1, VALUE), "n is out of range"),
        (lambda: announced().close(CLOSED, MAX_N + 1, VALUE), "n is out of range"),
        (lambda: announced().close(CLOSED, 8, VALUE[1:]), "32 bytes"),
        (lambda: announced().reveal(SECRET), "before registration closed"),
        (lambda: replace(announced(), n=8), "together"),
        (lambda: replace(announced(), commitment="A" * 64), "hex"),
        (lambda: replace(announced(), event_id='evt"'), "event_id"),
        (lambda: replace(announced(), epoch=-1), "epoch"),
        (lambda: replace(announced(), published_at=-1), "published_at"),
        (lambda: announced("dice"), "no rule"),
        (lambda: closed().reveal(SECRET, beacon()), "nobody had announced"),
        (lambda: closed("drand-quicknet").reveal(SECRET), "was not used"),
        (lambda: closed("drand-quicknet").reveal(SECRET, beacon(source="dice")), "was not used"),
        (lambda: closed("drand-quicknet").reveal(SECRET, beacon(round=beacon().round + 1)), "round"),
        (lambda: closed("drand-quicknet").reveal(SECRET, beacon(round=beacon().round - 1)), "round"),
        (lambda: closed("drand-quicknet").reveal(SECRET, beacon(value=b"")), "32 bytes"),
        (lambda: replace(closed("drand-quicknet"), beacon=beacon()), "secret"),
    ],
)
def test_what_makes_no_draw_is_refused(build: Any, why: str) -> None:
    with pytest.raises(BadRecord, match=why):
        build()


@pytest.mark.parametrize("shift", [0, 1, 1000, 2999, 3000, 3001])
def test_the_beacon_comes_from_after_the_close(shift: int) -> None:
    at = QUICKNET.genesis + 10**9 + shift
    number = QUICKNET.round_after(at)
    assert QUICKNET.at(number) >= at + QUICKNET.MARGIN
    assert QUICKNET.at(number - 1) < at + QUICKNET.MARGIN


def test_before_its_genesis_a_beacon_begins_with_its_first_round() -> None:
    assert QUICKNET.round_after(0) == 1


def test_all_that_was_fixed_is_in_the_digest_and_so_in_the_seed() -> None:
    record = closed("drand-quicknet")
    others = [
        replace(record, event_id="evt_abcdefgi"),
        replace(record, epoch=2),
        replace(record, commitment=commitment(VALUE)),
        replace(record, published_at=PUBLISHED + 1),
        replace(record, beacon_source=None),
        replace(record, closed_at=CLOSED + 1),
        replace(record, n=9),
        replace(record, roll=VALUE),
    ]
    assert len({record.digest, *(other.digest for other in others)}) == 1 + len(others)
    revealed = [
        closed().reveal(SECRET),
        record.reveal(SECRET, beacon()),
        record.reveal(SECRET, beacon(value=SECRET)),
    ]
    assert len({each.seed for each in revealed}) == len(revealed)


@pytest.mark.parametrize(
    "record",
    [announced(), closed(), closed().reveal(SECRET), closed("drand-quicknet").reveal(SECRET, beacon())],
    ids=["announced", "closed", "revealed", "with beacon"],
)
def test_a_record_is_read_as_it_was_written(record: DrawRecord) -> None:
    assert decode(encode(record)) == record
    assert json.loads(encode(record)) == document(record)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda raw: raw + b" ",
        lambda raw: raw.replace(b":", b": ", 1),
        lambda raw: raw.replace(b'"epoch":1', b'"epoch":1.0'),
        lambda raw: raw.replace(b'"epoch":1', b'"epoch":true'),
        lambda raw: raw.replace(b'"epoch":1', b'"epoch":"1"'),
        lambda raw: raw.replace(b'"epoch":1', b'"epoch":1,"epoch":1'),
        lambda raw: raw.replace(b'"epoch":1', b'"epoch":1e999'),
        lambda raw: raw.replace(b'"epoch":1', b'"epoch":' + b"9" * 3000),
        lambda raw: raw.replace(b'"epoch":1,', b""),
        lambda raw: raw.replace(b'"epoch":1', b'"epoch":1,"more":1'),
        lambda raw: raw.replace(b".000Z", b"Z"),
        lambda raw: raw.replace(b".000Z", b".000+00:00"),
        lambda raw: raw.replace(b"evt_", b"\\u0065vt_"),
        lambda raw: raw.replace(b'"version":1', b'"version":2'),
        lambda raw: raw.replace(b'"rounds":10', b'"rounds":2'),
        lambda raw: raw.replace(b"null", b"[]", 1),
        lambda raw: raw.replace(b'"secret":"', b'"secret":" '),
        lambda raw: raw.upper(),
        lambda raw: raw * 5,
    ],
)
def test_any_other_spelling_is_no_record(spoil: Any) -> None:
    raw = encode(closed().reveal(SECRET))
    assert spoil(raw) != raw
    with pytest.raises(BadRecord):
        decode(spoil(raw))


@pytest.mark.parametrize("raw", [b"", b"null", b"{}", b"\xff\xfe", b"[" * 4000, b"x" * 5000])
def test_rubbish_is_no_record(raw: bytes) -> None:
    with pytest.raises(BadRecord):
        decode(raw)


def test_an_export_is_the_record_and_a_line_for_everybody() -> None:
    record = closed().reveal(SECRET)
    lines = b"".join(export(record, iter(NAMES))).splitlines()
    assert lines[0] == encode(record)
    people = [json.loads(line) for line in lines[1:]]
    assert people == [[name, position(record.seed, index, 8)] for index, name in enumerate(NAMES, 1)]


@pytest.mark.parametrize("names", [NAMES[:-1], [*NAMES, "x" * 22], []])
def test_an_export_of_another_number_of_people_fails(names: list[str]) -> None:
    with pytest.raises(BadRecord, match="subjects, not 8"):
        list(export(closed().reveal(SECRET), names))


def test_nothing_is_exported_before_the_reveal() -> None:
    with pytest.raises(BadRecord, match="not revealed"):
        next(export(closed(), NAMES))


def test_a_packed_export_unpacks_to_the_same_and_is_always_packed_the_same() -> None:
    record = closed().reveal(SECRET)
    packed = [b"".join(gzipped(export(record, NAMES))) for _ in range(2)]
    assert packed[0] == packed[1]
    assert gzip.decompress(packed[0]) == b"".join(export(record, NAMES))
