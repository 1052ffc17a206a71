"""The gate on a migrated SQLite: each ticket admits once, and everything else is told why not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.rooms.orders.conftest import NOV_22_AT_20_IN_SEOUL, Desk, a_show
from ticketing.accounts import sql as account_sql
from ticketing.accounts.model import Account, Role
from ticketing.base.clock import ManualClock
from ticketing.base.db import connect_database
from ticketing.base.errors import Conflict
from ticketing.base.outbox import OutboxRow
from ticketing.catalog.load import Catalog
from ticketing.orders import messages
from ticketing.orders.cancel import Cancellation
from ticketing.orders.fulfil import Fulfilment
from ticketing.orders.settle import Settlement
from ticketing.tickets import sql
from ticketing.tickets.check_in import CheckIn
from ticketing.tickets.code import TicketSigner, TicketVerifier
from ticketing.tickets.issue import Issue
from ticketing.tickets.model import Admitted, Already, RefusalReason, Refused, Ticket, Verdict
from ticketing.wiring.migrate import migrate

ALICE = "acc_aaaaaaaaaaaaaaaa"
OUR_SEED, OLD_SEED, FOREIGN_SEED = bytes(range(32)), bytes(32), bytes(range(32, 64))


@dataclass
class Gate:
    """A gate, and the counter where its tickets were bought."""

    desk: Desk
    check_in: CheckIn
    cancellation: Cancellation
    signer: TicketSigner

    async def sell(self, *seats: int) -> list[Ticket]:
        """Tickets for these seats."""
        order_id = await self.desk.place(*seats)
        await self.desk.pay(order_id, f"cap-{order_id}")
        row = OutboxRow(0, messages.encode(messages.OrderEvent(order_id)), 0, 0)
        await self.desk.db.transact(lambda conn: Issue(self.desk.db, self.desk.clock)(conn, [row]))
        async with self.desk.db.read() as conn:
            return (await sql.tickets_of(conn, [order_id]))[order_id]

    async def scan(self, code: str, *, gate: str = "acc_gate", event_id: str | None = None) -> Verdict:
        return await self.check_in.check_in(code, gate, event_id)

    async def admissions(self) -> list[tuple[str, str, int, str]]:
        """(ticket, status, when, by whom) of tickets that were used."""
        query = select(sql.tickets).where(sql.tickets.c.admitted_at.is_not(None))
        return [(row.id, row.status, row.admitted_at, row.admitted_by) for row in await self.desk.db.fetch(query)]


@pytest.fixture
async def gate(tmp_path: Path) -> AsyncIterator[Gate]:
    db = connect_database(f"sqlite+aiosqlite:///{tmp_path / 'gate.sqlite3'}")
    await migrate(db)
    clock = ManualClock(NOV_22_AT_20_IN_SEOUL - 3_600_000)
    event = await a_show(db, clock)
    await db.transact(
        lambda conn: account_sql.insert_account(conn, Account(ALICE, "a@example.com", "Alice", Role.FAN), "-", 0)
    )
    catalog = Catalog(db, clock)
    desk = Desk(db, catalog, clock, event, Fulfilment(db, catalog, clock), Settlement(db, catalog, clock))
    signer = TicketSigner(OUR_SEED)
    verifier = TicketVerifier([signer.public_key, TicketSigner(OLD_SEED).public_key])
    yield Gate(desk, CheckIn(db, verifier, clock), Cancellation(db, catalog, clock, sql.void_tickets), signer)
    await catalog.close()
    await db.close()


async def test_it_admits_once_and_says_when_it_did(gate: Gate) -> None:
    (ticket,) = await gate.sell(0)
    code = gate.signer.sign(ticket)
    opened = gate.desk.clock.now_ms()
    first = await gate.scan(code, gate="acc_gate_1")
    assert isinstance(first, Admitted)
    assert (first.ticket.ticket_id, first.ticket.seat_id, first.admitted_at) == (ticket.ticket_id, "A-1-1", opened)
    gate.desk.clock.advance(60)
    for _ in range(2):
        again = await gate.scan(code, gate="acc_gate_2")
        assert isinstance(again, Already)
        assert (again.admitted_at, again.ticket.ticket_id) == (opened, ticket.ticket_id)
    assert await gate.admissions() == [(ticket.ticket_id, "used", opened, "acc_gate_1")]


async def test_twenty_gates_at_once_admit_one(gate: Gate) -> None:
    one, other = await gate.sell(0, 1)
    codes = [gate.signer.sign(one), gate.signer.sign(other)]
    verdicts = await asyncio.gather(*(gate.scan(codes[i % 2], gate=f"acc_{i}") for i in range(20)))
    for code in range(2):
        mine = verdicts[code::2]
        assert sum(isinstance(verdict, Admitted) for verdict in mine) == 1
        assert sum(isinstance(verdict, Already) for verdict in mine) == 9
    assert len(await gate.admissions()) == 2


@pytest.mark.parametrize("typed", ["{}\r\n", "  {}  ", "{lower}"])
async def test_scanners_that_type(gate: Gate, typed: str) -> None:
    (ticket,) = await gate.sell(0)
    code = gate.signer.sign(ticket)
    assert isinstance(await gate.scan(typed.format(code, lower=code.lower())), Admitted)


async def test_forgeries(gate: Gate) -> None:
    one, other = await gate.sell(0, 1)
    code, foreign = gate.signer.sign(one), TicketSigner(FOREIGN_SEED).sign(one)
    spliced = code[: len(code) // 2] + gate.signer.sign(other)[len(code) // 2 :]
    for bad in (
        "",
        "x",
        code[:-1],
        code + "A",
        code[:-1] + ("A" if code[-1] != "A" else "B"),
        foreign,
        spliced,
        one.ticket_id,
        code.replace("T", "Т", 1),
        "\x00",
        "한글",
        "A" * 2000,
    ):
        verdict = await gate.scan(bad)
        assert isinstance(verdict, Refused), bad
        assert (verdict.reason, verdict.ticket) == (RefusalReason.FORGED, None), bad
    assert await gate.admissions() == []
    assert isinstance(await gate.scan(code), Admitted), "control"


async def test_a_code_of_the_key_before_the_last_one_still_admits(gate: Gate) -> None:
    (ticket,) = await gate.sell(0)
    assert isinstance(await gate.scan(TicketSigner(OLD_SEED).sign(ticket)), Admitted)


async def test_a_genuine_code_of_a_ticket_that_is_not_in_the_books(gate: Gate, ticket: Ticket) -> None:
    verdict = await gate.scan(gate.signer.sign(ticket))
    assert verdict == Refused(RefusalReason.UNKNOWN)


async def test_a_gate_of_another_event(gate: Gate) -> None:
    (ticket,) = await gate.sell(0)
    code = gate.signer.sign(ticket)
    verdict = await gate.scan(code, event_id="evt_bbbbbbbbbbbbbbbb")
    assert isinstance(verdict, Refused)
    assert verdict.reason is RefusalReason.OTHER_EVENT
    assert await gate.admissions() == []
    assert isinstance(await gate.scan(code, event_id=gate.desk.event.id), Admitted)


async def test_a_cancelled_ticket_and_the_next_owner_of_the_seat(gate: Gate) -> None:
    (old,) = await gate.sell(0)
    await gate.cancellation.cancel(old.order_id, ALICE)
    (new,) = await gate.sell(0)
    verdict = await gate.scan(gate.signer.sign(old))
    assert isinstance(verdict, Refused)
    assert (verdict.reason, verdict.ticket and verdict.ticket.ticket_id) == (RefusalReason.VOID, old.ticket_id)
    assert isinstance(await gate.scan(gate.signer.sign(new)), Admitted)


@pytest.mark.parametrize("attempt", range(5))
async def test_of_gate_and_cancellation_at_the_same_moment_one_wins_whole(gate: Gate, attempt: int) -> None:
    (ticket,) = await gate.sell(0)
    cancelled, verdict = await asyncio.gather(
        gate.cancellation.cancel(ticket.order_id, ALICE), gate.scan(gate.signer.sign(ticket)), return_exceptions=True
    )
    money = await gate.desk.money(ticket.order_id)
    if isinstance(verdict, Admitted):
        assert isinstance(cancelled, Conflict)
        assert (money.refund_due, len(await gate.admissions())) == (0, 1)
    else:
        assert isinstance(verdict, Refused)
        assert verdict.reason is RefusalReason.VOID
        assert cancelled is None
        assert money.refund_due > 0
        assert await gate.admissions() == []
