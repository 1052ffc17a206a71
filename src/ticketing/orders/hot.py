"""Order intake, and the look at an order, as plain ASGI; the same services as in `http.py`."""

from __future__ import annotations

import msgspec

from ticketing.accounts.authenticate import Authenticator
from ticketing.base.hot import Answer, HotRequest, HotRoute, read_json
from ticketing.orders.http import IntakeDesk, OrderRequest, read_order
from ticketing.orders.status import OrderDesk

_decoder = msgspec.json.Decoder(OrderRequest)
_encode = msgspec.json.Encoder().encode


def hot_routes(intake: IntakeDesk, desk: OrderDesk, authenticator: Authenticator) -> list[HotRoute]:
    """POST /api/orders, GET /api/orders/{order_id}."""

    async def order(request: HotRequest, _: str, body: bytes) -> Answer:
        data = read_json(_decoder, body)
        key = request.headers.get("idempotency-key", "")
        return Answer(202, _encode(await intake.order(request, data, key)))

    async def read(request: HotRequest, order_id: str, _: bytes) -> Answer:
        return Answer(200, _encode(await read_order(desk, order_id, authenticator.session(request).account_id)))

    return [
        HotRoute("POST", "/api/orders", "", order, admit=authenticator.require, exact=True),
        HotRoute("GET", "/api/orders/", "", read, admit=authenticator.require),
    ]
