"""GET /api/admin/…: for promoters and operators."""

from __future__ import annotations

from litestar import Response, get
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from ticketing.accounts.authenticate import for_roles
from ticketing.accounts.model import Role
from ticketing.admin.answers import SaleAnswer
from ticketing.admin.sale import SaleDesk
from ticketing.base.web import answers, json_response, problems


def routes(sale: SaleDesk) -> list[ControllerRouterHandler]:
    """The route handlers of this room."""

    @get(
        "/api/admin/events/{event_id:str}/sale",
        responses=answers(SaleAnswer) | problems(401, 403, 404, 503),
        tags=["staff"],
        summary="A sale, live",
        opt=for_roles(Role.PROMOTER, Role.OPERATOR),
    )
    async def sale_route(event_id: FromPath[str]) -> Response[bytes]:
        """Seats, orders, money, tickets, queue and outbox of one event."""
        return json_response(await sale.read(event_id))

    return [sale_route]
