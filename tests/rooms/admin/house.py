"""A busy and honest house: every state that an order can be in, written row by row, with a Valkey that agrees.

Nothing of the product writes the books here, so that the check is judged by what we say is right. Times are relative
to `NOW`, which a clock that only tests move stands at.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Table, delete, insert, text

from ticketing.admin.fsck.check import Stores, check
from ticketing.admin.fsck.repair import Repairs
from ticketing.admin.fsck.report import Repair, Report, Scope
from ticketing.base.clock import ManualClock
from ticketing.base.db import Database, metadata
from ticketing.base.queue.valkey import ValkeyQueue
from ticketing.base.valkey import Valkey
from ticketing.catalog.create_event import NewEvent, NewPrice, NewVenue, create_event
from ticketing.catalog.document import encode_plan
from ticketing.catalog.load import Catalog
from ticketing.catalog.model import Event, Localized
from ticketing.catalog.save_plan import save_plan
from ticketing.catalog.theatre import theatre
from ticketing.holds.model import AnyIn, Groups, Held
from ticketing.holds.rebuild import Rebuilder
from ticketing.holds.store import HoldStore
from ticketing.holds.token import HoldClaims
from ticketing.orders.model import CONSUMER_STANDARD
from ticketing.orders.policy import write_policy
from ticketing.orders.truth import SalesBooks
from ticketing.payments.gateway import Gateway, StatementLine, StatementPage, Unknown
from ticketing.wiring.tables import ROOMS

assert ROOMS
PRICE = 100_000
PLAN = theatre()
ENCODED = encode_plan(PLAN)
SEATS = [seat for section in PLAN.sections for seat in section.seat_ids()]
_HOUR = 3_600_000


def order_id(name: str) -> str:
    return f"ord_{name}"


def account_id(name: str) -> str:
    return f"acc_{name}"


@dataclass
class Provider:
    """A provider's books that tests write. `page` lines per page; `why`: it does not answer."""

    lines: list[StatementLine] = field(default_factory=list)
    page: int = 3
    why: str | None = None

    async def statement(self, after: str | None = None) -> StatementPage | Unknown:
        if self.why is not None:
            return Unknown(self.why)
        start = int(after or 0)
        end = start + self.page
        return StatementPage(tuple(self.lines[start:end]), str(end), end < len(self.lines))

    def took(self, name: str, amount: int = PRICE, reference: str | None = None) -> None:
        self.lines.append(
            StatementLine("capture", order_id(name), reference or f"cap_{name}", None, amount, "KRW", 1_790_000_000_000)
        )

    def gave(self, name: str, refund_id: str, amount: int = PRICE) -> None:
        self.lines.append(
            StatementLine("refund", order_id(name), f"rfd_{name}", refund_id, amount, "KRW", 1_790_000_000_000)
        )


