"""Availability, holds: GET …/availability, POST and GET …/holds, DELETE /api/holds/{hold_id}."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler

from ticketing.accounts.authenticate import Asking, Authenticator
from ticketing.base import metrics
from ticketing.base.clock import Clock, rfc3339
from ticketing.base.errors import BadRequest
from ticketing.base.outlast import AT_ONCE, Outlast
from ticketing.base.web import NOT_MODIFIED, answers, json_response, matches, problems
from ticketing.catalog.load import Catalog, LoadedEvent
from ticketing.holds.availability import Availability
from ticketing.holds.hold import HoldService, HoldView, new_hold_id, seat_ids
from ticketing.waiting.felt import Felt
from ticketing.waiting.gate import PASS_ROUTE, Gate
from ticketing.waiting.tokens import PassClaims

SeatId = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class HoldRequest(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Either `seats`, or `section` and `quantity` (best seats together; places, when it is a standing section)."""

    seats: Annotated[list[SeatId], msgspec.Meta(max_length=100)] | None = None
    section: SeatId | None = None
    quantity: Annotated[int, msgspec.Meta(ge=1, le=1000)] | None = None


class SeatOut(msgspec.Struct):
    """One seat and its price in minor units."""

    seat: str
    section: str
    row: str | None
    number: str
    grade: str
    amount: int


class HoldOut(msgspec.Struct, omit_defaults=True):
    """A live hold. `order_id` when it is already bound to an order."""

    hold_id: str
    token: str
    event_id: str
    seats: list[str]
    items: list[SeatOut]
    amount: int
    currency: str
    expires_at: str
    server_time: str
    order_id: str | None = None


class HoldsOut(msgspec.Struct):
    """One's live holds for an event."""

    holds: list[HoldOut]


class SectionAvailability(msgspec.Struct, omit_defaults=True):
    """Counts; for reserved sections the bitmap of what is not free."""

    free: int
    held: int
    sold: int
    taken: str | None = None


class AvailabilityOut(msgspec.Struct):
    """The shape of the shared answer (it is sent from pre-encoded bytes)."""

    event_id: str
    plan_version: str
    version: int
    at: str
    stale: bool
    free: int
    sections: dict[str, SectionAvailability]


def seat_items(event: LoadedEvent, ordinals: tuple[int, ...], amounts: tuple[int, ...]) -> list[SeatOut]:
    """Seats as people read them, with their prices."""
    items = []
    for ordinal, amount in zip(ordinals, amounts, strict=True):
        place = event.index.place(ordinal)
        items.append(SeatOut(place.seat_id, place.section, place.row, place.number, place.grade, amount))
    return items


def _out(event: LoadedEvent, view: HoldView, now: int) -> HoldOut:
    claims = view.claims
    return HoldOut(
        claims.hold_id,
        view.token,
        claims.event_id,
        seat_ids(event.index, claims.ordinals),
        seat_items(event, claims.ordinals, claims.amounts),
        claims.amount,
        claims.currency,
        rfc3339(claims.expires_at),
        rfc3339(now),
        view.order_id,
    )


class HoldDesk:
    """Holds for people with a pass, where the event has a line; for the framework's route and the hot one alike."""

    def __init__(
        self,
        service: HoldService,
        catalog: Catalog,
        authenticator: Authenticator,
        gate: Gate,
        felt: Felt,
        clock: Clock,
        outlast: Outlast = AT_ONCE,
    ) -> None:
        self._outlast = outlast
        self._service = service
        self._catalog = catalog
        self._authenticator = authenticator
        self._gate = gate
        self._felt = felt
        self._clock = clock

    async def hold(self, request: Asking, event_id: str, data: HoldRequest) -> HoldOut:
        """Hold what was asked for. Raises as `Gate` and `HoldService` do."""
        session = self._authenticator.session(request)
        event = await self._catalog.get(event_id)
        claims = await self._gate.check(request, event.event, session)
        hold_id = new_hold_id(event.event.id)
        # With what is waited out: that is what the buyer felt, and what the line must slow down for.
        with self._felt.measured():
            view = await self._outlast(lambda: self._held(claims, session.account_id, event_id, data, hold_id))
        metrics.holds_created.add(1)
        # Who is paying for seats is not idle.
        await self._gate.stay(claims, view.claims.expires_at)
        return _out(event, view, self._clock.now_ms())

    async def _held(
        self, claims: PassClaims | None, account_id: str, event_id: str, data: HoldRequest, hold_id: str
    ) -> HoldView:
        await self._gate.alive(claims)
        return await self._view(account_id, event_id, data, hold_id)

    async def _view(self, account_id: str, event_id: str, data: HoldRequest, hold_id: str) -> HoldView:
        if data.seats is not None and data.section is None and data.quantity is None:
            return await self._service.hold_seats(event_id, account_id, data.seats, hold_id)
        if data.seats is None and data.section is not None and data.quantity is not None:
            return await self._service.hold_best(event_id, account_id, data.section, data.quantity, hold_id)
        raise BadRequest('Send either {"seats": […]} or {"section": …, "quantity": n}.')


def routes(
    desk: HoldDesk,
    service: HoldService,
    availability: Availability,
    catalog: Catalog,
    authenticator: Authenticator,
    clock: Clock,
) -> list[ControllerRouterHandler]:
    """The route handlers of this room."""

    @get(
        "/api/events/{event_id:str}/availability",
        responses=answers(AvailabilityOut) | NOT_MODIFIED | problems(404, 503),
        tags=["catalogue"],
        summary="Availability",
        opt={"public": True},
    )
    async def availability_route(request: Request[Any, Any, Any], event_id: FromPath[str]) -> Response[bytes]:
        """What is free, held and sold, per section. Shared for a second; send If-None-Match."""
        snapshot = await availability.get(event_id)
        headers = {"ETag": snapshot.etag, "Cache-Control": "public, max-age=1"}
        if matches(request.headers.get("if-none-match"), snapshot.etag):
            return Response(b"", status_code=304, headers=headers)
        return Response(snapshot.body, media_type="application/json", headers=headers)

    @post(
        "/api/events/{event_id:str}/holds",
        status_code=201,
        responses=problems(400, 401, 403, 404, 409, 413, 415, 422, 429, 503),
        tags=["holds"],
        summary="Hold seats",
        opt=PASS_ROUTE,
    )
    async def hold_route(
        request: Request[Any, Any, Any], event_id: FromPath[str], data: JSONBody[HoldRequest]
    ) -> HoldOut:
        """Hold seats for some minutes, all or none. An event with a waiting line wants a pass: X-Queue-Pass."""
        return await desk.hold(request, event_id, data)

    @get(
        "/api/events/{event_id:str}/holds",
        responses=answers(HoldsOut) | problems(401, 404, 503),
        tags=["holds"],
        summary="My holds",
    )
    async def holds_route(request: Request[Any, Any, Any], event_id: FromPath[str]) -> Response[bytes]:
        """One's own live holds for an event."""
        session = authenticator.session(request)
        views = await service.mine(event_id, session.account_id)
        event = await catalog.get(event_id)
        now = clock.now_ms()
        return json_response(HoldsOut([_out(event, view, now) for view in views]))

    @delete(
        "/api/holds/{hold_id:str}",
        status_code=204,
        responses=problems(401, 403, 404, 409, 503),
        tags=["holds"],
        summary="Release a hold",
    )
    async def release_route(request: Request[Any, Any, Any], hold_id: FromPath[str]) -> None:
        """Free the seats of one's hold at once."""
        session = authenticator.session(request)
        await service.release(session.account_id, hold_id)

    return [availability_route, hold_route, holds_route, release_route]
