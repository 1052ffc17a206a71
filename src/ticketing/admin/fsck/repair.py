"""`--fix`: what can be put right without judgement, through the same doors as the normal path.

It writes messages, counts and Valkey state. It never deletes or makes a ticket, never writes the ledger, never talks
to the provider: the worker does that when it handles the messages, by the rules that are always in force. Each step
looks again, under the lock that the normal path takes, before it writes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ticketing.admin.fsck.books import Books
from ticketing.admin.fsck.check import Stores
from ticketing.admin.fsck.look import key
from ticketing.admin.fsck.report import Breach, Cure, Repair, Report
from ticketing.base import outbox
from ticketing.base.db import DatabaseAway
from ticketing.base.queue.port import QueueError
from ticketing.base.valkey import ValkeyAway, load_script
from ticketing.holds.store import HoldStore
from ticketing.orders import messages
from ticketing.orders import sql as order_sql
from ticketing.orders.model import OrderState

_PUT_RIGHT = load_script(Path(__file__).parent / "put_right.lua")
_BATCH = 500
_SWEEP = 200
_LETTERS = 100_000
_ON_REQUEST = frozenset({Cure.REVIVE, Cure.REDRIVE})
# The state in which an order still needs the message; a refund is needed in any.
_WAITING_STATE = {Cure.CAPTURE: OrderState.RESERVED, Cure.ISSUE: OrderState.PAID}
_COUNT = (
    "SELECT COUNT(*) FROM orders o JOIN order_seats s ON s.order_id = o.id AND s.live IS NOT NULL"
    " WHERE o.event_id = :e AND o.account_id = :a"
)
_THERE = "SELECT COUNT(*) FROM outbox WHERE topic = :t AND payload = :p"


class Repairs:
    """Puts right what a report names.

    Args:
        revive: also run dead messages again; they were given up for a reason that only people can judge.
    """

    def __init__(self, stores: Stores, *, revive: bool = False) -> None:
        self._stores = stores
        self._revive = revive
        self._holds = HoldStore(stores.valkey)
        self._done: list[Repair] = []

    async def run(self, report: Report) -> list[Repair]:
        """Repair; gives what was done and what was left. A store that is away leaves its part undone."""
        by_cure: dict[Cure, list[Breach]] = defaultdict(list)
        for breach in report.breaches:
            if breach.cure is not None:
                by_cure[breach.cure].append(breach)
        steps: dict[Cure, Callable[[list[Breach]], Awaitable[None]]] = {
            Cure.PEOPLE: self._count_people,
            Cure.CAPTURE: lambda breaches: self._write_messages(Cure.CAPTURE, breaches),
            Cure.ISSUE: lambda breaches: self._write_messages(Cure.ISSUE, breaches),
            Cure.REFUND: lambda breaches: self._write_messages(Cure.REFUND, breaches),
            Cure.REVIVE: self._revive_messages,
            Cure.REDRIVE: self._redrive,
            Cure.SWEEP: self._sweep,
            Cure.HOLDS: self._put_right,
            Cure.MARK: self._mark,
            Cure.BOUGHT: self._carry_counts,
        }
        for cure, step in steps.items():
            breaches = by_cure.get(cure, [])
            if not breaches:
                continue
            if cure in _ON_REQUEST and not self._revive:
                self._note(cure, False, "left as it is: ask for it with --revive", _names(breaches))
                continue
            try:
                await step(breaches)
            except (DatabaseAway, ValkeyAway, QueueError) as error:
                self._note(cure, False, f"not done, a store is away: {type(error).__name__}", _names(breaches))
        return self._done

    def _note(self, cure: Cure, done: bool, detail: str, ids: Iterable[str]) -> None:
        self._done.append(Repair(cure, done, detail, tuple(ids)))

    # --- database -------------------------------------------------------------------------------------------------

    async def _count_people(self, breaches: list[Breach]) -> None:
        people = order_sql.event_people
        for event_id, account_id in sorted({(b.ids["event_id"], b.ids["account_id"]) for b in breaches}):
            mine = (people.c.event_id == event_id) & (people.c.account_id == account_id)
            new = {"event_id": event_id, "account_id": account_id, "seats": 0}

            async def work(conn: AsyncConnection, mine: Any = mine, new: dict[str, Any] = new) -> int:
                await conn.execute(self._stores.db.insert_ignore(people), new)
                # Sales and cancellations change this row in the commit that changes the seats: with the row locked,
                # the seats that we count are the ones that it stands for.
                await conn.execute(select(people.c.seats).where(mine).with_for_update())
                counted = await Books(conn).scalar(_COUNT, e=new["event_id"], a=new["account_id"])
                await conn.execute(update(people).where(mine).values(seats=counted))
                return counted

            counted = await self._stores.db.transact(work)
            self._note(Cure.PEOPLE, True, f"counted anew: {counted} seats", (event_id, account_id))

    async def _write_messages(self, cure: Cure, breaches: list[Breach]) -> None:
        written: list[str] = []
        left: list[str] = []
        for order_id in sorted({b.ids["order_id"] for b in breaches}):

            async def work(conn: AsyncConnection, order_id: str = order_id) -> bool:
                # Locked as settling and issuing lock it: the state cannot change before the message is there.
                query = select(order_sql.orders.c.state).where(order_sql.orders.c.id == order_id).with_for_update()
                state = (await conn.execute(query)).scalar_one_or_none()
                payload = messages.encode(messages.OrderEvent(order_id))
                there = await Books(conn).scalar(_THERE, t=cure.value, p=payload)
                if there or state is None or state != _WAITING_STATE.get(cure, state):
                    return False
                await outbox.put(conn, cure.value, [payload], self._stores.clock.now_ms())
                return True

            (written if await self._stores.db.transact(work) else left).append(order_id)
        if written:
            self._note(cure, True, f"wrote the {cure.value} message again; a worker will handle it", written)
        if left:
            self._note(cure, False, "not written: the order has moved on, or has its message by now", left)

    async def _revive_messages(self, breaches: list[Breach]) -> None:
        ids = sorted({b.ids["outbox_id"] for b in breaches})
        now = self._stores.clock.now_ms()

        async def work(conn: AsyncConnection) -> None:
            table = outbox.outbox
            for start in range(0, len(ids), _BATCH):
                dead = table.c.id.in_(ids[start : start + _BATCH]) & (table.c.dead == 1)
                await conn.execute(update(table).where(dead).values(dead=0, attempts=0, available_at=now))

        await self._stores.db.transact(work)
        self._note(Cure.REVIVE, True, "will be run again", map(str, ids))

    async def _carry_counts(self, breaches: list[Breach]) -> None:
        people = sorted({(b.ids["event_id"], b.ids["account_id"]) for b in breaches})
        now = self._stores.clock.now_ms()
        news = [messages.encode(messages.SeatsChanged(event_id, account_id, "", ())) for event_id, account_id in people]
        await self._stores.db.transact(lambda conn: outbox.put(conn, messages.SEATS, news, now))
        detail = "wrote a seats message; a worker will carry the count over"
        self._note(Cure.BOUGHT, True, detail, (account_id for _, account_id in people))

    # --- queue and Valkey -----------------------------------------------------------------------------------------

    async def _redrive(self, breaches: list[Breach]) -> None:
        # The queue gives back its oldest first and cannot choose: all of them, or none.
        moved = await self._stores.queue.redrive(_LETTERS)
        self._note(Cure.REDRIVE, True, f"sent {moved} dead letters again", _names(breaches))

    async def _sweep(self, breaches: list[Breach]) -> None:
        for (event_id,), of_event in _grouped(breaches, "event_id").items():
            ended = 0
            while n := await self._holds.sweep(event_id, self._stores.clock.now_ms(), _SWEEP):
                ended += n
            self._note(Cure.SWEEP, True, f"ended {ended} holds whose time was over", _names(of_event))

    async def _put_right(self, breaches: list[Breach]) -> None:
        for (event_id, epoch), of_event in _grouped(breaches, "event_id", "epoch").items():
            grey = [b.ids["ordinal"] for b in of_event if b.code == "grey_seat"]
            endless = [b.ids["hold_id"] for b in of_event if b.code == "hold_without_end"]
            # Whose hold gets its end back is counted again too.
            counted = ("held_count_wrong", "hold_without_end")
            accounts = sorted({b.ids["account_id"] for b in of_event if b.code in counted})
            lists = [len(grey), *grey, len(accounts), *accounts, len(endless), *endless]
            keys = [key(event_id, name) for name in ("seats", "expiry", "people", "meta")]
            answer = await self._stores.valkey.run(_PUT_RIGHT, keys, [epoch, key(event_id, "hold:"), *lists])
            if int(answer[0]) < 0:
                self._note(Cure.HOLDS, False, "Valkey was rebuilt meanwhile: nothing to do", _names(of_event))
                continue
            freed, taken, corrected, ended = map(int, answer)
            detail = (
                f"freed {freed} grey seats, gave {taken} seats back to their holds, corrected {corrected} counts,"
                f" gave {ended} holds their end"
            )
            self._note(Cure.HOLDS, True, detail, _names(of_event))

    async def _mark(self, breaches: list[Breach]) -> None:
        for (event_id,), of_event in _grouped(breaches, "event_id").items():
            ordinals = sorted({b.ids["ordinal"] for b in of_event})
            changed = 0
            for start in range(0, len(ordinals), _BATCH):
                batch = ordinals[start : start + _BATCH]
                async with self._stores.db.read() as conn:
                    rows = await Books(conn).rows(
                        "SELECT ordinal FROM order_seats WHERE event_id = :e AND live IS NOT NULL AND ordinal IN :o",
                        e=event_id,
                        o=batch,
                    )
                sold = {row.ordinal for row in rows}
                changed += await self._holds.mend(event_id, sorted(sold), sorted(set(batch) - sold))
            self._note(Cure.MARK, True, f"set {changed} seats to what the books say", _names(of_event))


def _grouped(breaches: list[Breach], *names: str) -> dict[tuple[Any, ...], list[Breach]]:
    found: dict[tuple[Any, ...], list[Breach]] = defaultdict(list)
    for breach in breaches:
        found[tuple(breach.ids[name] for name in names)].append(breach)
    return dict(found)


def _names(breaches: list[Breach]) -> list[str]:
    """The most telling id of each breach."""
    keys = ("hold_id", "seat_id", "order_id", "message_id", "outbox_id", "account_id")
    return [str(next((b.ids[k] for k in keys if k in b.ids), b.code)) for b in breaches]
