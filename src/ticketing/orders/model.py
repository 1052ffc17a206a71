"""Orders: few states, a ledger beside them, and the refund rules that were in force at purchase."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

_HOUR = 3_600_000


class OrderState(StrEnum):
    """`placed → reserved → paid → ticketed`; the rest are final, and so is `ticketed` unless it is cancelled."""

    PLACED = "placed"
    RESERVED = "reserved"
    PAID = "paid"
    TICKETED = "ticketed"
    REFUSED = "refused"
    DECLINED = "declined"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"


LIVE = (OrderState.RESERVED, OrderState.PAID, OrderState.TICKETED)
"""States in which the order owns its seats."""


class Reason(StrEnum):
    """Why an order did not end with tickets; clients translate it."""

    SEATS_LOST = "seats_lost"
    LIMIT = "limit_exceeded"
    PAYMENT_DECLINED = "payment_declined"
    PAYMENT_EXPIRED = "payment_expired"
    PAID_TOO_LATE = "paid_too_late"
    BUYER = "cancelled_by_buyer"


@dataclass(frozen=True)
class RefundTier:
    """Until so many days before the day of the show, this share of the price is kept."""

    days_before: int
    fee_percent: int


@dataclass(frozen=True)
class RefundPolicy:
    """A ladder, strictest last. `grace_hours` after purchase all is free until `grace_days` before the show.

    Days are dates on the venue's calendar, as the standard counts them: the day before the show lasts until midnight.
    """

    tiers: tuple[RefundTier, ...]
    grace_hours: int
    grace_days: int


CONSUMER_STANDARD = RefundPolicy(
    (RefundTier(10, 0), RefundTier(7, 10), RefundTier(3, 20), RefundTier(1, 30), RefundTier(0, 90)), 24, 3
)
"""The Korean consumer dispute standard for performances: D-10 free, D-7 10 %, D-3 20 %, D-1 30 %, on the day 90 %;
free within 24 hours of purchase up to D-3."""


def refund_fee(
    policy: RefundPolicy, amount: int, *, bought_at: int, starts_at: int, now: int, time_zone: str
) -> int | None:
    """What is kept of `amount` when an order is cancelled now; None when it can no longer be cancelled.

    All instants in milliseconds; amounts in minor units; `time_zone` is the venue's. Rounded down, in the buyer's
    favour.
    """
    if now >= starts_at:
        return None
    zone = ZoneInfo(time_zone)
    days = (_date(starts_at, zone) - _date(now, zone)).days
    if now - bought_at <= policy.grace_hours * _HOUR and days >= policy.grace_days:
        return 0
    for tier in policy.tiers:
        if days >= tier.days_before:
            return amount * tier.fee_percent // 100
    return None


def _date(instant: int, zone: ZoneInfo) -> date:
    return datetime.fromtimestamp(instant / 1000, zone).date()


@dataclass(frozen=True)
class OrderSeat:
    """One seat of an order, as it was when it was bought."""

    seat_id: str
    ordinal: int
    section: str
    row: str | None
    number: str
    grade: str
    amount: int


@dataclass(frozen=True)
class Order:
    """An order as it stands in the books."""

    order_id: str
    event_id: str
    account_id: str
    hold_id: str
    state: OrderState
    reason: str | None
    amount: int
    currency: str
    method: str
    payment_token: str
    created_at: int
    reserved_at: int | None
    paid_at: int | None
    policy: RefundPolicy


def total(seats: Sequence[OrderSeat]) -> int:
    """What the seats cost together, in minor units."""
    return sum(seat.amount for seat in seats)
