"""Availability and hold as plain ASGI; the same services as in `http.py`."""

from __future__ import annotations

import msgspec

from ticketing.accounts.authenticate import Authenticator
from ticketing.base.hot import Answer, HotRequest, HotRoute, read_json
from ticketing.base.web import matches
from ticketing.holds.availability import Availability
from ticketing.holds.http import HoldDesk, HoldRequest

_decoder = msgspec.json.Decoder(HoldRequest)
_encode = msgspec.json.Encoder().encode


def hot_routes(desk: HoldDesk, availability: Availability, authenticator: Authenticator) -> list[HotRoute]:
    """GET …/availability and POST …/holds."""

    async def read(request: HotRequest, event_id: str, _: bytes) -> Answer:
        snapshot = await availability.get(event_id)
        headers = ((b"etag", snapshot.etag.encode()), (b"cache-control", b"public, max-age=1"))
        if matches(request.headers.get("if-none-match"), snapshot.etag):
            return Answer(304, b"", headers)
        return Answer(200, snapshot.body, ((b"content-type", b"application/json"), *headers))

    async def hold(request: HotRequest, event_id: str, body: bytes) -> Answer:
        data = read_json(_decoder, body)
        return Answer(201, _encode(await desk.hold(request, event_id, data)))

    return [
        HotRoute("GET", "/api/events/", "/availability", read),
        HotRoute("POST", "/api/events/", "/holds", hold, admit=authenticator.require),
    ]
