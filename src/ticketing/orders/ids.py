"""Order ids: derived from the buyer's key, so that a retry is the same order, and genuine by a MAC of their own.

The last part proves that this account was once given this id. That is why a status can be answered honestly for an
order that is still in the queue, whatever was lost meanwhile: ids are only ever given out with a 202.
"""

from __future__ import annotations

import hashlib

from ticketing.base import ids
from ticketing.base.tokens import Signer

_BODY, _PROOF = 12, 8


def order_id_for(signer: Signer, account_id: str, event_id: str, idempotency_key: str) -> str:
    """The id of the order that this account places for this event with this key.

    The event is part of it because each event's claims are known to its own shard only: a key used for two events
    must be two orders, or the second would be accepted and then taken for an echo of the first.
    """
    # A retry on the far side of a key rotation gets another id, and then meets the first order's claim on the hold.
    body = hashlib.sha256(f"order\0{account_id}\0{event_id}\0{idempotency_key}".encode()).digest()[:_BODY]
    return ids.encode("ord", body + signer.mac("order-id", body, account_id.encode())[:_PROOF])


def belongs_to(signer: Signer, order_id: str, account_id: str) -> bool:
    """Whether this id was made for this account."""
    try:
        raw = ids.decode("ord", order_id)
    except ValueError:
        return False
    return len(raw) == _BODY + _PROOF and signer.check_mac("order-id", raw[_BODY:], raw[:_BODY], account_id.encode())
