"""The Valkey side of the line: keys, scripts, and their answers as types. All methods raise ValkeyAway."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ticketing.base.valkey import RUN_ID, Valkey, load_script
from ticketing.waiting import model
from ticketing.waiting.model import (
    Admission,
    Admitted,
    Census,
    ClaimOutcome,
    Early,
    Full,
    Joined,
    JoinOutcome,
    Line,
    NotInLine,
    NotYet,
    OtherPlace,
    OutOfIndexes,
    Over,
    Rebuilding,
    Rules,
    TooFast,
    Unpaid,
    UsedPlace,
)

_HERE = Path(__file__).parent
_JOIN, _CLAIM, _CONFIRM, _LEAVE = (load_script(_HERE / f"{name}.lua") for name in ("join", "claim", "confirm", "leave"))
_PLACE, _TICK, _PUBLISH = (load_script(_HERE / f"{name}.lua") for name in ("place", "tick", "publish"))
_FREEZE, _REFILL, _TRIM = (load_script(_HERE / f"{name}.lua") for name in ("freeze", "refill", "trim"))
_STATUS = load_script(_HERE / "status.lua")

DOOR_MS = 6_000
"""How long somebody at the door keeps their turn between two claims; they are told to come again after 2 s."""

_CHUNK = 1_000
_ALL = ("meta", "reg", "fresh", "used", "lease", "active", "admits", "entered", "door", "seen", "released", "ended")
_WHOLE = (*_ALL, "gone", "status")
"""Everything of a line but the counters of calls, which end by themselves."""


class Lost(Exception):
    """Valkey does not have this line, or may have forgotten a part of it."""


class Deposed(Exception):
    """Another leader has been here since."""


@dataclass(frozen=True)
class Standing:
    """What Valkey says of one account: `index` 0 when it has no place, or left it before the draw; `inside`
    while a lease is live.
    """

    index: int
    phase: str
    serving: int
    seq: int
    inside: Admitted | None


@dataclass(frozen=True)
class Gauge:
    """A line's counts for staff; `bits` is what a place costs now."""

    phase: str
    seq: int
    serving: int
    inside: int
    recent: int
    at_door: int
    health: float
    bits: int | None


@dataclass(frozen=True)
class Returned:
    """A visit for a refill: its position, and the instant (ms) until which it counts as inside, 0 if it does not."""

    visit: Admission
    position: int
    active_until: int


def _census(answer: list[Any]) -> Census:
    phase, *numbers, health, pressure, before, holes = answer
    seq, limit, serving, inside, recent, unclaimed, at_door, refused, unsaved, ended, moved = map(int, numbers)
    return Census(
        phase=phase.decode(),
        seq=seq,
        limit=limit,
        serving=serving,
        inside=inside,
        recent=recent,
        unclaimed=unclaimed,
        at_door=at_door,
        refused=refused,
        unsaved=unsaved,
        ended=ended,
        moved=moved,
        health=float(health),
        pressure=pressure.decode(),
        before=int(before),
        holes=holes.decode(),
    )


