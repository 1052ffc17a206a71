"""The house that the visitors come to: the real stack with its web pages, and shows in every state of a sale."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import httpx

from tests.people import Person, eventually, sign_in, sign_up
from tests.servers import require
from tests.stack import PASSWORD, Stack
from ticketing.accounts.model import Role
from ticketing.base.clock import SystemClock
from ticketing.catalog.create_event import NewEvent, NewPrice, NewVenue, create_event
from ticketing.catalog.model import Event, Localized, Row, SeatPlan, Section, SectionKind
from ticketing.catalog.save_plan import save_plan
from ticketing.catalog.theatre import theatre

WEB = Path(__file__).parents[2] / "web" / "dist"
STAFF = {role: f"{role.value}@example.com" for role in (Role.GATE, Role.PROMOTER, Role.OPERATOR)}
MINUTE = 60_000
DAY = 24 * 60 * MINUTE
_VENUE = NewVenue(
    Localized("달빛극장", "Moonlight Theatre"),
    Localized("서울특별시 가람구 달빛길 6", "6 Dalbit-gil, Garam-gu, Seoul"),
    "Asia/Seoul",
)
_GRADES = {
    "VIP": Localized("VIP석", "VIP"),
    "STANDING": Localized("스탠딩석", "Standing"),
    "R": Localized("R석", "R"),
    "S": Localized("S석", "S"),
    "A": Localized("A석", "A"),
}


def chamber() -> SeatPlan:
    """A room of two seats, for shows that sell out."""
    row = Row("A", "R", ("1", "2"), (100.0, 124.0), (100.0, 100.0))
    section = Section("C", Localized("실내악실", "Chamber"), SectionKind.RESERVED, 2, (row,))
    return SeatPlan(name="Chamber 2", width=224.0, height=200.0, sections=(section,))


class House:
    """A running stack as people and tests see it."""

    def __init__(self, stack: Stack, client: httpx.AsyncClient, origin: str | None = None) -> None:
        self.stack = stack
        self.client = client
        # As `ticketing demo` prints it; links in mails lead here as well. Another where a CDN stands in front.
        self.origin = origin or f"http://localhost:{stack.port}"

    async def fan(self, name: str) -> Person:
        """A new fan who speaks to the API directly."""
        return await sign_up(self.client, name)

    async def staff(self, role: Role) -> Person:
        return await sign_in(self.client, STAFF[role])

    async def show(
        self,
        ko: str,
        en: str,
        *,
        plan: SeatPlan | None = None,
        opens: int = -DAY,
        closes: int = 20 * DAY,
        max_per_person: int = 4,
        waiting_room: bool = False,
    ) -> Event:
        """A show; `opens` and `closes` are milliseconds from now."""
        plan = plan or theatre()
        clock = SystemClock()
        now = clock.now_ms()
        prices = tuple(
            NewPrice(grade, 154_000 - 11_000 * i, _GRADES.get(grade)) for i, grade in enumerate(plan.grades())
        )
        async with self.stack.database() as db:
            saved = await save_plan(db, clock, plan)
            new = NewEvent(
                plan_version=saved.version,
                name=Localized(ko, en),
                description=Localized("단 하루의 무대.", "One night only."),
                starts_at=now + 21 * DAY,
                on_sale_at=now + opens,
                off_sale_at=now + closes,
                prices=prices,
                max_per_person=max_per_person,
                waiting_room=waiting_room,
            )
            return await create_event(db, clock, _VENUE, new)

    def captures(self, order_id: str) -> list[tuple[str, int]]:
        """What the provider's own books say about an order: (kind, amount) of each movement of money."""
        file = self.stack.folder / "provider" / "sandbox-provider.sqlite3"
        with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as books:
            return books.execute(
                "SELECT kind, amount FROM movements WHERE order_id = ? ORDER BY seq", (order_id,)
            ).fetchall()


def stack_with_web(folder: Path, **settings: str | int) -> Stack:
    """A stack that serves the built pages and the routes of the demo. Skips or fails where nothing is built."""
    require("web/dist (make web)", (WEB / "routes.json").exists())
    stack = Stack(folder, web=WEB, **settings)
    accounts = [{"email": email, "password": PASSWORD, "role": role.value} for role, email in STAFF.items()]
    (folder / "accounts.json").write_text(json.dumps(accounts), encoding="utf-8")
    return stack


@contextlib.asynccontextmanager
async def open_house(stack: Stack, origin: str | None = None) -> AsyncIterator[House]:
    """Let people in to a started stack; the staff has accounts. `origin`: of what stands in front of it."""
    for role, email in STAFF.items():
        await stack.add_staff(role, email)
    async with httpx.AsyncClient(base_url=stack.url, timeout=20) as client:

        async def ready() -> bool:
            return (await client.get("/health/ready")).status_code == 200

        await eventually(ready, 30)
        yield House(stack, client, origin)
