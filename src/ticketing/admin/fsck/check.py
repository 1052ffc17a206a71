"""The whole check: what can be looked at is, and what cannot is said."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError

from ticketing.admin.fsck.books import Books, snapshot
from ticketing.admin.fsck.holds import check_holds
from ticketing.admin.fsck.money import add_up, check_events, check_money, check_stray_entries
from ticketing.admin.fsck.motion import check_motion
from ticketing.admin.fsck.outbox import Messages, check_outbox
from ticketing.admin.fsck.people import check_people
from ticketing.admin.fsck.plans import Plans
from ticketing.admin.fsck.provider import ProviderCheck
from ticketing.admin.fsck.queue import check_queue
from ticketing.admin.fsck.report import Report, Scope, Tell, nobody
from ticketing.admin.fsck.schema import check_keys, missing_tables
from ticketing.admin.fsck.seats import check_doubles, check_places, check_seats, check_stray_seats
from ticketing.admin.fsck.statement import StatementUnknown, statement
from ticketing.admin.fsck.tickets import check_stray_tickets, check_tickets
from ticketing.base.clock import Clock
from ticketing.base.db import Database, DatabaseAway
from ticketing.base.queue.port import Queue, QueueError
from ticketing.base.valkey import Valkey, ValkeyAway
from ticketing.payments.gateway import Gateway


@dataclass(frozen=True)
class Stores:
    """What is looked at. `gateway` None: the provider's books are left out."""

    db: Database
    valkey: Valkey
    queue: Queue
    gateway: Gateway | None
    clock: Clock


class UnknownEvent(Exception):
    """The event to narrow to does not exist."""


async def check(stores: Stores, scope: Scope, tell: Tell = nobody) -> Report:
    """Check everything within the scope; changes nothing. Raises UnknownEvent."""
    report = Report(scope, stores.clock.now_ms())
    plans = Plans()
    there = False
    try:
        there = await _check_books(stores, plans, report, tell)
    except (DatabaseAway, DBAPIError) as error:
        report.cannot("database", _why(error))
    await _check_queue(stores, report, there)
    if there:
        try:
            await check_holds(stores.db, stores.valkey, plans, report, tell)
        except ValkeyAway as error:
            report.cannot("holds", f"Valkey is away: {_why(error)}")
        except (DatabaseAway, DBAPIError) as error:
            report.cannot("holds", _why(error))
    else:
        report.cannot("holds", "without the database there is nothing to compare Valkey with")
    return report


async def _check_books(stores: Stores, plans: Plans, report: Report, tell: Tell) -> bool:
    """Everything in the database, and the provider beside it; whether the database could be used at all."""
    async with snapshot(stores.db) as conn:
        books = Books(conn, report.scope.event_id)
        missing = await missing_tables(books)
        if missing:
            tables = ", ".join(sorted(missing))
            report.cannot(
                "database", f"it lacks the tables {tables}: is it the right one? `ticketing migrate` makes them"
            )
            return False
        await plans.load(books)
        if report.scope.event_id is not None and not plans.events:
            raise UnknownEvent(report.scope.event_id)
        await check_keys(books, report)
        messages = await check_outbox(books, report)
        await check_doubles(books, report)
        await check_places(books, plans, report)
        with statement() as lines:
            provider = None
            if stores.gateway is None:
                report.skipped.append("provider")
            else:
                # After the snapshot began: see ProviderCheck.
                try:
                    await lines.load(stores.gateway, tell)
                    provider = ProviderCheck(lines, messages, report)
                    report.figures["statement_lines"] = len(lines)
                except StatementUnknown as error:
                    report.cannot("provider", str(error))
            await _check_orders(books, plans, messages, provider, report, tell)
            if provider is not None:
                async with stores.db.read() as later:
                    await provider.confirm(Books(later, report.scope.event_id))
        tell("people and sums", 0, None)
        await check_people(books, report)
        await check_events(books, plans, report)
    return True


async def _check_orders(
    books: Books, plans: Plans, messages: Messages, provider: ProviderCheck | None, report: Report, tell: Tell
) -> None:
    total = await books.scalar("SELECT COUNT(*) FROM orders /*WHERE event_id*/")
    async for piece in books.pieces():
        for case in piece.cases.values():
            sums = add_up(case.entries)
            check_seats(case, plans, report)
            check_tickets(case, report)
            check_money(case, sums, report)
            check_motion(case, sums, messages, report)
            report.figures["seats"] += len(case.seats)
            report.figures["tickets"] += len(case.tickets)
            report.figures["ledger_entries"] += len(case.entries)
        check_stray_seats(piece.stray_seats, report)
        check_stray_tickets(piece.stray_tickets, report)
        check_stray_entries(piece.stray_entries, report)
        if provider is not None:
            provider.check(piece)
        report.figures["orders"] += len(piece.cases)
        tell("orders", report.figures["orders"], total)
    report.checked.append("orders")


async def _check_queue(stores: Stores, report: Report, database: bool) -> None:
    try:
        if database:
            async with stores.db.read() as conn:
                await check_queue(stores.queue, Books(conn), report)
        else:
            await check_queue(stores.queue, None, report)
    except QueueError as error:
        report.cannot("queue", f"the queue is away: {_why(error)}")
    except (DatabaseAway, DBAPIError) as error:
        report.cannot("queue", _why(error))


def _why(error: BaseException) -> str:
    return f"{type(error).__name__}: {str(error).splitlines()[0][:200]}" if str(error) else type(error).__name__
