"""Three implementations, one set of vectors: ours, the browser's (web/tests/draw.test.ts), that of docs/draw.md."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from ticketing.waiting.draw import Places, RollDigest, commitment, draw_seed, index_of, position
from ticketing.waiting.record import decode, encode

HERE = Path(__file__).parent
VECTORS = json.loads((HERE / "draw_vectors.json").read_text(encoding="utf-8"))
PAGE = HERE.parents[2] / "docs" / "draw.md"


@pytest.fixture(scope="module")
def stranger() -> dict[str, Any]:
    """What somebody has who copies the program out of the specification."""
    programs = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert len(programs) == 1
    found: dict[str, Any] = {"__name__": "stranger"}
    exec(compile(programs[0], str(PAGE), "exec"), found)  # noqa: S102 - our own page
    return found


def names(count: int) -> list[str]:
    return [f"{number:022d}" for number in range(1, count + 1)]


def test_ours_makes_the_promises_rolls_and_seeds_of_the_vectors() -> None:
    for each in VECTORS["commitments"]:
        assert commitment(bytes.fromhex(each["secret"])) == each["commitment"]
    for each in VECTORS["rolls"]:
        roll = RollDigest(each["event_id"], each["epoch"])
        roll.add(names(each["count"]))
        assert roll.digest().hex() == each["digest"]
    for each in VECTORS["seeds"]:
        beacon = each["beacon"] and bytes.fromhex(each["beacon"])
        secret, digest = bytes.fromhex(each["secret"]), bytes.fromhex(each["digest"])
        assert draw_seed(secret, each["event_id"], each["epoch"], each["n"], digest, beacon).hex() == each["seed"]


def test_ours_gives_the_places_of_the_vectors() -> None:
    for each in VECTORS["whole"]:
        assert list(Places(bytes.fromhex(each["seed"]), each["n"])) == each["places"]
    for each in VECTORS["samples"]:
        seed, n = bytes.fromhex(each["seed"]), each["n"]
        for index, place in each["places"]:
            assert (position(seed, index, n), index_of(seed, place, n)) == (place, index)


def test_ours_reads_and_writes_the_records_of_the_vectors() -> None:
    for text in [*VECTORS["stages"].values(), *(each["lines"][0] for each in VECTORS["exports"])]:
        assert encode(decode(text.encode())).decode() == text


def test_the_strangers_promises_rolls_and_seeds_are_the_same(stranger: dict[str, Any]) -> None:
    for each in VECTORS["commitments"]:
        assert stranger["tag"]("commitment", bytes.fromhex(each["secret"])).hex() == each["commitment"]
    for each in VECTORS["rolls"]:
        assert stranger["roll"](each["event_id"], each["epoch"], names(each["count"])).hex() == each["digest"]
    for each in VECTORS["seeds"]:
        beacon = bytes.fromhex(each["beacon"] or "")
        secret, digest = bytes.fromhex(each["secret"]), bytes.fromhex(each["digest"])
        seed = stranger["seed_of"](secret, each["event_id"], each["epoch"], each["n"], digest, beacon)
        assert seed.hex() == each["seed"]


def test_the_strangers_places_are_the_same(stranger: dict[str, Any]) -> None:
    for each in VECTORS["whole"]:
        seed, n = bytes.fromhex(each["seed"]), each["n"]
        assert [stranger["place"](seed, index, n) for index in range(1, n + 1)] == each["places"]
    for each in VECTORS["samples"]:
        seed, n = bytes.fromhex(each["seed"]), each["n"]
        assert [stranger["place"](seed, index, n) for index, _ in each["places"]] == [p for _, p in each["places"]]


@pytest.mark.parametrize("export", VECTORS["exports"], ids=lambda export: export["name"])
def test_the_stranger_proves_every_export(stranger: dict[str, Any], export: dict[str, Any]) -> None:
    stranger["check"](export["lines"])


def test_control_the_stranger_finds_two_exchanged_people(stranger: dict[str, Any]) -> None:
    lines = list(VECTORS["exports"][0]["lines"])
    lines[3], lines[4] = lines[4], lines[3]
    with pytest.raises(AssertionError, match="roll"):
        stranger["check"](lines)
