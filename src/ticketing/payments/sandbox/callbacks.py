"""Decides pending captures when their time comes and reports outcomes, until the other side says 2xx.

Both kinds of work live in the books, not in memory: a provider that is killed and started again goes on with them.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass

import httpx
import msgspec

from ticketing.payments.sandbox import signature
from ticketing.payments.sandbox.behaviour import behaviour_of
from ticketing.payments.sandbox.books import Books, CaptureRecord
from ticketing.payments.sandbox.config import SandboxSettings

_log = logging.getLogger(__name__)
_LONGEST_BACKOFF_S = 30.0
_IDLE_S = 5.0
_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class _Delivery:
    number: int
    event_id: str
    order_id: str
    url: str
    attempts: int


class Clerk:
    """The background worker of the provider. `wake` it after putting something into the books."""

    def __init__(self, books: Books, settings: SandboxSettings) -> None:
        self._books = books
        self._settings = settings
        self._keys = signature.Keys.from_secret(settings.secret)
        self._captures_woken = asyncio.Event()
        self._deliveries_woken = asyncio.Event()

    def wake(self) -> None:
        """Look at the books now."""
        self._captures_woken.set()

    async def run(self) -> None:
        """Work until cancelled. Deciding and reporting are apart, so that a deaf receiver delays no decision."""
        async with (
            httpx.AsyncClient(timeout=self._settings.callback_timeout_s, trust_env=False) as client,
            asyncio.TaskGroup() as tasks,
        ):
            tasks.create_task(self._decide_captures())
            tasks.create_task(self._report_outcomes(client))

    async def _decide_captures(self) -> None:
        while True:
            self._captures_woken.clear()
            due = self._books.db.execute(
                "SELECT order_id, token FROM captures WHERE decide_at_ms <= ?", (self._books.clock.now_ms(),)
            ).fetchall()
            for order_id, token in due:
                self._books.settle_pending(order_id, behaviour_of(token))
                self._deliveries_woken.set()
            await self._rest(self._captures_woken, "SELECT min(decide_at_ms) FROM captures WHERE decide_at_ms > 0")

    async def _report_outcomes(self, client: httpx.AsyncClient) -> None:
        while True:
            self._deliveries_woken.clear()
            rows = self._books.db.execute(
                "SELECT delivery, event_id, order_id, url, attempts FROM callbacks WHERE next_at_ms <= ?"
                " ORDER BY next_at_ms LIMIT ?",
                (self._books.clock.now_ms(), _AT_ONCE),
            ).fetchall()
            await asyncio.gather(*(self._deliver(client, _Delivery(*row)) for row in rows))
            await self._rest(self._deliveries_woken, "SELECT min(next_at_ms) FROM callbacks WHERE next_at_ms > 0")

    async def _rest(self, woken: asyncio.Event, next_due: str) -> None:
        (next_ms,) = self._books.db.execute(next_due).fetchone()
        seconds = _IDLE_S if next_ms is None else (next_ms - self._books.clock.now_ms()) / 1000
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(woken.wait(), min(_IDLE_S, max(0.001, seconds)))

    async def _deliver(self, client: httpx.AsyncClient, delivery: _Delivery) -> None:
        record = self._books.find(delivery.order_id)
        if record is None or not await self._send(client, delivery, record):
            self._postpone(delivery)
            return
        with self._books.change():
            self._books.db.execute(
                "UPDATE callbacks SET state = 'delivered', attempts = attempts + 1, next_at_ms = NULL"
                " WHERE delivery = ?",
                (delivery.number,),
            )

    async def _send(self, client: httpx.AsyncClient, delivery: _Delivery, record: CaptureRecord) -> bool:
        now_ms = self._books.clock.now_ms()
        body = callback_body(delivery.event_id, record, now_ms)
        headers = {
            "Content-Type": "application/json",
            signature.HEADER: signature.sign(self._keys.signing_key, body, now_ms // 1000),
        }
        try:
            answer = await client.post(delivery.url, content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:  # ValueError: a host name that cannot be one
            _log.info("callback for %s not delivered: %s", delivery.order_id, type(error).__name__)
            return False
        return answer.is_success

    def _postpone(self, delivery: _Delivery) -> None:
        tried = delivery.attempts + 1
        backoff = min(_LONGEST_BACKOFF_S, self._settings.callback_backoff_s * 2.0**delivery.attempts)
        over = tried >= self._settings.callback_attempts
        next_at = None if over else self._books.clock.now_ms() + int(backoff * 1000)
        with self._books.change():
            self._books.db.execute(
                "UPDATE callbacks SET attempts = ?, next_at_ms = ?, state = ? WHERE delivery = ?",
                (tried, next_at, "given_up" if over else "due", delivery.number),
            )


def callback_body(event_id: str, record: CaptureRecord, at_ms: int) -> bytes:
    """The JSON that reports a decided capture."""
    return msgspec.json.encode(
        {
            "event_id": event_id,
            "type": f"capture.{record.status}",
            "order_id": record.order_id,
            "reference": record.reference,
            "amount": record.amount,
            "currency": record.currency,
            "code": record.code,
            "sent_at_ms": at_ms,
        }
    )
