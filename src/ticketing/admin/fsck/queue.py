"""I2, queue: accepted orders that nobody fulfils."""

from __future__ import annotations

import json
from typing import Any

from ticketing.admin.fsck.books import Books
from ticketing.admin.fsck.report import Cure, Report
from ticketing.base.queue.port import DeadLetter, Queue

_MOST = 1_000


async def check_queue(queue: Queue, books: Books | None, report: Report) -> None:
    """Dead letters, and the age of what waits. `books` None: the database is away. Raises QueueError."""
    stats = await queue.stats()
    if stats.depth:
        age = stats.oldest_age_seconds
        if age is not None and age > report.scope.grace_seconds:
            detail = (
                f"{stats.depth} accepted orders wait in the queue, the oldest for {age:.0f} s: is a worker running?"
            )
            report.breach("I2", "orders_wait_in_queue", detail, depth=stats.depth)
        else:
            report.moving("orders_in_queue", f"{stats.depth} messages", report.at - int((age or 0.0) * 1000))
    letters = await queue.dead_letters(_MOST) if stats.dead else []
    for letter in letters:
        await _check_letter(letter, books, report)
    if stats.dead > len(letters) == _MOST:
        report.cannot("queue", f"only {_MOST} of {stats.dead} dead letters were looked at")
    report.checked.append("queue")


async def _check_letter(letter: DeadLetter, books: Books | None, report: Report) -> None:
    ids: dict[str, Any] = {"message_id": letter.id}
    try:
        content = json.loads(letter.body)
        ids |= {"event_id": str(content["event_id"]), "order_id": str(content["order_id"])}
    except (ValueError, KeyError, TypeError):
        if report.scope.event_id is None:
            detail = f"a dead letter that cannot be read: {letter.body[:80]!r}"
            report.breach("I2", "dead_letter_unreadable", detail, **ids)
        return
    if report.scope.event_id not in (None, ids["event_id"]):
        return
    detail = f"an accepted order was given up after {letter.attempts} deliveries"
    cure: Cure | None = Cure.REDRIVE
    if books is not None:
        if await books.scalar("SELECT COUNT(*) FROM orders WHERE id = :id", id=ids["order_id"]):
            detail += "; it is in the books all the same, a repeat does no harm"
        elif not await books.scalar("SELECT COUNT(*) FROM events WHERE id = :id", id=ids["event_id"]):
            detail, cure = f"{detail}; its event does not exist", None
        else:
            detail += " and is not in the books: the buyer waits for ever"
    report.breach("I2", "dead_letter", detail, cure=cure, **ids)
