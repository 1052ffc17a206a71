"""Tickets for their owners (JSON, QR, PDF) and POST /api/checkins for the gate."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler

from ticketing.accounts.authenticate import Authenticator, for_roles
from ticketing.accounts.model import Role
from ticketing.base.batch import Batches
from ticketing.base.blobs import Blobs, BlobsAway
from ticketing.base.clock import rfc3339
from ticketing.base.db import Database
from ticketing.base.errors import NotFound, Problem
from ticketing.base.web import answers, problems
from ticketing.catalog.load import Catalog
from ticketing.tickets import pdf, qr, sql
from ticketing.tickets.check_in import CheckIn
from ticketing.tickets.code import TicketSigner
from ticketing.tickets.model import Admitted, Already, Refused, Ticket, TicketEvent, TicketStatus

_STATUS = {"void": 409, "other_event": 409, "forged": 422, "unknown": 422}
_SAID = {
    "void": "This ticket was cancelled.",
    "other_event": "This ticket is for another event.",
    "forged": "This is not one of our tickets.",
    "unknown": "The code is genuine, but there is no such ticket in the books.",
}


class CheckInRequest(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What the scanner read; `event_id` to refuse tickets of other events."""

    code: Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
    event_id: Annotated[str, msgspec.Meta(max_length=64)] | None = None


class AdmittedOut(msgspec.Struct):
    """Open the gate."""

    result: str
    ticket_id: str
    event_id: str
    seat: str
    section: str
    row: str | None
    number: str
    admitted_at: str


class TicketEventOut(msgspec.Struct):
    """The event that a ticket is for."""

    id: str
    name: dict[str, str]
    venue: dict[str, str]
    time_zone: str
    starts_at: str


class TicketOut(msgspec.Struct):
    """A ticket; `code` is what the QR says."""

    ticket_id: str
    order_id: str
    event: TicketEventOut
    seat: str
    section: str
    row: str | None
    number: str
    grade: str
    amount: int
    currency: str
    status: str
    holder: str
    code: str


class TicketDesk:
    """Reads tickets for their owners and draws them."""

    def __init__(self, db: Database, catalog: Catalog, signer: TicketSigner, blobs: Blobs) -> None:
        self._db = db
        self._catalog = catalog
        self._signer = signer
        self._blobs = blobs
        self._batches: Batches[str, tuple[Ticket, str]] = Batches(self._load)

    async def read(self, ticket_id: str, account_id: str) -> tuple[Ticket, TicketEvent]:
        """One's own ticket and its event. Raises NotFound."""
        found = await self._batches.get(ticket_id)
        if found is None or found[1] != account_id:
            raise NotFound("There is no such ticket.")
        event = (await self._catalog.get(found[0].event_id)).event
        return found[0], TicketEvent(
            event.id,
            event.name.document(),
            event.venue.name.document(),
            event.venue.address.document(),
            event.venue.time_zone,
            event.starts_at,
            event.doors_at,
        )

    async def _load(self, ticket_ids: Sequence[str]) -> dict[str, tuple[Ticket, str]]:
        async with self._db.read() as conn:
            return await sql.read_tickets(conn, ticket_ids)

    def code(self, ticket: Ticket) -> str:
        """The signed code; the same every time."""
        return self._signer.sign(ticket)

    async def pdf(self, ticket: Ticket, event: TicketEvent) -> bytes:
        """The PDF of a ticket: drawn once, kept, drawn again when its status or the drawing changes."""
        key = f"tickets/{ticket.ticket_id}-{self._signer.kid}-{ticket.status.value}.pdf"
        try:
            kept = await self._blobs.get(key)
            if kept is not None:
                return kept
        except BlobsAway:
            return await asyncio.to_thread(pdf.render, [(ticket, self.code(ticket))], event)
        drawn = await asyncio.to_thread(pdf.render, [(ticket, self.code(ticket))], event)
        try:
            await self._blobs.put(key, drawn, "application/pdf")
        except BlobsAway:
            return drawn
        return drawn


