"""Tell buyers how their orders stand, once per kind of news."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import structlog

from ticketing.accounts.model import Account
from ticketing.accounts.sql import find_accounts
from ticketing.base import outbox
from ticketing.base.crash import CrashPoint, nowhere
from ticketing.base.db import Database, DatabaseAway
from ticketing.base.outbox import OutboxRow, RetryLater
from ticketing.base.tracing import order_goes_on
from ticketing.catalog.load import Catalog
from ticketing.notices.model import Message, SendFailed, Transport
from ticketing.notices.templates import Notice, OrderFacts, SeatLine, render
from ticketing.orders import messages
from ticketing.orders import sql as order_sql
from ticketing.orders.model import Order, OrderSeat, OrderState
from ticketing.payments import sql as books_sql
from ticketing.payments.model import LedgerEntry, LedgerError, derive
from ticketing.tickets import sql as ticket_sql
from ticketing.tickets.model import Ticket
from ticketing.tickets.wording import Locale

log = structlog.get_logger(__name__)

AT_ONCE = 7
"""Mails of a batch under way together: twenty take three times the server's patience (15 s) at most, within the lease
of a batch (60 s). One after the other they would outlast it at a slow server, and be sent again by another worker."""

MOST_PATIENT = 300.0
MOST_ATTEMPTS = 600
"""So often a mail is tried that the server does not take for now: some two days."""

_NEWS = {
    OrderState.TICKETED: Notice.TICKETS_ISSUED,
    OrderState.REFUSED: Notice.ORDER_REFUSED,
    OrderState.DECLINED: Notice.PAYMENT_DECLINED,
    OrderState.EXPIRED: Notice.PAYMENT_DECLINED,
    OrderState.CANCELLED: Notice.ORDER_CANCELLED,
    OrderState.REFUNDED: Notice.ORDER_REFUNDED,
}


@dataclass(frozen=True)
class _Books:
    """What the database knows of some orders; lists by order id."""

    orders: dict[str, Order]
    seats: dict[str, list[OrderSeat]]
    tickets: dict[str, list[Ticket]]
    entries: dict[str, list[LedgerEntry]]
    accounts: dict[str, Account]


class Notices:
    """Outbox handler (leased) of topic `notice`.

    Args:
        public_url: address of the site, without a slash at the end.
    """

    def __init__(
        self,
        db: Database,
        catalog: Catalog,
        transport: Transport,
        *,
        public_url: str,
        crash_point: CrashPoint = nowhere,
    ) -> None:
        self._db = db
        self._catalog = catalog
        self._transport = transport
        self._public_url = public_url
        self._crash_point = crash_point

    async def __call__(self, rows: Sequence[OutboxRow]) -> dict[int, Exception]:
        """Send what each order's present state calls for."""
        by_order: dict[str, list[OutboxRow]] = {}
        for row in rows:
            by_order.setdefault(messages.decode_order(row.payload).order_id, []).append(row)
        books = await self._read(sorted(by_order))
        failed: dict[int, Exception] = {}
        room = asyncio.Semaphore(AT_ONCE)

        async def tell(order_id: str, news: list[OutboxRow]) -> None:
            error = await self._tell(order_id, books, max(row.attempts for row in news), room)
            if error is not None:
                failed.update({row.id: error for row in news})

        # Two pieces of news of one order are one mail: it says how the order stands now.
        await asyncio.gather(*(tell(order_id, news) for order_id, news in by_order.items()))
        done = [row.id for row in rows if row.id not in failed]
        await self._crash_point("notice:sent")
        if done:
            await self._db.transact(lambda conn: outbox.forget(conn, done))
        return failed

    async def _tell(self, order_id: str, books: _Books, attempts: int, room: asyncio.Semaphore) -> Exception | None:
        """Send one order's mail; gives why it is not done."""
        try:
            async with room:
                with order_goes_on("notify", order_id):
                    message = await self._compose(order_id, books)
                    if message is not None:
                        await self._transport.send(message)
        except DatabaseAway as error:
            return RetryLater(outbox.backoff(0, most=1), str(error)[:200])
        except SendFailed as error:
            if not error.permanent:
                log.error("notice_not_sent", error=str(error), attempt=attempts + 1)
                return self._later(attempts, error)
            log.warning("notice_undeliverable", error=str(error))
        except Exception as error:
            # What is wrong with one order must not keep the others' buyers waiting.
            log.exception("notice_failed", order_id=order_id)
            return error
        return None

    @staticmethod
    def _later(attempts: int, error: SendFailed) -> Exception:
        """A mail server that is away, or our own wrong password, costs nobody their tickets: days will mend it."""
        if attempts >= MOST_ATTEMPTS:
            return error
        return RetryLater(outbox.backoff(attempts, first=1, most=MOST_PATIENT), str(error))

    async def _read(self, order_ids: list[str]) -> _Books:
        """All that the mails of a batch need, by five statements."""
        async with self._db.read() as conn:
            found = await order_sql.find_orders(conn, order_ids)
            return _Books(
                found,
                await order_sql.seats_of(conn, order_ids),
                await ticket_sql.tickets_of(conn, order_ids),
                await books_sql.entries_of(conn, order_ids),
                await find_accounts(conn, sorted({order.account_id for order in found.values()})),
            )

    async def _compose(self, order_id: str, books: _Books) -> Message | None:
        order = books.orders.get(order_id)
        if order is None or order.state not in _NEWS:
            return None
        account = books.accounts.get(order.account_id)
        if account is None:
            return None
        issued = {t.seat_id: t.ticket_id for t in books.tickets[order_id]}
        money = derive(books.entries[order_id])
        if money.foreign and order.state in (OrderState.CANCELLED, OrderState.REFUNDED):
            raise LedgerError(f"nobody knows what comes back: {'; '.join(money.problems)}")
        with_links = order.state is OrderState.TICKETED
        lines = tuple(
            SeatLine(
                seat.section,
                seat.row or "",
                seat.number,
                seat.grade,
                f"{self._public_url}/tickets#{issued[seat.seat_id]}" if with_links and seat.seat_id in issued else None,
            )
            for seat in books.seats[order_id]
        )
        facts = await self._facts(order, lines, money.refund_due + money.refunded)
        notice = _NEWS[order.state]
        if notice is Notice.ORDER_REFUNDED and not facts.refund_amount:
            notice = Notice.ORDER_CANCELLED  # of which nothing came back
        return render(notice, facts, account.email, cast(Locale, account.locale))

    async def _facts(self, order: Order, lines: tuple[SeatLine, ...], refund: int) -> OrderFacts:
        event = (await self._catalog.get(order.event_id)).event
        return OrderFacts(
            order.order_id,
            f"{self._public_url}/orders/{order.order_id}",
            event.name.document(),
            event.venue.name.document(),
            event.venue.time_zone,
            event.starts_at,
            lines,
            order.amount,
            order.currency,
            refund or None,
        )
