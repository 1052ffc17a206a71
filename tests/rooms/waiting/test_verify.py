"""The verifier: proves what is genuine, finds every change of every field, every sign and every kind of line."""

from __future__ import annotations

import hashlib
import io
import json
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ticketing.waiting.beacon import BEACONS, Beacon
from ticketing.waiting.draw import RollDigest, commitment
from ticketing.waiting.model import NOBODY
from ticketing.waiting.record import DrawRecord, document, encode, export
from ticketing.waiting.verify import Expected, Verdict, verify

SECRET = hashlib.sha256(b"secret").digest()
OTHER = hashlib.sha256(b"other").digest()
CLOSED = 1_795_003_600_123
NAMES = [f"{number:022d}" for number in range(1, 13)]


def drawn(names: list[str], source: str | None = "drand-quicknet", secret: bytes = SECRET) -> DrawRecord:
    roll = RollDigest("evt_abcdefgh", 1)
    roll.add(names)
    record = DrawRecord("evt_abcdefgh", 1, commitment(secret), CLOSED - 3_600_000, source)
    record = record.close(CLOSED, len(names), roll.digest())
    beacon = Beacon(source, BEACONS[source].round_after(CLOSED), OTHER) if source else None
    return record.reveal(secret, beacon)


def exported(names: list[str], **changes: Any) -> bytes:
    return b"".join(export(drawn(names, **changes), names))


def check(raw: bytes, **expected: Any) -> Verdict:
    return verify(io.BytesIO(raw), Expected(**expected))


def spliced(raw: bytes, at: int, until: int, *instead: bytes) -> bytes:
    lines = raw.splitlines(keepends=True)
    return b"".join([*lines[:at], *instead, *lines[until:]])


@pytest.mark.parametrize("source", [None, "drand-quicknet"])
@pytest.mark.parametrize("n", [0, 1, 2, 3, 12])
def test_control_a_genuine_export_is_proved(n: int, source: str | None) -> None:
    verdict = check(exported(NAMES[:n], source=source))
    assert verdict.findings == {}
    assert verdict.ok
    assert verdict.lines == n
    assert verdict.checked == ["record", "commitment", "roll", "twice", "place", "bijection"]


def test_numbers_that_nobody_holds_are_counted() -> None:
    names = [*NAMES[:3], NOBODY, *NAMES[4:8], NOBODY, NAMES[9]]
    verdict = check(exported(names))
    assert verdict.ok
    assert verdict.nobody == 2


def test_many_chunks_are_proved_and_told(tmp_path: Path) -> None:
    names = [f"{number:022d}" for number in range(20_000)]
    told: list[tuple[int, int]] = []
    path = tmp_path / "export"
    path.write_bytes(exported(names))
    with path.open("rb") as source:
        verdict = verify(source, tell=lambda done, of: told.append((done, of)))
    assert verdict.ok
    assert told[0] == (4096, 20_000)
    assert told[-1] == (20_000, 20_000)


def test_any_changed_missing_or_added_sign_is_found() -> None:
    raw = exported(NAMES)
    for at, sign in enumerate(raw):
        for instead in (bytes([sign ^ 1]), b"0" if sign != 48 else b"1", b"", raw[at : at + 1] + b" ", b"\xff", b"\n"):
            changed = raw[:at] + instead + raw[at + 1 :]
            if changed != raw:
                assert not check(changed).ok, (at, instead)


def valid_others(name: str) -> list[Any]:
    """Other values of a field that are each quite possible in themselves."""
    number = document(drawn(NAMES))
    return {
        "format": ["ticketing-lottery"],
        "version": [2],
        "algorithm": ["feistel-hmac-sha1"],
        "rounds": [2, 16],
        "event_id": ["evt_abcdefgi"],
        "epoch": [2, 0],
        "commitment": [commitment(OTHER)],
        "published_at": ["2026-11-18T11:06:41.000Z", number["closed_at"]],
        "beacon_source": [None, "dice"],
        "closed_at": ["2026-11-18T12:06:40.124Z", "2026-11-18T10:00:00.000Z", None],
        "n": [11, 13, 0, None, 2**32],
        "roll": [OTHER.hex(), None],
        "digest": [OTHER.hex(), None],
        "secret": [OTHER.hex(), None],
        "beacon": [
            None,
            {"round": number["beacon"]["round"], "value": SECRET.hex()},
            {"round": number["beacon"]["round"] + 1, "value": OTHER.hex()},
        ],
        "seed": [OTHER.hex(), None],
    }[name]


@pytest.mark.parametrize("name", list(document(drawn(NAMES))))
def test_another_value_of_any_field_is_found(name: str) -> None:
    raw = exported(NAMES)
    found = json.loads(raw.splitlines()[0])
    for other in valid_others(name):
        assert other != found[name]
        line = json.dumps(found | {name: other}, separators=(",", ":")).encode() + b"\n"
        assert not check(spliced(raw, 0, 1, line)).ok, other


Forge = Callable[[bytes], bytes]

