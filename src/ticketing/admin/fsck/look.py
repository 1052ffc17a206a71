"""One look at an event in Valkey and, a moment before, in the database. Read-only, by the layout of the keys.

Keys of an event, under the hash tag `{event}`: `seats` one byte per seat by ordinal (0 free, 1 held, 2 ordered,
3 sold, 4 blocked), `hold:ID` the holds, `expiry` their ends, `people` seats in live holds per account, `bought` seats
owned per account, `meta` epoch and state.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ticketing.admin.fsck.books import Books
from ticketing.admin.fsck.outbox import SeatNews, seat_news
from ticketing.base.valkey import Valkey

_BATCH = 500


def key(event_id: str, name: str) -> str:
    """A key of an event."""
    return f"h:{{{event_id}}}:{name}"


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold in the index of ends; `expires` is when the index lets it end (ms)."""

    account_id: str
    ordinals: tuple[int, ...]
    expires: int


@dataclass(slots=True)
class Look:
    """What both stores said about one event.

    Attributes:
        state: `ready`, `rebuilding`, or "" when Valkey does not know the event.
        seats: one byte per ordinal.
        holds: hold id → hold, of all in the index of ends.
        endless: hold id → hold, of the current epoch and not in that index. Looked for only when a seat is held and
            no other hold owns it, since it takes a walk over all keys.
        people, bought: account → seats, as Valkey has them.
        sold, owned: ordinals with an owner, account → seats owned: by the database.
        news: what is on its way from the database to Valkey.
    """

    state: str = ""
    epoch: str = ""
    seats: bytes = b""
    holds: dict[str, Hold] = field(default_factory=dict)
    endless: dict[str, Hold] = field(default_factory=dict)
    people: dict[str, int] = field(default_factory=dict)
    bought: dict[str, int] = field(default_factory=dict)
    sold: set[int] = field(default_factory=set)
    owned: dict[str, int] = field(default_factory=dict)
    news: SeatNews = field(default_factory=SeatNews)

    def unowned(self) -> list[int]:
        """Ordinals that look held and belong to no hold."""
        held = {ordinal for hold in (*self.holds.values(), *self.endless.values()) for ordinal in hold.ordinals}
        return [at for at, state in enumerate(self.seats) if state in b"12" and at not in held]


async def take_look(books: Books, valkey: Valkey, event_id: str) -> Look:
    """Look. Raises ValkeyAway, DatabaseAway."""
    look = Look()
    look.news = await seat_news(books, event_id)
    rows = await books.rows("SELECT ordinal FROM order_seats WHERE event_id = :e AND live IS NOT NULL", e=event_id)
    look.sold = {row.ordinal for row in rows}
    rows = await books.rows(
        "SELECT o.account_id, COUNT(*) AS n FROM orders o JOIN order_seats s ON s.order_id = o.id"
        " AND s.live IS NOT NULL WHERE o.event_id = :e GROUP BY o.account_id",
        e=event_id,
    )
    look.owned = {row.account_id: int(row.n) for row in rows}
    await _look_at_valkey(look, valkey, event_id)
    return look


async def _look_at_valkey(look: Look, valkey: Valkey, event_id: str) -> None:
    state, epoch = await valkey.execute("HMGET", key(event_id, "meta"), "state", "epoch")
    look.state, look.epoch = (state or b"").decode(), (epoch or b"").decode()
    if look.state != "ready":
        return
    look.seats = bytes(await valkey.execute("GET", key(event_id, "seats")) or b"")
    ends = await valkey.execute("ZRANGE", key(event_id, "expiry"), 0, -1, "WITHSCORES")
    look.holds = await _holds(valkey, event_id, _scores(ends))
    look.people = _counts(await valkey.execute("HGETALL", key(event_id, "people")))
    look.bought = _counts(await valkey.execute("HGETALL", key(event_id, "bought")))
    if look.unowned():
        look.endless = await _endless(valkey, event_id, look)


async def _holds(valkey: Valkey, event_id: str, ends: Mapping[str, int | None], epoch: str = "") -> dict[str, Hold]:
    """Holds by id. With `ends` None their own field says when; with an epoch, those of others are left out."""
    found: dict[str, Hold] = {}
    names = list(ends)
    for start in range(0, len(names), _BATCH):
        batch = names[start : start + _BATCH]
        answers = await asyncio.gather(
            *(
                valkey.execute("HMGET", key(event_id, f"hold:{name}"), "account", "seats", "expires", "epoch")
                for name in batch
            )
        )
        for name, (account, seats, expires, its_epoch) in zip(batch, answers, strict=True):
            if account is None or (epoch and (its_epoch or b"").decode() != epoch):
                continue
            end = ends[name]
            ordinals = tuple(map(int, seats.decode().split(",")))
            found[name] = Hold(account.decode(), ordinals, int(expires or 0) if end is None else end)
    return found


async def _endless(valkey: Valkey, event_id: str, look: Look) -> dict[str, Hold]:
    prefix = key(event_id, "hold:")
    cursor: Any = 0
    names: dict[str, int | None] = {}
    while True:
        cursor, batch = await valkey.execute("SCAN", cursor, "MATCH", f"{prefix}*", "COUNT", 1_000)
        for raw in batch:
            name = raw.decode().removeprefix(prefix)
            if name not in look.holds:
                names[name] = None
        if int(cursor) == 0:
            return await _holds(valkey, event_id, names, look.epoch)


def _pairs(answer: Any) -> list[tuple[Any, Any]]:
    """Pairs of an answer: newer protocols send them as a map or as lists of two, older ones flat."""
    if isinstance(answer, dict):
        return list(answer.items())
    if answer and isinstance(answer[0], (list, tuple)):
        return [(a, b) for a, b in answer]
    return list(zip(answer[::2], answer[1::2], strict=True))


def _scores(answer: Any) -> dict[str, int | None]:
    return {member.decode(): int(float(score)) for member, score in _pairs(answer)}


def _counts(answer: Any) -> dict[str, int]:
    return {name.decode(): int(value) for name, value in _pairs(answer)}
