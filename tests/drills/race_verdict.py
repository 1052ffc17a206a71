"""What came of a race, on three levels: what buyers were told, what the books say, what availability shows.

It shares no code with the product beyond table names, so that both cannot be wrong in the same way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text

from tests.drills.race_crowd import Buyer
from tests.people import eventually
from tests.stack import Stack
from ticketing.base.db import Database

TOLD_NO = {"seats_taken", "no_seats_left"}
OPEN = ("placed", "reserved", "paid")


@dataclass
class Verdict:
    """Everything counted; `breaches` is what a fair sale must not have."""

    seats: int
    buyers: int
    accepted: int = 0
    told_no: int = 0
    server_errors: int = 0
    other_answers: Counter[str] = field(default_factory=Counter)
    orders: Counter[str] = field(default_factory=Counter)
    sold_twice: list[str] = field(default_factory=list)
    ticketed_twice: list[str] = field(default_factory=list)
    sold: int = 0
    tickets: int = 0
    captured: int = 0
    shown: dict[str, int] = field(default_factory=dict)
    contended: int = 0
    """Seats that at least two buyers asked for at overlapping times, one of whom got it."""

    @property
    def breaches(self) -> list[str]:
        """Each broken rule in words; empty for a fair race in which each winner buys one seat."""
        losers = self.buyers - self.seats
        return self.book_breaches + _broken(
            {
                f"{self.accepted} orders were accepted for {self.seats} seats": self.accepted == self.seats,
                f"{self.told_no} of {losers} losers were told so": self.told_no == losers,
                f"unexpected answers: {dict(self.other_answers)}": not self.other_answers,
                "nobody contended: the race proves nothing": self.contended > 0,
            }
        )

    @property
    def book_breaches(self) -> list[str]:
        """The rules that hold whoever bought how much: seats, tickets, money, what is shown."""
        late = self.orders["refused"]
        return _broken(
            {
                f"seats sold twice: {self.sold_twice[:5]}": not self.sold_twice,
                f"seats with two live tickets: {self.ticketed_twice[:5]}": not self.ticketed_twice,
                f"{self.sold} of {self.seats} seats were sold": self.sold == self.seats,
                f"{late} buyers learnt after their order that they had lost": not late,
                f"{self.server_errors} answers were server errors": not self.server_errors,
                f"{self.orders['ticketed']} orders got tickets": self.orders["ticketed"] == self.seats,
                f"{self.tickets} tickets for {self.seats} seats": self.tickets == self.seats,
                f"money was taken for {self.captured} of {self.seats} orders": self.captured == self.seats,
                f"availability shows {self.shown}": self.shown == {"free": 0, "held": 0, "sold": self.seats},
            }
        )


def _broken(rules: dict[str, bool]) -> list[str]:
    return [breach for breach, fine in rules.items() if not fine]


async def judge(stack: Stack, event_id: str, buyers: Sequence[Buyer], seats: int) -> Verdict:
    """Wait until every accepted order is final, then count."""
    verdict = Verdict(seats, len(buyers))
    _hear(verdict, buyers)
    accepted = sum(len(buyer.order_ids) for buyer in buyers)
    async with stack.database() as db:
        await eventually(lambda: _all_final(db, event_id, accepted), 90)
        await _read_books(verdict, db, event_id)

    async def settled() -> bool:
        (shown,) = (await buyers[0].line.get(f"/api/events/{event_id}/availability")).json()["sections"].values()
        verdict.shown = {name: shown[name] for name in ("free", "held", "sold")}
        return bool(verdict.shown["held"] == 0 and verdict.shown["sold"] == len(await _owned(stack, event_id)))

    await eventually(settled, 30)
    return verdict


def _hear(verdict: Verdict, buyers: Sequence[Buyer]) -> None:
    for buyer in buyers:
        answers = [(told.status, told.code) for told in buyer.holds]
        answers += [(answer.status, answer.code) for answer in buyer.orders]
        verdict.accepted += len(buyer.order_ids)
        verdict.told_no += not buyer.order_ids and bool(buyer.holds) and buyer.holds[-1].code in TOLD_NO
        for status, code in answers:
            verdict.server_errors += status >= 500
            if status not in (201, 202) and code not in TOLD_NO:
                verdict.other_answers[f"{status} {code}"] += 1
    verdict.contended = sum(count >= 2 for count in contenders(buyers).values())


def contenders(buyers: Sequence[Buyer]) -> dict[str, int]:
    """Seat → how many different buyers asked for it while its winner's question was under way, the winner included.

    A loser counts only when the refusal names the seat: the script, and nothing before it, gives that answer.
    """
    won = {seat: told for buyer in buyers for told in buyer.holds if told.status == 201 for seat in told.seats}
    rivals: dict[str, set[str]] = {seat: set() for seat in won}
    for buyer in buyers:
        for told in buyer.holds:
            for seat in told.seats:
                if seat in won and told.sent < won[seat].came and won[seat].sent < told.came:
                    rivals[seat].add(buyer.account_id)
    return {seat: len(accounts) for seat, accounts in rivals.items()}


async def _rows(db: Database, statement: str, **values: Any) -> list[Any]:
    return await db.fetch(text(statement), values)


async def _all_final(db: Database, event_id: str, accepted: int) -> bool:
    rows = await _rows(db, "SELECT state, COUNT(*) FROM orders WHERE event_id = :event GROUP BY state", event=event_id)
    by_state = {state: int(count) for state, count in rows}
    return sum(by_state.values()) == accepted and not any(by_state.get(state) for state in OPEN)


async def _owned(stack: Stack, event_id: str) -> list[str]:
    async with stack.database() as db:
        rows = await _rows(
            db, "SELECT DISTINCT seat_id FROM order_seats WHERE event_id = :event AND live = 1", event=event_id
        )
    return [row[0] for row in rows]


async def _read_books(verdict: Verdict, db: Database, event_id: str) -> None:
    owned = await _rows(
        db, "SELECT seat_id, COUNT(*) FROM order_seats WHERE event_id = :e AND live = 1 GROUP BY seat_id", e=event_id
    )
    issued = await _rows(
        db, "SELECT seat_id, COUNT(*) FROM tickets WHERE event_id = :e AND live = 1 GROUP BY seat_id", e=event_id
    )
    captured = await _rows(
        db, "SELECT COUNT(DISTINCT order_id) FROM ledger WHERE event_id = :e AND kind = 'captured'", e=event_id
    )
    states = await _rows(db, "SELECT state, COUNT(*) FROM orders WHERE event_id = :e GROUP BY state", e=event_id)
    verdict.orders = Counter({state: int(count) for state, count in states})
    verdict.sold, verdict.tickets = len(owned), sum(int(count) for _, count in issued)
    verdict.sold_twice = [seat for seat, count in owned if count > 1]
    verdict.ticketed_twice = [seat for seat, count in issued if count > 1]
    verdict.captured = int(captured[0][0])
