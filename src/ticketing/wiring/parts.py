"""Clients and services of one process, built in order and closed in reverse."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sqlalchemy.ext.asyncio import AsyncConnection

from ticketing.accounts.authenticate import Authenticator
from ticketing.accounts.passwords import Passwords
from ticketing.accounts.sessions import Sessions
from ticketing.base.agreed_clock import AgreedClock
from ticketing.base.blobs import Blobs, FolderBlobs, S3Blobs
from ticketing.base.clock import Clock
from ticketing.base.crash import CrashPoint, crash_point
from ticketing.base.db import Database, connect_database
from ticketing.base.metrics import observe_payment
from ticketing.base.outlast import Outlast
from ticketing.base.peers import Peers
from ticketing.base.queue.port import Queue
from ticketing.base.queue.sqs import SqsConfig, SqsQueue
from ticketing.base.queue.valkey import ValkeyQueue
from ticketing.base.rate import RateLimiter
from ticketing.base.tokens import Signer
from ticketing.base.valkey import Valkey
from ticketing.catalog.load import Catalog
from ticketing.holds.availability import Availability
from ticketing.holds.hold import HoldService
from ticketing.holds.store import HoldStore
from ticketing.notices.alert import Channel, LogChannel, MailChannel
from ticketing.notices.mailbox import MailboxTransport
from ticketing.notices.model import Transport
from ticketing.notices.smtp import SmtpServer, SmtpTransport
from ticketing.notices.sns import SnsChannel
from ticketing.orders.guard import IntakeGuard
from ticketing.orders.settle import Settlement
from ticketing.orders.status import IssuedTicket
from ticketing.orders.truth import SalesBooks
from ticketing.payments.gateway import Gateway
from ticketing.payments.sandbox_gateway import SandboxGateway
from ticketing.settings import InvalidSettings, Settings
from ticketing.tickets import sql as ticket_sql
from ticketing.tickets.code import TicketSigner, TicketVerifier
from ticketing.wiring.line import LineParts, open_line_parts


@dataclass(frozen=True)
class Parts:
    """What every process needs; the app and the worker add their own."""

    settings: Settings
    clock: Clock
    db: Database
    valkey: Valkey
    queue: Queue
    blobs: Blobs
    gateway: Gateway
    signer: Signer
    ticket_signer: TicketSigner
    verifier: TicketVerifier
    catalog: Catalog
    limiter: RateLimiter
    passwords: Passwords
    sessions: Sessions
    authenticator: Authenticator
    store: HoldStore
    holds: HoldService
    availability: Availability
    settlement: Settlement
    crash_point: CrashPoint
    outlast: Outlast
    peers: Peers
    guard: IntakeGuard
    line: LineParts


@asynccontextmanager
async def open_parts(settings: Settings, clock: Clock | None = None) -> AsyncIterator[Parts]:
    """Build everything. Of the stores only the time is asked; this succeeds while they are away.

    Raises:
        InvalidSettings: a URL of a kind that is not known.
    """
    from contextlib import AsyncExitStack

    async with AsyncExitStack() as exits:
        db = connect_database(settings.database_url, pool_size=settings.database_pool)
        exits.push_async_callback(db.close)
        valkey = Valkey(settings.valkey_url)
        exits.push_async_callback(valkey.close)
        if clock is None:
            clock = await exits.enter_async_context(_agreed_clock(db, valkey).compared())
        queue = await _open_queue(settings, exits)
        exits.push_async_callback(queue.close)
        blobs = await _open_blobs(settings.blobs_url, settings)
        exits.push_async_callback(blobs.close)
        status_blobs = blobs
        if settings.status_url is not None:
            status_blobs = await _open_blobs(settings.status_url, settings)
            exits.push_async_callback(status_blobs.close)
        gateway = SandboxGateway(settings.payment_url, settings.payment_secret, observe=observe_payment, clock=clock)
        exits.push_async_callback(gateway.aclose)
        catalog = Catalog(db, clock)
        exits.push_async_callback(catalog.close)
        signer = Signer(settings.signing_keys, next(iter(settings.signing_keys)))
        ticket_signer = TicketSigner(settings.ticket_seed)
        sessions = Sessions(db, valkey, signer, clock, lifetime_seconds=settings.session_seconds)
        store = HoldStore(valkey)
        crash = crash_point(settings.crash_point)
        truth = SalesBooks(db)
        holds = HoldService(store, catalog, truth, signer, clock, ttl_seconds=settings.hold_seconds)
        outlast = Outlast()
        line = open_line_parts(settings, db, valkey, catalog, status_blobs, signer, clock, crash, outlast)
        exits.push_async_callback(line.close)
        yield Parts(
            settings=settings,
            clock=clock,
            db=db,
            valkey=valkey,
            queue=queue,
            blobs=blobs,
            gateway=gateway,
            signer=signer,
            ticket_signer=ticket_signer,
            verifier=TicketVerifier([ticket_signer.public_key, *settings.ticket_public_keys]),
            catalog=catalog,
            limiter=RateLimiter(valkey, clock),
            passwords=Passwords(),
            sessions=sessions,
            authenticator=Authenticator(sessions),
            store=store,
            holds=holds,
            availability=Availability(store, catalog, truth, holds.rebuilder, clock),
            settlement=Settlement(db, catalog, clock, crash_point=crash),
            crash_point=crash,
            outlast=outlast,
            peers=Peers(db, "valkey", valkey.ping),
            guard=IntakeGuard(db, queue, clock),
            line=line,
        )


def _agreed_clock(db: Database, valkey: Valkey) -> AgreedClock:
    # SQLite has no clock but that of this very process.
    others = {"valkey": valkey.time_ms} | ({} if db.dialect == "sqlite" else {"database": db.time_ms})
    return AgreedClock(others)


async def _open_queue(settings: Settings, exits: AsyncExitStack) -> Queue:
    if settings.queue_url.startswith(("https://", "http://")):
        assert settings.queue_dead_url is not None  # noqa: S101 - settings checked it
        return await SqsQueue.open(
            SqsConfig(
                queue_url=settings.queue_url,
                dead_letter_url=settings.queue_dead_url,
                region=settings.aws_region,
                endpoint_url=settings.aws_endpoint,
                visibility_seconds=settings.queue_visibility_seconds,
            )
        )
    valkey = Valkey(settings.queue_url)
    exits.push_async_callback(valkey.close)
    return ValkeyQueue(valkey, "orders", visibility_seconds=settings.queue_visibility_seconds, max_attempts=10)


async def _open_blobs(url: str, settings: Settings) -> Blobs:
    parsed = urlsplit(url)
    if parsed.scheme == "file":
        return FolderBlobs(Path(unquote(parsed.path)))
    if parsed.scheme == "s3":
        return await S3Blobs.open(parsed.netloc, region=settings.aws_region, endpoint=settings.aws_endpoint)
    raise InvalidSettings(f"- TICKETING_BLOBS_URL, _STATUS_URL: {parsed.scheme!r} is neither file nor s3")


def open_mail(settings: Settings) -> Transport:
    """The mail transport. Raises InvalidSettings."""
    parsed = urlsplit(settings.mail_url)
    if parsed.scheme == "mailbox":
        return MailboxTransport(Path(unquote(parsed.path)), settings.mail_sender)
    modes = {"smtp": "starttls", "smtps": "tls", "smtp+plain": "none"}
    if parsed.scheme not in modes or not parsed.hostname:
        raise InvalidSettings("- TICKETING_MAIL_URL must be mailbox:///folder or smtp(s)://user:password@host:port")
    server = SmtpServer(
        parsed.hostname,
        parsed.port or {"starttls": 587, "tls": 465, "none": 25}[modes[parsed.scheme]],
        modes[parsed.scheme],  # type: ignore[arg-type]
        unquote(parsed.username) if parsed.username else None,
        unquote(parsed.password) if parsed.password else None,
    )
    return SmtpTransport(server, settings.mail_sender)


async def open_alerts(settings: Settings) -> Channel:
    """How staff hear of trouble."""
    url = settings.alerts_url
    if url is None:
        return LogChannel()
    if url.startswith("mailto:"):
        return MailChannel(open_mail(settings), url.removeprefix("mailto:"))
    return await SnsChannel.open(url, region=url.split(":")[3], endpoint=settings.aws_endpoint)


async def read_issued(conn: AsyncConnection, order_ids: Sequence[str]) -> dict[str, list[IssuedTicket]]:
    """Tickets of orders, as the orders room wants to know of them."""
    found = await ticket_sql.tickets_of(conn, order_ids)
    return {
        order_id: [IssuedTicket(t.ticket_id, t.seat_id, t.status.value) for t in tickets]
        for order_id, tickets in found.items()
    }
