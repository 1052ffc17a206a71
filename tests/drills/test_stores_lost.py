"""Valkey is emptied, killed, and killed for a while, in mid-sale. It costs speed, never truth."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from redis import Redis

from tests.drills.sale import CAP, SEATS, Sale, crowd_in, require_contention, stubborn
from tests.drills.site import NothingHappened, Site
from tests.people import Person

WANTED = [list(SEATS[first : first + 2]) for first in range(0, 24, 2)]
"""Pairs of seats that two buyers each want."""


async def empty(site: Site) -> None:
    """FLUSHALL."""
    with Redis.from_url(site.cache.url) as client:
        client.flushall()


async def crash(site: Site) -> None:
    """SIGKILL and a start at once."""
    await asyncio.to_thread(site.cache.kill)
    await site.cache.start_async()


async def hold_these(sale: Sale, person: Person, seats: list[str]) -> Any:
    """The hold, or None when somebody was faster."""
    answer = await stubborn(lambda: person.hold(sale.event_id, *seats))
    assert answer.status_code in (201, 409), answer.text
    return answer.json() if answer.status_code == 201 else None


async def order_held(sale: Sale, person: Person, hold: Any) -> str | None:
    """Order a hold if there is one."""
    return None if hold is None else await sale.place(person, hold)


@pytest.mark.parametrize("accident", [empty, pytest.param(crash, marks=pytest.mark.slow)])
async def test_valkey_loses_its_state_in_mid_sale(sale: Sale, accident: Callable[[Site], Awaitable[None]]) -> None:
    site = sale.site
    site.start_worker()
    early, late = sale.crowd.people[:12], sale.crowd.people[12:24]
    rich, greedy, *others = sale.crowd.people[24:]
    await sale.follow(await sale.buy(rich, quantity=CAP) or "")
    in_hand = [await hold_these(sale, person, seats) for person, seats in zip(early, WANTED, strict=True)]
    first = await sale.hold(greedy, CAP)
    selling = asyncio.create_task(_sell_to(sale, others, 60))
    try:
        await sale.accepted(20)
        if not await site.unfinished(sale.event_id):
            raise NothingHappened("no order was under way")
        await accident(site)
        # Those who held before order with the tokens they have, while others hold what now looks free.
        again = asyncio.gather(*(hold_these(sale, p, seats) for p, seats in zip(late, WANTED, strict=True)))
        mine = asyncio.gather(*(order_held(sale, p, hold) for p, hold in zip(early, in_hand, strict=True)))
        await asyncio.gather(*(order_held(sale, p, hold) for p, hold in zip(late, await again, strict=True)))
        await mine
        await _buy_more_than_allowed(sale, greedy, first)
        await selling
    finally:
        selling.cancel()
    verdict = await sale.end_well()
    print(f"{accident.__name__}: {require_contention(sale.history, verdict)} lost a seat; {verdict}")

    # Holds go on by themselves, and the cap counts what was bought before the loss.
    assert await sale.hold(others[-1], 1)
    over = await stubborn(lambda: rich.hold_best(sale.event_id, "2C", 1))
    assert (over.status_code, over.json()["code"], over.json()["remaining"]) == (409, "limit_exceeded", 0)


async def _sell_to(sale: Sale, people: list[Person], orders: int) -> None:
    """Background sale: some orders spread over three seconds."""

    async def one(number: int) -> None:
        await asyncio.sleep(3.0 * number / orders)
        await sale.buy(people[number % (len(people) - 1)], quantity=1)

    async with asyncio.TaskGroup() as group:
        for number in range(orders):
            group.create_task(one(number))


async def _buy_more_than_allowed(sale: Sale, person: Person, first: Any) -> None:
    """Order a hold that Valkey may have forgotten, and one that it gave afterwards: together twice the cap."""
    answer = await stubborn(lambda: person.hold_best(sale.event_id, "2L", CAP))
    orders = [await sale.place(person, first)]
    if answer.status_code == 201:
        orders.append(await sale.place(person, answer.json()))
    else:
        assert answer.json()["code"] == "limit_exceeded", answer.text
    ends = Counter([await sale.follow(order_id) for order_id in orders if order_id])
    assert ends["ticketed"] <= 1, ends


@pytest.mark.slow
async def test_valkey_is_away_for_ten_seconds(sale: Sale) -> None:
    site = sale.site
    site.start_worker()
    held = [(person, await sale.hold(person)) for person in sale.crowd.people[-20:]]
    free_before = (await sale.crowd.client.get(f"/api/events/{sale.event_id}/availability")).json()["free"]
    selling = asyncio.create_task(crowd_in(sale, ["tok_ok"] * 60, over=6.0))
    try:
        await sale.accepted(10)
        await asyncio.to_thread(site.cache.kill)
        gone = time.monotonic()
        over = gone + 10.0
        before = len(sale.orders)
        # Who held in time is let through: the database will judge.
        await asyncio.gather(*(sale.place(person, hold) for person, hold in held))
        assert len(sale.orders) >= before + len(held)
        for order_id in list(sale.orders)[-5:]:
            assert await sale.follow(order_id) == "ticketed"
        seen = await sale.crowd.client.get(f"/api/events/{sale.event_id}/availability")
        assert (seen.status_code, seen.json()["stale"]) == (200, True)
        assert seen.json()["free"] <= free_before
        refused = await sale.crowd.people[0].hold_best(sale.event_id, "2C", 1)
        assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
        assert int(refused.headers["retry-after"]) >= 1
        await asyncio.sleep(max(0.0, over - time.monotonic()))
        # What was under way when it was killed may have been answered by it, and be read here a moment later.
        asked_meanwhile = [e for e in sale.history.exchanges if e.path.endswith("/holds") and e.began > gone]
        assert asked_meanwhile
        assert not [e for e in asked_meanwhile if e.status == 201]
        await site.cache.start_async()
        await selling
    finally:
        selling.cancel()
    verdict = await sale.end_well()
    assert verdict.facts["accepted"] == 80
    print(f"ten seconds without Valkey: {verdict}")

    await _seats_agree(sale)


async def _seats_agree(sale: Sale, timeout: float = 30.0) -> None:
    """Wait until the map shows exactly what is sold: no seat stays grey, none looks free that is not."""
    deadline = time.monotonic() + timeout
    tickets = 2 * sum([await sale.follow(order_id) == "ticketed" for order_id in sale.orders])
    while True:
        seen = (await sale.crowd.client.get(f"/api/events/{sale.event_id}/availability")).json()
        counts = {name: sum(section[name] for section in seen["sections"].values()) for name in ("held", "sold")}
        if not seen["stale"] and counts == {"held": 0, "sold": tickets}:
            return
        assert time.monotonic() < deadline, f"{counts} on the map, {tickets} tickets"
        await asyncio.sleep(0.3)


@pytest.mark.slow
async def test_the_queue_is_killed_in_mid_sale_and_nothing_accepted_is_lost(sale: Sale) -> None:
    site = sale.site
    selling = asyncio.create_task(crowd_in(sale, ["tok_ok"] * 100))
    try:
        await sale.accepted(40)
        waiting = site.backlog()
        await asyncio.to_thread(site.queue.kill)
        await asyncio.sleep(1.0)
        await site.queue.start_async()
        site.start_worker()
        await selling
    finally:
        selling.cancel()
    if waiting < 40 or "order_not_queued" not in site.log("api"):
        raise NothingHappened(f"{waiting} orders waited when the queue died, and it refused none")
    # What it did not take was stored in the books: nobody had to try again.
    assert (503, "unavailable") not in sale.history.codes("POST", "/api/orders")
    verdict = await sale.end_well()
    assert (verdict.facts["ticketed"], verdict.facts["captures"]) == (100, 100)


@pytest.mark.slow
async def test_the_queue_is_emptied_in_mid_sale_and_the_api_sends_again_what_is_lost(sale: Sale) -> None:
    """Without that guard they are gone: test_controls.py kills the API to show it."""
    site = sale.site
    selling = asyncio.create_task(crowd_in(sale, ["tok_ok"] * 100))
    try:
        await sale.accepted(40)
        waiting = site.backlog()
        with Redis.from_url(site.queue.url) as client:
            client.flushall()
        site.start_worker()
        await selling
    finally:
        selling.cancel()
    if waiting < 40:
        raise NothingHappened(f"only {waiting} orders were lost with the queue")
    deadline = time.monotonic() + 60.0
    while await site.count(f"orders WHERE event_id = '{sale.event_id}'") < 100:
        assert time.monotonic() < deadline, "what the queue lost was not sent again"
        await asyncio.sleep(0.2)
    verdict = await sale.end_well()
    assert (verdict.facts["ticketed"], verdict.facts["captures"]) == (100, 100)
