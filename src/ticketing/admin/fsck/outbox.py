"""I2, messages: the outbox as the check needs it, and every message in it that leads nowhere."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from ticketing.admin.fsck.books import Books
from ticketing.admin.fsck.report import Cure, Report

_ORDER_TOPICS = ("capture", "issue", "refund", "notice", "visit")
"""About an order that is in the books."""
_OTHER_TOPICS = {"seats": "event_id", "placed": "order_id", "alert": "subject"}
"""Topic → what its content must name. `placed` brings an order into the books: it need not be there yet."""
_PIECE = 2_000


@dataclass(slots=True)
class Messages:
    """(order id, topic) of waiting and of dead messages; as many as the backlog is long."""

    waiting: set[tuple[str, str]] = field(default_factory=set)
    dead: set[tuple[str, str]] = field(default_factory=set)

    def moves(self, order_id: str, topic: str) -> bool:
        """Whether a message of this topic will be handled for the order."""
        return (order_id, topic) in self.waiting

    def is_dead(self, order_id: str, topic: str) -> bool:
        """Whether there is one that was given up."""
        return (order_id, topic) in self.dead


async def check_outbox(books: Books, report: Report) -> Messages:
    """Read all messages; report those that are dead, unreadable, or about nothing that exists."""
    messages = Messages()
    after = 0
    while True:
        rows = await books.rows(
            "SELECT id, topic, payload, created_at, attempts, dead, last_error FROM outbox"
            " WHERE id > :after ORDER BY id LIMIT :n",
            after=after,
            n=_PIECE,
        )
        if not rows:
            break
        after = rows[-1].id
        await _check_rows(books, rows, messages, report)
    report.checked.append("outbox")
    return messages


async def _check_rows(books: Books, rows: Any, messages: Messages, report: Report) -> None:
    contents = {row.id: _read(row.payload) for row in rows}
    order_ids = {str(c["order_id"]) for c in contents.values() if c and "order_id" in c}
    events = await _events_of(books, order_ids)
    for row in rows:
        content = contents[row.id]
        order_id = str(content.get("order_id", "")) if content else ""
        event_id = events.get(order_id) or (content or {}).get("event_id")
        if books.event_id is not None and event_id != books.event_id:
            continue
        report.figures["messages"] += 1
        ids = {"outbox_id": row.id, "topic": row.topic} | ({"order_id": order_id} if order_id else {})
        if event_id:
            ids["event_id"] = event_id
        if row.dead:
            detail = f"given up after {row.attempts} attempts: {(row.last_error or 'no reason noted')[:200]}"
            report.breach("I2", "message_dead", detail, cure=Cure.REVIVE, **ids)
        if row.topic not in (*_ORDER_TOPICS, *_OTHER_TOPICS):
            report.breach("I2", "message_topic_unknown", "no worker listens to this topic", **ids)
        elif content is None or _OTHER_TOPICS.get(row.topic, "order_id") not in content:
            report.breach("I2", "message_unreadable", f"its content cannot be read: {row.payload[:80]!r}", **ids)
        elif row.topic == "placed" and order_id not in events and not row.dead:
            _check_placed(row.created_at, content, report, ids)
        elif row.topic in _ORDER_TOPICS and order_id not in events:
            report.breach("I2", "message_of_unknown_order", "it names an order that does not exist", **ids)
        elif row.topic in _ORDER_TOPICS:
            (messages.dead if row.dead else messages.waiting).add((order_id, row.topic))


def _check_placed(since: int, content: dict[str, Any], report: Report, ids: dict[str, Any]) -> None:
    """An accepted order that the queue did not take: it waits here for a worker."""
    if report.overdue(since):
        detail = f"an accepted order has waited for its books for {(report.at - since) // 1000} s: is a worker running?"
        report.breach("I2", "takes_too_long", detail, **ids)
    else:
        amounts = content.get("amounts", ())
        report.moving("orders_in_outbox", ids["order_id"], since, sum(amounts), str(content.get("currency", "")))


async def _events_of(books: Books, order_ids: set[str]) -> dict[str, str]:
    if not order_ids:
        return {}
    found = await books.rows("SELECT id, event_id FROM orders WHERE id IN :ids", ids=sorted(order_ids))
    return {row.id: row.event_id for row in found}


def _read(payload: bytes) -> dict[str, Any] | None:
    try:
        content = json.loads(payload)
    except ValueError:
        return None
    return content if isinstance(content, dict) else None


@dataclass(slots=True)
class SeatNews:
    """What `seats` messages will carry to Valkey: ordinals and accounts → the oldest instant (ms)."""

    ordinals: dict[int, int] = field(default_factory=dict)
    accounts: dict[str, int] = field(default_factory=dict)
    holds: dict[str, int] = field(default_factory=dict)


async def seat_news(books: Books, event_id: str) -> SeatNews:
    """Waiting `seats` messages of one event."""
    news = SeatNews()
    for row in await books.rows("SELECT payload, created_at FROM outbox WHERE topic = 'seats' AND dead = 0"):
        content = _read(row.payload)
        if content is None or content.get("event_id") != event_id:
            continue
        for seen, keys in (
            (news.ordinals, content.get("ordinals", ())),
            (news.accounts, (content.get("account_id", ""),)),
            (news.holds, (content.get("hold_id", ""),)),
        ):
            for key in keys:
                seen[key] = min(row.created_at, seen.get(key, row.created_at))
    return news
