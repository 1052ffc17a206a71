"""POST and GET /api/orders, cancel, and the payment provider's callbacks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
import structlog
from litestar import Request, Response, get, post
from litestar.params import FromPath, HeaderParameter, JSONBody
from litestar.types import ControllerRouterHandler

from ticketing.accounts.authenticate import Asking, Authenticator
from ticketing.base.clock import rfc3339
from ticketing.base.db import Database
from ticketing.base.errors import NotFound, Unauthenticated
from ticketing.base.rate import Limit, RateLimiter
from ticketing.base.tracing import order_goes_on
from ticketing.base.web import answers, json_response, problems
from ticketing.catalog.load import Catalog
from ticketing.holds.http import SeatOut
from ticketing.orders.cancel import Cancellation
from ticketing.orders.intake import Intake
from ticketing.orders.settle import Settlement
from ticketing.orders.status import OrderDesk, OrderView
from ticketing.payments.gateway import BadSignature, Gateway
from ticketing.waiting.gate import PASS_ROUTE, Gate

log = structlog.get_logger(__name__)

ORDERS = Limit("orders", capacity=30, per_second=1)
"""Orders per account, retries included."""


class Payment(msgspec.Struct, forbid_unknown_fields=True):
    """How to pay: `token` is the provider's stand-in for a card; card numbers never come here."""

    method: Annotated[str, msgspec.Meta(min_length=1, max_length=24, pattern="^[a-z_]+$", examples=["card"])]
    token: Annotated[str, msgspec.Meta(min_length=1, max_length=200, examples=["tok_ok"])]


class OrderRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Buy what is held."""

    hold_token: Annotated[str, msgspec.Meta(min_length=1, max_length=8192)]
    payment: Payment


class OrderAccepted(msgspec.Struct):
    """The order is safely in the queue. Follow `status_url` until it is final."""

    order_id: str
    status: str
    status_url: str


class PaymentOut(msgspec.Struct):
    """Where the money is, read off the ledger."""

    status: str


class TicketLink(msgspec.Struct):
    """One ticket of an order."""

    ticket_id: str
    seat: str
    section: str
    row: str | None
    number: str
    grade: str
    status: str
    url: str
    svg_url: str
    pdf_url: str


class LedgerOut(msgspec.Struct):
    """One fact about the order's money."""

    kind: str
    amount: int
    currency: str
    at: str


class OrderOut(msgspec.Struct, omit_defaults=True):
    """An order. While it is `placed` (in the queue) only id, status and status_url are there."""

    order_id: str
    status: str
    status_url: str
    event_id: str | None = None
    event_name: dict[str, str] | None = None
    starts_at: str | None = None
    time_zone: str | None = None
    reason: str | None = None
    amount: int | None = None
    currency: str | None = None
    items: list[SeatOut] | None = None
    payment: PaymentOut | None = None
    tickets: list[TicketLink] | None = None
    ledger: list[LedgerOut] | None = None
    created_at: str | None = None
    cancellable: bool | None = None
    refund_amount: int | None = None


class OrdersOut(msgspec.Struct):
    """One's orders, newest first."""

    orders: list[OrderOut]


def _url(order_id: str) -> str:
    return f"/api/orders/{order_id}"


def _out(view: OrderView) -> OrderOut:
    order = view.order
    seats = {seat.seat_id: seat for seat in view.seats}
    return OrderOut(
        order_id=order.order_id,
        status=order.state.value,
        status_url=_url(order.order_id),
        event_id=order.event_id,
        event_name=view.event.name.document(),
        starts_at=rfc3339(view.event.starts_at),
        time_zone=view.event.venue.time_zone,
        reason=order.reason,
        amount=order.amount,
        currency=order.currency,
        items=[SeatOut(s.seat_id, s.section, s.row, s.number, s.grade, s.amount) for s in view.seats],
        payment=PaymentOut(view.money.status.value),
        tickets=[
            TicketLink(
                t.ticket_id,
                t.seat_id,
                seats[t.seat_id].section,
                seats[t.seat_id].row,
                seats[t.seat_id].number,
                seats[t.seat_id].grade,
                t.status,
                f"/api/tickets/{t.ticket_id}",
                f"/api/tickets/{t.ticket_id}.svg",
                f"/api/tickets/{t.ticket_id}.pdf",
            )
            for t in view.tickets
        ],
        ledger=[LedgerOut(e.kind.value, e.amount, e.currency, rfc3339(e.at_ms)) for e in view.entries],
        created_at=rfc3339(order.created_at),
        cancellable=view.cancellable,
        refund_amount=view.refund_amount,
    )


async def read_order(desk: OrderDesk, order_id: str, account_id: str) -> OrderOut:
    """One's own order as its page shows it. Raises as `OrderDesk.read`."""
    view = await desk.read(order_id, account_id)
    return OrderOut(order_id, "placed", _url(order_id)) if view is None else _out(view)


