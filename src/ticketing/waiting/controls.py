"""What promoters and operators do with a line: every action is written down in the transaction that does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from ticketing.base import ids
from ticketing.base.alerts import Alert
from ticketing.base.clock import Clock, rfc3339
from ticketing.base.db import Database
from ticketing.base.errors import BadRequest, NotFound
from ticketing.base.outbox import put_alerts
from ticketing.waiting import sql
from ticketing.waiting.book import LineBook
from ticketing.waiting.model import MAX_CAP, MAX_RATE, Line

_encode = msgspec.json.Encoder().encode
MOST_WORK_BITS = 24
MOST_BREAK_GLASS_MINUTES = 60
LEAST_REASON = 10


@dataclass(frozen=True)
class Message:
    """What everyone who waits is told."""

    ko: str
    en: str


@dataclass(frozen=True)
class Change:
    """What to change; None leaves it. `message` is a Message, or False to take it away."""

    cap: int | None = None
    rate_limit: int | None = None
    paused: bool | None = None
    draining: bool | None = None
    message: Message | bool | None = None
    work_bits: int | None = None


class LineControls:
    """Changes lines; the leader acts on it at its next tick."""

    def __init__(self, db: Database, book: LineBook, clock: Clock) -> None:
        self._db = db
        self._book = book
        self._clock = clock

    async def change(self, event_id: str, account_id: str, change: Change, reason: str = "") -> None:
        """Change a line.

        Raises:
            NotFound. Conflict `no_waiting_room`. BadRequest: says what is allowed. DatabaseAway.
        """
        values = _values(change)
        if not values:
            raise BadRequest("Nothing to change: send cap, rate_limit, paused, draining, message or work_bits.")
        await self._book.get(event_id)

        async def write(conn: AsyncConnection) -> None:
            line = await self._line(conn, event_id)
            face = {"message_ko", "message_en", "work_bits"} & values.keys()
            about = {"about": line.about + 1} if face else {}
            await sql.update_line(conn, event_id, line.epoch, **values, **about)
            await self._note(conn, event_id, account_id, "change", values, reason)

        await self._db.transact(write)

    async def break_glass(self, event_id: str, account_id: str, minutes: int, reason: str) -> int:
        """Ask for no pass for some minutes; gives the end (ms). Raises as `change`."""
        if not 1 <= minutes <= MOST_BREAK_GLASS_MINUTES:
            raise BadRequest(f"minutes must be 1 to {MOST_BREAK_GLASS_MINUTES}.")
        if len(reason.strip()) < LEAST_REASON:
            raise BadRequest(f"reason must say why, in at least {LEAST_REASON} characters: it is written down.")
        return await self._open_until(event_id, account_id, minutes, "break_glass", reason)

    async def end_break_glass(self, event_id: str, account_id: str) -> None:
        """Ask for passes again, at once. Raises as `change`."""
        await self._open_until(event_id, account_id, 0, "end_break_glass", "")

    async def _open_until(self, event_id: str, account_id: str, minutes: int, action: str, reason: str) -> int:
        await self._book.get(event_id)
        until = self._clock.now_ms() + minutes * 60_000 if minutes else 0

        async def write(conn: AsyncConnection) -> None:
            line = await self._line(conn, event_id)
            await sql.update_line(conn, event_id, line.epoch, open_until=until)
            if until:
                await put_alerts(conn, [_opened(event_id, until)], self._clock.now_ms())
            detail = {"until": rfc3339(until)} if until else {}
            await self._note(conn, event_id, account_id, action, detail, reason)

        await self._db.transact(write)
        return until

    @staticmethod
    async def _line(conn: AsyncConnection, event_id: str) -> Line:
        line = await sql.find_line(conn, event_id)
        if line is None:
            raise NotFound("There is no such line.")
        return line

    async def _note(
        self, conn: AsyncConnection, event_id: str, account_id: str, action: str, detail: dict[str, Any], reason: str
    ) -> None:
        await sql.note_action(
            conn,
            id=ids.new_id("act"),
            event_id=event_id,
            account_id=account_id,
            action=action,
            detail=_encode(detail).decode(),
            reason=reason.strip()[:400],
            at=self._clock.now_ms(),
        )


def _values(change: Change) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, column, least, most, unit in (
        ("cap", "cap", 0, MAX_CAP, "people inside at once; 0 lets nobody in"),
        ("rate_limit", "rate", 1, MAX_RATE, "people let in per minute; pause the line to let nobody in"),
        ("work_bits", "work_bits", 0, MOST_WORK_BITS, "bits of work before a place"),
    ):
        value = getattr(change, name)
        if value is not None:
            if not least <= value <= most:
                raise BadRequest(f"{name} must be {least} to {most}: {unit}.")
            values[column] = value
    for name in ("paused", "draining"):
        value = getattr(change, name)
        if value is not None:
            values[name] = value
    if change.message is False:
        values |= {"message_ko": "", "message_en": ""}
    elif isinstance(change.message, Message):
        ko, en = change.message.ko.strip(), change.message.en.strip()
        if not ko or max(len(ko), len(en)) > 300:
            raise BadRequest("message needs `ko` (and `en`), at most 300 characters each; null takes it away.")
        values |= {"message_ko": ko, "message_en": en}
    return values


def _opened(event_id: str, until: int) -> Alert:
    """An alert: for a while nobody is asked for a pass."""
    return Alert(
        "Waiting line opened by break-glass",
        f"Staff let everybody into the sale of {event_id} without a pass until {rfc3339(until)}. Who and why is "
        f"written down in the line's actions; PATCH /api/admin/events/{event_id}/line ends it earlier.",
    )
