"""Bad input to the waiting line: each answered clearly, nothing leaks."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from tests.people import Person, eventually, sign_up
from tests.stack import Stack


async def phase(client: httpx.AsyncClient, event_id: str) -> str:
    return str((await client.get(f"/api/events/{event_id}/queue")).json()["phase"])


async def open_event(stack: Stack, client: httpx.AsyncClient, **how: Any) -> str:
    event = await stack.add_event_async(waiting_room=True, **how)

    async def is_open() -> bool:
        return await phase(client, event.id) == "open"

    await eventually(is_open)
    return event.id


async def patch(person: Person, event_id: str, **change: Any) -> httpx.Response:
    return await person.client.patch(f"/api/admin/events/{event_id}/line", json=change, headers=person.headers)


async def shut(stack: Stack, client: httpx.AsyncClient, operator: Person) -> str:
    """An open line that lets nobody in."""
    event_id = await open_event(stack, client)
    assert (await patch(operator, event_id, cap=0)).status_code == 200
    await asyncio.sleep(2.5)
    return event_id


async def test_joining_twice_at_once_gives_one_place(stack: Stack, client: httpx.AsyncClient, operator: Person) -> None:
    event_id = await shut(stack, client, operator)
    alice = await sign_up(client, "Alice")
    answers = await asyncio.gather(*(alice.join(event_id) for _ in range(10)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["index"] for answer in answers}) == 1


async def test_before_the_lobby_opens(stack: Stack, client: httpx.AsyncClient) -> None:
    event = await stack.add_event_async(waiting_room=True, opens_in_ms=48 * 3_600_000)
    alice = await sign_up(client, "Alice")

    async def known() -> bool:
        return (await alice.join(event.id)).status_code == 409

    await eventually(known)
    answer = (await alice.join(event.id)).json()
    assert answer["code"] == "lobby_not_open"
    assert answer["lobby_at"] < (await client.get(f"/api/events/{event.id}")).json()["on_sale_at"]
    assert (await alice.claim(event.id)).json()["code"] in ("not_in_line", "not_your_turn")


async def test_claiming_early_and_with_what_is_not_ones_own(
    stack: Stack, client: httpx.AsyncClient, operator: Person
) -> None:
    event_id = await shut(stack, client, operator)
    other_id = await open_event(stack, client)
    alice, bob = await sign_up(client, "Alice"), await sign_up(client, "Bob")
    stranger = await alice.claim(event_id)
    assert (stranger.status_code, stranger.json()["code"]) == (409, "not_in_line")
    ticket = (await alice.join(event_id)).json()["ticket"]
    early = (await alice.claim(event_id, ticket=ticket)).json()
    assert early["code"] in ("not_your_turn", "line_full")
    assert early["position"] >= 1
    assert early["serving"] is not None
    assert (await bob.join(event_id)).status_code == 200
    elsewhere = (await alice.join(other_id)).json()["ticket"]
    for person, stolen in ((bob, ticket), (alice, elsewhere), (alice, ticket[:-2]), (alice, "v1.k1.x.y"), (alice, "")):
        for answer in (await person.claim(event_id, ticket=stolen), await person.join(event_id, ticket=stolen)):
            assert (answer.status_code, answer.json()["code"]) == (403, "bad_ticket"), stolen


@pytest.mark.parametrize(
    "change",
    [
        {"cap": -1},
        {"cap": 10**9},
        {"rate_limit": 0},
        {"rate_limit": 10**9},
        {"cap": "many"},
        {"cap": 1.5},
        {"work_bits": 99},
        {"message": {"ko": ""}},
        {"message": {"ko": "x" * 1000}},
        {"nonsense": 1},
        {},
    ],
)
async def test_impossible_orders_of_a_promoter(
    stack: Stack, client: httpx.AsyncClient, operator: Person, change: dict[str, Any]
) -> None:
    event_id = (await stack.add_event_async(waiting_room=True)).id
    answer = await patch(operator, event_id, **change)
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid_request"
    assert len(answer.json()["detail"]) > 10
    line = (await operator.get(f"/api/admin/events/{event_id}/line")).json()
    assert (line["cap"], line["actions"]) == (2000, [])


async def test_a_cap_of_nought_lets_nobody_in_and_says_so(
    stack: Stack, client: httpx.AsyncClient, operator: Person
) -> None:
    event_id = await shut(stack, client, operator)
    alice = await sign_up(client, "Alice")
    assert "pass" not in (await alice.join(event_id)).json()
    assert (await alice.claim(event_id)).status_code == 409
    assert (await patch(operator, event_id, cap=1)).status_code == 200

    async def inside() -> bool:
        return (await alice.claim(event_id)).status_code == 200

    await eventually(inside)


async def test_a_paused_line_says_so_and_goes_on(stack: Stack, client: httpx.AsyncClient, operator: Person) -> None:
    event_id = await open_event(stack, client)
    message = {"ko": "잠시 멈췄습니다", "en": "A short break"}
    assert (await patch(operator, event_id, paused=True, message=message)).status_code == 200
    alice = await sign_up(client, "Alice")

    async def told() -> bool:
        state = (await client.get(f"/api/events/{event_id}/queue")).json()
        about = (await client.get(f"/api/events/{event_id}/queue/about")).json()
        return bool(state.get("paused") and about["message"] == message and about["version"] == state["about"])

    await eventually(told)
    assert "pass" not in (await alice.join(event_id)).json()
    refused = (await alice.claim(event_id)).json()
    assert refused["code"] in ("line_paused", "not_your_turn")
    assert (await patch(operator, event_id, paused=False, message=None)).json()["message"] is None

    async def inside() -> bool:
        return (await alice.claim(event_id)).status_code == 200

    await eventually(inside)


async def test_a_client_that_asks_every_ten_milliseconds(stack: Stack, client: httpx.AsyncClient) -> None:
    event_id = await open_event(stack, client)
    alice, bob = await sign_up(client, "Alice"), await sign_up(client, "Bob")
    codes = [(await alice.join(event_id)).status_code for _ in range(60)]
    assert codes[0] == 200
    assert codes[-1] == 429
    slow = await alice.join(event_id)
    assert int(slow.headers["retry-after"]) >= 1
    assert (await bob.join(event_id)).status_code == 200
    # The status is everybody's and costs nothing.
    assert {(await client.get(f"/api/events/{event_id}/queue")).status_code for _ in range(100)} == {200}


@pytest.mark.parametrize("event_id", ["nonsense", "evt_aaaaaaaaaaaaaaaa", "evt_" + "a" * 60, "%00", "..%2f..%2fx"])
async def test_events_that_are_not(stack: Stack, client: httpx.AsyncClient, event_id: str) -> None:
    alice = await sign_up(client, "Alice")
    for answer in (
        await alice.join(event_id),
        await alice.claim(event_id),
        await client.get(f"/api/events/{event_id}/queue"),
        await client.get(f"/api/events/{event_id}/draw"),
        await client.get(f"/status/{event_id}.json"),
    ):
        assert answer.status_code in (404, 405), answer.text
