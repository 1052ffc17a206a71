"""Is the draw fair? Statistics over many seeds, and over draws that are not fair, which must fail.

The seeds are fixed, so a result is always the same. Each statistic alarms at p < 10^-6; there are fewer than 400, so
a perfect draw with fresh seeds would be accused wrongly about once in 2,500 runs.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, permutations

import pytest

from ticketing.waiting import draw
from ticketing.waiting.draw import ROUNDS, Places

ALARM = 1e-6

Draw = Callable[[bytes, int], Callable[[int], int]]
"""A seed and n make a function from index to place."""


def ours(rounds: int = ROUNDS) -> Draw:
    return lambda seed, n: Places(seed, n, rounds=rounds).place


def arrival(seed: bytes, n: int) -> Callable[[int], int]:
    """First come, first served."""
    return lambda index: index


def rotation(seed: bytes, n: int) -> Callable[[int], int]:
    """Everybody is equally likely to stand anywhere, yet neighbours stay neighbours: a bijection, and no draw."""
    turn = int.from_bytes(seed, "big")
    return lambda index: (index + turn) % n + 1


def seeds(what: str, number: int) -> Iterator[bytes]:
    return (hashlib.sha256(f"{what}/{each}".encode()).digest() for each in range(number))


def two_sided(z: float) -> float:
    return math.erfc(abs(z) / math.sqrt(2))


def chi_square(counts: Sequence[float], expected: list[float]) -> float:
    """p of counts at least this uneven (Wilson and Hilferty's normal approximation; exact for one degree)."""
    x = sum((count - wanted) ** 2 / wanted for count, wanted in zip(counts, expected, strict=True))
    degrees = len(counts) - 1
    if degrees == 1:
        return math.erfc(math.sqrt(x / 2))
    spread = 2 / (9 * degrees)
    return math.erfc(((x / degrees) ** (1 / 3) - (1 - spread)) / math.sqrt(2 * spread)) / 2


class Tally:
    """Counts over many seeds, for some watched indexes."""

    def __init__(self, n: int, watched: list[int]) -> None:
        self.n, self.watched = n, watched
        self.bins = min(n, 10)
        self.seeds = 0
        self.stands: dict[int, Counter[int]] = {index: Counter() for index in watched}
        self.before: Counter[tuple[int, int]] = Counter()
        self.slope = 0.0
        middle = sum(watched) / len(watched)
        self.centred = [index - middle for index in watched]

    def add(self, place: Callable[[int], int]) -> None:
        self.seeds += 1
        places = [place(index) for index in self.watched]
        for index, at in zip(self.watched, places, strict=True):
            self.stands[index][(at - 1) * self.bins // self.n] += 1
        for (i, at), (j, other) in combinations(zip(self.watched, places, strict=True), 2):
            self.before[i, j] += at < other
        self.slope += sum(c * at for c, at in zip(self.centred, places, strict=True))

    def p_values(self) -> Iterator[tuple[str, float]]:
        sizes = Counter((place * self.bins) // self.n for place in range(self.n))
        for index, stands in self.stands.items():
            expected = [self.seeds * sizes[each] / self.n for each in range(self.bins)]
            yield f"place of index {index}", chi_square([stands[each] for each in range(self.bins)], expected)
        for (i, j), count in self.before.items():
            yield f"{i} before {j}", two_sided((count - self.seeds / 2) / math.sqrt(self.seeds / 4))
        # Var(sum c_i P_i) of a random permutation P, for coefficients that add up to nothing.
        variance = self.seeds * sum(c * c for c in self.centred) * self.n * (self.n + 1) / 12
        yield "correlation with arrival", two_sided(self.slope / math.sqrt(variance))


def alarms(method: Draw, n: int, number: int, watched: list[int]) -> dict[str, float]:
    """Every statistic of a draw that could not be chance, with its p."""
    tally = Tally(n, watched)
    for seed in seeds(f"fairness {n}", number):
        tally.add(method(seed, n))
    return {name: p for name, p in tally.p_values() if p < ALARM}


SIZES = [
    pytest.param(2, 5_000, [1, 2], id="2"),
    pytest.param(10, 6_000, list(range(1, 11)), id="10"),
    pytest.param(100, 5_000, [1, 2, 3, 10, 25, 50, 51, 75, 98, 99, 100], id="100"),
    pytest.param(10**4, 2_000, [1, 2, 3, 100, 101, 5_000, 5_001, 7_777, 9_998, 9_999, 10_000], id="10000"),
]


@pytest.mark.parametrize(("n", "number", "watched"), SIZES)
def test_everybody_is_as_likely_to_stand_anywhere_and_before_anybody(n: int, number: int, watched: list[int]) -> None:
    assert alarms(ours(), n, number, watched) == {}


@pytest.mark.parametrize("n", [10**4, 10**6])
def test_one_whole_draw_does_not_follow_arrival(n: int) -> None:
    for seed in seeds("whole", 3):
        assert follows_arrival(ours()(seed, n), n) > ALARM
        assert follows_arrival(arrival(seed, n), n) < ALARM


def follows_arrival(place: Callable[[int], int], n: int) -> float:
    """p of the correlation between a thousand indexes and their places, in one draw."""
    watched = range(1, n + 1, n // 1000)
    middle = sum(watched) / len(watched)
    slope = sum((index - middle) * place(index) for index in watched)
    return two_sided(slope / math.sqrt(sum((index - middle) ** 2 for index in watched) * n * (n + 1) / 12))


@pytest.mark.parametrize("n", [3, 4])
def test_every_order_of_a_small_line_is_equally_likely(n: int) -> None:
    assert order_p(ours(), n) > ALARM


def test_as_many_orders_are_even_as_odd() -> None:
    assert parity_p(ours(), 5) > ALARM


def parity_p(method: Draw, n: int) -> float:
    """p of the balance between even and odd orders, which a Feistel network on a small domain does not keep."""
    number, sum_of_signs = 5_000, 0
    for seed in seeds(f"parity {n}", number):
        place = method(seed, n)
        order = [place(index) for index in range(1, n + 1)]
        sum_of_signs += (-1) ** sum(earlier > later for earlier, later in combinations(order, 2))
    return two_sided(sum_of_signs / math.sqrt(number))


def order_p(method: Draw, n: int) -> float:
    number = max(3_000, 80 * math.factorial(n))
    seen: Counter[tuple[int, ...]] = Counter()
    for seed in seeds(f"orders {n}", number):
        place = method(seed, n)
        seen[tuple(place(index) for index in range(1, n + 1))] += 1
    orders = list(permutations(range(1, n + 1)))
    return chi_square([seen[order] for order in orders], [number / len(orders)] * len(orders))


# Negative controls -----------------------------------------------------------------------------------------------


def smallest(n: int) -> int:
    """The h of the smallest domain that holds n, and of no larger one."""
    return max(1, ((n - 1).bit_length() + 1) // 2)


def test_control_two_rounds_are_too_few() -> None:
    found = alarms(ours(2), 10, 6_000, list(range(1, 11)))
    assert any(name.startswith("place of") for name in found)
    assert any("before" in name for name in found)
    assert order_p(ours(2), 4) < ALARM


def test_control_four_rounds_on_a_domain_of_16_are_too_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draw, "half_bits", smallest)
    found = alarms(ours(4), 10, 20_000, list(range(1, 11)))
    assert any(name.startswith("place of") for name in found)
    assert any("before" in name for name in found)


@pytest.mark.parametrize("rounds", [10, 24])
def test_control_on_a_domain_of_16_no_number_of_rounds_helps(rounds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draw, "half_bits", smallest)
    assert parity_p(ours(rounds), 5) < ALARM


@pytest.mark.parametrize(("n", "number", "watched"), SIZES)
def test_control_first_come_first_served_is_no_draw(n: int, number: int, watched: list[int]) -> None:
    found = alarms(arrival, n, 200, watched)
    assert "correlation with arrival" in found
    assert any(name.startswith("place of") for name in found)


def test_control_a_bijection_that_only_turns_is_no_draw() -> None:
    found = alarms(rotation, 10, 6_000, list(range(1, 11)))
    assert not any(name.startswith("place of") for name in found), "each place alone looks fair"
    assert "1 before 2" in found
    assert "correlation with arrival" in found or len(found) > 10


def test_control_chi_square_knows_its_table() -> None:
    # The 5 % points of 1, 9 and 23 degrees: 3.841, 16.919, 35.172.
    for degrees, point in ((1, 3.841), (9, 16.919), (23, 35.172)):
        cells = degrees + 1
        step = math.sqrt(point * 1000 / 2)
        counts = [1000.0] * cells
        counts[0] += step
        counts[1] -= step
        assert chi_square(counts, [1000.0] * cells) == pytest.approx(0.05, abs=0.002)
