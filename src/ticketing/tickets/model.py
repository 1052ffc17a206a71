"""What a ticket is, and what the gate may answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class TicketStatus(StrEnum):
    """`valid` until the door (`used`) or a refund (`void`); both are final."""

    VALID = "valid"
    USED = "used"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class Ticket:
    """One seat of one event for one person.

    Times are milliseconds since the epoch, UTC; `amount` is in minor units of `currency`.
    A place in a standing section has an empty `row`. `admitted_at` is set exactly when the status is `used`.
    """

    ticket_id: str
    order_id: str
    event_id: str
    seat_id: str
    section: str
    row: str
    number: str
    grade: str
    amount: int
    currency: str
    holder: str
    status: TicketStatus
    issued_at: int
    admitted_at: int | None = None


@dataclass(frozen=True, slots=True)
class TicketEvent:
    """What a printed ticket says about its event; names by language (`ko`, `en`), times in milliseconds."""

    event_id: str
    name: Mapping[str, str]
    venue: Mapping[str, str]
    address: Mapping[str, str]
    time_zone: str
    starts_at: int
    doors_at: int | None = None


class RefusalReason(StrEnum):
    """Why the gate stays shut."""

    VOID = "void"
    FORGED = "forged"
    UNKNOWN = "unknown"
    OTHER_EVENT = "other_event"


@dataclass(frozen=True, slots=True)
class Admitted:
    """Open the gate."""

    ticket: Ticket
    admitted_at: int


@dataclass(frozen=True, slots=True)
class Already:
    """This ticket has been through the gate before; `admitted_at` says when, so that staff can talk to its bearer."""

    ticket: Ticket
    admitted_at: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Not admitted. There is a ticket only when the code was genuine and known."""

    reason: RefusalReason
    ticket: Ticket | None = None


Verdict = Admitted | Already | Refused


def objection(ticket: Ticket | None, event_id: str | None = None) -> Already | Refused | None:
    """Why a genuine code may not enter, or None when nothing speaks against it.

    This explains; it does not admit. The database admits, by one conditional update from `valid` to `used`.

    Args:
        ticket: the stored ticket that the code names, None when there is none.
        event_id: the event of this gate; None for a gate that serves every event.
    """
    if ticket is None:
        return Refused(RefusalReason.UNKNOWN)
    if event_id is not None and ticket.event_id != event_id:
        return Refused(RefusalReason.OTHER_EVENT, ticket)
    if ticket.status is TicketStatus.VOID:
        return Refused(RefusalReason.VOID, ticket)
    if ticket.status is TicketStatus.USED:
        return Already(ticket, ticket.admitted_at if ticket.admitted_at is not None else ticket.issued_at)
    return None
