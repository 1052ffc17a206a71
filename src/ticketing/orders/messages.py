"""What the orders room says to others: frozen, past tense, encoded as compact JSON."""

from __future__ import annotations

import msgspec


class OrderPlaced(msgspec.Struct, frozen=True):
    """A buyer's order was accepted by intake. `amounts` match `ordinals`; instants in milliseconds."""

    order_id: str
    event_id: str
    account_id: str
    hold_id: str
    plan_version: str
    ordinals: tuple[int, ...]
    amounts: tuple[int, ...]
    currency: str
    method: str
    payment_token: str
    fingerprint: str
    placed_at: int


class OrderEvent(msgspec.Struct, frozen=True):
    """Something happened to an order; the books say what. Payload of every outbox topic of this room."""

    order_id: str


class SeatsChanged(msgspec.Struct, frozen=True):
    """The books changed for these seats: carry the truth over to Valkey."""

    event_id: str
    account_id: str
    hold_id: str
    ordinals: tuple[int, ...]


PLACED = "placed"
"""Topic: OrderPlaced, of an order that was accepted while the queue was away."""
CAPTURE = "capture"
"""Topic: an order owns its seats; take the money."""
ISSUE = "issue"
"""Topic: an order was paid; issue its tickets."""
REFUND = "refund"
"""Topic: money must go back."""
SEATS = "seats"
"""Topic: SeatsChanged."""
NOTICE = "notice"
"""Topic: tell the buyer how the order stands."""

VISIT = "visit"
"""Topic: an order of an event with a waiting line was paid; its buyer's slot is free."""

encode = msgspec.json.Encoder().encode
decode_placed = msgspec.json.Decoder(OrderPlaced).decode
decode_order = msgspec.json.Decoder(OrderEvent).decode
decode_seats = msgspec.json.Decoder(SeatsChanged).decode
