"""The gate: admits a ticket once, and says why not otherwise."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from ticketing.base.clock import Clock
from ticketing.base.db import Database
from ticketing.tickets import sql
from ticketing.tickets.code import ForgedCode, TicketVerifier, tidy
from ticketing.tickets.model import Admitted, Already, RefusalReason, Refused, Verdict, objection


class CheckIn:
    """Verifies codes and admits their bearers."""

    def __init__(self, db: Database, verifier: TicketVerifier, clock: Clock) -> None:
        self._db = db
        self._verifier = verifier
        self._clock = clock

    async def check_in(self, scanned: str, gate_account: str, event_id: str | None = None) -> Verdict:
        """The verdict on a scanned code.

        Args:
            scanned: what the scanner read; blanks around it do not matter.
            gate_account: who stands at the gate, for the record.
            event_id: refuse tickets of other events; None serves every event.

        Raises:
            DatabaseAway: nobody was admitted; scan again.
        """
        try:
            contents = self._verifier.verify(tidy(scanned))
        except ForgedCode:
            return Refused(RefusalReason.FORGED)

        async def work(conn: AsyncConnection) -> Verdict:
            found = await sql.read_ticket(conn, contents.ticket_id)
            ticket = found[0] if found else None
            against = objection(ticket, event_id)
            if against is not None or ticket is None:
                return against or Refused(RefusalReason.UNKNOWN)
            await sql.lock_order_of(self._db, conn, ticket.order_id)
            now = self._clock.now_ms()
            if await sql.admit(conn, ticket.ticket_id, gate_account, now):
                return Admitted(ticket, now)
            # Another gate, or a cancellation, was faster: look again.
            again = await sql.read_ticket(conn, contents.ticket_id)
            late = objection(again[0] if again else None, event_id)
            return late if isinstance(late, Already) else Refused(RefusalReason.VOID, ticket)

        return await self._db.transact(work)
