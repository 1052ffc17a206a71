"""I1, tickets: exactly one that admits per seat of a ticketed order, and none for anything else."""

from __future__ import annotations

from typing import Any

from ticketing.admin.fsck.books import Case
from ticketing.admin.fsck.report import Report

_LIVE = frozenset({"valid", "used"})


def check_tickets(case: Case, report: Report) -> None:
    """The tickets of one order."""
    order = case.order
    seats = {seat.seat_id for seat in case.seats}
    live: dict[str, int] = {}
    for ticket in case.tickets:
        where = _where(ticket)
        _check_status(ticket, where, report)
        if ticket.seat_id not in seats:
            report.breach("I1", "ticket_without_seat", "the order of the ticket has no such seat", **where)
        if (ticket.event_id, ticket.account_id) != (order.event_id, order.account_id):
            detail = f"the ticket is of event {ticket.event_id}, account {ticket.account_id}; its order is not"
            report.breach("I1", "ticket_of_somebody_else", detail, **where)
        if ticket.live is not None:
            live[ticket.seat_id] = live.get(ticket.seat_id, 0) + 1
            if order.state != "ticketed":
                detail = f"the ticket admits, though its order is {order.state}"
                report.breach("I1", "ticket_of_unticketed_order", detail, **where)
    if order.state == "ticketed":
        for seat_id in sorted(seats - live.keys()):
            report.breach(
                "I1",
                "ticket_missing",
                "the order is ticketed, yet nothing admits to this seat",
                event_id=order.event_id,
                order_id=order.id,
                seat_id=seat_id,
            )


def _check_status(ticket: Any, where: dict[str, Any], report: Report) -> None:
    if (ticket.status in _LIVE) != (ticket.live is not None) or ticket.status not in _LIVE | {"void"}:
        detail = f"status {ticket.status} and live {ticket.live} contradict each other"
        report.breach("I1", "ticket_status_odd", detail, **where)
    elif (ticket.status == "used") != (ticket.admitted_at is not None) and ticket.status != "void":
        report.breach("I1", "ticket_status_odd", f"{ticket.status}, admitted at {ticket.admitted_at}", **where)


def check_stray_tickets(tickets: list[Any], report: Report) -> None:
    """Tickets that no order stands behind."""
    for ticket in tickets:
        report.breach("I1", "ticket_without_order", "the order of the ticket does not exist", **_where(ticket))


def _where(ticket: Any) -> dict[str, Any]:
    return {
        "event_id": ticket.event_id,
        "order_id": ticket.order_id,
        "seat_id": ticket.seat_id,
        "ticket_id": ticket.id,
    }