class House:
    """Stores with one event. `fill` writes the busy sale."""

    def __init__(self, db: Database, valkey: Valkey) -> None:
        self.db = db
        self.valkey = valkey
        self.now = time.time_ns() // 1_000_000
        self.clock = ManualClock(self.now)
        self.provider = Provider()
        self.queue = ValkeyQueue(valkey, "orders", max_attempts=1, visibility_seconds=0.01)
        self.holds = HoldStore(valkey)
        self.seats: list[str] = []
        self.event: Event
        self._ordinal = 0
        self._kept_back: list[tuple[Table, list[dict[str, Any]]]] | None = None
        self.ordinals: dict[str, list[int]] = {}

    # --- checking -------------------------------------------------------------------------------------------------

    @property
    def stores(self) -> Stores:
        gateway: Any = self.provider
        typed: Gateway = gateway
        return Stores(self.db, self.valkey, self.queue, typed, self.clock)

    async def check(self, **scope: Any) -> Report:
        return await check(self.stores, Scope(look_seconds=0.01, **scope))

    async def fix(self, report: Report, *, revive: bool = False) -> list[Repair]:
        return await Repairs(self.stores, revive=revive).run(report)

    # --- writing --------------------------------------------------------------------------------------------------

    async def sql(self, statement: str, **values: Any) -> int:
        async with self.db.write() as conn:
            return int((await conn.execute(text(statement), values)).rowcount)

    async def rows(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in await self.db.fetch(text(statement), values)]

    async def add(self, table: str, *rows: dict[str, Any]) -> None:
        if self._kept_back is not None:
            self._kept_back.append((metadata.tables[table], list(rows)))
            return
        async with self.db.write() as conn:
            await conn.execute(insert(metadata.tables[table]), list(rows))

    async def _write_kept_back(self) -> None:
        """One commit for a whole house: tests open many."""
        kept, self._kept_back = self._kept_back or [], None
        async with self.db.write() as conn:
            for table, rows in kept:
                await conn.execute(insert(table), rows)

    async def message(self, topic: str, content: Any, **values: Any) -> None:
        payload = content if isinstance(content, bytes) else json.dumps(content, separators=(",", ":")).encode()
        row = {"topic": topic, "payload": payload, "created_at": self.now - 2_000, "available_at": self.now}
        await self.add("outbox", row | {"attempts": 0, "dead": 0, "last_error": None} | values)

    async def order(self, name: str, state: str, *, seats: int = 1, amount: int | None = None, **values: Any) -> None:
        """An order with its seats; they are its own when the state says so."""
        ordinals = list(range(self._ordinal, self._ordinal + seats))
        self._ordinal += seats
        self.ordinals[name] = ordinals
        each = PRICE if amount is None else amount
        live = 1 if state in ("reserved", "paid", "ticketed") else None
        row = {
            "id": order_id(name),
            "event_id": self.event.id,
            "account_id": account_id(name),
            "hold_id": self.hold_id(name),
            "state": state,
            "reason": None,
            "amount": each * seats,
            "currency": "KRW",
            "method": "card",
            "payment_token": "tok_ok",
            "fingerprint": name,
            "policy": write_policy(CONSUMER_STANDARD),
            "created_at": self.now - 20_000,
            "reserved_at": None if state == "refused" else self.now - 10_000,
            "paid_at": self.now - 5_000 if state in ("paid", "ticketed") else None,
            "updated_at": self.now - 5_000,
        }
        await self.add("orders", row | values)
        places = [
            {
                "order_id": order_id(name),
                "seat_id": self.seats[ordinal],
                "event_id": self.event.id,
                "ordinal": ordinal,
                "section": self.seats[ordinal].split("-")[0],
                "row": "A",
                "number": "1",
                "grade": "VIP",
                "amount": each,
                "live": live,
            }
            for ordinal in ordinals
        ]
        await self.add("order_seats", *places)
        if live:
            await self.add("event_people", {"event_id": self.event.id, "account_id": row["account_id"], "seats": seats})

    def hold_id(self, name: str) -> str:
        return f"hld_{name}_{self.event.id}"

    async def book(self, name: str, kind: str, amount: int = PRICE, reference: str = "", **values: Any) -> None:
        """A ledger row."""
        row = {"order_id": order_id(name), "event_id": self.event.id, "kind": kind, "reference": reference}
        row |= {"amount": amount, "currency": "KRW", "detail": "", "at": self.now - 8_000}
        await self.add("ledger", row | values)

    async def capture(self, name: str, amount: int = PRICE, reference: str | None = None) -> None:
        """Money taken: on both sides."""
        await self.book(name, "captured", amount, reference or f"cap_{name}")
        self.provider.took(name, amount, reference)

    async def issue(self, name: str, status: str = "valid") -> None:
        """A ticket for each seat."""
        for ordinal in self.ordinals[name]:
            await self.ticket(name, ordinal, status)

    async def ticket(self, name: str, ordinal: int, status: str = "valid", **values: Any) -> None:
        row = {
            "id": f"tkt_{name}{ordinal}",
            "order_id": order_id(name),
            "event_id": self.event.id,
            "seat_id": self.seats[ordinal],
            "account_id": account_id(name),
            "status": status,
            "live": None if status == "void" else 1,
            "issued_at": self.now - 4_000,
            "admitted_at": self.now - 1_000 if status == "used" else None,
            "admitted_by": None,
        }
        await self.add("tickets", row | values)

    # --- the honest house -----------------------------------------------------------------------------------------

    async def open(self) -> None:
        """An event on sale, 4 seats per person."""
        self.seats = list(SEATS)
        saved = await save_plan(self.db, self.clock, PLAN, ENCODED)
        self.event = await create_event(
            self.db,
            self.clock,
            NewVenue(Localized.same("House"), Localized.same("1 Street"), "Asia/Seoul"),
            NewEvent(
                plan_version=saved.version,
                name=Localized.same("Show"),
                description=Localized.same(""),
                starts_at=self.now + 720 * _HOUR,
                on_sale_at=self.now - _HOUR,
                off_sale_at=self.now + 719 * _HOUR,
                prices=tuple(NewPrice(grade, PRICE) for grade in PLAN.grades()),
                max_per_person=4,
            ),
        )

    async def fill(self) -> None:
        """Every state once, all of it right, much of it under way."""
        await self.open()
        self._kept_back = []
        await self._settled_orders()
        await self._moving_orders()
        await self._write_kept_back()
        await self._valkey_side()
        await self.queue.send([b'{"order_id":"ord_waiting","event_id":"evt"}'])

    async def _settled_orders(self) -> None:
        await self.order("seated", "ticketed", seats=2)
        await self.capture("seated", 2 * PRICE)
        await self.issue("seated")
        await self.order("inside", "ticketed")
        await self.capture("inside")
        await self.issue("inside", "used")
        await self.order("guest", "ticketed", amount=0)
        await self.book("guest", "captured", 0, "free")
        await self.issue("guest")
        await self.order("twice", "ticketed")
        await self.capture("twice")
        await self.capture("twice", PRICE, "cap_again")
        await self.book("twice", "refund_requested", PRICE, "late-cap_again")
        await self.book("twice", "refunded", PRICE, "late-cap_again")
        self.provider.gave("twice", "late-cap_again")
        await self.issue("twice")
        await self.order("declined", "declined")
        await self.book("declined", "capture_requested")
        await self.book("declined", "declined", 0)
        await self.order("refused", "refused")
        await self.order("expired", "expired")
        await self.book("expired", "voided", 0)
        await self.order("refunded", "refunded")
        await self.capture("refunded")
        await self.book("refunded", "refund_requested", 90_000, "cancel-refunded")
        await self.book("refunded", "refunded", 90_000, "cancel-refunded")
        await self.book("refunded", "fee_kept", 10_000, "cancel-refunded")
        self.provider.gave("refunded", "cancel-refunded", 90_000)
        await self.issue("refunded", "void")

    async def _moving_orders(self) -> None:
        await self.order("paying", "reserved", seats=2)
        await self.book("paying", "capture_requested", 2 * PRICE)
        await self.message("capture", {"order_id": order_id("paying")})
        await self.order("taken", "reserved")
        await self.book("taken", "capture_requested")
        await self.message("capture", {"order_id": order_id("taken")})
        self.provider.took("taken")
        await self.order("paid", "paid")
        await self.capture("paid")
        await self.message("issue", {"order_id": order_id("paid")})
        await self.order("cancelled", "cancelled")
        await self.capture("cancelled")
        await self.book("cancelled", "refund_requested", 80_000, "cancel-cancelled")
        await self.book("cancelled", "fee_kept", 20_000, "cancel-cancelled")
        await self.message("refund", {"order_id": order_id("cancelled")})
        await self.issue("cancelled", "void")
        await self.order("late", "expired")
        await self.book("late", "voided", 0)
        await self.capture("late")
        await self.book("late", "refund_requested", PRICE, "late-cap_late")
        await self.message("refund", {"order_id": order_id("late")})
        self.provider.gave("late", "late-cap_late")
        await self.order("closing", "cancelled")
        await self.capture("closing")
        await self.book("closing", "refund_requested", PRICE, "cancel-closing")
        await self.book("closing", "refunded", PRICE, "cancel-closing")
        self.provider.gave("closing", "cancel-closing")
        await self.message("refund", {"order_id": order_id("closing")})

    async def _valkey_side(self) -> None:
        catalog = Catalog(self.db, self.clock)
        rebuilder = Rebuilder(self.holds, SalesBooks(self.db), self.clock)
        capacity = (await catalog.get(self.event.id)).index.capacity
        assert await rebuilder.ensure(self.event.id, capacity)
        await catalog.close()
        # Sold a moment ago: Valkey still has the hold, and the news is in the outbox.
        await self.holds.mend(self.event.id, [], self.ordinals["paying"])
        await self.valkey.execute("HDEL", self.key("bought"), account_id("paying"))
        held = await self.hold("paying", self.ordinals["paying"])
        assert isinstance(held, Held)
        await self.holds.claim(
            HoldClaims(
                self.hold_id("paying"),
                self.event.id,
                account_id("paying"),
                "",
                held.ordinals,
                (),
                "KRW",
                held.expires_at,
                held.epoch,
            ),
            order_id("paying"),
            "f",
            now=self.now,
            stretched_to=self.now + 1_200_000,
        )
        news = {"event_id": self.event.id, "account_id": account_id("paying"), "hold_id": self.hold_id("paying")}
        await self.message("seats", {**news, "ordinals": list(held.ordinals)})
        assert isinstance(await self.hold("choosing", [300, 301]), Held)
        # Over for ten seconds: a sweep will come by.
        assert isinstance(await self.hold("gone", [310], expires_in_ms=-10_000), Held)

    async def hold(self, name: str, ordinals: Sequence[int] | AnyIn, expires_in_ms: int = 400_000) -> Any:
        wanted = ordinals if isinstance(ordinals, AnyIn) else Groups([ordinals])
        return await self.holds.hold(
            self.event.id,
            account_id(name),
            self.hold_id(name),
            wanted,
            cap=4,
            # A call at this instant must not sweep the hold that is over.
            now=0,
            expires=self.now + expires_in_ms,
        )

    def key(self, name: str) -> str:
        return f"h:{{{self.event.id}}}:{name}"

    async def seat_state(self, ordinal: int) -> bytes:
        return bytes(await self.valkey.execute("GETRANGE", self.key("seats"), ordinal, ordinal))

    async def wipe(self) -> None:
        """Empty the tables."""
        async with self.db.write() as conn:
            tables: list[Table] = list(reversed(metadata.sorted_tables))
            for table in tables:
                await conn.execute(delete(table))
