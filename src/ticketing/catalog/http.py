"""GET /api/events, /api/events/{event_id}, /api/events/{event_id}/plan: public, cacheable, no sign-in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery
from litestar.types import ControllerRouterHandler

from ticketing.base.clock import Clock, rfc3339
from ticketing.base.instant import Instant
from ticketing.base.web import NOT_MODIFIED, answers, etag_of, matches, problems

from .answers import (
    EventAnswer,
    EventDetailOut,
    EventOut,
    EventsAnswer,
    Names,
    PlanAnswer,
    PriceOut,
    SectionOut,
    VenueOut,
)
from .load import Catalog, LoadedEvent
from .model import Event, Localized, PriceGrade, SaleStatus

FreeCount = Callable[[str], Awaitable[int | None]]
"""How many places of an event are free; None when nobody knows."""

_encoder = msgspec.json.Encoder()
_FOREVER = "public, max-age=31536000, immutable"


def _names(text: Localized) -> Names:
    return Names(text.ko, text.en)


def _price(price: PriceGrade) -> PriceOut:
    return PriceOut(price.grade, _names(price.name), price.amount, price.color)


def _summary(event: Event, status: SaleStatus) -> dict[str, Any]:
    return {
        "id": event.id,
        "name": _names(event.name),
        "starts_at": rfc3339(event.starts_at),
        "on_sale_at": rfc3339(event.sale.on_sale_at),
        "off_sale_at": rfc3339(event.sale.off_sale_at),
        "status": status,
        "waiting_room": event.waiting_room,
        "currency": event.currency,
        "prices": [_price(price) for price in event.prices],
        "poster": event.poster,
    }


def _listed(event: Event, status: SaleStatus) -> EventOut:
    return EventOut(venue=VenueOut(_names(event.venue.name), None, event.venue.time_zone), **_summary(event, status))


def _detail(loaded: LoadedEvent, status: SaleStatus) -> EventDetailOut:
    event, index = loaded.event, loaded.index
    return EventDetailOut(
        venue=VenueOut(_names(event.venue.name), _names(event.venue.address), event.venue.time_zone),
        doors_at=rfc3339(event.doors_at),
        description=_names(event.description),
        max_per_person=event.max_per_person,
        capacity=index.capacity,
        sections=[
            SectionOut(section.id, _names(section.name), section.kind, list(section.grades), section.capacity)
            for section in index.sections
        ],
        plan_version=event.plan_version,
        plan_url=f"/api/events/{event.id}/plan?v={event.plan_version}",
        **_summary(event, status),
    )


def accepts_gzip(accept_encoding: str | None) -> bool:
    """Whether an Accept-Encoding header allows gzip (RFC 9110 12.5.3)."""
    weights: dict[str, str] = {}
    for item in (accept_encoding or "").lower().split(","):
        coding, _, parameter = item.partition(";")
        weights[coding.strip()] = parameter.replace(" ", "").removeprefix("q=") or "1"
    weight = weights.get("gzip", weights.get("x-gzip", weights.get("*", "0")))
    return any(digit in "123456789" for digit in weight)


class _Encoded:
    """The last bytes per key, made again only when what they were made from is no longer the same."""

    def __init__(self, most: int = 1_024) -> None:
        self._kept: dict[str, tuple[Any, bytes, str]] = {}
        self._most = most

    def get(self, key: str, made_from: tuple[Any, ...], make: Callable[[], Any]) -> tuple[bytes, str]:
        found = self._kept.get(key)
        if found is None or len(found[0]) != len(made_from) or any(map(_differ, found[0], made_from)):
            body = _encoder.encode(make())
            if len(self._kept) >= self._most:
                self._kept.clear()
            found = self._kept[key] = (made_from, body, etag_of(body))
        return found[1], found[2]


def _differ(one: Any, other: Any) -> bool:
    return one is not other


def _moment(
    request: Request[Any, Any, Any], now_ms: int, body: bytes, etag: str, instant: Instant | None
) -> Response[bytes]:
    """`body` with the server's time put in front. The time is no part of the ETag, hence a weak one.

    The protocol answers the same for a quarter of a second, and for a second in all while it is busy: at T-0 everybody
    opens the same page, and a cache in front of us may keep it as long.
    """
    headers = {"ETag": f"W/{etag}", "Cache-Control": "public, max-age=1"}
    content = b'{"server_time":"' + rfc3339(now_ms).encode() + b'",' + body[1:]
    if instant is not None and not request.scope["query_string"]:
        raw = tuple((name.lower().encode(), value.encode()) for name, value in headers.items())
        instant.keep((request.scope["path"],), content, headers["ETag"], raw, 0.25, stale=0.75)
    if matches(request.headers.get("if-none-match"), etag):
        return Response(b"", status_code=304, headers=headers)
    return Response(content, media_type="application/json", headers=headers)


def _answers(shape: type[msgspec.Struct]) -> dict[int, ResponseSpec]:
    return answers(shape) | NOT_MODIFIED


def routes(
    catalog: Catalog, clock: Clock, free_count: FreeCount, instant: Instant | None = None
) -> list[ControllerRouterHandler]:
    """The route handlers of this room; `free_count` tells "on sale" from "sold out", `instant` is told what the
    protocol may answer by itself.
    """
    encoded = _Encoded()

    async def status_of(event: Event, now_ms: int) -> SaleStatus:
        status = event.status(now_ms)
        if status is SaleStatus.ON_SALE:
            status = event.status(now_ms, await free_count(event.id))
        return status

    @get(
        "/api/events",
        responses=_answers(EventsAnswer) | problems(503),
        tags=["catalogue"],
        summary="Events",
        opt={"public": True},
    )
    async def events_route(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Events that are still to come, the next one first."""
        now = clock.now_ms()
        found = [(event, await status_of(event, now)) for event in await catalog.listed()]
        made_from = tuple(part for pair in found for part in pair)
        body, etag = encoded.get("", made_from, lambda: {"events": [_listed(*pair) for pair in found]})
        return _moment(request, now, body, etag, instant)

    @get(
        "/api/events/{event_id:str}",
        responses=_answers(EventAnswer) | problems(404, 503),
        tags=["catalogue"],
        summary="Event",
        opt={"public": True},
    )
    async def event_route(request: Request[Any, Any, Any], event_id: FromPath[str]) -> Response[bytes]:
        """One event: prices, sections, sale window."""
        now = clock.now_ms()
        loaded = await catalog.get(event_id)
        status = await status_of(loaded.event, now)
        body, etag = encoded.get(event_id, (loaded, status), lambda: _detail(loaded, status))
        return _moment(request, now, body, etag, instant)

    @get(
        "/api/events/{event_id:str}/plan",
        responses=_answers(PlanAnswer) | problems(404, 503),
        tags=["catalogue"],
        summary="Seat plan",
        opt={"public": True},
    )
    async def plan_route(
        request: Request[Any, Any, Any], event_id: FromPath[str], v: FromQuery[str | None] = None
    ) -> Response[bytes]:
        """The seat plan. With `v`, the version that the event names, it may be kept for ever."""
        plan = (await catalog.get(event_id)).plan
        gzipped = accepts_gzip(request.headers.get("accept-encoding"))
        # A strong ETag names bytes, and the two codings have different ones.
        tags = {False: f'"{plan.version}"', True: f'"{plan.version}-gzip"'}
        headers = {
            "ETag": tags[gzipped],
            "Vary": "Accept-Encoding",
            "Cache-Control": _FOREVER if v == plan.version else "public, max-age=60",
        }
        if matches(request.headers.get("if-none-match"), tags[gzipped]):
            return Response(b"", status_code=304, headers=headers)
        if gzipped:
            headers["Content-Encoding"] = "gzip"
        return Response(plan.gzipped if gzipped else plan.body, media_type="application/json", headers=headers)

    return [events_route, event_route, plan_route]