class IntakeDesk:
    """Orders of people with a pass, where the event has a line; for the framework's route and the hot one alike."""

    def __init__(
        self, intake: Intake, catalog: Catalog, authenticator: Authenticator, gate: Gate, limiter: RateLimiter
    ) -> None:
        self._intake = intake
        self._catalog = catalog
        self._authenticator = authenticator
        self._gate = gate
        self._limiter = limiter

    async def order(self, request: Asking, data: OrderRequest, idempotency_key: str) -> OrderAccepted:
        """Place an order. Raises as `Gate.check` and `Intake.place` do, and RateLimited."""
        session = self._authenticator.session(request)
        await self._limiter.check(ORDERS, session.account_id)
        event_id = self._intake.event_of(data.hold_token)
        if event_id is not None:
            # The hold was made while the pass was good: whoever pays for it must not lose it to the clock.
            event = (await self._catalog.get(event_id)).event
            await self._gate.check(request, event, session, over_is_fine=True)
        payment = data.payment
        order_id = await self._intake.place(
            session.account_id, data.hold_token, payment.method, payment.token, idempotency_key
        )
        return OrderAccepted(order_id, "placed", _url(order_id))


def routes(
    intake: IntakeDesk,
    desk: OrderDesk,
    cancellation: Cancellation,
    settlement: Settlement,
    gateways: Mapping[str, Gateway],
    db: Database,
    authenticator: Authenticator,
) -> list[ControllerRouterHandler]:
    """The route handlers of this room."""

    @post(
        "/api/orders",
        status_code=202,
        responses=problems(400, 401, 403, 404, 409, 413, 415, 422, 429, 503),
        tags=["orders"],
        summary="Order what is held",
        opt=PASS_ROUTE | {"header_schemas": {"Idempotency-Key": {"type": "string", "minLength": 8, "maxLength": 200}}},
    )
    async def order_route(
        request: Request[Any, Any, Any],
        data: JSONBody[OrderRequest],
        idempotency_key: Annotated[str, HeaderParameter(name="Idempotency-Key", required=False)] = "",
    ) -> OrderAccepted:
        """Order the seats of a hold. 202 once the order is safely in the queue; the same key retries safely."""
        return await intake.order(request, data, idempotency_key)

    @get("/api/orders", responses=answers(OrdersOut) | problems(401, 503), tags=["orders"], summary="My orders")
    async def orders_route(request: Request[Any, Any, Any]) -> Response[bytes]:
        """One's own orders, newest first."""
        session = authenticator.session(request)
        return json_response(OrdersOut([_out(view) for view in await desk.mine(session.account_id)]))

    async def _read(order_id: str, account_id: str, status_code: int = 200) -> Response[bytes]:
        return json_response(await read_order(desk, order_id, account_id), status_code)

    @get(
        "/api/orders/{order_id:str}",
        responses=answers(OrderOut) | problems(401, 404, 503),
        tags=["orders"],
        summary="An order",
    )
    async def read_route(request: Request[Any, Any, Any], order_id: FromPath[str]) -> Response[bytes]:
        """State, tickets and money of one's own order."""
        return await _read(order_id, authenticator.session(request).account_id)

    @post(
        "/api/orders/{order_id:str}/cancel",
        status_code=202,
        responses=answers(OrderOut, "Cancelled; the money is on its way", 202) | problems(401, 403, 404, 409, 415, 503),
        tags=["orders"],
        summary="Cancel an order",
    )
    async def cancel_route(request: Request[Any, Any, Any], order_id: FromPath[str]) -> Response[bytes]:
        """Void the tickets, free the seats, refund by the rules that were in force at purchase."""
        session = authenticator.session(request)
        await cancellation.cancel(order_id, session.account_id)
        return await _read(order_id, session.account_id, 202)

    @post(
        "/api/payments/callbacks/{provider:str}",
        status_code=204,
        responses=problems(401, 404, 413, 503),
        tags=["payments"],
        summary="A provider's callback",
        opt={"public": True, "any_media_type": True},
    )
    async def callback_route(request: Request[Any, Any, Any], provider: FromPath[str]) -> None:
        """A signed message from the payment provider. It may come twice, late or never."""
        gateway = gateways.get(provider)
        if gateway is None:
            raise NotFound("There is no such payment provider here.")
        try:
            event = gateway.verify_callback(dict(request.headers), await request.body())
        except BadSignature as error:
            log.warning("callback_refused", provider=provider, why=str(error)[:200])
            raise Unauthenticated(
                "The signature of this callback is not the provider's.", code="bad_signature"
            ) from None
        # The provider's word that this is the order: the trace goes on whatever headers came along.
        with order_goes_on("callback", event.order_id):
            await db.transact(lambda conn: settlement.settle(conn, {event.order_id: event.outcome}))

    return [order_route, orders_route, read_route, cancel_route, callback_route]
