"""Alice buys two seats and gets in, once."""

from __future__ import annotations

import httpx

from tests.people import eventually, sign_in, sign_up
from tests.stack import Stack
from ticketing.accounts.model import Role


async def is_free(client: httpx.AsyncClient, event_id: str, places: int = 600) -> bool:
    """Whether the whole house is free again. Seats come back a moment after the order's state says so."""
    return bool((await client.get(f"/api/events/{event_id}/availability")).json()["free"] == places)


async def test_alice_buys_two_seats_and_the_gate_admits_each_once(stack: Stack, client: httpx.AsyncClient) -> None:
    event = await stack.add_event_async()
    alice = await sign_up(client, "Alice")

    hold = (await alice.hold_best(event.id, "1C", 2)).json()
    assert len(hold["seats"]) == 2
    assert hold["amount"] == 200_000

    accepted = await alice.order(hold["token"])
    assert accepted.status_code == 202
    order = await alice.follow(accepted.json()["order_id"])

    assert order["status"] == "ticketed"
    assert [entry["kind"] for entry in order["ledger"]] == ["capture_requested", "captured"]
    assert sorted(ticket["seat"] for ticket in order["tickets"]) == sorted(hold["seats"])

    await stack.add_staff(Role.GATE, "gate-buy@example.com")
    gate = await sign_in(client, "gate-buy@example.com")
    for link in order["tickets"]:
        ticket = (await alice.get(link["url"])).json()
        first = await gate.post("/api/checkins", {"code": ticket["code"]})
        again = await gate.post("/api/checkins", {"code": ticket["code"]})
        assert (first.status_code, first.json()["result"]) == (200, "admitted")
        assert (again.status_code, again.json()["result"]) == (409, "already")
        assert again.json()["admitted_at"] == first.json()["admitted_at"]
        assert (await alice.get(link["svg_url"])).headers["content-type"].startswith("image/svg+xml")
        assert (await alice.get(link["pdf_url"])).content.startswith(b"%PDF-")


async def test_bob_loses_the_seat_alice_took_and_is_told_which(stack: Stack, client: httpx.AsyncClient) -> None:
    event = await stack.add_event_async()
    alice, bob = await sign_up(client, "Alice"), await sign_up(client, "Bob")
    assert (await alice.hold(event.id, "1C-C-8", "1C-C-9")).status_code == 201

    lost = await bob.hold(event.id, "1C-C-7", "1C-C-8")
    assert (lost.status_code, lost.json()["code"], lost.json()["seats"]) == (409, "seats_taken", ["1C-C-8"])

    # All or none: the seat that was free is still free.
    assert (await bob.hold(event.id, "1C-C-7")).status_code == 201


async def test_charlie_sees_nothing_of_alices_order(stack: Stack, client: httpx.AsyncClient) -> None:
    event = await stack.add_event_async()
    alice, charlie = await sign_up(client, "Alice"), await sign_up(client, "Charlie")
    order = await alice.buy(event.id, "1C-D-10")
    ticket = order["tickets"][0]
    for path in (f"/api/orders/{order['order_id']}", ticket["url"], ticket["svg_url"], ticket["pdf_url"]):
        assert (await charlie.get(path)).status_code == 404
    assert (await charlie.post(f"/api/orders/{order['order_id']}/cancel")).status_code == 404


async def test_alice_cancels_gets_her_money_back_and_the_seat_is_on_sale_again(
    stack: Stack, client: httpx.AsyncClient
) -> None:
    event = await stack.add_event_async()
    alice, bob = await sign_up(client, "Alice"), await sign_up(client, "Bob")
    order = await alice.buy(event.id, "1C-E-10")
    code = (await alice.get(order["tickets"][0]["url"])).json()["code"]

    cancelled = await alice.post(f"/api/orders/{order['order_id']}/cancel")
    assert cancelled.status_code == 202
    refunded = await alice.follow(order["order_id"], until={"refunded"})
    assert refunded["payment"]["status"] == "refunded"

    await stack.add_staff(Role.GATE, "gate-cancel@example.com")
    gate = await sign_in(client, "gate-cancel@example.com")
    refused = await gate.post("/api/checkins", {"code": code})
    assert (refused.json()["result"], refused.json()["reason"]) == ("refused", "void")

    await eventually(lambda: is_free(client, event.id))
    assert (await bob.buy(event.id, "1C-E-10"))["status"] == "ticketed"


async def test_a_declined_card_frees_the_seats_and_takes_no_money(stack: Stack, client: httpx.AsyncClient) -> None:
    event = await stack.add_event_async()
    alice, bob = await sign_up(client, "Alice"), await sign_up(client, "Bob")
    order = await alice.buy(event.id, "1C-F-10", card="tok_declined")
    assert (order["status"], order["reason"], order["tickets"]) == ("declined", "payment_declined", [])
    await eventually(lambda: is_free(client, event.id))
    assert (await bob.buy(event.id, "1C-F-10"))["status"] == "ticketed"
