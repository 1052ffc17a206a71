"""GET /api/admin/…: for promoters and operators."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get
from litestar.types import ControllerRouterHandler

from ticketing.accounts.authenticate import Authenticator
from ticketing.accounts.model import Role
from ticketing.admin.sale import SaleDesk
from ticketing.base.web import json_response, problems


def routes(sale: SaleDesk, authenticator: Authenticator) -> list[ControllerRouterHandler]:
    """The route handlers of this room."""

    @get(
        "/api/admin/events/{event_id:str}/sale",
        responses=problems(401, 403, 404, 503),
        tags=["staff"],
        summary="A sale, live",
    )
    async def sale_route(request: Request[Any, Any, Any], event_id: str) -> Response[bytes]:
        """Seats, orders, money, tickets, queue and outbox of one event."""
        authenticator.staff(request, Role.PROMOTER, Role.OPERATOR)
        return json_response(await sale.read(event_id))

    return [sale_route]
