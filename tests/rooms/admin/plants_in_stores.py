"""Breaches in Valkey, in the queue and at the provider."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tests.rooms.admin.house import PRICE, House, account_id, order_id
from tests.rooms.admin.plants import Plant, ids, of_person, of_seat, of_seat_of


async def _unmark(house: House) -> None:
    await house.valkey.execute("SETRANGE", house.key("seats"), house.ordinals["seated"][0], "0")


async def _hold_sold(house: House) -> None:
    await _unmark(house)
    await house.hold("bob", [house.ordinals["seated"][0]])


async def _two_holds(house: House) -> None:
    await house.hold("bob", [400])
    await house.valkey.execute("SETRANGE", house.key("seats"), 400, "0")
    await house.hold("carol", [400])


async def _endless(house: House) -> None:
    await house.hold("bob", [400, 401])
    await house.valkey.execute("ZREM", house.key("expiry"), house.hold_id("bob"))


async def _dead_letter(house: House, body: bytes) -> None:
    await house.queue.send([body])
    taken = await house.queue.receive(10, 0)
    await house.queue.release(taken, 0)
    while (await house.queue.stats()).dead < len(taken):
        await house.queue.receive(10, 0.05)


async def _known_dead_letter(house: House) -> None:
    await _dead_letter(house, b'{"order_id":"%s","event_id":"%s"}' % (b"ord_lost", house.event.id.encode()))


async def _provider_line(house: House, change: Callable[[House], None]) -> None:
    change(house)


def _provider(change: Callable[[House], None]) -> Callable[[House], Awaitable[object]]:
    return lambda house: _provider_line(house, change)


async def _unmoved_taken(house: House) -> None:
    """The worker asked, the money was taken, and the message is gone."""
    await house.sql("DELETE FROM outbox WHERE topic = 'capture'")


async def _unmoved_given(house: House) -> None:
    await house.sql("DELETE FROM outbox WHERE topic = 'refund'")


def _drop_line(house: House, reference: str) -> None:
    house.provider.lines = [line for line in house.provider.lines if line.reference != reference]


IN_STORES = [
    # --- I3: the provider's books
    Plant(
        "I3",
        "provider_knows_more",
        _unmoved_taken,
        ids(order_id=order_id("taken"), reference="cap_taken", kind="capture"),
        True,
        name="taken, not booked, not moving",
    ),
    Plant(
        "I3",
        "provider_knows_more",
        _unmoved_given,
        ids(order_id=order_id("late"), reference="late-cap_late", kind="refund"),
        True,
        name="given back, not booked, not moving",
    ),
    Plant(
        "I3",
        "provider_knows_more",
        _provider(lambda h: h.provider.took("declined")),
        ids(order_id=order_id("declined"), reference="cap_declined"),
        name="taken for a declined order",
    ),
    Plant(
        "I3",
        "provider_knows_more",
        _provider(lambda h: h.provider.took("stranger")),
        ids(order_id=order_id("stranger"), reference="cap_stranger"),
        name="taken for nobody",
    ),
    Plant(
        "I3",
        "not_at_provider",
        _provider(lambda h: _drop_line(h, "cap_seated")),
        ids(order_id=order_id("seated"), reference="cap_seated"),
        name="a capture that never was",
    ),
    Plant(
        "I3",
        "not_at_provider",
        _provider(lambda h: _drop_line(h, "rfd_refunded")),
        ids(order_id=order_id("refunded"), reference="cancel-refunded"),
        name="a refund that never was",
    ),
    Plant(
        "I3",
        "provider_amount_differs",
        _provider(lambda h: (_drop_line(h, "cap_seated"), h.provider.took("seated", 2 * PRICE - 1))[1]),
        ids(order_id=order_id("seated"), reference="cap_seated"),
    ),
    Plant(
        "I3",
        "provider_moved_twice",
        _provider(lambda h: h.provider.took("seated", 2 * PRICE)),
        ids(order_id=order_id("seated"), reference="cap_seated"),
    ),
    # --- I6: Valkey
    Plant("I6", "sold_seat_not_marked", _unmark, of_seat_of("seated"), True),
    Plant("I6", "sold_seat_not_marked", _hold_sold, of_seat_of("seated"), True, name="sold and held by another"),
    Plant(
        "I6",
        "unsold_seat_marked_sold",
        lambda h: h.valkey.execute("SETRANGE", h.key("seats"), 400, "3"),
        of_seat(400, ordinal=400),
        True,
    ),
    Plant(
        "I6",
        "grey_seat",
        lambda h: h.valkey.execute("SETRANGE", h.key("seats"), 400, "1"),
        of_seat(400, ordinal=400),
        True,
        name="held by nobody",
    ),
    Plant(
        "I6",
        "grey_seat",
        lambda h: h.valkey.execute("SETRANGE", h.key("seats"), 400, "2"),
        of_seat(400, ordinal=400),
        True,
        name="ordered by nobody",
    ),
    Plant(
        "I6",
        "seat_state_unknown",
        lambda h: h.valkey.execute("SETRANGE", h.key("seats"), 400, "x"),
        of_seat(400, ordinal=400),
    ),
    Plant(
        "I6",
        "seat_string_wrong",
        lambda h: h.valkey.execute("SETRANGE", h.key("seats"), 600, "0"),
        lambda h: {"event_id": h.event.id},
    ),
    Plant(
        "I6",
        "hold_overdue",
        lambda h: h.hold("bob", [400], expires_in_ms=-301_000),
        lambda h: {"event_id": h.event.id, "hold_id": h.hold_id("bob"), "account_id": account_id("bob")},
        True,
    ),
    Plant(
        "I6",
        "hold_without_end",
        _endless,
        lambda h: {"event_id": h.event.id, "hold_id": h.hold_id("bob"), "account_id": account_id("bob")},
        True,
    ),
    Plant("I6", "seat_held_twice", _two_holds, of_seat(400, ordinal=400)),
    Plant(
        "I6",
        "held_seat_looks_free",
        lambda h: h.valkey.execute("SETRANGE", h.key("seats"), 300, "0"),
        of_seat(300, ordinal=300),
        True,
    ),
    Plant(
        "I6",
        "held_count_wrong",
        lambda h: h.valkey.execute("HINCRBY", h.key("people"), account_id("choosing"), 1),
        of_person("choosing"),
        True,
        name="too many held",
    ),
    Plant(
        "I6",
        "held_count_wrong",
        lambda h: h.valkey.execute("HSET", h.key("people"), account_id("nobody"), 2),
        of_person("nobody"),
        True,
        name="held by somebody without a hold",
    ),
    Plant(
        "I6",
        "bought_count_wrong",
        lambda h: h.valkey.execute("HINCRBY", h.key("bought"), account_id("seated"), -1),
        of_person("seated"),
        True,
    ),
    # --- I2: the queue
    Plant(
        "I2",
        "dead_letter",
        _known_dead_letter,
        lambda h: {"order_id": "ord_lost", "event_id": h.event.id},
        True,
        revive=True,
    ),
    Plant("I2", "dead_letter_unreadable", lambda h: _dead_letter(h, b"\xff"), ids()),
]
