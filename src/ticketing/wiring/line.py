"""The waiting line's parts, for the API process and for the leader."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ticketing.base.blobs import Blobs
from ticketing.base.clock import Clock
from ticketing.base.crash import CrashPoint
from ticketing.base.db import Database, DatabaseAway
from ticketing.base.outlast import Outlast
from ticketing.base.queue.port import QueueError
from ticketing.base.tokens import Signer
from ticketing.base.valkey import Valkey, ValkeyAway
from ticketing.catalog.load import Catalog
from ticketing.holds.stock import StockReader
from ticketing.orders import sql as order_sql
from ticketing.settings import Settings
from ticketing.waiting.beacon_client import HttpBeacons
from ticketing.waiting.book import LineBook
from ticketing.waiting.captcha import Captcha, CaptchaSite, NoCaptcha, SiteVerify
from ticketing.waiting.claim import ClaimService
from ticketing.waiting.controller import Controller
from ticketing.waiting.felt import Felt
from ticketing.waiting.gate import Gate
from ticketing.waiting.http import Desk
from ticketing.waiting.join import JoinService
from ticketing.waiting.lead import Leadership
from ticketing.waiting.model import Rules, Signs
from ticketing.waiting.price import Prices
from ticketing.waiting.status import StatusBoard
from ticketing.waiting.store import LineStore
from ticketing.waiting.toll import Toll
from ticketing.waiting.visits import VisitWriter
from ticketing.waiting.work import WorkDesk

if TYPE_CHECKING:
    from ticketing.wiring.parts import Parts


@dataclass(frozen=True)
class LineParts:
    """What the API process and the worker need of the line."""

    rules: Rules
    store: LineStore
    book: LineBook
    joins: JoinService
    claims: ClaimService
    work: WorkDesk
    toll: Toll
    captcha: Captcha
    desk: Desk
    board: StatusBoard
    gate: Gate
    felt: Felt
    blobs: Blobs
    writer: VisitWriter
    beacons: HttpBeacons

    async def close(self) -> None:
        """Stop what runs, close connections."""
        await self.writer.close()
        await self.book.close()
        await self.captcha.aclose()
        await self.beacons.aclose()


def rules_of(settings: Settings) -> Rules:
    """The line's rules."""
    return Rules(
        idle_ms=settings.line_idle_seconds * 1000,
        hard_ms=settings.line_hard_seconds * 1000,
        cap=settings.line_cap,
        rate=settings.line_rate,
        lobby_ms=settings.line_lobby_minutes * 60_000,
        work_bits=settings.line_work_bits,
        beacon=settings.line_beacon,
    )


def _captcha(settings: Settings) -> Captcha:
    if settings.captcha_kind is None:
        return NoCaptcha()
    return SiteVerify(
        CaptchaSite(
            kind=settings.captcha_kind,  # type: ignore[arg-type]
            site_key=settings.captcha_site_key or "",
            secret=settings.captcha_secret or "",
            hostnames=frozenset({urlsplit(settings.public_url).hostname or ""}),
        )
    )


def open_line_parts(
    settings: Settings,
    db: Database,
    valkey: Valkey,
    catalog: Catalog,
    blobs: Blobs,
    signer: Signer,
    clock: Clock,
    crash_point: CrashPoint,
    outlast: Outlast,
) -> LineParts:
    """Build the line's parts; nothing is contacted."""
    rules = rules_of(settings)
    store = LineStore(valkey, rules)
    book = LineBook(db, catalog, rules, clock)
    writer = VisitWriter(db, crash_point=crash_point)
    claims = ClaimService(store, book, writer, signer, clock, rules, crash_point=crash_point)
    joins = JoinService(db, store, book, claims, signer, clock)
    work = WorkDesk(signer, clock)
    captcha = _captcha(settings)
    prices = Prices(store)
    toll = Toll(work, captcha, signer, price_of=prices.of, placed=joins.placed, refused=prices.refused)
    return LineParts(
        rules=rules,
        store=store,
        book=book,
        joins=joins,
        claims=claims,
        work=work,
        toll=toll,
        captcha=captcha,
        desk=Desk(joins, claims, book, toll, signer, clock, outlast),
        board=StatusBoard(store, book, catalog, blobs, clock),
        gate=Gate(store, book, signer, clock),
        felt=Felt(valkey, clock),
        blobs=blobs,
        writer=writer,
        beacons=HttpBeacons(),
    )


class SaleSigns:
    """How a sale feels: holds as the API processes felt them, the age of the queue, payments without an answer."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def __call__(self, event_id: str) -> Signs:  # noqa: ARG002 - stores and providers are shared by all events
        """What is known at this moment; each part may be missing."""
        hold_ms, queue_age, unsure = await asyncio.gather(self._hold_ms(), self._queue_age(), self._unsure())
        return Signs(hold_ms=hold_ms, queue_age=queue_age, unsure=unsure)

    async def _hold_ms(self) -> float | None:
        try:
            return await self._parts.line.felt.worst()
        except ValkeyAway:
            return None

    async def _queue_age(self) -> float | None:
        try:
            return (await self._parts.queue.stats()).oldest_age_seconds
        except QueueError:
            return None

    async def _unsure(self) -> float | None:
        try:
            async with self._parts.db.read() as conn:
                since = await order_sql.oldest_unpaid(conn)
        except DatabaseAway:
            return None
        return None if since is None else (self._parts.clock.now_ms() - since) / 1000


def controller_of(parts: Parts) -> Controller:
    """This process's candidate for the leader."""
    p = parts
    holder = f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(4)}"
    return Controller(
        p.db,
        p.line.store,
        p.catalog,
        p.line.blobs,
        p.clock,
        p.line.rules,
        Leadership(p.db, holder),
        stock=StockReader(p.store, p.catalog),
        signs=SaleSigns(p),
        beacons=p.line.beacons,
        crash_point=p.crash_point,
    )
