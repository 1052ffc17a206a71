"""What speaks against a ticket at the gate."""

from __future__ import annotations

from dataclasses import replace

from ticketing.tickets.model import Already, RefusalReason, Refused, Ticket, TicketStatus, objection


def test_a_valid_ticket_meets_no_objection(ticket: Ticket) -> None:
    assert objection(ticket, ticket.event_id) is None
    assert objection(ticket) is None


def test_a_used_ticket_says_when(ticket: Ticket) -> None:
    used = replace(ticket, status=TicketStatus.USED, admitted_at=1_795_341_000_000)
    assert objection(used) == Already(used, 1_795_341_000_000)


def test_a_void_ticket_an_unknown_one_and_one_for_elsewhere_are_refused(ticket: Ticket) -> None:
    void = replace(ticket, status=TicketStatus.VOID)
    assert objection(void) == Refused(RefusalReason.VOID, void)
    assert objection(None) == Refused(RefusalReason.UNKNOWN)
    assert objection(ticket, "evt_elsewhere") == Refused(RefusalReason.OTHER_EVENT, ticket)


def test_the_wrong_event_is_said_before_anything_else(ticket: Ticket) -> None:
    used = replace(ticket, status=TicketStatus.USED, admitted_at=1)
    assert objection(used, "evt_elsewhere") == Refused(RefusalReason.OTHER_EVENT, used)
