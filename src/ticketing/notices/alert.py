"""Tell staff: what rooms wrote down as alerts goes out over one channel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import structlog

from ticketing.base import alerts, outbox
from ticketing.base.alerts import Alert
from ticketing.base.db import Database
from ticketing.base.outbox import OutboxRow
from ticketing.notices.model import Message, SendFailed, Transport

log = structlog.get_logger(__name__)


class Channel(Protocol):
    """Port: how alerts reach staff."""

    async def tell(self, alert: Alert, reference: str) -> None:
        """Hand an alert over, or raise `SendFailed`. `reference` is the same when the same alert is told again."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class LogChannel:
    """Only the log: where nobody was named."""

    async def tell(self, alert: Alert, reference: str) -> None:
        """Nothing more than what is logged anyway."""

    async def close(self) -> None:
        """Nothing is open."""


class MailChannel:
    """By mail, to one address."""

    def __init__(self, transport: Transport, to: str) -> None:
        self._transport = transport
        self._to = to

    async def tell(self, alert: Alert, reference: str) -> None:
        """See the port."""
        await self._transport.send(Message(self._to, alert.subject, alert.text, reference, language="en"))

    async def close(self) -> None:
        """Nothing is open."""


class AlertOut:
    """Outbox handler (leased) of topic `alert`."""

    def __init__(self, db: Database, channel: Channel) -> None:
        self._db = db
        self._channel = channel

    async def __call__(self, rows: Sequence[OutboxRow]) -> dict[int, Exception]:
        """Tell each; what the channel did not take comes again."""
        failed: dict[int, Exception] = {}
        done: list[int] = []
        for row in rows:
            alert = alerts.decode(row.payload)
            log.warning("alert", subject=alert.subject, text=alert.text, attempt=row.attempts + 1)
            try:
                await self._channel.tell(alert, f"alert-{row.id}-{row.created_at}")
            except SendFailed as error:
                if not error.permanent:
                    failed[row.id] = error
                    continue
                log.error("alert_undeliverable", subject=alert.subject, error=str(error))
            done.append(row.id)
        if done:
            await self._db.transact(lambda conn: outbox.forget(conn, done))
        return failed