class LineStore:
    """Scripts and keys. All keys of an event share a hash tag, so that they live on one shard."""

    def __init__(self, valkey: Valkey, rules: Rules) -> None:
        self._valkey = valkey
        self._rules = rules

    @staticmethod
    def _key(event_id: str, name: str) -> str:
        return f"w:{{{event_id}}}:{name}"

    def _keys(self, event_id: str, *names: str) -> list[str]:
        return [self._key(event_id, name) for name in names]

    async def join(self, line: Line, subject: str, held_index: int, now: int, *, paid: bool = True) -> JoinOutcome:
        """A place, a new one only when `paid`; `held_index` is that of a genuine ticket of this subject, or 0."""
        names = ("meta", "reg", "fresh", "used", f"calls:{subject}", "gone", f"given:{subject}")
        args = [now, RUN_ID, subject, line.epoch, held_index, int(paid)]
        answer = await self._valkey.run(_JOIN, self._keys(line.event_id, *names), args)
        match answer:
            case [b"place", index, new, phase, serving, seq]:
                return Joined(int(index), bool(new), phase.decode(), int(serving), int(seq))
            case [b"early"]:
                return Early()
            case [b"over", why]:
                return Over(why.decode())
            case [b"block"]:
                return OutOfIndexes()
            case [b"rate", wait]:
                return TooFast(int(wait))
            case [b"used"]:
                return UsedPlace()
            case [b"toll"]:
                return Unpaid()
        return Rebuilding()

    async def claim(self, line: Line, subject: str, index: int, position: int, lease_id: str, now: int) -> ClaimOutcome:
        """Ask to be let in. The same lease comes back while the visit lasts."""
        names = ("meta", "reg", "fresh", "used", f"calls:{subject}")
        keys = self._keys(line.event_id, *names, "lease", "active", "admits", "entered", "door", "seen", "gone")
        times = [self._rules.idle_ms, self._rules.hard_ms, model.PENDING_MS, DOOR_MS]
        args = [now, RUN_ID, subject, line.epoch, index, position, lease_id, *times]
        match await self._valkey.run(_CLAIM, keys, args):
            case [b"in", lease, at, admitted, ends, pending]:
                return Admitted(lease.decode(), int(at), int(admitted), int(ends), bool(pending))
            case [b"wait", serving]:
                return NotYet(int(serving))
            case [b"full", serving, why]:
                return Full(int(serving), why.decode())
            case [b"none"]:
                return NotInLine()
            case [b"other", other]:
                return OtherPlace(int(other))
            case [b"used"]:
                return UsedPlace()
            case [b"over", why]:
                return Over(why.decode())
            case [b"early"]:
                return Early()
            case [b"rate", wait]:
                return TooFast(int(wait))
        return Rebuilding()

    async def confirm(self, event_id: str, subject: str, lease_id: str, now: int, until: int = 0) -> str:
        """The visit is in the database, or shows a sign of life: 'ok', 'gone' or 'rebuilding'.

        Args:
            until: keep the slot at least so long (ms), within the hard limit; for a hold's end.
        """
        keys = self._keys(event_id, "meta", "lease", "active")
        args = [now, RUN_ID, subject, lease_id, self._rules.idle_ms, until]
        return str((await self._valkey.run(_CONFIRM, keys, args)).decode())

    async def leave(
        self, event_id: str, subject: str, reason: str, now: int, lease_id: str = "", begun_by: int | None = None
    ) -> str:
        """Give up the place or visit, with `begun_by` only one that began by then: 'left', 'none' or 'rebuilding'."""
        keys = self._keys(event_id, "meta", "reg", "used", "lease", "active", "door", "seen", "ended", "gone")
        begun = "" if begun_by is None else begun_by
        return str((await self._valkey.run(_LEAVE, keys, [now, RUN_ID, subject, reason, lease_id, begun])).decode())

    async def standing(self, event_id: str, subject: str, now: int) -> Standing | None:
        """Where an account stands; None while the line is being rebuilt."""
        keys = self._keys(event_id, "meta", "reg", "lease", "active", "gone")
        match await self._valkey.run(_PLACE, keys, [now, RUN_ID, subject]):
            case [b"place", index, phase, serving, seq, lease, admitted, ends]:
                visit = Admitted(lease.decode(), int(index), int(admitted), int(ends), False) if lease else None
                return Standing(int(index), phase.decode(), int(serving), int(seq), visit)
        return None

    async def status(self, event_id: str) -> bytes | None:
        """The status object as the leader last wrote it; None when a later one may have been lost."""
        answer: bytes | None = await self._valkey.run(_STATUS, self._keys(event_id, "meta", "status"), [RUN_ID])
        return answer

    async def gauge(self, event_id: str, now: int) -> Gauge | None:
        """Counts at this moment, without changing anything; None while the line is being rebuilt."""
        meta, active, admits, door = self._keys(event_id, "meta", "active", "admits", "door")
        names = ("state", "phase", "seq", "serving", "health", "bits")
        found, inside, recent, at_door = await asyncio.gather(
            self._valkey.execute("HMGET", meta, *names),
            self._valkey.execute("ZCOUNT", active, f"({now}", "+inf"),
            self._valkey.execute("ZCOUNT", admits, f"({now - 60_000}", "+inf"),
            self._valkey.execute("ZCARD", door),
        )
        state, phase, seq, serving, health, bits = found
        if state != b"ready":
            return None
        return Gauge(
            phase.decode(),
            int(seq),
            int(serving),
            inside,
            recent,
            at_door,
            float(health or 1),
            None if bits is None else int(bits),
        )

    async def price(self, event_id: str) -> int | None:
        """Bits of work that the leader asks for, None when it has not said."""
        bits = await self._valkey.execute("HGET", self._key(event_id, "meta"), "bits")
        return None if bits is None else int(bits)

    async def count_refused(self, event_id: str) -> None:
        """One join was refused for bad work; nothing counts them where no line is."""
        meta = self._key(event_id, "meta")
        if await self._valkey.execute("HEXISTS", meta, "state"):
            await self._valkey.execute("HINCRBY", meta, "refused", 1)

    # What only the leader calls ------------------------------------------------------------------------------------

    async def tick(self, line: Line, fence: int, now: int) -> Census:
        """End what is over, count what is there. Raises Lost, Deposed."""
        args = [now, RUN_ID, line.epoch, fence, model.RESERVATION_MS, DOOR_MS]
        answer = await self._valkey.run(_TICK, self._keys(line.event_id, *_ALL), args)
        self._check(answer[0])
        return _census(answer[1:])

    async def publish(
        self, line: Line, fence: int, now: int, limit: int, fields: Mapping[str, str | int], status: bytes
    ) -> None:
        """Write `line.serving` (only forward), the index limit (only up), fields of `meta`, and the status object.

        Raises Lost, Deposed.
        """
        pairs = [part for pair in fields.items() for part in pair]
        keys = self._keys(line.event_id, "meta", "released", "status")
        args = [now, RUN_ID, fence, line.serving, limit, status, *pairs]
        self._check(await self._valkey.run(_PUBLISH, keys, args))

    async def freeze(self, event_id: str, fence: int) -> int:
        """Close registration; gives N. Raises Lost, Deposed."""
        answer = await self._valkey.run(_FREEZE, self._keys(event_id, "meta"), [RUN_ID, fence])
        self._check(answer[0])
        return int(answer[1])

    async def raise_limit(self, event_id: str, limit: int) -> None:
        """Tell the script that indexes up to `limit` are reserved. Any process may; a lost line ignores it."""
        meta = self._key(event_id, "meta")
        known = await self._valkey.execute("HGET", meta, "limit")
        if known is not None and int(known) < limit:
            await self._valkey.execute("HSET", meta, "limit", limit)

    async def unsaved_places(self, event_id: str, limit: int) -> list[tuple[int, str, int]]:
        """The oldest (index, subject, joined at) that are not known to be in the database."""
        raw = await self._valkey.execute("LRANGE", self._key(event_id, "fresh"), 0, limit - 1)
        return [(int(index), subject, int(at)) for index, subject, at in (item.decode().split(":") for item in raw)]

    async def saved_places(self, event_id: str, fence: int, count: int) -> None:
        """The oldest `count` are in the database. Raises Deposed."""
        await self._trim(event_id, "fresh", fence, count)

    async def unsaved_endings(self, event_id: str, limit: int) -> list[tuple[int, str, str, int, str]]:
        """The oldest (index, subject, reason, instant, lease id) that are not known to be in the database."""
        raw = await self._valkey.execute("LRANGE", self._key(event_id, "ended"), 0, limit - 1)
        fields = (item.decode().split(":") for item in raw)
        return [(int(index), subject, reason, int(at), lease) for index, subject, reason, at, lease in fields]

    async def saved_endings(self, event_id: str, fence: int, count: int) -> None:
        """The oldest `count` are in the database. Raises Deposed."""
        await self._trim(event_id, "ended", fence, count)

    async def _trim(self, event_id: str, name: str, fence: int, count: int) -> None:
        self._check(await self._valkey.run(_TRIM, self._keys(event_id, "meta", name), [RUN_ID, fence, count]))

    async def expire(self, event_id: str) -> None:
        """Forget a closed line in a week. Whoever asks for it then is answered from the books."""
        keys = self._keys(event_id, *_WHOLE)
        await asyncio.gather(*(self._valkey.execute("PEXPIRE", key, model.FORGET_MS) for key in keys))

    async def begin_refill(self, event_id: str, fence: int, now: int) -> None:
        """Wipe the line and shut it. Raises Deposed."""
        await self._refill(event_id, fence, "begin", [now])

    async def refill_places(self, event_id: str, fence: int, places: Iterable[tuple[int, str]]) -> None:
        """Bring back (index, subject). Raises Deposed."""
        await self._refill_chunks(event_id, fence, "places", [[index, subject] for index, subject in places])

    async def refill_visits(self, event_id: str, fence: int, visits: Sequence[Returned]) -> None:
        """Bring back visits that have not reached their hard limit. Raises Deposed."""
        rows = []
        for item in visits:
            v = item.visit
            lease = f"{v.lease_id}:{v.index}:{item.position}:{v.admitted_at}:{v.ends_at}:c"
            rows.append([v.subject, lease, item.active_until, v.admitted_at, item.position])
        await self._refill_chunks(event_id, fence, "visits", rows)

    async def refill_used(self, event_id: str, fence: int, used: Iterable[tuple[int, str]]) -> None:
        """Bring back which places (index, subject) were used. Raises Deposed."""
        await self._refill_chunks(event_id, fence, "used", [[index, subject] for index, subject in used])

    async def refill_admissions(self, event_id: str, fence: int, admissions: Iterable[tuple[str, int]]) -> None:
        """Bring back (lease id, instant) of admissions that count against the rate. Raises Deposed."""
        await self._refill_chunks(event_id, fence, "admits", [[lease, at] for lease, at in admissions])

    async def refill_called(
        self, event_id: str, fence: int, at: int, called: int, entered: Iterable[tuple[str, int]]
    ) -> None:
        """Bring back that `called` places were released by `at` (ms), and (lease id, position) of who came in behind.

        Raises Deposed.
        """
        await self._refill_chunks(event_id, fence, "entered", [[lease, position] for lease, position in entered])
        if called:
            await self._refill(event_id, fence, "released", [at, called])

    async def end_refill(
        self, event_id: str, fence: int, now: int, called: int, fields: Mapping[str, str | int]
    ) -> None:
        """Open the line again, with `called` places released. Raises Deposed."""
        await self._refill(event_id, fence, "end", [now, called, *(part for pair in fields.items() for part in pair)])

    async def _refill_chunks(self, event_id: str, fence: int, step: str, rows: list[list[Any]]) -> None:
        for start in range(0, len(rows), _CHUNK):
            await self._refill(event_id, fence, step, [part for row in rows[start : start + _CHUNK] for part in row])

    async def _refill(self, event_id: str, fence: int, step: str, args: list[Any]) -> None:
        answer = await self._valkey.run(_REFILL, self._keys(event_id, *_WHOLE), [step, RUN_ID, fence, *args])
        if answer != b"ok":
            raise Deposed

    @staticmethod
    def _check(answer: bytes) -> None:
        if answer == b"lost":
            raise Lost
        if answer == b"deposed":
            raise Deposed
