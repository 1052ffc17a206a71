"""/health: this process lives. /health/ready: whether it should get traffic, and how each store is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from litestar import Response, get
from litestar.types import ControllerRouterHandler

from ticketing.base.web import answers, json_response

Check = Callable[[], Awaitable[Any]]


class Health(msgspec.Struct):
    """Alive."""

    status: str


class Readiness(msgspec.Struct):
    """`status`: ready, degraded (serving, but something is away), cut_off (away for this process alone) or draining."""

    status: str
    dependencies: dict[str, str]


class Drain:
    """Set when the process was told to stop: it still answers, but wants no new traffic."""

    def __init__(self) -> None:
        self.draining = False


def routes(
    checks: Mapping[str, Check], drain: Drain, cut_off: Callable[[], bool] = lambda: False, timeout: float = 1.0
) -> list[ControllerRouterHandler]:
    """Route handlers.

    Args:
        checks: dependency → a call that raises when it is away.
        cut_off: whether others reach a store that this process does not. One that is away for all only degrades:
            taking every instance out of service for it would make a bad minute worse.
        timeout: seconds per check.
    """

    async def state_of(check: Check) -> str:
        try:
            async with asyncio.timeout(timeout):
                await check()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is not ok
            return f"away: {type(error).__name__}"
        return "ok"

    @get("/health", tags=["operations"], summary="Alive", opt={"public": True})
    async def health_route() -> Health:
        """This process lives. Touches no store."""
        return Health("ok")

    @get(
        "/health/ready",
        tags=["operations"],
        summary="Ready",
        responses=answers(Readiness, "Ready, or degraded but serving") | answers(Readiness, "Not ready", 503),
        opt={"public": True},
    )
    async def ready_route() -> Response[bytes]:
        """Whether this process should get traffic, and the state of each dependency."""
        states = dict(zip(checks, await asyncio.gather(*map(state_of, checks.values())), strict=True))
        away = any(state != "ok" for state in states.values())
        if drain.draining:
            status = "draining"
        elif cut_off():
            status = "cut_off"
        else:
            status = "degraded" if away else "ready"
        code = 503 if status in ("draining", "cut_off") else 200
        return json_response(Readiness(status, states), code)

    return [health_route, ready_route]
