"""Tell buyers how their orders stand, once per kind of news."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import structlog

from ticketing.accounts.sql import find_accounts
from ticketing.base import outbox
from ticketing.base.crash import CrashPoint, nowhere
from ticketing.base.db import Database
from ticketing.base.outbox import OutboxRow
from ticketing.base.tracing import order_goes_on
from ticketing.catalog.load import Catalog
from ticketing.notices.model import Message, SendFailed, Transport
from ticketing.notices.templates import Notice, OrderFacts, SeatLine, render
from ticketing.orders import messages
from ticketing.orders import sql as order_sql
from ticketing.orders.model import Order, OrderState
from ticketing.payments import sql as books
from ticketing.payments.model import derive
from ticketing.tickets import sql as ticket_sql
from ticketing.tickets.wording import Locale

log = structlog.get_logger(__name__)

_NEWS = {
    OrderState.TICKETED: Notice.TICKETS_ISSUED,
    OrderState.REFUSED: Notice.ORDER_REFUSED,
    OrderState.DECLINED: Notice.PAYMENT_DECLINED,
    OrderState.EXPIRED: Notice.PAYMENT_DECLINED,
    OrderState.CANCELLED: Notice.ORDER_CANCELLED,
    OrderState.REFUNDED: Notice.ORDER_CANCELLED,
}


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
        failed: dict[int, Exception] = {}
        done: list[int] = []
        for row in rows:
            try:
                order_id = messages.decode_order(row.payload).order_id
                with order_goes_on("notify", order_id):
                    message = await self._compose(order_id)
                    if message is not None:
                        await self._transport.send(message)
                done.append(row.id)
            except SendFailed as error:
                if error.permanent:
                    log.warning("notice_undeliverable", error=str(error))
                    done.append(row.id)
                else:
                    failed[row.id] = error
        await self._crash_point("notice:sent")
        if done:
            await self._db.transact(lambda conn: outbox.forget(conn, done))
        return failed

    async def _compose(self, order_id: str) -> Message | None:
        async with self._db.read() as conn:
            order = await order_sql.read_order(conn, order_id)
            if order is None or order.state not in _NEWS:
                return None
            seats = (await order_sql.seats_of(conn, [order_id]))[order_id]
            issued = {t.seat_id: t.ticket_id for t in (await ticket_sql.tickets_of(conn, [order_id]))[order_id]}
            money = derive((await books.entries_of(conn, [order_id]))[order_id])
            account = (await find_accounts(conn, [order.account_id])).get(order.account_id)
        if account is None:
            return None
        with_links = order.state is OrderState.TICKETED
        lines = tuple(
            SeatLine(
                seat.section,
                seat.row or "",
                seat.number,
                seat.grade,
                f"{self._public_url}/tickets#{issued[seat.seat_id]}" if with_links and seat.seat_id in issued else None,
            )
            for seat in seats
        )
        facts = await self._facts(order, lines, money.refund_due + money.refunded)
        return render(_NEWS[order.state], facts, account.email, cast(Locale, account.locale))

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
