"""Paying: the order under one key whatever happens, then its page until the state is final, then the ticket."""

from __future__ import annotations

import json
from collections.abc import Generator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ticketing.rehearsal.client import Answer, Ask, Journey
from ticketing.rehearsal.record import code_of
from ticketing.rehearsal.world import FINAL

if TYPE_CHECKING:
    from ticketing.rehearsal.fan import Fan

CARDS = ("tok_ok",) * 46 + ("tok_declined", "tok_insufficient_funds", "tok_slow", "tok_pending_callback")
_SLOWEST = 3.0
_CLOCKS_DIFFER = 1.0


class Checkout:
    """One try to buy what is held."""

    def __init__(self, fan: Fan, held: Answer, key: str) -> None:
        """For the answer to a hold, and with a key of its own."""
        document = json.loads(held.body)
        self._fan = fan
        self._world = fan.world
        self._key = key
        expires, server = (datetime.fromisoformat(document[name]) for name in ("expires_at", "server_time"))
        self._held_until = held.sent + (expires - server).total_seconds()
        self._body = {
            "hold_token": document["token"],
            "payment": {"method": "card", "token": fan.world.rng.choice(CARDS)},
        }

    def run(self) -> Generator[float | Ask, Answer | None, str]:
        """Order, and follow it; ends with what became of it."""
        fan, world = self._fan, self._world
        if fan.habit == "doubler":
            # The other click, at the same moment on another connection.
            world.begin(fan.number, self._again(), fan.world.loop.now())
        fan.gone(fan.world.loop.now())
        answer = yield from self._order()
        if answer.status != 202:
            return f"could not order: {code_of(answer)}"
        order_id = json.loads(answer.body)["order_id"]
        world.record.count("ordered", answer.at)
        if fan.closes_at == "ordered":
            # The tab is shut; the mail, or curiosity, brings them back to look.
            yield min(world.plan.end, answer.at + world.rng.uniform(10, 30))
        return (yield from self._follow(order_id))

    def _order(self) -> Generator[float | Ask, Answer | None, Answer]:
        fan, record = self._fan, self._world.record
        request = fan.request("POST", "/api/orders", self._body, Idempotency_Key=self._key)
        answer = yield from self._world.ask("order", request)
        if answer.status == 202:
            order_id = json.loads(answer.body)["order_id"]
            sent, at = record.since(answer.sent), record.since(answer.at)
            record.history.orders.append((fan.number, self._key, order_id, sent, at))
        elif code_of(answer) == "hold_expired" and (early := self._held_until - answer.at) > _CLOCKS_DIFFER:
            record.surprised("order", f"hold_expired {early:.0f} s before the hold's end")
        return answer

    def _again(self) -> Journey:
        yield from self._order()

    def _follow(self, order_id: str) -> Generator[float | Ask, Answer | None, str]:
        fan, world, record = self._fan, self._world, self._world.record
        request = fan.request("GET", f"/api/orders/{order_id}")
        seen, looks = "", 0
        due = world.loop.now()
        while due < world.plan.close:
            answer = yield from world.ask("order page", request)
            if answer.status == 200:
                document = json.loads(answer.body)
                state = document["status"]
                if state != seen:
                    seen = state
                    seats = [item["seat"] for item in document.get("items") or ()]
                    tickets = [ticket["ticket_id"] for ticket in document.get("tickets") or ()]
                    at = record.since(answer.at)
                    record.history.looks.append((fan.number, order_id, state, seats, tickets, at))
                if state in FINAL:
                    if state == "ticketed":
                        record.count("ticketed", answer.at)
                        # One without a ticket is for the check of lost orders to name.
                        for ticket in (document.get("tickets") or ())[:1]:
                            yield from self._fetch(ticket)
                    return str(state)
            due = answer.at + min(_SLOWEST, 0.5 * 1.4**looks)
            looks += 1
            yield due
        return "order not final at the end"

    def _fetch(self, ticket: dict[str, Any]) -> Generator[float | Ask, Answer | None, None]:
        """Look at the first ticket, and at its QR code."""
        fan, world = self._fan, self._world
        answer = yield from world.ask("ticket", fan.request("GET", ticket["url"]))
        if answer.status == 200:
            document = json.loads(answer.body)
            entry = (fan.number, document["ticket_id"], document["seat"], document["order_id"])
            world.record.history.tickets.append(entry)
        yield from world.ask("QR code", fan.request("GET", ticket["svg_url"]))
