"""Processes with one guard taken off, to show that the checker notices: `… -m tests.drills.bad_process NAME ROLE …`.

What follows the name is what `ticketing` gets: `worker`, or `api --port 8000`.

- ack-first: a message is acked when it is received, not when it is in the books
- anew: a message that comes again is another order, since its id does not come from the buyer's key
- forgetful-capture: a repeated capture is a new one for the provider: no look-up, another id each time
- own-clock: an API process believes its own clock, whatever the stores say
- no-spare: an API process that has no second place for orders
- no-peers: an API process that alone has lost its way to Valkey does not learn it
- no-pass: an API process lets everybody hold seats, with a pass of the line or without
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections.abc import Sequence

import msgspec

from ticketing.__main__ import main
from ticketing.base import ids
from ticketing.base.agreed_clock import AgreedClock
from ticketing.base.clock import Clock
from ticketing.base.db import Database
from ticketing.base.peers import Peers
from ticketing.base.queue.port import Delivery
from ticketing.base.valkey import Valkey
from ticketing.orders.consume import Consumer
from ticketing.orders.fulfil import Fulfilment
from ticketing.orders.messages import OrderPlaced
from ticketing.payments.gateway import CaptureOutcome, CaptureRequest, LookupOutcome, NotFound
from ticketing.payments.sandbox_gateway import SandboxGateway
from ticketing.waiting.gate import Gate
from ticketing.wiring import app, parts, work


class AckFirst(Consumer):
    """Loses what it has in hand when it dies."""

    async def handle(self, deliveries: list[Delivery], stop: asyncio.Event) -> None:
        """Ack, then work."""
        await self._queue.ack(deliveries)
        await super().handle(deliveries, stop)


class ForgetfulCapture(SandboxGateway):
    """Takes the money again whenever it is not sure."""

    async def capture(self, request: CaptureRequest) -> CaptureOutcome:
        """Capture under an id that the provider has not seen."""
        for attempt in itertools.count():
            order_id = f"{request.order_id}-{attempt}" if attempt else request.order_id
            if isinstance(await super().lookup(order_id), NotFound):
                break
        again = CaptureRequest(
            order_id,
            request.amount,
            request.currency,
            request.method,
            request.token,
            request.description,
            request.callback_url,
        )
        return await super().capture(again)

    async def lookup(self, order_id: str) -> LookupOutcome:
        """Never ask."""
        return NotFound()


class Anew(Fulfilment):
    """Takes a repeated message for another wish of the same buyer."""

    async def fulfil(self, placed: Sequence[OrderPlaced]) -> None:
        """Fulfil; what was seen before under a new id."""
        fresh = []
        for message in placed:
            again = message.order_id in _SEEN
            _SEEN.add(message.order_id)
            fresh.append(msgspec.structs.replace(message, order_id=ids.new_id("ord")) if again else message)
        await super().fulfil(fresh)


_SEEN: set[str] = set()


def _own_clock(_db: Database, _valkey: Valkey) -> AgreedClock:
    """A clock that asks nobody."""
    return AgreedClock({})


def _no_spare(_db: Database, _clock: Clock) -> None:
    """There is no second place."""


async def _see_nobody(_peers: Peers) -> None:
    """Look at nothing."""


async def _let_in(*_: object, over_is_fine: bool = False) -> None:
    """Ask nobody for a pass."""


def take_off_a_guard(name: str) -> None:
    """Put the variant where wiring looks for the real thing. Raises KeyError for an unknown name."""
    {
        "ack-first": lambda: setattr(work, "Consumer", AckFirst),
        "anew": lambda: setattr(work, "Fulfilment", Anew),
        "forgetful-capture": lambda: setattr(parts, "SandboxGateway", ForgetfulCapture),
        "own-clock": lambda: setattr(parts, "_agreed_clock", _own_clock),
        "no-spare": lambda: setattr(app, "SpareIntake", _no_spare),
        "no-peers": lambda: setattr(Peers, "look", _see_nobody),
        "no-pass": lambda: setattr(Gate, "check", _let_in),
    }[name]()


if __name__ == "__main__":
    take_off_a_guard(sys.argv.pop(1))
    main()
