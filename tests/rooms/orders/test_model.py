"""The refund ladder of the Korean consumer dispute standard, to the minute."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ticketing.orders.model import CONSUMER_STANDARD, RefundPolicy, RefundTier, refund_fee
from ticketing.orders.policy import read_policy, write_policy

SEOUL = ZoneInfo("Asia/Seoul")
SHOW = datetime(2026, 11, 22, 20, 0, tzinfo=SEOUL)
LONG_AGO = datetime(2026, 1, 1, tzinfo=SEOUL)
PRICE = 100_000


def fee_at(moment: str, *, bought: datetime = LONG_AGO, amount: int = PRICE, zone: str = "Asia/Seoul") -> int | None:
    """The fee when it is cancelled at `MM-DD HH:MM[:SS]` of Seoul."""
    now = datetime.fromisoformat(f"2026-{moment}").replace(tzinfo=SEOUL)
    return refund_fee(
        CONSUMER_STANDARD,
        amount,
        bought_at=int(bought.timestamp() * 1000),
        starts_at=int(SHOW.timestamp() * 1000),
        now=int(now.timestamp() * 1000),
        time_zone=zone,
    )


@pytest.mark.parametrize(
    ("cancelled", "fee"),
    [
        ("10-01 12:00", 0),
        ("11-12 00:00", 0),
        ("11-12 23:59:59", 0),  # ten days before: until midnight, though the show is less than 240 hours away
        ("11-13 00:00", 10_000),
        ("11-15 23:59:59", 10_000),  # seven days before
        ("11-16 00:00", 20_000),
        ("11-19 23:59:59", 20_000),  # three days before
        ("11-20 00:00", 30_000),
        ("11-21 19:59", 30_000),
        ("11-21 20:01", 30_000),  # still the day before, though less than 24 hours remain
        ("11-21 23:59:59", 30_000),
        ("11-22 00:00", 90_000),  # the day of the show
        ("11-22 19:59:59", 90_000),
        ("11-22 20:00", None),  # it has begun
        ("11-23 09:00", None),
    ],
)
def test_the_ladder(cancelled: str, fee: int | None) -> None:
    assert fee_at(cancelled) == fee


@pytest.mark.parametrize(
    ("bought", "cancelled", "fee"),
    [
        ("11-18 12:00", "11-19 12:00", 0),  # 24 hours after the purchase, three days before the show
        ("11-18 12:00", "11-19 12:01", 20_000),
        ("11-19 12:00", "11-19 23:59", 0),
        ("11-19 23:00", "11-20 00:00", 30_000),  # an hour after the purchase, but two days before the show
        ("11-21 10:00", "11-21 10:05", 30_000),
        ("11-22 19:00", "11-22 19:05", 90_000),
    ],
)
def test_free_within_a_day_of_the_purchase_until_three_days_before(bought: str, cancelled: str, fee: int) -> None:
    assert fee_at(cancelled, bought=datetime.fromisoformat(f"2026-{bought}").replace(tzinfo=SEOUL)) == fee


def test_days_are_those_of_the_venue() -> None:
    # 00:30 on the 22nd in Seoul is still the 21st in London, where this show would begin at 11:00 on the 22nd.
    assert fee_at("11-22 00:30", zone="Asia/Seoul") == 90_000
    assert fee_at("11-22 00:30", zone="Europe/London") == 30_000


@pytest.mark.parametrize(("amount", "fee"), [(0, 0), (1, 0), (3, 0), (4, 1), (99_999, 29_999), (100_001, 30_000)])
def test_fees_are_rounded_in_the_buyers_favour(amount: int, fee: int) -> None:
    assert fee_at("11-21 12:00", amount=amount) == fee


def test_the_fee_only_ever_grows_and_never_exceeds_the_price() -> None:
    fees = []
    moment = SHOW - timedelta(days=12)
    while moment < SHOW:
        fee = fee_at(moment.strftime("%m-%d %H:%M"))
        assert fee is not None
        fees.append(fee)
        moment += timedelta(minutes=30)
    assert fees == sorted(fees)
    assert (fees[0], fees[-1]) == (0, 90_000)


def test_beyond_the_last_rung_nothing_can_be_cancelled() -> None:
    until_the_day_before = RefundPolicy((RefundTier(1, 50),), 0, 0)
    noon = int(datetime(2026, 11, 22, 12, tzinfo=SEOUL).timestamp() * 1000)
    show = int(SHOW.timestamp() * 1000)
    fee = refund_fee(until_the_day_before, PRICE, bought_at=0, starts_at=show, now=noon, time_zone="Asia/Seoul")
    assert fee is None


def test_a_policy_survives_being_written_down() -> None:
    assert read_policy(write_policy(CONSUMER_STANDARD)) == CONSUMER_STANDARD