LINES: dict[str, tuple[Forge, str]] = {
    "a person left out": (lambda raw: spliced(raw, 5, 6), "missing"),
    "the last left out": (lambda raw: spliced(raw, 12, 13), "missing"),
    "all left out": (lambda raw: spliced(raw, 1, 13), "missing"),
    "a person added": (lambda raw: raw + b'["' + b"x" * 22 + b'",13]\n', "surplus"),
    "an empty line added": (lambda raw: raw + b"\n", "surplus"),
    "a person exchanged": (lambda raw: raw.replace(NAMES[4].encode(), b"x" * 22), "roll"),
    "a person twice": (lambda raw: raw.replace(NAMES[4].encode(), NAMES[5].encode()), "twice"),
    "a person made nobody": (lambda raw: raw.replace(NAMES[4].encode(), NOBODY.encode()), "roll"),
    "two people swapped": (lambda raw: swap_names(raw), "roll"),
    "two lines swapped": (lambda raw: spliced(raw, 5, 7, *reversed(raw.splitlines(keepends=True)[5:7])), "place"),
    "two places swapped": (lambda raw: swap_places(raw), "place"),
    "a line cut off": (lambda raw: raw[:-1], "line"),
    "Windows line ends": (lambda raw: raw.replace(b"]\n", b"]\r\n"), "line"),
    "a space": (lambda raw: spliced(raw, 1, 2, raw.splitlines()[1].replace(b",", b", ") + b"\n"), "line"),
    "a place with a zero": (lambda raw: spliced(raw, 1, 2, raw.splitlines()[1].replace(b",", b",0") + b"\n"), "line"),
    "no subject": (lambda raw: spliced(raw, 1, 2, b"[null,1]\n"), "line"),
    "a second record": (lambda raw: spliced(raw, 1, 1, raw.splitlines(keepends=True)[0]), "line"),
    "no record": (lambda raw: spliced(raw, 0, 1), "record"),
    "nothing": (lambda raw: raw[:0], "record"),
    "a line without end": (lambda raw: raw.replace(b"\n", b" ") * 50, "record"),
}


def swap_names(raw: bytes) -> bytes:
    first, second, between = NAMES[2].encode(), NAMES[7].encode(), b"?" * 22
    return raw.replace(first, between).replace(second, first).replace(between, second)


def swap_places(raw: bytes) -> bytes:
    lines = raw.splitlines(keepends=True)
    lines[5], lines[6] = lines[5][:26] + lines[6][26:], lines[6][:26] + lines[5][26:]
    return b"".join(lines)


@pytest.mark.parametrize("forgery", LINES)
def test_every_kind_of_forged_line_is_found(forgery: str) -> None:
    forge, code = LINES[forgery]
    verdict = check(forge(exported(NAMES)))
    assert not verdict.ok
    assert code in verdict.findings


def test_a_secret_that_was_exchanged_afterwards_is_found_though_all_else_fits() -> None:
    record = replace(drawn(NAMES), secret=OTHER)
    verdict = check(b"".join(export(record, NAMES)))
    assert list(verdict.findings) == ["commitment"]


def test_a_whole_consistent_forgery_is_found_by_what_was_noted() -> None:
    real, forged = drawn(NAMES), exported(list(reversed(NAMES)), secret=OTHER)
    assert check(forged).ok, "nothing inside of it can tell"
    assert list(check(forged, commitment=real.commitment).findings) == ["noted_commitment"]
    assert list(check(forged, digest=real.digest.hex()).findings) == ["noted_digest"]
    genuine = check(exported(NAMES), commitment=real.commitment.upper(), digest=real.digest.hex())
    assert genuine.ok
    assert "noted_digest" in genuine.checked


@pytest.mark.parametrize("stage", [1, 2])
def test_a_draw_that_is_not_revealed_proves_nothing(stage: int) -> None:
    record = replace(drawn(NAMES), secret=None, beacon=None)
    if stage == 1:
        record = replace(record, closed_at=None, n=None, roll=None)
    assert list(check(encode(record) + b"\n").findings) == ["not_revealed"]


@pytest.mark.parametrize("wanted", [{"subject": NAMES[6]}, {"index": 7}, {"subject": NAMES[6], "index": 7}], ids=str)
def test_somebody_is_looked_up(wanted: dict[str, Any]) -> None:
    verdict = check(exported(NAMES), **wanted)
    assert verdict.person is not None
    assert (verdict.person.index, verdict.person.subject) == (7, NAMES[6])
    again = check(exported(NAMES), place=verdict.person.place)
    assert again.person == verdict.person
    assert check(exported(NAMES), place=verdict.person.place, **wanted).ok


@pytest.mark.parametrize("wanted", [{"subject": "x" * 22}, {"index": 13}, {"place": 13}])
def test_somebody_who_took_no_part_is_not_found(wanted: dict[str, Any]) -> None:
    assert list(check(exported(NAMES), **wanted).findings) == ["unknown"]


def test_a_place_that_was_noted_must_be_the_persons() -> None:
    person = check(exported(NAMES), index=7).person
    assert person is not None
    other = person.place % 12 + 1
    assert list(check(exported(NAMES), index=7, place=other).findings) == ["noted_person"]


def test_a_great_n_takes_no_memory_that_is_not_there() -> None:
    record = replace(drawn(NAMES[:2]), n=2**32)
    raw = encode(record) + b'\n["' + NAMES[0].encode() + b'",1]\n'
    tracemalloc.start()
    try:
        verdict = check(raw)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert {"missing", "roll"} <= set(verdict.findings)
    assert peak < 10_000_000
