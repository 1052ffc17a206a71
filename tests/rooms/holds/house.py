"""Small houses and a bench of the room's parts for its tests."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from tests.rooms.catalog.plans import plan, reserved, row, standing
from ticketing.base.clock import ManualClock, SystemClock
from ticketing.base.db import DatabaseAway
from ticketing.base.tokens import Signer
from ticketing.base.valkey import Valkey
from ticketing.catalog.index import PlanIndex
from ticketing.catalog.load import Catalog, LoadedEvent, LoadedPlan
from ticketing.catalog.model import Event, Localized, PriceGrade, SaleWindow, SeatPlan, Venue
from ticketing.holds.availability import Availability
from ticketing.holds.hold import HoldService
from ticketing.holds.store import HoldStore

DAY = 24 * 3_600_000
CAP = 4


def hall() -> SeatPlan:
    """Two rows of five, then five standing places: 15 in all."""
    return plan(reserved("A", row("1", "R", 5), row("2", "R", 5, y=20)), standing("ST", 5, "R"))


@dataclass
class Truth:
    """The database's truth, as a test says it is; away when told so."""

    owners: dict[int, str] = field(default_factory=dict)
    away: bool = False
    reading: asyncio.Event | None = None
    """Set to hold readers up: they signal `read` and wait for it."""
    read: asyncio.Event = field(default_factory=asyncio.Event)

    async def sold(self, event_id: str) -> Sequence[int]:
        """Ordinals with an owner."""
        if self.away:
            raise DatabaseAway("as the test wants it")
        return list(self.owners)

    async def bought(self, event_id: str) -> Mapping[str, int]:
        """Account → seats; read in the same moment as `sold`, but handed over when the test lets it."""
        counts = dict(Counter(self.owners.values()))
        if self.reading is not None:
            self.read.set()
            await self.reading.wait()
        return counts


class OneEvent:
    """A catalogue of one event."""

    def __init__(self, event_id: str, house: SeatPlan, now: int) -> None:
        name = Localized.same("Show")
        event = Event(
            id=event_id,
            venue=Venue("ven_1", name, name, "Asia/Seoul"),
            plan_id="pln_1",
            plan_version="0123456789abcdef",
            name=name,
            description=name,
            starts_at=now + 30 * DAY,
            doors_at=now + 30 * DAY,
            sale=SaleWindow(now - 1, now + 29 * DAY),
            max_per_person=CAP,
            currency="KRW",
            waiting_room=False,
            prices=tuple(PriceGrade(grade, name, 50_000, "#000000") for grade in house.grades()),
        )
        loaded = LoadedPlan("pln_1", event.plan_version, PlanIndex(house), b"", b"")
        self.loaded = LoadedEvent(event, loaded, dict.fromkeys(house.grades(), 50_000))

    async def get(self, event_id: str) -> LoadedEvent:
        """The event."""
        return self.loaded


class Bench:
    """Store, service and availability over a real Valkey server, with a truth and a clock of the test's own."""

    def __init__(self, valkey: Valkey, event_id: str) -> None:
        self.valkey = valkey
        self.event_id = event_id
        self.clock = ManualClock(SystemClock().now_ms())
        self.truth = Truth()
        self.signer = Signer({"t": bytes(range(32))}, "t")
        self.store = HoldStore(valkey, call_limit=10_000)
        self.event = OneEvent(event_id, hall(), self.clock.now_ms())
        self.catalog = cast("Catalog", self.event)
        self.index = self.event.loaded.index
        self.service = HoldService(self.store, self.catalog, self.truth, self.signer, self.clock, ttl_seconds=420)
        self.availability = self.another_process()

    def another_process(self) -> Availability:
        """Availability with a cache of its own."""
        return Availability(self.store, self.catalog, self.truth, self.service.rebuilder, self.clock)

    async def seats(self) -> str:
        """One character per place."""
        return (await self.store.read(self.event_id)).seats.decode()

    async def sync(self, account: str, hold_id: str, *ordinals: int) -> None:
        """Carry the truth about some seats over, as the worker does after a commit."""
        sold = [ordinal for ordinal in ordinals if ordinal in self.truth.owners]
        unsold = [ordinal for ordinal in ordinals if ordinal not in self.truth.owners]
        owned = sum(owner == account for owner in self.truth.owners.values())
        await self.store.sync(self.event_id, account, hold_id, owned, sold, unsold)

    async def bought(self) -> dict[str, int]:
        """Account → seats bought, as Valkey knows it."""
        flat = await self.valkey.execute("HGETALL", f"h:{{{self.event_id}}}:bought")
        pairs = flat.items() if isinstance(flat, dict) else zip(flat[::2], flat[1::2], strict=True)
        return {account.decode(): int(n) for account, n in pairs}
