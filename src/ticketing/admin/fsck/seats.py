"""I1, seats: one owner each, and owners and orders that agree."""

from __future__ import annotations

from typing import Any

from ticketing.admin.fsck.books import Books, Case
from ticketing.admin.fsck.plans import Plans
from ticketing.admin.fsck.report import Report

OWNING = frozenset({"reserved", "paid", "ticketed"})
"""States in which an order owns its seats."""
ENDED = frozenset({"refused", "declined", "expired", "cancelled", "refunded"})


_DOUBLE_OWNERS = (
    "SELECT event_id, seat_id, COUNT(*) AS n FROM order_seats WHERE live IS NOT NULL /*AND event_id*/"
    " GROUP BY event_id, seat_id HAVING COUNT(*) > 1"
)
_DOUBLE_TICKETS = (
    "SELECT event_id, seat_id, COUNT(*) AS n FROM tickets WHERE live IS NOT NULL /*AND event_id*/"
    " GROUP BY event_id, seat_id HAVING COUNT(*) > 1"
)
_OWNERS = "SELECT order_id FROM order_seats WHERE event_id = :e AND seat_id = :s AND live IS NOT NULL ORDER BY order_id"
_TICKETS = "SELECT id, order_id FROM tickets WHERE event_id = :e AND seat_id = :s AND live IS NOT NULL ORDER BY id"


async def check_doubles(books: Books, report: Report) -> None:
    """No seat with two live owners, no seat with two live tickets."""
    for row in await books.rows(_DOUBLE_OWNERS):
        owners = await books.rows(_OWNERS, e=row.event_id, s=row.seat_id)
        report.breach(
            "I1",
            "seat_sold_twice",
            f"seat {row.seat_id} has {row.n} live owners",
            event_id=row.event_id,
            seat_id=row.seat_id,
            order_ids=[owner.order_id for owner in owners],
        )
    for row in await books.rows(_DOUBLE_TICKETS):
        tickets = await books.rows(_TICKETS, e=row.event_id, s=row.seat_id)
        report.breach(
            "I1",
            "seat_ticketed_twice",
            f"seat {row.seat_id} has {row.n} live tickets",
            event_id=row.event_id,
            seat_id=row.seat_id,
            order_ids=sorted({ticket.order_id for ticket in tickets}),
            ticket_ids=[ticket.id for ticket in tickets],
        )
    report.checked.append("double sales")


async def check_places(books: Books, plans: Plans, report: Report) -> None:
    """Every seat that was ever sold is in its event's plan, under its ordinal there."""
    for event_id in plans.events:
        plan = await plans.plan(books, event_id)
        if plan is None:
            report.breach("I1", "plan_missing", "the seat plan of the event is not there", event_id=event_id)
            continue
        # At most one row per seat of the house, however often seats were sold, cancelled and sold again.
        places = await books.rows(
            "SELECT DISTINCT seat_id, ordinal FROM order_seats WHERE event_id = :e ORDER BY seat_id, ordinal",
            e=event_id,
        )
        for place in places:
            ordinal = plan.ordinals.get(place.seat_id)
            if ordinal != place.ordinal:
                await _report_place(books, event_id, place, ordinal, report)
    report.checked.append("places")


async def _report_place(books: Books, event_id: str, place: Any, ordinal: int | None, report: Report) -> None:
    orders = await books.rows(
        "SELECT order_id FROM order_seats WHERE event_id = :e AND seat_id = :s AND ordinal = :o ORDER BY order_id",
        e=event_id,
        s=place.seat_id,
        o=place.ordinal,
    )
    ids = {"event_id": event_id, "seat_id": place.seat_id, "order_ids": [row.order_id for row in orders]}
    if ordinal is None:
        report.breach("I1", "seat_not_in_plan", "the event's plan has no such seat", **ids)
    else:
        report.breach("I1", "ordinal_wrong", f"the order says place {place.ordinal}, the plan {ordinal}", **ids)


def check_seats(case: Case, plans: Plans, report: Report) -> None:
    """The seats of one order."""
    order = case.order
    ids: dict[str, Any] = {"event_id": order.event_id, "order_id": order.id}
    if order.event_id not in plans.events:
        report.breach("I1", "order_of_unknown_event", f"event {order.event_id} is not there", **ids)
    if not case.seats:
        report.breach("I1", "order_without_seats", f"the {order.state} order has no seats", **ids)
        return
    total = sum(seat.amount for seat in case.seats)
    if total != order.amount:
        detail = f"its seats cost {total}, the order says {order.amount} {order.currency}"
        report.breach("I1", "seats_do_not_make_the_amount", detail, **ids)
    for seat in case.seats:
        where = {**ids, "seat_id": seat.seat_id}
        if order.state in OWNING and seat.live is None:
            report.breach("I1", "seat_not_owned", f"the order is {order.state}, yet the seat is not its own", **where)
        if order.state in ENDED and seat.live is not None:
            report.breach("I1", "seat_of_ended_order", f"the order is {order.state}, yet it owns the seat", **where)
        if seat.event_id != order.event_id:
            report.breach("I1", "seat_of_another_event", f"the seat is of event {seat.event_id}", **where)


def check_stray_seats(seats: list[Any], report: Report) -> None:
    """Seats that no order stands behind."""
    for seat in seats:
        owned = "owned by" if seat.live is not None else "once owned by"
        report.breach(
            "I1",
            "seat_without_order",
            f"the seat is {owned} an order that does not exist",
            event_id=seat.event_id,
            order_id=seat.order_id,
            seat_id=seat.seat_id,
        )
