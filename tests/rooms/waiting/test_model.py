"""The rules by themselves: whom to let in, how a sale feels, when indexes run short."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketing.waiting.model import (
    INDEX_BLOCK,
    LEAST_HEALTH,
    NOTHING_YET,
    Line,
    Phase,
    Signs,
    Stock,
    index_limit,
    next_health,
    release,
    writable,
)

LINE = Line("evt_x", 1, b"", b"", "", 0, 0, cap=100, rate=600, phase=Phase.OPEN)
QUIET = replace(NOTHING_YET, phase=Phase.OPEN.value, seq=10_000, limit=20_000)
PLENTY = Stock((10_000,), 0, (10_000,))
small = st.integers(0, 300)


@pytest.mark.parametrize(
    ("line", "census", "stock", "health", "serving"),
    [
        (LINE, QUIET, PLENTY, 1.0, 100),
        (LINE, QUIET, None, 1.0, 100),
        (LINE, QUIET, PLENTY, 0.5, 50),
        (LINE, QUIET, PLENTY, 0.001, 1),
        (LINE, QUIET, PLENTY, 0.0, 0),
        (LINE, replace(QUIET, inside=40, unclaimed=30, at_door=20, serving=90), PLENTY, 1.0, 100),
        (LINE, replace(QUIET, inside=100, serving=90), PLENTY, 1.0, 90),
        (LINE, replace(QUIET, inside=200, serving=90), PLENTY, 1.0, 90),
        (LINE, replace(QUIET, recent=590), PLENTY, 1.0, 10),
        (LINE, replace(QUIET, recent=590, unclaimed=10), PLENTY, 1.0, 0),
        (LINE, QUIET, Stock((3, 0), 0, (3, 3)), 1.0, 6),
        (LINE, replace(QUIET, inside=6), Stock((3, 0), 0, (3, 3)), 1.0, 0),
        (LINE, QUIET, Stock((0,), 5, (5,)), 1.0, 0),
        (replace(LINE, paused=True), QUIET, PLENTY, 1.0, 0),
        (replace(LINE, cap=0), QUIET, PLENTY, 1.0, 0),
        (LINE, replace(QUIET, phase="sold_out"), PLENTY, 1.0, 0),
        (LINE, replace(QUIET, phase="lobby"), PLENTY, 1.0, 0),
        # Slots called beyond the last who joined wait for whoever joins next.
        (LINE, replace(QUIET, seq=10, serving=110), PLENTY, 1.0, 110),
        (LINE, replace(QUIET, seq=10, serving=50), PLENTY, 1.0, 110),
    ],
)
def test_whom_to_call(line: Line, census, stock, health: float, serving: int) -> None:  # type: ignore[no-untyped-def]
    assert release(line, census, stock, health) == serving


@given(inside=small, unclaimed=small, door=small, recent=small, serving=small, health=st.floats(0, 1))
def test_calling_never_promises_more_than_there_is(
    inside: int, unclaimed: int, door: int, recent: int, serving: int, health: float
) -> None:
    census = replace(QUIET, inside=inside, unclaimed=unclaimed, at_door=door, recent=recent, serving=serving)
    called = release(LINE, census, PLENTY, health) - serving
    assert called >= 0
    if called:
        assert inside + unclaimed + door + called <= LINE.cap
        assert recent + unclaimed + door + called <= LINE.rate


def test_health_falls_fast_and_rises_slowly() -> None:
    assert next_health(1.0, Signs()) == 1.0
    assert next_health(1.0, Signs(hold_ms=201)) == 0.5
    assert next_health(0.06, Signs(database_ms=1e9)) == LEAST_HEALTH
    assert next_health(1.0, Signs(queue_age=11)) == 0.5
    assert next_health(1.0, Signs(unsure=61)) == 0.5
    assert next_health(0.5, Signs(10, 10, 1, 1)) == pytest.approx(0.55)
    assert next_health(0.99, Signs()) == 1.0


def test_indexes_are_reserved_before_they_run_short() -> None:
    assert index_limit(replace(QUIET, seq=0, limit=2 * INDEX_BLOCK), 0) is None
    assert index_limit(replace(QUIET, seq=1001, limit=2000), 0) == 1001 + 2 * INDEX_BLOCK
    assert index_limit(replace(QUIET, seq=0, limit=2000), 5_000) == 100_000


def test_who_took_part_in_a_draw_is_not_written_afterwards() -> None:
    places = [(1, "a", 0), (2, "b", 0), (3, "c", 0)]
    assert writable(LINE, places) == places
    assert writable(replace(LINE, n=2), places) == [(3, "c", 0)]


def test_stock_in_digits() -> None:
    assert Stock((0, 9, 10, 100), 0, (100, 100, 100, 100)).digits() == "0122"
