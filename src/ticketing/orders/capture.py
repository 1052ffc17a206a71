"""Take the money for orders that own their seats. Unknown outcomes are asked about again, never guessed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from ticketing.base import outbox
from ticketing.base.apart import together_or_apart
from ticketing.base.clock import Clock
from ticketing.base.crash import CrashPoint, nowhere
from ticketing.base.db import Database
from ticketing.base.outbox import OutboxRow, RetryLater
from ticketing.base.tracing import order_goes_on
from ticketing.orders import messages, sql
from ticketing.orders.model import Order, OrderState
from ticketing.orders.settle import Known, Settlement
from ticketing.payments import sql as books
from ticketing.payments.gateway import Captured, CaptureRequest, Declined, Gateway, NotFound, Pending, Unknown, Voided
from ticketing.payments.model import EntryKind, LedgerEntry

log = structlog.get_logger(__name__)

_MOST_PATIENT = 30.0
GATHER_SECONDS = 0.1
"""For which the first answer of a batch waits for others, to be committed with them."""


class Capture:
    """Outbox handler (leased) of topic `capture`.

    Args:
        window_seconds: how long an order may wait for its payment before it is voided at the provider. Only a
            confirmed void ends the order: until then the seats stay with it.
        callback_url: where the provider may report later.
    """

    def __init__(
        self,
        db: Database,
        gateway: Gateway,
        settlement: Settlement,
        clock: Clock,
        *,
        window_seconds: int = 900,
        callback_url: str | None = None,
        crash_point: CrashPoint = nowhere,
    ) -> None:
        self._db = db
        self._gateway = gateway
        self._settlement = settlement
        self._clock = clock
        self._window_ms = window_seconds * 1000
        self._callback_url = callback_url
        self._crash_point = crash_point

    async def __call__(self, rows: Sequence[OutboxRow]) -> dict[int, Exception]:
        """Ask the provider for every order at once; commit answers as they come, so that none waits for a slow one."""
        by_order = {messages.decode_order(row.payload).order_id: row for row in rows}
        async with self._db.read() as conn:
            found = await sql.find_orders(conn, list(by_order))
        waiting = {key: order for key, order in found.items() if order.state is OrderState.RESERVED}
        idle = [row.id for key, row in by_order.items() if key not in waiting]
        tasks = {asyncio.create_task(self._ask(order, by_order[key].attempts)): key for key, order in waiting.items()}
        failed: dict[int, Exception] = {}
        if idle:
            await self._finish({}, idle)
        while tasks:
            done, running = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if running:
                # What comes within a moment is written down in one commit, not in one each.
                done |= (await asyncio.wait(running, timeout=GATHER_SECONDS))[0]
            await self._crash_point("capture:answered")
            known: dict[str, Known] = {}
            doubtful: dict[str, Unknown] = {}
            for task in done:
                order_id = tasks.pop(task)
                row = by_order[order_id]
                wrong = task.exception()
                if isinstance(wrong, Exception):
                    # The answers for the others are written down all the same.
                    log.error("capture_failed", order_id=order_id, exc_info=wrong)
                    failed[row.id] = wrong
                    continue
                outcome = task.result()
                if isinstance(outcome, (Captured, Declined, Voided)):
                    known[order_id] = outcome
                    continue
                if isinstance(outcome, Unknown):
                    doubtful[order_id] = outcome
                failed[row.id] = RetryLater(outbox.backoff(row.attempts, most=_MOST_PATIENT), repr(outcome))
            if known:
                rows_of = {order_id: by_order[order_id].id for order_id in known}
                amiss = await self._finish_each(known, rows_of)
                failed |= {rows_of[order_id]: error for order_id, error in amiss.items()}
            if doubtful:
                await self._doubt([(waiting[order_id], outcome.why) for order_id, outcome in doubtful.items()])
        return failed

    async def _doubt(self, orders: Sequence[tuple[Order, str]]) -> None:
        """Write down that nobody knows, so that the buyer is told to wait and not to pay again."""
        now, unknown = self._clock.now_ms(), EntryKind.OUTCOME_UNKNOWN
        facts = [
            (order.event_id, LedgerEntry(order.order_id, unknown, order.amount, order.currency, "", now, why))
            for order, why in orders
        ]
        await self._db.transact(lambda conn: books.append(self._db, conn, facts))

    async def _finish_each(self, known: Mapping[str, Known], rows: Mapping[str, int]) -> dict[str, Exception]:
        async def finish(ids: Sequence[str]) -> None:
            await self._finish({i: known[i] for i in ids}, [rows[i] for i in ids])

        return await together_or_apart(list(known), finish, "settle")

    async def _finish(self, known: dict[str, Known], rows: list[int]) -> None:
        async def work(conn: AsyncConnection) -> None:
            await self._settlement.settle(conn, known)
            await self._crash_point("capture:settled")
            await outbox.forget(conn, rows)

        await self._db.transact(work)
        await self._crash_point("capture:committed")

    async def _ask(self, order: Order, attempts: int) -> Known | Pending | Unknown | NotFound:
        with order_goes_on("capture", order.order_id):
            return await self._ask_provider(order, attempts)

    async def _ask_provider(self, order: Order, attempts: int) -> Known | Pending | Unknown | NotFound:
        if order.amount == 0:
            return Captured("free", 0, order.currency)
        if order.reserved_at is not None and self._clock.now_ms() - order.reserved_at > self._window_ms:
            return await self._gateway.void(order.order_id)
        if attempts:
            answer = await self._gateway.lookup(order.order_id)
            if not isinstance(answer, NotFound):
                return answer
        return await self._gateway.capture(
            CaptureRequest(
                order.order_id,
                order.amount,
                order.currency,
                order.method,
                order.payment_token,
                f"Order {order.order_id}",
                self._callback_url,
            )
        )


class Reconciler:
    """Looks after orders whose payment has been open for long, whatever became of their outbox row.

    Args:
        after_seconds: only orders that have waited longer.
    """

    def __init__(
        self, db: Database, gateway: Gateway, settlement: Settlement, clock: Clock, *, after_seconds: int = 60
    ) -> None:
        self._db = db
        self._gateway = gateway
        self._settlement = settlement
        self._clock = clock
        self._after_ms = after_seconds * 1000

    async def run_once(self, limit: int = 50) -> int:
        """Settle what the provider knows by now; gives how many orders were settled."""
        async with self._db.read() as conn:
            late = await sql.waiting_for_money(conn, self._clock.now_ms() - self._after_ms, limit)
        answers = await asyncio.gather(*(self._gateway.lookup(order_id) for order_id in late), return_exceptions=True)
        for order_id, answer in zip(late, answers, strict=True):
            if isinstance(answer, Exception):
                # The oldest are asked about first: one that cannot be asked about must not stop all after it for good.
                log.error("reconcile_lookup_failed", order_id=order_id, exc_info=answer)
        known: dict[str, Known] = {
            order_id: answer
            for order_id, answer in zip(late, answers, strict=True)
            if isinstance(answer, (Captured, Declined, Voided))
        }

        async def settle(ids: Sequence[str]) -> None:
            some = {order_id: known[order_id] for order_id in ids}
            await self._db.transact(lambda conn: self._settlement.settle(conn, some))

        failed = await together_or_apart(list(known), settle, "reconcile") if known else {}
        return len(known) - len(failed)

    async def run(self, stop: asyncio.Event, every_seconds: float = 15.0) -> None:
        """Run until `stop`."""
        while not stop.is_set():
            try:
                await self.run_once()
            except Exception:
                log.exception("reconcile_failed")
            try:
                await asyncio.wait_for(stop.wait(), every_seconds)
            except TimeoutError:
                continue
