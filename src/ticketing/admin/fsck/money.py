"""I3: money taken equals tickets issued plus money given back, owed or kept, per order and per event, to the won."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from ticketing.admin.fsck.books import Books, Case
from ticketing.admin.fsck.plans import Plans
from ticketing.admin.fsck.report import EventMoney, Report

_KINDS = frozenset(
    {
        "capture_requested",
        "captured",
        "declined",
        "voided",
        "outcome_unknown",
        "refund_requested",
        "refunded",
        "refund_failed",
        "fee_kept",
    }
)


@dataclass(frozen=True, slots=True)
class Sums:
    """One ledger added up, in minor units. `open_refunds`: refund id → what is still owed; `owed_since` in ms."""

    captures: int
    captured: int
    refunded: int
    fees: int
    open_refunds: dict[str, int]
    owed_since: int | None

    @property
    def due(self) -> int:
        """What is promised back and not yet given."""
        return sum(self.open_refunds.values())

    @property
    def kept(self) -> int:
        """What something must stand for."""
        return self.captured - self.refunded - self.due - self.fees


def add_up(entries: list[Any]) -> Sums:
    """Plain sums over the rows: a fact that is there twice counts twice, since it must not be."""
    total: dict[str, int] = defaultdict(int)
    promised: dict[str, int] = defaultdict(int)
    given: dict[str, int] = defaultdict(int)
    since: dict[str, int] = {}
    captures = 0
    for entry in entries:
        total[entry.kind] += entry.amount
        if entry.kind == "captured":
            captures += 1
        elif entry.kind == "refund_requested":
            promised[entry.reference] += entry.amount
            since[entry.reference] = entry.at
        elif entry.kind == "refunded":
            given[entry.reference] += entry.amount
    owed = {refund: amount - given[refund] for refund, amount in promised.items() if amount > given[refund]}
    oldest = min((since[refund] for refund in owed), default=None)
    return Sums(captures, total["captured"], total["refunded"], total["fee_kept"], owed, oldest)


def check_money(case: Case, sums: Sums, report: Report) -> None:
    """The money of one order."""
    order = case.order
    ids = {"event_id": order.event_id, "order_id": order.id}
    _check_entries(case, report)
    if sums.refunded + sums.due + sums.fees > sums.captured:
        detail = (
            f"given back {sums.refunded}, owed {sums.due}, kept as fees {sums.fees}:"
            f" more than the {sums.captured} taken"
        )
        report.breach("I3", "more_back_than_taken", detail, **ids)
        return
    stands = _stands(case)
    if sums.kept == stands:
        return
    if sums.captures > 1 and sums.kept > stands:
        references = sorted(entry.reference for entry in case.entries if entry.kind == "captured")
        detail = f"taken {sums.captures} times, {sums.kept - stands} {order.currency} too much and not owed back"
        report.breach("I3", "charged_twice", detail, references=references, **ids)
        return
    detail = (
        f"taken {sums.captured}, given back {sums.refunded}, owed {sums.due}, fees {sums.fees}: {sums.kept} is left,"
        f" and {stands} {order.currency} stands for it ({order.state})"
    )
    report.breach("I3", "money_does_not_add_up", detail, **ids)


def _stands(case: Case) -> int:
    """What the buyer has, or is about to get, for money: tickets that admit, or the promise of a paid order."""
    if case.order.state == "paid":
        return int(case.order.amount)
    admitting = {ticket.seat_id for ticket in case.tickets if ticket.live is not None}
    return sum(seat.amount for seat in case.seats if seat.seat_id in admitting)


def _check_entries(case: Case, report: Report) -> None:
    order = case.order
    requested = {entry.reference for entry in case.entries if entry.kind == "refund_requested"}
    for entry in case.entries:
        where = {"event_id": order.event_id, "order_id": order.id, "ledger_id": entry.id}
        if entry.kind not in _KINDS:
            report.breach("I3", "ledger_kind_unknown", f"nobody knows what {entry.kind!r} means", **where)
        if entry.amount < 0:
            report.breach("I3", "ledger_amount_negative", f"{entry.kind} of {entry.amount}", **where)
        if entry.currency != order.currency:
            detail = f"{entry.kind} in {entry.currency}, the order is in {order.currency}"
            report.breach("I3", "ledger_currency_wrong", detail, **where)
        if entry.event_id != order.event_id:
            report.breach("I3", "ledger_event_wrong", f"{entry.kind} is booked on event {entry.event_id}", **where)
        if entry.kind == "refunded" and entry.reference not in requested:
            detail = f"{entry.amount} {entry.currency} given back as {entry.reference}, which nobody asked for"
            report.breach("I3", "refund_not_requested", detail, **where)


def check_stray_entries(entries: list[Any], report: Report) -> None:
    """Ledger rows that no order stands behind."""
    for entry in entries:
        report.breach(
            "I3",
            "ledger_without_order",
            f"{entry.kind} of {entry.amount} {entry.currency} for an order that does not exist",
            event_id=entry.event_id,
            order_id=entry.order_id,
            ledger_id=entry.id,
        )


async def check_events(books: Books, plans: Plans, report: Report) -> None:
    """The same equation per event, from sums that the database makes: a second opinion on the per-order checks."""
    sums: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in await books.rows(
        "SELECT event_id, kind, SUM(amount) AS total FROM ledger /*WHERE event_id*/ GROUP BY event_id, kind"
    ):
        sums[row.event_id][row.kind] = int(row.total)
    for row in await books.rows(
        "SELECT t.event_id, SUM(s.amount) AS total FROM tickets t"
        " JOIN order_seats s ON s.order_id = t.order_id AND s.seat_id = t.seat_id"
        " WHERE t.live IS NOT NULL /*AND t.event_id*/ GROUP BY t.event_id"
    ):
        sums[row.event_id]["tickets"] = int(row.total)
    for row in await books.rows(
        "SELECT event_id, SUM(amount) AS total FROM orders WHERE state = 'paid' /*AND event_id*/ GROUP BY event_id"
    ):
        sums[row.event_id]["awaiting"] = int(row.total)
    for row in await books.rows(
        "SELECT event_id, SUM(owed) AS total FROM (SELECT event_id, order_id, reference,"
        " SUM(CASE WHEN kind = 'refund_requested' THEN amount ELSE -amount END) AS owed"
        " FROM ledger WHERE kind IN ('refund_requested', 'refunded') /*AND event_id*/"
        " GROUP BY event_id, order_id, reference) refunds WHERE owed > 0 GROUP BY event_id"
    ):
        sums[row.event_id]["owed"] = int(row.total)
    for event_id in sorted(sums):
        _check_event(event_id, sums[event_id], plans, report)
    report.checked.append("money")


def _check_event(event_id: str, total: dict[str, int], plans: Plans, report: Report) -> None:
    event = plans.events.get(event_id)
    money = EventMoney(
        event_id,
        event.currency if event else "",
        captured=total["captured"],
        tickets=total["tickets"],
        awaiting_tickets=total["awaiting"],
        refunded=total["refunded"],
        refund_due=total["owed"],
        fees=total["fee_kept"],
    )
    report.money.append(money)
    if money.difference:
        detail = (
            f"taken {money.captured}; tickets {money.tickets}, awaiting tickets {money.awaiting_tickets},"
            f" given back {money.refunded}, owed {money.refund_due}, fees {money.fees}:"
            f" {money.difference:+} {money.currency} unexplained"
        )
        report.breach("I3", "event_money_does_not_add_up", detail, event_id=event_id, difference=money.difference)
