"""Every door of the sale asks for the pass: found by walking the router, tried with everything that is not one."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from litestar.routes import HTTPRoute

from tests.people import Person, eventually, sign_in, sign_up
from tests.stack import PASSWORD, Stack
from ticketing.wiring.app import create_app, create_asgi
from ticketing.wiring.parts import open_parts

# Routes that change something about an event or a hold, and need no pass: each for a reason.
WITHOUT = {
    "POST /api/events/{event_id:str}/queue": "the way to a pass",
    "DELETE /api/events/{event_id:str}/queue": "leaving",
    "POST /api/events/{event_id:str}/queue/leave": "leaving",
    "POST /api/events/{event_id:str}/admission": "gives the pass",
    "DELETE /api/holds/{hold_id:str}": "giving back",
    "POST /api/orders/{order_id:str}/cancel": "giving back",
}
NOT_THE_SALE = ("/api/accounts", "/api/sessions", "/api/admin/", "/api/checkins", "/api/payments/", "/line/")


async def doors(stack: Stack) -> set[str]:
    """Every route that changes something in the sale, as the router lists it."""
    async with open_parts(stack.settings) as parts:
        return {
            f"{method} {route.path}"
            for route in create_app(parts).routes
            if isinstance(route, HTTPRoute) and not route.path.startswith(NOT_THE_SALE)
            for method in route.methods
            if method not in ("GET", "HEAD", "OPTIONS")
        }


async def guarded(stack: Stack) -> set[str]:
    async with open_parts(stack.settings) as parts:
        return {
            f"{method} {route.path}"
            for route in create_app(parts).routes
            if isinstance(route, HTTPRoute)
            for method, (handler, _) in route.route_handler_map.items()
            if handler.opt.get("pass")
        }


async def test_every_door_is_guarded_or_named(stack: Stack) -> None:
    assert await doors(stack) == await guarded(stack) | set(WITHOUT)
    assert await guarded(stack) == {"POST /api/events/{event_id:str}/holds", "POST /api/orders"}


async def test_hot_routes_are_routes_of_the_framework_too(stack: Stack) -> None:
    """What is not in the router would not be found by walking it."""
    async with open_parts(stack.settings) as parts:
        hot = create_asgi(parts)
        listed = {
            (
                method,
                route.path.replace("{event_id:str}", "X")
                .replace("{name:str}", "X.json")
                .replace("{order_id:str}", "X"),
            )
            for route in create_app(parts).routes
            if isinstance(route, HTTPRoute)
            for method in route.methods
        }
    assert hot.addresses("X") <= listed


@dataclass
class Scene:
    stack: Stack
    client: httpx.AsyncClient
    event_id: str
    alice: Person
    bob: Person
    passes: dict[str, str]

    async def hold(self, person: Person, token: str | None) -> httpx.Response:
        person.passes = {"X-Queue-Pass": token} if token else {}
        return await person.hold_best(self.event_id, "1C", 1)

    async def order(self, person: Person, hold_token: str, token: str | None) -> httpx.Response:
        person.passes = {"X-Queue-Pass": token} if token else {}
        return await person.order(hold_token)


@pytest.fixture
async def scene(stack: Stack, client: httpx.AsyncClient) -> Scene:
    """Alice and Bob are inside; `passes` holds everything that is not Alice's pass for this show in this session."""
    event, other = [await stack.add_event_async(waiting_room=True) for _ in range(2)]
    alice, bob = await sign_up(client, "Alice"), await sign_up(client, "Bob")
    tokens: dict[str, str] = {}
    for event_id in (event.id, other.id):
        await eventually(lambda event_id=event_id: is_open(client, event_id))
        for person in (alice, bob):
            place: dict[str, Any] = (await person.join(event_id)).json()
            # Straight in, where a slot is free at that very moment; else by the way that everybody goes.
            tokens[f"{person.email} {event_id}"] = place.get("pass") or await let_in(person, event_id)
            tokens[f"{person.email} {event_id} ticket"] = place["ticket"]
    again = await sign_in(client, alice.email, PASSWORD)
    elsewhere = (await again.claim(event.id)).json()["pass"]
    mine = tokens[f"{alice.email} {event.id}"]
    hold = (await Scene(stack, client, event.id, alice, bob, {}).hold(alice, mine)).json()
    wrong = {
        "the ticket": tokens[f"{alice.email} {event.id} ticket"],
        "another account's": tokens[f"{bob.email} {event.id}"],
        "another show's": tokens[f"{alice.email} {other.id}"],
        "another session's": elsewhere,
        "a hold token": hold["token"],
        "the session": alice.token,
        "cut": mine[:-1],
        "none-alg": "v1.none." + mine.split(".", 2)[2],
        "nonsense": "pass",
    }
    return Scene(stack, client, event.id, alice, bob, wrong | {"mine": mine, "hold": hold["token"]})


