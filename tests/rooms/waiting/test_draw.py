"""The arithmetic of the draw: every place exactly once, the inverse, the roll, and what is refused."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable, Iterator

import pytest

from ticketing.waiting.draw import (
    CHUNK,
    LEAST_HALF,
    MAX_N,
    Places,
    RollDigest,
    commitment,
    draw_seed,
    half_bits,
    index_of,
    position,
)

SEED = hashlib.sha256(b"a seed").digest()
DIGEST = hashlib.sha256(b"a digest").digest()


def is_bijection(places: Iterable[int], n: int) -> bool:
    seen = bytearray(n)
    for place in places:
        seen[place - 1] = 1
    return sum(seen) == n


def test_control_what_is_no_bijection_is_seen() -> None:
    assert is_bijection([2, 1, 3], 3)
    assert not is_bijection([2, 2, 3], 3)


@pytest.mark.parametrize("first", range(1, 2001, 250))
def test_every_place_is_given_once_for_every_size_up_to_2000(first: int) -> None:
    for n in range(first, first + 250):
        assert is_bijection(Places(SEED, n), n), n


@pytest.mark.slow
@pytest.mark.parametrize("first", range(2001, 10_001, 1000))
def test_every_place_is_given_once_for_every_size_up_to_10000(first: int) -> None:
    for n in range(first, first + 1000):
        assert is_bijection(Places(SEED, n), n), n


def test_a_million_people_have_a_place_each() -> None:
    assert is_bijection(Places(SEED, 10**6), 10**6)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 10, 1000, 10**6, 1_048_576, 1_048_577, 10**9, MAX_N])
def test_the_inverse_leads_back(n: int) -> None:
    draw = Places(SEED, n)
    indexes = {1, n, *(random.Random(n).randint(1, n) for _ in range(200))}
    for index in indexes:
        place = draw.place(index)
        assert 1 <= place <= n
        assert draw.index(place) == index
    index = min(indexes)
    assert (position(SEED, index, n), index_of(SEED, draw.place(index), n)) == (draw.place(index), index)


def test_the_domain_is_the_smallest_that_holds_everybody() -> None:
    for n in [*range(1, 300), 4**8, 4**8 + 1, MAX_N]:
        half = half_bits(n)
        assert 4**half >= n
        assert half == LEAST_HALF or 4 ** (half - 1) < n


@pytest.mark.parametrize("index", [0, -1, 11])
def test_nobody_stands_outside_of_the_draw(index: int) -> None:
    for ask in (position, index_of):
        with pytest.raises(ValueError, match="not in 1 to 10"):
            ask(SEED, index, 10)


@pytest.mark.parametrize("n", [0, -1, MAX_N + 1])
def test_impossible_sizes_are_refused(n: int) -> None:
    with pytest.raises(ValueError, match="cannot be drawn"):
        position(SEED, 1, n)


@pytest.mark.parametrize("seed", [b"", SEED[:-1], SEED + b"\0"])
def test_a_seed_has_32_bytes(seed: bytes) -> None:
    with pytest.raises(ValueError, match="32"):
        position(seed, 1, 10)


def test_everything_that_a_seed_is_made_of_changes_it() -> None:
    secret, beacon = hashlib.sha256(b"secret").digest(), b"beacon"
    seeds = [
        draw_seed(secret, "evt_a", 1, 10, DIGEST, beacon),
        draw_seed(DIGEST, "evt_a", 1, 10, DIGEST, beacon),
        draw_seed(secret, "evt_b", 1, 10, DIGEST, beacon),
        draw_seed(secret, "evt_a", 2, 10, DIGEST, beacon),
        draw_seed(secret, "evt_a", 1, 11, DIGEST, beacon),
        draw_seed(secret, "evt_a", 1, 10, secret, beacon),
        draw_seed(secret, "evt_a", 1, 10, DIGEST, b"beacoN"),
        draw_seed(secret, "evt_a", 1, 10, DIGEST, None),
    ]
    assert len(set(seeds)) == len(seeds)
    assert draw_seed(secret, "evt_a", 1, 10, DIGEST, beacon) == seeds[0]


def test_a_seed_is_not_made_of_less() -> None:
    for secret, digest, beacon in ((SEED[1:], DIGEST, None), (SEED, DIGEST[1:], None), (SEED, DIGEST, b"")):
        with pytest.raises(ValueError, match=r"32|empty"):
            draw_seed(secret, "evt_a", 1, 10, digest, beacon)
    for epoch, n in ((-1, 10), (1, -1), (2**64, 10)):
        with pytest.raises(ValueError, match="64 bits"):
            draw_seed(SEED, "evt_a", epoch, n, DIGEST, None)
    with pytest.raises(ValueError, match="32"):
        commitment(b"short")


def subjects(n: int) -> Iterator[str]:
    return (f"{number:022d}" for number in range(n))


def roll_of(names: Iterable[str], event_id: str = "evt_a", epoch: int = 1) -> bytes:
    roll = RollDigest(event_id, epoch)
    roll.add(names)
    return roll.digest()


@pytest.mark.parametrize("step", [1, 7, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_a_roll_is_the_same_in_whatever_pieces_it_comes(step: int) -> None:
    names = list(subjects(2 * CHUNK + 3))
    roll = RollDigest("evt_a", 1)
    for at in range(0, len(names), step):
        roll.add(names[at : at + step])
    assert roll.count == len(names)
    assert roll.digest() == roll_of(names)
    roll.add(["x" * 22])
    assert roll.digest() == roll_of([*names, "x" * 22])


def test_a_roll_tells_every_other_list_apart() -> None:
    names = list(subjects(CHUNK + 5))
    swapped = [names[1], names[0], *names[2:]]
    across = [*names[: CHUNK - 1], names[CHUNK], names[CHUNK - 1], *names[CHUNK + 1 :]]
    rolls = [
        roll_of(names),
        roll_of(names[:-1]),
        roll_of(names[1:]),
        roll_of([*names, names[0]]),
        roll_of(swapped),
        roll_of(across),
        roll_of(names, event_id="evt_b"),
        roll_of(names, epoch=2),
        roll_of([]),
    ]
    assert len(set(rolls)) == len(rolls)


@pytest.mark.parametrize("bad", ["", "x" * 21, "x" * 23, "x" * 21 + "=", "x" * 21 + "\n", "é" + "x" * 21, " " * 22])
def test_only_pseudonyms_go_into_a_roll(bad: str) -> None:
    roll = RollDigest("evt_a", 1)
    with pytest.raises(ValueError, match="subject"):
        roll.add(["x" * 22, bad])


def test_two_lengths_that_add_up_do_not_pass() -> None:
    with pytest.raises(ValueError, match="subject"):
        roll_of(["x" * 21, "x" * 23])
