"""A show with a line, and what its promoter does with it."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.browser.house import House
from tests.browser.visitor import Visitor
from tests.people import eventually
from ticketing.accounts.model import Role
from ticketing.catalog.model import Event, SeatPlan


async def status(house: House, event_id: str) -> dict[str, Any]:
    """The public status."""
    answer = await house.client.get(f"/api/events/{event_id}/queue")
    return dict(answer.json()) if answer.status_code == 200 else {"phase": "unknown"}


async def in_phase(house: House, event_id: str, phase: str) -> None:
    async def reached() -> bool:
        return bool((await status(house, event_id))["phase"] == phase)

    await eventually(reached, 30)


async def change(house: House, event_id: str, **what: Any) -> None:
    """What a promoter changes in the console: cap, rate_limit, paused, draining, message."""
    operator = await house.staff(Role.OPERATOR)
    answer = await house.client.patch(f"/api/admin/events/{event_id}/line", json=what, headers=operator.headers)
    assert answer.status_code == 200, answer.text


async def price_is(house: House, event_id: str, bits: int) -> None:
    """Return once a place costs so many bits, for every API process."""
    operator = await house.staff(Role.OPERATOR)

    async def set_by_leader() -> bool:
        answer = await house.client.get(f"/api/admin/events/{event_id}/line", headers=operator.headers)
        return bool(answer.json()["bits"] == bits)

    await eventually(set_by_leader)
    # Processes keep the line for two seconds, and the price for one.
    await asyncio.sleep(3.0)


async def show_with_line(
    house: House, ko: str, en: str, *, cap: int | None = None, plan: SeatPlan | None = None
) -> Event:
    """A show whose line has just opened, with nobody in it. With a `cap` of 0 everybody who comes waits."""
    # What is set before the opening holds from its first second on.
    event = await house.show(ko, en, plan=plan, opens=4_000, waiting_room=True)
    if cap is not None:
        await change(house, event.id, cap=cap)
    await in_phase(house, event.id, "open")
    return event


async def wait_in_line(visitor: Visitor, event_id: str) -> int:
    """Go to the line and stand in it; the place."""
    await visitor.go(f"/events/{event_id}/line")
    place = visitor.see("position")
    await place.wait_for()
    return int(await place.get_attribute("data-position") or 0)


async def more_than(noted: list[str], count: int) -> bool:
    """Whether more than `count` requests were noted."""
    return len(noted) > count
