"""A refund policy as the text that is frozen into each order."""

from __future__ import annotations

import functools

import msgspec

from ticketing.orders.model import RefundPolicy

_decode = msgspec.json.Decoder(RefundPolicy).decode


@functools.lru_cache(maxsize=256)
def write_policy(policy: RefundPolicy) -> str:
    """The policy as JSON."""
    return msgspec.json.encode(policy).decode()


@functools.lru_cache(maxsize=256)
def read_policy(text: str) -> RefundPolicy:
    """The policy of a stored text."""
    return _decode(text)