async def let_in(person: Person, event_id: str) -> str:
    """The pass, once the claim is answered with one."""
    for _ in range(20):
        answer = await person.claim(event_id)
        if answer.status_code == 200:
            person.passes.clear()
            return str(answer.json()["pass"])
        await asyncio.sleep(0.7)
    raise AssertionError(answer.text)


async def is_open(client: httpx.AsyncClient, event_id: str) -> bool:
    return bool((await client.get(f"/api/events/{event_id}/queue")).json()["phase"] == "open")


async def test_nothing_but_ones_own_pass_opens_a_door(scene: Scene) -> None:
    mine, hold = scene.passes.pop("mine"), scene.passes.pop("hold")
    for what, token in scene.passes.items():
        held = await scene.hold(scene.alice, token)
        assert (held.status_code, held.json()["code"]) == (403, "pass_invalid"), what
        ordered = await scene.order(scene.alice, hold, token)
        assert (ordered.status_code, ordered.json()["code"]) == (403, "pass_invalid"), what
    for answer in (await scene.hold(scene.alice, None), await scene.order(scene.alice, hold, None)):
        assert (answer.status_code, answer.json()["code"]) == (403, "pass_required")
        assert answer.json()["queue_url"] == f"/api/events/{scene.event_id}/queue"
    # The control: with the pass the same requests are fine.
    assert (await scene.hold(scene.alice, mine)).status_code == 201
    assert (await scene.order(scene.alice, hold, mine)).status_code == 202


async def test_a_visit_that_ended_holds_nothing_and_still_pays_for_what_it_held(scene: Scene) -> None:
    mine, hold = scene.passes["mine"], scene.passes["hold"]
    scene.alice.passes = {"X-Queue-Pass": mine}
    assert (await scene.alice.delete(f"/api/events/{scene.event_id}/queue")).status_code == 204
    refused = await scene.hold(scene.alice, mine)
    assert (refused.status_code, refused.json()["code"]) == (403, "pass_expired")
    assert (await scene.order(scene.alice, hold, mine)).status_code == 202


async def test_the_cookie_is_as_good_as_the_header(scene: Scene) -> None:
    scene.alice.passes = {"Cookie": f"__Host-pass-{scene.event_id}={scene.passes['mine']}"}
    assert (await scene.alice.hold_best(scene.event_id, "1C", 1)).status_code == 201


async def test_break_glass_opens_the_doors_for_its_time_and_is_written_down(scene: Scene, operator: Person) -> None:
    staff = f"/api/admin/events/{scene.event_id}/line"
    short = await operator.post(f"{staff}/break-glass", {"minutes": 5, "reason": "because"})
    assert short.status_code == 400
    opened = await operator.post(f"{staff}/break-glass", {"minutes": 5, "reason": "the line does not move"})
    assert opened.json()["break_glass_until"]
    await eventually(lambda: holds(scene, None, 201))
    assert (await operator.delete(f"{staff}/break-glass")).json()["break_glass_until"] is None
    await eventually(lambda: holds(scene, None, 403))
    actions = (await operator.get(staff)).json()["actions"]
    assert [action["action"] for action in actions] == ["end_break_glass", "break_glass"]
    assert actions[1]["reason"] == "the line does not move"
    assert actions[1]["account_id"] == operator.account_id


async def holds(scene: Scene, token: str | None, status: int) -> bool:
    answer = await scene.hold(scene.bob, token)
    if answer.status_code == 201:
        await scene.bob.delete(f"/api/holds/{answer.json()['hold_id']}")
    return answer.status_code == status


async def test_a_show_without_a_line_wants_no_pass(stack: Stack, client: httpx.AsyncClient) -> None:
    event = await stack.add_event_async()
    alice = await sign_up(client, "Alice")
    assert (await alice.hold_best(event.id, "1C", 1)).status_code == 201
    for answer in (await alice.join(event.id), await alice.claim(event.id)):
        assert (answer.status_code, answer.json()["code"]) == (409, "no_waiting_room")
    assert (await client.get(f"/api/events/{event.id}/queue")).json()["code"] == "no_waiting_room"
    assert (await client.get(f"/status/{event.id}.json")).status_code == 404
