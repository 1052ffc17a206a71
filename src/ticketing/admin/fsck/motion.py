"""I2: what is under way has something that moves it, and not for too long.

In one snapshot this is exact: every step of an order writes the message of the next in the same commit. An order
that waits without its message is stuck however young it is.
"""

from __future__ import annotations

from dataclasses import dataclass

from ticketing.admin.fsck.books import Case
from ticketing.admin.fsck.money import Sums
from ticketing.admin.fsck.outbox import Messages
from ticketing.admin.fsck.report import Cure, Report
from ticketing.admin.fsck.seats import ENDED, OWNING


@dataclass(frozen=True, slots=True)
class _Need:
    """Something an order waits for: the message that moves it, since when, and how much money is concerned."""

    kind: str
    topic: str
    since: int
    amount: int
    cure: Cure
    patience_ms: int = 0


def check_motion(case: Case, sums: Sums, messages: Messages, report: Report) -> None:
    """One order: whether it is where it may stay, or on its way."""
    order = case.order
    if order.state not in OWNING | ENDED:
        detail = f"nobody knows a stored order that is {order.state!r}"
        report.breach("I2", "order_state_unknown", detail, event_id=order.event_id, order_id=order.id)
        return
    for need in _needs(case, sums, int(report.scope.payment_window_seconds * 1000)):
        _check_need(case, need, messages, report)


def _needs(case: Case, sums: Sums, window_ms: int) -> list[_Need]:
    order = case.order
    needs = []
    if order.state == "reserved":
        since = order.created_at if order.reserved_at is None else order.reserved_at
        needs.append(_Need("awaiting_payment", "capture", since, order.amount, Cure.CAPTURE, window_ms))
    if order.state == "paid":
        since = order.updated_at if order.paid_at is None else order.paid_at
        needs.append(_Need("awaiting_tickets", "issue", since, order.amount, Cure.ISSUE))
    if sums.due and sums.owed_since is not None:
        needs.append(_Need("refund_due", "refund", sums.owed_since, sums.due, Cure.REFUND))
    elif order.state == "cancelled" or (order.state in ENDED - {"refunded"} and sums.captured):
        needs.append(_Need("refund_to_be_closed", "refund", order.updated_at, 0, Cure.REFUND))
    return needs


def _check_need(case: Case, need: _Need, messages: Messages, report: Report) -> None:
    order = case.order
    ids = {"event_id": order.event_id, "order_id": order.id}
    what = need.kind.replace("_", " ")
    if not messages.moves(order.id, need.topic):
        dead = messages.is_dead(order.id, need.topic)
        why = f"its {need.topic} message is dead" if dead else f"there is no {need.topic} message for it"
        detail = f"{what} ({need.amount} {order.currency}), and nothing will move it: {why}"
        # A dead message was given up after many failures: to try again is for people to decide.
        report.breach("I2", "nothing_moves_it", detail, cure=None if dead else need.cure, topic=need.topic, **ids)
    elif report.overdue(need.since, need.patience_ms):
        seconds = (report.at - need.since) // 1000
        detail = f"{what} ({need.amount} {order.currency}) for {seconds} s; its {need.topic} message keeps being tried"
        report.breach("I2", "takes_too_long", detail, topic=need.topic, **ids)
    else:
        report.moving(need.kind, order.id, need.since, need.amount, order.currency)
