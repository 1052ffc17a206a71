"""The product's own parts over a real Valkey and a real SQLite file, moved by hand: one call, one effect."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

from sqlalchemy import text

from tests.rooms.catalog.plans import plan, reserved, row, standing
from ticketing.base.clock import ManualClock, SystemClock
from ticketing.base.db import connect_database
from ticketing.base.errors import Problem
from ticketing.base.outbox import Topic
from ticketing.base.queue.port import Queue
from ticketing.base.tokens import Signer
from ticketing.base.valkey import Valkey
from ticketing.base.valkey_server import ValkeyServer
from ticketing.catalog.create_event import NewEvent, NewPrice, NewVenue, create_event
from ticketing.catalog.load import Catalog
from ticketing.catalog.model import Localized
from ticketing.catalog.save_plan import save_plan
from ticketing.holds.hold import HoldService, HoldView
from ticketing.holds.store import HoldStore
from ticketing.orders import messages
from ticketing.orders.cancel import Cancellation
from ticketing.orders.fulfil import Fulfilment
from ticketing.orders.intake import Intake
from ticketing.orders.seat_audit import SeatAudit
from ticketing.orders.settle import Known, Settlement
from ticketing.orders.truth import SalesBooks, SeatSync
from ticketing.payments.gateway import Captured, Declined, Voided
from ticketing.tickets.issue import Issue
from ticketing.tickets.sql import void_tickets
from ticketing.wiring.migrate import migrate

T = TypeVar("T")

CAP, TTL_SECONDS, PAYMENT_SECONDS = 4, 420, 1200
PRICE = 50_000
ACCOUNTS = ("acc_alice", "acc_bobby", "acc_charlie")
_DAY = 24 * 3_600_000

# Two rows of four and three, a wheelchair place among them, and three standing places.
_HOUSE = plan(
    reserved("A", row("1", "R", 4), row("2", "R", 3, y=20, accessible=(2,))),
    standing("ST", 3, "R"),
)
CAPACITY = _HOUSE.capacity
RESERVED = range(7)
CHOOSABLE = range(6)
"""Seats that best-available may give: all reserved ones but the wheelchair place."""
STANDING = range(7, 10)


class _Kept:
    """Keeps what intake sends, so that it can be delivered late, again and out of order."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    async def send(self, bodies: Sequence[bytes]) -> None:
        self.sent.extend(bodies)


@dataclass(frozen=True)
class Seen:
    """Everything that is stored, read past the product."""

    seats: str
    held: dict[str, int]
    bought: dict[str, int]
    orders: dict[str, tuple[str, str | None]]
    owners: list[tuple[int, str]]
    counts: dict[str, int]
    tickets: list[tuple[str, str]]
    money: dict[str, int]
    """Order → what was captured and is not owed back."""


