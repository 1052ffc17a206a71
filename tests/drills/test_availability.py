"""What counts as answered well, and how long a gap is: by planted exchanges."""

from __future__ import annotations

import pytest

from tests.drills.availability import measure, well
from tests.drills.history import Exchange

HOLDS = "/api/events/evt/holds"


def asked(began: float, status: int | None, path: str = HOLDS, *, took: float = 0.1, method: str = "POST") -> Exchange:
    return Exchange(began + took, "acc", method, path, status=status, began=began)


@pytest.mark.parametrize(
    ("status", "took", "good"),
    [
        (201, 0.1, True), (304, 0.1, True), (409, 0.1, True), (404, 0.1, True), (201, 5.1, False), (429, 0.1, False),
        (408, 0.1, False), (500, 0.1, False), (503, 0.1, False), (502, 0.1, False), (None, 0.1, False),
    ],
)  # fmt: skip
def test_well_means_an_answer_in_time_that_is_not_a_failure(status: int | None, took: float, good: bool) -> None:
    assert well(asked(0.0, status, took=took)) is good


def test_the_gap_is_from_the_first_failure_to_the_next_good_answer_of_its_kind() -> None:
    found = measure([
        asked(0, 201), asked(1, 503), asked(2, 503), asked(3, 201), asked(10, 201),
        *(asked(second, 200, "/api/orders/ord_1", method="GET") for second in range(10)),
    ])  # fmt: skip
    assert (found.requests, found.good, found.gap_kind) == (15, 13, "hold")
    assert found.gap == pytest.approx(2.1)
    assert found.bad == {"hold 503": 2}


def test_silence_without_a_failure_is_no_gap_and_a_failure_to_the_end_is() -> None:
    assert measure([asked(0, 201), asked(60, 201)]).gap == 0
    assert measure([asked(0, 201), asked(10, None, took=8.0)]).gap == pytest.approx(8.0)
    assert measure([]).share == 1.0


def test_announced_seconds_are_left_out_whole() -> None:
    exchanges = [asked(0, 201), asked(5, 503), asked(9, 201)]
    assert measure(exchanges, [(4, 6)]).share == 1.0
    assert measure(exchanges).share == pytest.approx(2 / 3)


def test_sums_keep_the_longest_gap() -> None:
    short, long = measure([asked(0, 503), asked(1, 201)]), measure([asked(0, 503), asked(3, 201)])
    assert (short + long).gap == long.gap
    assert (short + long).bad == {"hold 503": 2}
