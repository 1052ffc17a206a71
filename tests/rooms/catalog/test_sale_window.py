"""When one may buy."""

from __future__ import annotations

import pytest

from ticketing.catalog.model import SaleStatus, SaleWindow

WINDOW = SaleWindow(on_sale_at=1_000, off_sale_at=2_000)


@pytest.mark.parametrize(
    ("now", "free", "status"),
    [
        (0, None, SaleStatus.ANNOUNCED),
        (999, 0, SaleStatus.ANNOUNCED),
        (1_000, None, SaleStatus.ON_SALE),
        (1_000, 1, SaleStatus.ON_SALE),
        (1_500, 0, SaleStatus.SOLD_OUT),
        (1_999, 5, SaleStatus.ON_SALE),
        (2_000, 5, SaleStatus.CLOSED),
        (9_999, 0, SaleStatus.CLOSED),
    ],
)
def test_the_phase_follows_the_clock_and_the_stock(now: int, free: int | None, status: SaleStatus) -> None:
    assert WINDOW.status(now, free) is status


@pytest.mark.parametrize("now", [0, 1_500, 3_000])
def test_a_cancelled_event_is_closed_at_any_time(now: int) -> None:
    assert SaleWindow(1_000, 2_000, cancelled=True).status(now, 5) is SaleStatus.CLOSED
