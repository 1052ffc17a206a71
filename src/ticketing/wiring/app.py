"""The API process: one Litestar application over the parts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar import Litestar, Request
from litestar.config.app import AppConfig
from litestar.openapi.config import OpenAPIConfig
from litestar.types import ControllerRouterHandler

from ticketing import __version__
from ticketing.accounts import http as accounts_http
from ticketing.accounts.authenticate import COOKIE
from ticketing.admin import demo as demo_http
from ticketing.admin import http as admin_http
from ticketing.admin import line as admin_line
from ticketing.admin.sale import SaleDesk
from ticketing.base import health, openapi, pages
from ticketing.base.errors import Problem
from ticketing.base.garbage import Garbage
from ticketing.base.hot import HotRoutes
from ticketing.base.instant import Instant
from ticketing.base.web import EXCEPTION_HANDLERS
from ticketing.catalog import http as catalog_http
from ticketing.holds import hot as holds_hot
from ticketing.holds import http as holds_http
from ticketing.orders import hot as orders_hot
from ticketing.orders import http as orders_http
from ticketing.orders.cancel import Cancellation
from ticketing.orders.intake import Intake
from ticketing.orders.spare_intake import SpareIntake
from ticketing.orders.status import OrderDesk
from ticketing.orders.truth import SalesBooks
from ticketing.tickets import http as tickets_http
from ticketing.tickets import sql as ticket_sql
from ticketing.tickets.check_in import CheckIn
from ticketing.tickets.http import TicketDesk
from ticketing.waiting import hot as waiting_hot
from ticketing.waiting import http as waiting_http
from ticketing.waiting import plain
from ticketing.waiting.captcha import captcha_origins
from ticketing.waiting.controls import LineControls
from ticketing.wiring.parts import Parts, read_issued

MAX_BODY = 64 * 1024


def _intake(p: Parts) -> Intake:
    return Intake(
        p.store,
        p.catalog,
        p.queue,
        p.signer,
        p.clock,
        payment_seconds=p.settings.payment_window_seconds + 300,
        crash_point=p.crash_point,
        guard=p.guard,
        in_books=SalesBooks(p.db).fingerprint,
        outlast=p.outlast,
        spare=SpareIntake(p.db, p.clock),
    )


def _intake_desk(p: Parts) -> orders_http.IntakeDesk:
    return orders_http.IntakeDesk(_intake(p), p.catalog, p.authenticator, p.line.gate, p.limiter)


def _hold_desk(p: Parts) -> holds_http.HoldDesk:
    return holds_http.HoldDesk(p.holds, p.catalog, p.authenticator, p.line.gate, p.line.felt, p.clock, p.outlast)


def _plain_line(p: Parts) -> plain.PlainLine:
    per_address = accounts_http.per_address(p.settings.address_burst)
    return plain.PlainLine(
        p.line.desk,
        p.line.board,
        p.sessions,
        plain.password_sign_in(p.db, p.passwords, p.sessions, p.limiter, per_address),
        p.line.work,
        p.limiter,
        p.signer,
        p.clock,
    )


def handlers(parts: Parts, drain: health.Drain, instant: Instant | None = None) -> list[ControllerRouterHandler]:
    """Every route of the API process."""
    p = parts
    desk = OrderDesk(p.db, p.catalog, p.signer, p.clock, read_issued)
    cancellation = Cancellation(p.db, p.catalog, p.clock, ticket_sql.void_tickets)
    routes = [
        *health.routes(
            {"database": p.db.ping, "valkey": p.valkey.ping, "queue": p.queue.stats}, drain, lambda: p.peers.alone
        ),
        *catalog_http.routes(p.catalog, p.clock, p.availability.free_count, instant),
        *accounts_http.routes(
            p.db,
            p.clock,
            p.passwords,
            p.sessions,
            p.authenticator,
            p.limiter,
            accounts_http.per_address(p.settings.address_burst),
        ),
        *waiting_http.routes(p.line.desk, p.line.board, p.line.book, p.db, p.authenticator, p.clock),
        *holds_http.routes(_hold_desk(p), p.holds, p.availability, p.catalog, p.authenticator, p.clock),
        *orders_http.routes(
            _intake_desk(p), desk, cancellation, p.settlement, {p.gateway.name: p.gateway}, p.db, p.authenticator
        ),
        *tickets_http.routes(
            TicketDesk(p.db, p.catalog, p.ticket_signer, p.blobs),
            CheckIn(p.db, p.verifier, p.clock),
            p.authenticator,
        ),
        *plain.routes(_plain_line(p)),
        *admin_line.routes(
            admin_line.LineDesk(p.db, p.line.store, p.line.book, p.clock),
            LineControls(p.db, p.line.book, p.clock),
            p.authenticator,
        ),
        *admin_http.routes(SaleDesk(p.db, p.catalog, p.availability, p.queue, p.clock)),
        *openapi.routes(),
    ]
    if p.settings.demo_folder is not None:
        routes += demo_http.routes(p.settings.demo_folder)
    if p.settings.web_folder is not None:
        routes += pages.routes(pages.Pages(p.settings.web_folder, captcha_origins(p.settings.captcha_kind)))
    return routes


def create_asgi(parts: Parts, drain: health.Drain | None = None, instant: Instant | None = None) -> HotRoutes:
    """What the server runs: the hottest routes, then the application. `instant`: what the protocol answers alone."""
    p = parts
    if instant is not None:
        waiting_hot.answer_instantly(p.line.board, instant)
    orders = OrderDesk(p.db, p.catalog, p.signer, p.clock, read_issued)
    hot = [
        *waiting_hot.hot_routes(p.line.desk, p.line.board, p.authenticator, p.clock),
        *holds_hot.hot_routes(_hold_desk(p), p.availability, p.authenticator),
        *orders_hot.hot_routes(_intake_desk(p), orders, p.authenticator),
    ]
    return HotRoutes(create_app(parts, drain, instant), hot, max_body=MAX_BODY)


def create_app(parts: Parts, drain: health.Drain | None = None, instant: Instant | None = None) -> Litestar:
    """The ASGI application. The caller opens and closes the parts."""

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        await parts.db.assert_isolation()
        stop = asyncio.Event()
        watch = asyncio.create_task(parts.sessions.watch(stop))
        guard = asyncio.create_task(parts.guard.run(stop))
        felt = asyncio.create_task(parts.line.felt.run(stop))
        garbage = asyncio.create_task(Garbage().run(stop))
        # SQLite means one machine: what one process there does not reach, no other does.
        peers = [asyncio.create_task(parts.peers.run(stop))] if parts.db.dialect == "mysql" else []
        try:
            yield
        finally:
            stop.set()
            await asyncio.gather(watch, guard, felt, garbage, *peers)

    async def before_request(request: Request) -> None:  # type: ignore[type-arg]
        parts.authenticator.admit(request)
        _refuse_other_media(request)

    return Litestar.from_config(
        AppConfig(
            route_handlers=handlers(parts, drain or health.Drain(), instant),
            exception_handlers=EXCEPTION_HANDLERS,
            lifespan=[lifespan],
            before_request=before_request,
            request_max_body_size=MAX_BODY,
            openapi_config=openapi_config(),
            logging_config=None,
        )
    )


def _refuse_other_media(request: Request) -> None:  # type: ignore[type-arg]
    """Refuse bodies of another type: a form on a foreign page could otherwise send JSON as text."""
    if request.method not in ("POST", "PUT", "PATCH") or request.route_handler.opt.get("any_media_type"):
        return
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in ("application/json", ""):
        raise Problem(415, "unsupported_media_type", "Send the body as application/json.")


def openapi_config() -> OpenAPIConfig:
    """OpenAPI 3.1 at /openapi.json, a page at /docs."""
    return openapi.openapi_config(
        "Ticketing",
        __version__,
        "Hold seats, order them, pay, get in. Errors are RFC 9457 problem documents with a stable `code`.",
        COOKIE,
    )
