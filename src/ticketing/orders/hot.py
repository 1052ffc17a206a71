"""Order intake as plain ASGI; the same service as in `http.py`."""

from __future__ import annotations

import msgspec

from ticketing.accounts.authenticate import Authenticator
from ticketing.base.hot import Answer, HotRequest, HotRoute, read_json
from ticketing.orders.http import IntakeDesk, OrderRequest

_decoder = msgspec.json.Decoder(OrderRequest)
_encode = msgspec.json.Encoder().encode


def hot_routes(intake: IntakeDesk, authenticator: Authenticator) -> list[HotRoute]:
    """POST /api/orders."""

    async def order(request: HotRequest, _: str, body: bytes) -> Answer:
        data = read_json(_decoder, body)
        key = request.headers.get("idempotency-key", "")
        return Answer(202, _encode(await intake.order(request, data, key)))

    return [HotRoute("POST", "/api/orders", "", order, admit=authenticator.require, exact=True)]
