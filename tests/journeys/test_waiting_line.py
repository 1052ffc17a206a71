"""A show with a waiting line: from the lobby through the draw into the sale."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import httpx

from tests.people import Person, eventually, sign_up
from tests.stack import Stack
from ticketing.waiting.draw import position


async def status(client: httpx.AsyncClient, event_id: str) -> dict[str, Any]:
    answer = await client.get(f"/api/events/{event_id}/queue")
    assert answer.status_code == 200, answer.text
    assert len(answer.content) <= 300
    return dict(answer.json())


async def claimed(person: Person, event_id: str, seconds: float = 20.0) -> httpx.Response:
    """The claim that let somebody in; comes again as the answers say."""
    deadline = time.monotonic() + seconds
    while True:
        answer = await person.claim(event_id)
        if answer.status_code == 200:
            return answer
        assert answer.status_code in (409, 503), answer.text
        assert time.monotonic() < deadline, answer.text
        await asyncio.sleep(0.5)


async def test_everybody_of_the_lobby_is_drawn_and_gets_in(stack: Stack, client: httpx.AsyncClient) -> None:
    event = await stack.add_event_async(waiting_room=True, opens_in_ms=10_000)
    people = [await sign_up(client, f"Fan{i}") for i in range(5)]
    await eventually(lambda: joined(people[0], event.id))
    places = [(await person.join(event.id)).json() for person in people]
    again = [(await person.join(event.id)).json() for person in people]
    assert sorted(place["index"] for place in places) == [1, 2, 3, 4, 5]
    assert [place["index"] for place in places] == [place["index"] for place in again]
    assert all(place["position"] is None for place in places)
    early = await people[0].claim(event.id)
    assert (early.status_code, early.json()["code"]) == (409, "not_your_turn")

    await eventually(lambda: opened(client, event.id), 30)
    for person in people:
        entry = (await claimed(person, event.id)).json()
        assert entry["pass"]
    record = (await client.get(f"/api/events/{event.id}/draw")).json()
    assert record["n"] == 5
    seed = bytes.fromhex(record["seed"])
    mine = [(await person.get(f"/api/events/{event.id}/queue/me")).json() for person in people]
    assert [m["position"] for m in mine] == [position(seed, m["index"], 5) for m in mine]
    assert all(m["inside"] for m in mine)

    order = await people[0].buy(event.id, "1C-C-8")
    assert order["status"] == "ticketed"
    # Who has paid is out, and the place is used.
    await eventually(lambda: out(people[0], event.id))


async def joined(person: Person, event_id: str) -> bool:
    return (await person.join(event_id)).status_code == 200


async def opened(client: httpx.AsyncClient, event_id: str) -> bool:
    return (await status(client, event_id))["phase"] == "open"


async def out(person: Person, event_id: str) -> bool:
    return (await person.get(f"/api/events/{event_id}/queue/me")).status_code == 404


async def test_an_open_line_with_room_lets_people_straight_through(stack: Stack, client: httpx.AsyncClient) -> None:
    event = await stack.add_event_async(waiting_room=True)
    alice, bob = await sign_up(client, "Alice"), await sign_up(client, "Bob")
    await eventually(lambda: opened(client, event.id), 30)
    place = (await alice.join(event.id)).json()
    assert place["pass"]
    alice.passes["X-Queue-Pass"] = place["pass"]
    assert (await alice.hold(event.id, "1C-C-8")).status_code == 201
    refused = await bob.hold(event.id, "1C-C-9")
    assert (refused.status_code, refused.json()["code"]) == (403, "pass_required")
    bob.passes["X-Queue-Pass"] = place["pass"]
    stolen = await bob.hold(event.id, "1C-C-9")
    assert (stolen.status_code, stolen.json()["code"]) == (403, "pass_invalid")
