"""Orders: few states, a ledger beside them, and the refund rules that were in force at purchase."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

_HOUR = 3_600_000
_DAY = 24 * _HOUR


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
    """From `days_before` the show (or earlier), this share of the price is kept."""

    days_before: float
    fee_percent: int


@dataclass(frozen=True)
class RefundPolicy:
    """A ladder, strictest last. `grace_hours` after purchase all is free until `grace_days` before the show."""

    tiers: tuple[RefundTier, ...]
    grace_hours: int
    grace_days: float


CONSUMER_STANDARD = RefundPolicy(
    (RefundTier(10, 0), RefundTier(7, 10), RefundTier(3, 20), RefundTier(1, 30), RefundTier(0, 90)), 24, 3
)
"""The Korean consumer dispute standard for performances: D-10 free, D-7 10 %, D-3 20 %, D-1 30 %, on the day 90 %;
free within 24 hours of purchase up to D-3."""


def refund_fee(policy: RefundPolicy, amount: int, *, bought_at: int, starts_at: int, now: int) -> int | None:
    """What is kept of `amount` when an order is cancelled now; None when it can no longer be cancelled.

    All instants in milliseconds; amounts in minor units. Rounded down, in the buyer's favour.
    """
    days = (starts_at - now) / _DAY
    if days <= 0:
        return None
    if now - bought_at <= policy.grace_hours * _HOUR and days >= policy.grace_days:
        return 0
    for tier in policy.tiers:
        if days >= tier.days_before:
            return amount * tier.fee_percent // 100
    return None


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
