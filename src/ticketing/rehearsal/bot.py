"""Bots: they try to buy without having waited. Every try must be refused, and is written down."""

from __future__ import annotations

import json
import math
import secrets
from collections.abc import Generator
from typing import TYPE_CHECKING

from ticketing.rehearsal.client import Answer, Ask, Journey
from ticketing.rehearsal.record import code_of

if TYPE_CHECKING:
    from ticketing.rehearsal.fan import Fan
    from ticketing.rehearsal.world import World

_CLOCKS_DIFFER = 0.5
_Tried = Generator["float | Ask", "Answer | None", None]


def journey(fan: Fan) -> Journey:
    """What one bot tries: before the sale, with no session, no pass, an invented one and somebody else's."""
    world, plan = fan.world, fan.world.plan
    lobby = max(0.0, plan.opens_at - 2.0 - plan.begin)
    yield plan.begin + lobby * world.rng.random()
    signed_in = bool(fan.token) or (yield from fan.sign_in())
    mine = {"Authorization": f"Bearer {fan.token}"}
    forged = {"Authorization": f"Bearer {secrets.token_urlsafe(60)}"}
    tries: list[tuple[str, dict[str, str]]] = [("no session", {}), ("forged session", forged)]
    if signed_in:
        yield plan.opens_at - 2.0 + world.rng.random()
        if (yield from _is_announced(world)):
            yield from _try(world, "before the sale", mine, before=plan.opens_at - _CLOCKS_DIFFER)
        if plan.line:
            tries += [("no pass", mine), ("invented pass", mine | {"X_Queue_Pass": secrets.token_urlsafe(80)})]
    for what, headers in tries:
        yield max(world.loop.now(), plan.opens_at + 0.5) + world.rng.random()
        yield from _try(world, what, headers)
    if signed_in and plan.line:
        yield plan.opens_at + 6.0 + 4 * world.rng.random()
        if world.stolen:
            yield from _try(world, "stolen pass", mine | {"X_Queue_Pass": world.stolen})
    world.record.outcomes["bot: gave up"] += 1


def _is_announced(world: World) -> Generator[float | Ask, Answer | None, bool]:
    """Whether the sale has not begun: of one that has, a hold before T-0 would be honest."""
    answer = yield Ask("bot", world.site.request("GET", world.event))
    assert answer is not None  # noqa: S101 - a request is always answered
    return answer.status == 200 and json.loads(answer.body)["status"] == "announced"


def _try(world: World, what: str, headers: dict[str, str], before: float = math.inf) -> _Tried:
    """Ask for a place of the house; an answer that comes later than `before` says nothing, and is not written down."""
    wish = world.map.anything(world.rng).document()
    answer = yield Ask("bot", world.site.request("POST", f"{world.event}/holds", wish, **headers))
    assert answer is not None  # noqa: S101 - a request is always answered
    if answer.status and answer.at < before:
        world.record.history.bots.append((what, answer.status, code_of(answer)))
