"""What Toss Payments says, as documented (API version 2022-11-16), and what it means to us."""

from __future__ import annotations

import msgspec

from ticketing.payments.gateway import Captured, Declined, LookupOutcome, Pending, Refunded, Unknown, Voided

# Refusals of the buyer's means of payment, after which this payment is over. Every other error is settled by lookup.
REFUSALS = frozenset(
    {
        "BELOW_MINIMUM_AMOUNT",
        "EXCEED_MAX_AMOUNT",
        "EXCEED_MAX_AUTH_COUNT",
        "EXCEED_MAX_DAILY_PAYMENT_COUNT",
        "EXCEED_MAX_ONE_DAY_AMOUNT",
        "EXCEED_MAX_ONE_DAY_WITHDRAW_AMOUNT",
        "INVALID_CARD_EXPIRATION",
        "INVALID_CARD_LOST_OR_STOLEN",
        "INVALID_REJECT_CARD",
        "INVALID_STOPPED_CARD",
        "NOT_FOUND_PAYMENT",
        "NOT_FOUND_PAYMENT_SESSION",
        "REJECT_ACCOUNT_PAYMENT",
        "REJECT_CARD_COMPANY",
        "REJECT_CARD_PAYMENT",
    }
)


class Failure(msgspec.Struct):
    """The error object."""

    code: str


class Cancel(msgspec.Struct, rename="camel"):
    """One cancellation, part or whole, of a payment."""

    transaction_key: str
    cancel_amount: int
    cancel_reason: str
    cancel_status: str = "DONE"


class Payment(msgspec.Struct, rename="camel"):
    """The Payment object, as far as it concerns us."""

    payment_key: str
    order_id: str
    status: str
    total_amount: int
    currency: str
    approved_at: str | None = None
    cancels: list[Cancel] | None = None
    failure: Failure | None = None


class Transaction(msgspec.Struct, rename="camel"):
    """One line of the transaction list."""

    transaction_key: str
    order_id: str
    payment_key: str
    status: str
    currency: str
    amount: int
    transaction_at: str


def outcome_of(payment: Payment, order_id: str) -> LookupOutcome:
    """What a payment says of its order's capture."""
    if payment.order_id != order_id:
        return Unknown("the answer is about another order")
    if payment.status in ("DONE", "PARTIAL_CANCELED") or (payment.status == "CANCELED" and payment.approved_at):
        return Captured(payment.payment_key, payment.total_amount, payment.currency)
    if payment.status == "CANCELED":
        return Voided()
    if payment.status in ("ABORTED", "EXPIRED"):
        return Declined(payment.failure.code if payment.failure else payment.status)
    if payment.status in ("READY", "IN_PROGRESS", "WAITING_FOR_DEPOSIT"):
        return Pending()
    return Unknown(f"unforeseen payment status {payment.status[:40]!r}")


def refund_made(payment: Payment, refund_id: str, amount: int) -> Refunded | Unknown | None:
    """The refund, if it is among the payment's cancellations."""
    for cancel in payment.cancels or []:
        if cancel.cancel_reason == cancel_reason(refund_id):
            if cancel.cancel_status == "DONE" and cancel.cancel_amount == amount:
                return Refunded(cancel.transaction_key)
            return Unknown(f"refund {refund_id} stands at {cancel.cancel_amount}, {cancel.cancel_status[:40]}")
    return None


def cancel_reason(refund_id: str) -> str:
    """The reason we give with a refund, by which we find it again."""
    return f"ticket refund {refund_id}"


def refund_id_of(cancel: Cancel) -> str | None:
    """Our refund id, or None for a cancellation made elsewhere, such as in the provider's console."""
    head, _, refund_id = cancel.cancel_reason.rpartition(" ")
    return refund_id if f"{head} " == cancel_reason("") else None
