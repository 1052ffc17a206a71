"""OrderPlaced → seats that are the buyer's in the database. No money moves before that.

A batch shares one commit where all succeed. Where one does not, each order gets its own transaction, so that one
buyer's lost seat costs nobody else anything.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from ticketing.base import outbox
from ticketing.base.apart import together_or_apart
from ticketing.base.clock import Clock
from ticketing.base.crash import CrashPoint, nowhere
from ticketing.base.db import Database
from ticketing.base.tracing import order_went_on
from ticketing.catalog.load import Catalog, LoadedEvent
from ticketing.orders import messages, sql
from ticketing.orders.messages import OrderPlaced
from ticketing.orders.model import CONSUMER_STANDARD, OrderState, Reason, RefundPolicy
from ticketing.orders.policy import write_policy
from ticketing.payments import sql as books
from ticketing.payments.model import EntryKind, LedgerEntry

log = structlog.get_logger(__name__)


class _OverLimit(Exception):
    """Rolls a transaction back: a person would own more seats than the event allows."""


def tell_wait(placed: Iterable[OrderPlaced]) -> None:
    """A span for how long each order waited until it is received, which is now; else its trace shows a gap there."""
    now = time.time_ns()
    for message in placed:
        # Between two machines' clocks a wait could come out as less than nothing.
        order_went_on("queue", [message.order_id], min(message.placed_at * 1_000_000, now), now)


class Fulfilment:
    """Turns accepted orders into reserved ones.

    Args:
        crash_point: called with a name between every two steps; drills kill the process there.
    """

    def __init__(
        self,
        db: Database,
        catalog: Catalog,
        clock: Clock,
        *,
        policy: RefundPolicy = CONSUMER_STANDARD,
        crash_point: CrashPoint = nowhere,
    ) -> None:
        self._db = db
        self._catalog = catalog
        self._clock = clock
        self._policy = write_policy(policy)
        self._crash_point = crash_point

    async def fulfil(self, placed: Sequence[OrderPlaced]) -> None:
        """Bring every message of a batch to its end. Repeating it changes nothing. Raises DatabaseAway."""
        unique = list({message.order_id: message for message in placed}.values())
        events = {message.event_id: await self._catalog.get(message.event_id) for message in unique}
        began = time.time_ns()
        try:
            await self._db.transact(lambda conn: self._reserve_all(conn, unique, events))
        except (IntegrityError, _OverLimit):
            for message in unique:
                await self._reserve_or_refuse(message, events[message.event_id])
        order_went_on("reserve", [message.order_id for message in unique], began, time.time_ns())
        await self._crash_point("fulfil:committed")

    async def fulfil_each(self, placed: Sequence[OrderPlaced]) -> dict[str, Exception]:
        """As `fulfil`, and when something is wrong with one of them, each alone, so that it stops no other.

        Gives the failures by order id. Raises DatabaseAway.
        """
        by_id = {message.order_id: message for message in placed}
        return await together_or_apart(
            list(by_id), lambda ids: self.fulfil([by_id[order_id] for order_id in ids]), "fulfil"
        )

    async def _reserve_all(
        self, conn: AsyncConnection, placed: Sequence[OrderPlaced], events: dict[str, LoadedEvent]
    ) -> None:
        known = await sql.known_orders(conn, [message.order_id for message in placed])
        fresh = [message for message in placed if message.order_id not in known]
        if not fresh:
            return
        now = self._clock.now_ms()
        await sql.insert_orders(conn, [self._order_row(m, OrderState.RESERVED, None, now) for m in fresh])
        await self._crash_point("fulfil:orders")
        await self._take(conn, fresh, events, now)

    async def _take(
        self, conn: AsyncConnection, fresh: Sequence[OrderPlaced], events: dict[str, LoadedEvent], now: int
    ) -> None:
        """Seats, counts, ledger and outbox of orders whose rows are already in this transaction."""
        # The seats first: under a lost race this is the statement that fails, before any lock on people's counts.
        # Sorted by seat, so that two batches that share seats queue instead of deadlocking.
        rows = [row for message in fresh for row in _seat_rows(message, events[message.event_id])]
        await sql.insert_seats(conn, sorted(rows, key=lambda row: (row["event_id"], row["ordinal"])))
        await self._crash_point("fulfil:seats")
        people: Counter[tuple[str, str]] = Counter()
        for message in fresh:
            people[message.event_id, message.account_id] += len(message.ordinals)
        caps = {event_id: event.event.max_per_person for event_id, event in events.items()}
        counts = [(event_id, account_id, n) for (event_id, account_id), n in people.items()]
        if not await sql.count_people(self._db, conn, counts, caps):
            raise _OverLimit
        requested = EntryKind.CAPTURE_REQUESTED
        facts = [(m.event_id, LedgerEntry(m.order_id, requested, sum(m.amounts), m.currency, "", now)) for m in fresh]
        await books.append(self._db, conn, facts)
        ids = [messages.encode(messages.OrderEvent(message.order_id)) for message in fresh]
        await outbox.put(conn, messages.CAPTURE, ids, now)
        await outbox.put(conn, messages.SEATS, [_seats_changed(message) for message in fresh], now)
        await self._crash_point("fulfil:outbox")

    async def _reserve_or_refuse(self, message: OrderPlaced, event: LoadedEvent) -> None:
        async def reserve(conn: AsyncConnection) -> None:
            now = self._clock.now_ms()
            row = self._order_row(message, OrderState.RESERVED, None, now)
            if await sql.insert_order_if_new(self._db, conn, row):
                await self._take(conn, [message], {message.event_id: event}, now)

        try:
            await self._db.transact(reserve)
            return
        except IntegrityError:
            reason = Reason.SEATS_LOST
        except _OverLimit:
            reason = Reason.LIMIT

        async def refuse(conn: AsyncConnection) -> None:
            now = self._clock.now_ms()
            row = self._order_row(message, OrderState.REFUSED, reason, now)
            if await sql.insert_order_if_new(self._db, conn, row):
                seats = [row | {"live": None} for row in _seat_rows(message, event)]
                await sql.insert_seats(conn, seats)
                await outbox.put(conn, messages.SEATS, [_seats_changed(message)], now)
                event_message = messages.encode(messages.OrderEvent(message.order_id))
                await outbox.put(conn, messages.NOTICE, [event_message], now)

        await self._db.transact(refuse)
        log.info("order_refused", order_id=message.order_id, reason=reason.value)

    def _order_row(self, message: OrderPlaced, state: OrderState, reason: Reason | None, now: int) -> dict[str, Any]:
        return {
            "id": message.order_id,
            "event_id": message.event_id,
            "account_id": message.account_id,
            "hold_id": message.hold_id,
            "state": state.value,
            "reason": reason.value if reason else None,
            "amount": sum(message.amounts),
            "currency": message.currency,
            "method": message.method,
            "payment_token": message.payment_token,
            "fingerprint": message.fingerprint,
            "policy": self._policy,
            "created_at": message.placed_at,
            "reserved_at": now if state is OrderState.RESERVED else None,
            "paid_at": None,
            "updated_at": now,
        }


def _seat_rows(message: OrderPlaced, event: LoadedEvent) -> list[dict[str, Any]]:
    rows = []
    for ordinal, amount in zip(message.ordinals, message.amounts, strict=True):
        place = event.index.place(ordinal)
        rows.append(
            {
                "order_id": message.order_id,
                "seat_id": place.seat_id,
                "event_id": message.event_id,
                "ordinal": ordinal,
                "section": place.section,
                "row": place.row,
                "number": place.number,
                "grade": place.grade,
                "amount": amount,
                "live": 1,
            }
        )
    return rows


def _seats_changed(message: OrderPlaced) -> bytes:
    return messages.encode(
        messages.SeatsChanged(message.event_id, message.account_id, message.hold_id, message.ordinals)
    )
