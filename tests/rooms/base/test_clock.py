"""Instants: milliseconds in, RFC 3339 out, and back."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ticketing.base.clock import ManualClock, SystemClock, parse_rfc3339, rfc3339


@given(st.integers(min_value=0, max_value=4_000_000_000_000))
@example(1_001)
def test_an_instant_comes_back_and_is_what_datetime_says(ms: int) -> None:
    text = rfc3339(ms)
    assert parse_rfc3339(text) == ms
    whole = datetime.fromtimestamp(ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    assert text == f"{whole}.{ms % 1000:03d}Z"


def test_offsets_are_understood_and_missing_ones_refused() -> None:
    assert parse_rfc3339("2026-11-22T20:00:00+09:00") == parse_rfc3339("2026-11-22T11:00:00Z") == 1_795_345_200_000
    for text in ("2026-11-22T20:00:00", "2026-11-22", "tomorrow", ""):
        with pytest.raises(ValueError):
            parse_rfc3339(text)


def test_clocks() -> None:
    before = int(time.time() * 1000)
    assert before <= SystemClock().now_ms() <= int(time.time() * 1000)
    clock = ManualClock(1_000)
    clock.advance(2.5)
    assert clock.now_ms() == 3_500
    clock.advance(-1)
    assert clock.now_ms() == 2_500