def _out(ticket: Ticket, event: TicketEvent, code: str) -> TicketOut:
    return TicketOut(
        ticket.ticket_id,
        ticket.order_id,
        TicketEventOut(event.event_id, dict(event.name), dict(event.venue), event.time_zone, rfc3339(event.starts_at)),
        ticket.seat_id,
        ticket.section,
        ticket.row or None,
        ticket.number,
        ticket.grade,
        ticket.amount,
        ticket.currency,
        ticket.status.value,
        ticket.holder,
        code if ticket.status is not TicketStatus.VOID else "",
    )


def _refusal(verdict: Already | Refused) -> Problem:
    ticket = verdict.ticket
    about = (
        {
            "ticket_id": ticket.ticket_id,
            "seat": ticket.seat_id,
            "section": ticket.section,
            "row": ticket.row or None,
            "number": ticket.number,
        }
        if ticket
        else {}
    )
    if isinstance(verdict, Already):
        when = rfc3339(verdict.admitted_at)
        return Problem(
            409, "already_admitted", f"This ticket was admitted at {when}.", result="already", admitted_at=when, **about
        )
    reason = verdict.reason.value
    return Problem(_STATUS[reason], f"ticket_{reason}", _SAID[reason], result="refused", reason=reason, **about)


def routes(desk: TicketDesk, check_in: CheckIn, authenticator: Authenticator) -> list[ControllerRouterHandler]:
    """The route handlers of this room."""

    @get(
        "/api/tickets/{ticket_id:str}",
        responses=answers(TicketOut) | problems(401, 404, 503),
        tags=["tickets"],
        summary="A ticket",
        opt={"media_types": ("image/svg+xml", "application/pdf")},
    )
    async def ticket_route(request: Request[Any, Any, Any], ticket_id: FromPath[str]) -> Response[Any]:
        """One's own ticket. With `.svg` behind the id: its QR code; with `.pdf`: to print."""
        session = authenticator.session(request)
        ticket_id, _, form = ticket_id.partition(".")
        if form not in ("", "svg", "pdf"):
            raise NotFound("A ticket comes as JSON, .svg or .pdf.")
        found, event = await desk.read(ticket_id, session.account_id)
        private = {"Cache-Control": "private, no-store"}
        if form == "":
            return Response(_out(found, event, desk.code(found)), headers=private)
        if found.status is TicketStatus.VOID:
            raise NotFound("This ticket was cancelled.")
        if form == "svg":
            body = qr.svg(desk.code(found)).encode()
            return Response(body, media_type="image/svg+xml", headers=private)
        body = await desk.pdf(found, event)
        disposition = {"Content-Disposition": f'inline; filename="{found.ticket_id}.pdf"'}
        return Response(body, media_type="application/pdf", headers=private | disposition)

    @post(
        "/api/checkins",
        status_code=200,
        responses=problems(400, 401, 403, 409, 413, 415, 422, 503),
        tags=["gate"],
        summary="Admit a ticket",
        opt=for_roles(Role.GATE, Role.OPERATOR),
    )
    async def check_in_route(request: Request[Any, Any, Any], data: JSONBody[CheckInRequest]) -> AdmittedOut:
        """Admit the bearer of a code, once. Otherwise a problem with `result` already or refused."""
        session = authenticator.session(request)
        verdict = await check_in.check_in(data.code, session.account_id, data.event_id)
        if not isinstance(verdict, Admitted):
            raise _refusal(verdict)
        ticket = verdict.ticket
        return AdmittedOut(
            "admitted",
            ticket.ticket_id,
            ticket.event_id,
            ticket.seat_id,
            ticket.section,
            ticket.row or None,
            ticket.number,
            rfc3339(verdict.admitted_at),
        )

    return [ticket_route, check_in_route]