class World:
    """One shop over one Valkey server and one database; `open_event` begins a new show in it."""

    def __init__(self, folder: Path) -> None:
        self._runner = asyncio.Runner()
        self._server = ValkeyServer(folder / "v")
        self._server.start()
        self._db = connect_database(f"sqlite+aiosqlite:///{folder / 'books.sqlite3'}")
        self._run(migrate(self._db))
        self.clock = ManualClock(SystemClock().now_ms())
        self._signer = Signer({"t": bytes(range(32))}, "t")
        self._valkey = Valkey(self._server.url)

    def close(self) -> None:
        """End the server and all connections."""
        self._run(self._valkey.close())
        self._run(self._db.close())
        self._runner.close()
        self._server.kill()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)

    def open_event(self) -> None:
        """A new show, nothing sold, in an empty Valkey; what an earlier one left undone is forgotten."""
        self._run(self._open_event())

    async def _open_event(self) -> None:
        db, clock = self._db, self.clock
        async with db.write() as conn:
            await conn.execute(text("DELETE FROM outbox"))
        await self._valkey.execute("FLUSHALL")
        saved = await save_plan(db, clock, _HOUSE)
        now = clock.now_ms()
        show = NewEvent(
            plan_version=saved.version,
            name=Localized.same("Show"),
            description=Localized.same(""),
            starts_at=now + 60 * _DAY,
            on_sale_at=now - 1,
            off_sale_at=now + 59 * _DAY,
            prices=(NewPrice("R", PRICE),),
            max_per_person=CAP,
        )
        house = NewVenue(Localized.same("House"), Localized.same("1 Street"), "Asia/Seoul")
        self.event = await create_event(db, clock, house, show)
        catalog = Catalog(db, clock)
        self.seat_ids = (await catalog.get(self.event.id)).index.seat_ids
        store = HoldStore(self._valkey, call_limit=1_000_000)
        self.service = HoldService(store, catalog, SalesBooks(db), self._signer, clock, ttl_seconds=TTL_SECONDS)
        self._kept = _Kept()
        queue = cast("Queue", self._kept)
        self._intake = Intake(store, catalog, queue, self._signer, clock, payment_seconds=PAYMENT_SECONDS)
        self._fulfilment = Fulfilment(db, catalog, clock)
        self._settlement = Settlement(db, catalog, clock)
        self._cancellation = Cancellation(db, catalog, clock, void_tickets)
        self._audit = SeatAudit(db, catalog, store, self.service.rebuilder, clock)
        self._news = Topic(messages.SEATS, db, clock, leased=SeatSync(db, store), batch=200)
        self._issue = Topic(messages.ISSUE, db, clock, transactional=Issue(db, clock))

    # --- what people do: the answer, or the code of the problem document ------------------------------------------

    def hold(self, account: str, seats: Sequence[int]) -> HoldView | Problem:
        """Hold exactly these."""
        names = [self.seat_ids[seat] for seat in seats]
        return self._told(self.service.hold_seats(self.event.id, account, names))

    def hold_best(self, account: str, section: str, quantity: int) -> HoldView | Problem:
        """Hold some in a section."""
        return self._told(self.service.hold_best(self.event.id, account, section, quantity))

    def release(self, account: str, hold_id: str) -> Problem | None:
        """Give a hold back."""
        return self._told(self.service.release(account, hold_id))

    def order(self, account: str, hold_token: str, key: str, payment: str) -> str | Problem:
        """The id of the accepted order."""
        return self._told(self._intake.place(account, hold_token, "card", payment, key))

    def cancel(self, account: str, order_id: str) -> Problem | None:
        """Cancel an order."""
        return self._told(self._cancellation.cancel(order_id, account))

    def _told(self, work: Coroutine[Any, Any, T]) -> T | Problem:
        try:
            return self._run(work)
        except Problem as problem:
            return problem

    # --- what the machinery does ----------------------------------------------------------------------------------

    @property
    def queued(self) -> int:
        """Messages that intake has sent so far."""
        return len(self._kept.sent)

    def deliver(self, which: Sequence[int]) -> None:
        """Fulfil some of the messages sent so far as one batch."""
        batch = [messages.decode_placed(self._kept.sent[i]) for i in which]
        self._run(self._fulfilment.fulfil(batch))

    def settle(self, order_id: str, outcome: str) -> None:
        """The provider's word about an order."""
        amount = self._run(self._db_fetch("SELECT amount FROM orders WHERE id = :id", id=order_id))[0][0]
        known: dict[str, Known] = {
            "captured": Captured(f"ref-{order_id}", amount, "KRW"),
            "declined": Declined("card_declined"),
            "voided": Voided(),
        }
        self._run(self._db.transact(lambda conn: self._settlement.settle(conn, {order_id: known[outcome]})))

    def hear_news(self) -> None:
        """Carry changes of the books to Valkey."""
        while self._run(self._news.run_once()):
            pass

    def issue(self) -> None:
        """Issue tickets."""
        while self._run(self._issue.run_once()):
            pass

    def sweep(self) -> None:
        """What the worker does every second."""
        self._run(self._audit.sweep(self.event.id))

    def audit(self) -> None:
        """What it does every ten."""
        self._run(self._audit.audit(self.event.id))

    def lose_valkey(self) -> None:
        """All of it at once."""
        self._run(self._valkey.execute("FLUSHALL"))

    # --- looking past the product ---------------------------------------------------------------------------------

    async def _db_fetch(self, statement: str, **values: Any) -> list[Any]:
        return await self._db.fetch(text(statement), values)

    def look(self) -> Seen:
        """Everything that is stored for this event."""
        return self._run(self._look())

    async def _look(self) -> Seen:
        event, ask = self.event.id, self._valkey.execute
        prefix = f"h:{{{event}}}:"
        seats = await ask("GET", prefix + "seats")
        held, bought = [_counts(await ask("HGETALL", prefix + name)) for name in ("people", "bought")]
        async with self._db.read() as conn:

            async def rows(statement: str) -> list[Any]:
                return list((await conn.execute(text(statement), {"e": event})).all())

            orders = await rows("SELECT id, state, reason FROM orders WHERE event_id = :e")
            owners = await rows("SELECT ordinal, order_id FROM order_seats WHERE event_id = :e AND live = 1")
            counts = await rows("SELECT account_id, seats FROM event_people WHERE event_id = :e AND seats <> 0")
            tickets = await rows("SELECT order_id, seat_id FROM tickets WHERE event_id = :e AND live = 1")
            money = await rows(
                "SELECT order_id, SUM(CASE kind WHEN 'captured' THEN amount WHEN 'refund_requested' THEN -amount "
                "ELSE 0 END) FROM ledger WHERE event_id = :e GROUP BY order_id"
            )
        return Seen(
            (seats or b"").decode(),
            held,
            bought,
            {row[0]: (row[1], row[2]) for row in orders},
            sorted((row[0], row[1]) for row in owners),
            {row[0]: row[1] for row in counts},
            sorted((row[0], row[1]) for row in tickets),
            {row[0]: int(row[1]) for row in money},
        )


def _counts(answer: Any) -> dict[str, int]:
    pairs = answer.items() if isinstance(answer, dict) else zip(answer[::2], answer[1::2], strict=True)
    return {key.decode(): int(value) for key, value in pairs}
