"""Bots: they try to buy without having waited. Every try must be refused, and is written down."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from ticketing.rehearsal.client import Ask, Journey
from ticketing.rehearsal.record import code_of

if TYPE_CHECKING:
    from ticketing.rehearsal.fan import Fan

_WISH = {"seats": ["A-1-1"]}


def journey(fan: Fan) -> Journey:
    """What one bot tries: before the sale, with no pass, an invented one and somebody else's, or no session at all."""
    world, plan = fan.world, fan.world.plan
    path = f"{world.event}/holds"
    forged = {"Authorization": f"Bearer {secrets.token_urlsafe(60)}"}
    tries: list[tuple[str, dict[str, str]]] = [("no session", {}), ("forged session", forged)]
    yield plan.opens_at - 2.0 + world.rng.random()
    if fan.token:
        mine = {"Authorization": f"Bearer {fan.token}"}
        tries.insert(0, ("before the sale", mine))
        if plan.line:
            tries += [("no pass", mine), ("invented pass", mine | {"X_Queue_Pass": secrets.token_urlsafe(80)})]
            tries += [("stolen pass", mine)]
    for what, headers in tries:
        if what == "stolen pass":
            yield plan.opens_at + 6.0 + 4 * world.rng.random()
            if not world.stolen:
                continue
            headers = headers | {"X_Queue_Pass": world.stolen}
        answer = yield Ask("bot", world.site.request("POST", path, _WISH, **headers))
        assert answer is not None  # noqa: S101 - a request is always answered
        if answer.status:
            world.record.history.bots.append((what, answer.status, code_of(answer)))
        yield max(answer.at, plan.opens_at + 0.5) + world.rng.random()
    world.record.outcomes["bot: gave up"] += 1
