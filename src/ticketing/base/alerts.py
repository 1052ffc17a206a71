"""What staff must hear of at once, written down in the transaction in which it happened.

An alert is a row of the outbox: it exists if and only if its cause was committed, and is told at least once.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from ticketing.base import outbox


class Alert(msgspec.Struct, frozen=True):
    """One line that says what happened, and what to do about it. No personal data."""

    subject: str
    text: str


encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(Alert).decode


async def raise_alerts(conn: AsyncConnection, alerts: Sequence[Alert], now_ms: int) -> None:
    """Tell staff, if the caller's transaction commits."""
    await outbox.put(conn, outbox.ALERT, [encode(alert) for alert in alerts], now_ms)
