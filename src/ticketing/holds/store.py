"""The Valkey side of holds: one string of seats per event, a hash per hold, and the scripts over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from ticketing.base.valkey import Valkey, load_script
from ticketing.holds.model import (
    AnyIn,
    Claimed,
    ClaimOutcome,
    Gone,
    Groups,
    Held,
    HoldOutcome,
    KeyReused,
    NoneLeft,
    OrderedElsewhere,
    OverLimit,
    Rebuilding,
    Taken,
    TooFast,
)
from ticketing.holds.token import HoldClaims

_HERE = Path(__file__).parent
_HOLD, _RELEASE, _CLAIM = (load_script(_HERE / f"{name}.lua") for name in ("hold", "release", "claim"))
_SYNC, _SWEEP, _REBUILD = (load_script(_HERE / f"{name}.lua") for name in ("sync", "sweep", "rebuild"))
_MEND = load_script(_HERE / "mend.lua")

ORDER_MEMORY_SECONDS = 24 * 3600
REBUILD_LEASE_MS = 15_000


@dataclass(frozen=True)
class Released:
    """The seats are free again."""


@dataclass(frozen=True)
class SeatBytes:
    """The raw state of an event's seats: one byte per ordinal, and the counter that moves with every change."""

    seats: bytes
    version: int
    ready: bool


class HoldStore:
    """Scripts and keys. All keys of an event share a hash tag, so that they live on one shard.

    Args:
        call_limit: holds that one account may ask for within `window_ms`.
    """

    def __init__(self, valkey: Valkey, *, call_limit: int = 60, window_ms: int = 10_000) -> None:
        self._valkey = valkey
        self._call_limit = call_limit
        self._window_ms = window_ms

    @staticmethod
    def _key(event_id: str, name: str) -> str:
        return f"h:{{{event_id}}}:{name}"

    def _keys(self, event_id: str, *names: str) -> list[str]:
        return [self._key(event_id, name) for name in names]

    async def hold(
        self, event_id: str, account_id: str, hold_id: str, wanted: Groups | AnyIn, *, cap: int, now: int, expires: int
    ) -> HoldOutcome:
        """All or none, in one call. Repeating it with the same hold id gives the same hold. Raises ValkeyAway."""
        keys = [
            *self._keys(event_id, "seats", "expiry", "people", "bought", "meta"),
            self._key(event_id, f"rate:{account_id}"),
            self._key(event_id, f"hold:{hold_id}"),
            self._key(event_id, f"mine:{account_id}"),
        ]
        head = [now, expires, account_id, cap, hold_id, self._key(event_id, "hold:"), self._call_limit, self._window_ms]
        if isinstance(wanted, Groups):
            args = [*head, "groups", wanted.quantity, *chain.from_iterable(wanted.groups)]
        else:
            args = [*head, "range", wanted.quantity, wanted.first, wanted.last]
        return _hold_outcome(await self._valkey.run(_HOLD, keys, args), expires)

    async def release(self, event_id: str, account_id: str, hold_id: str) -> Released | Gone | OrderedElsewhere:
        """Free a hold that is not bound to an order. A stranger's hold counts as gone. Raises ValkeyAway."""
        keys = self._keys(event_id, "seats", "expiry", "people", "meta", f"hold:{hold_id}")
        answer = (await self._valkey.run(_RELEASE, keys, [account_id, hold_id])).decode()
        if answer == "released":
            return Released()
        return Gone() if answer in ("gone", "foreign") else OrderedElsewhere(answer)

    async def claim(
        self, claims: HoldClaims, order_id: str, fingerprint: str, *, now: int, stretched_to: int
    ) -> ClaimOutcome:
        """Bind a hold to an order. Raises ValkeyAway."""
        names = ("seats", "expiry", "people", "meta", f"hold:{claims.hold_id}", f"order:{order_id}")
        args = [
            now,
            claims.account_id,
            claims.hold_id,
            order_id,
            fingerprint,
            stretched_to,
            claims.epoch,
            claims.expires_at,
            self._key(claims.event_id, "hold:"),
            ORDER_MEMORY_SECONDS,
            *claims.ordinals,
        ]
        answer = await self._valkey.run(_CLAIM, self._keys(claims.event_id, *names), args)
        kind = answer[0].decode()
        if kind in ("claimed", "again"):
            return Claimed(again=kind == "again")
        if kind == "ordered":
            return OrderedElsewhere(answer[1].decode())
        if kind == "taken":
            return Taken(tuple(map(int, answer[1:])))
        return KeyReused() if kind == "reused" else Gone()

    async def sync(
        self, event_id: str, account_id: str, hold_id: str, bought: int, sold: Sequence[int], unsold: Sequence[int]
    ) -> int:
        """Carry the database's truth about some seats over. Safe to repeat. Raises ValkeyAway."""
        keys = self._keys(event_id, "seats", "expiry", "people", "bought", "meta", f"hold:{hold_id}")
        return int(await self._valkey.run(_SYNC, keys, [account_id, bought, hold_id, len(sold), *sold, *unsold]))

    async def mend(self, event_id: str, sold: Sequence[int], unsold: Sequence[int]) -> int:
        """Set seats to what the database says, whoever held them; gives how many changed. Raises ValkeyAway."""
        return int(await self._valkey.run(_MEND, self._keys(event_id, "seats", "meta"), [len(sold), *sold, *unsold]))

    async def sweep(self, event_id: str, now: int, limit: int = 200) -> int:
        """Free holds whose time is over; gives how many. Raises ValkeyAway."""
        keys = self._keys(event_id, "seats", "expiry", "people", "meta")
        return int(await self._valkey.run(_SWEEP, keys, [now, self._key(event_id, "hold:"), limit]))

    async def read(self, event_id: str) -> SeatBytes:
        """The state of all seats. Raises ValkeyAway."""
        meta = self._valkey.execute("HMGET", self._key(event_id, "meta"), "version", "state")
        # Version first: if a change slips in between, the bytes are newer than their version, never older.
        version, state = await meta
        seats = await self._valkey.execute("GET", self._key(event_id, "seats"))
        return SeatBytes(seats or b"", int(version or 0), state == b"ready" and seats is not None)

    async def version(self, event_id: str) -> tuple[int, bool]:
        """Only the counter, and whether the state is ready. Raises ValkeyAway."""
        version, state = await self._valkey.execute("HMGET", self._key(event_id, "meta"), "version", "state")
        return int(version or 0), state == b"ready"

    async def read_range(self, event_id: str, first: int, last: int) -> bytes:
        """The bytes of ordinals first..last. Raises ValkeyAway."""
        found = await self._valkey.execute("GETRANGE", self._key(event_id, "seats"), first, last)
        return bytes(found)

    async def read_hold(self, event_id: str, hold_id: str) -> Mapping[str, str]:
        """Fields of a hold; empty when it is gone. Raises ValkeyAway."""
        flat = await self._valkey.execute("HGETALL", self._key(event_id, f"hold:{hold_id}"))
        pairs = flat.items() if isinstance(flat, dict) else zip(flat[::2], flat[1::2], strict=True)
        return {key.decode(): value.decode() for key, value in pairs}

    async def holds_of(self, event_id: str, account_id: str) -> list[tuple[str, Mapping[str, str]]]:
        """(hold id, fields) of the account's live holds. Raises ValkeyAway."""
        mine = self._key(event_id, f"mine:{account_id}")
        found = []
        for raw in sorted(await self._valkey.execute("SMEMBERS", mine)):
            hold_id = raw.decode()
            fields = await self.read_hold(event_id, hold_id)
            if fields:
                found.append((hold_id, fields))
            else:
                await self._valkey.execute("SREM", mine, hold_id)
        return found

    async def begin_rebuild(self, event_id: str, epoch: str, capacity: int, now: int) -> str:
        """'begun', 'ready' (nothing to do) or 'busy'. Raises ValkeyAway."""
        args: list[Any] = ["begin", epoch, REBUILD_LEASE_MS, now, capacity]
        return str((await self._rebuild(event_id, args)).decode())

    async def end_rebuild(self, event_id: str, epoch: str, sold: Sequence[int], bought: Mapping[str, int]) -> str:
        """'ready', or 'lost' when another rebuild took over. Raises ValkeyAway."""
        args = ["end", epoch, len(sold), *sold, *chain.from_iterable(bought.items())]
        return str((await self._rebuild(event_id, args)).decode())

    async def _rebuild(self, event_id: str, args: list[Any]) -> bytes:
        keys = self._keys(event_id, "seats", "meta", "bought", "expiry", "people")
        return bytes(await self._valkey.run(_REBUILD, keys, args))


def _hold_outcome(answer: list[Any], expires: int) -> HoldOutcome:
    kind = answer[0].decode()
    if kind == "held":
        return Held(tuple(map(int, answer[2:])), expires, answer[1].decode())
    if kind == "again":
        return Held(tuple(map(int, answer[3:])), int(answer[2]), answer[1].decode())
    if kind == "taken":
        return Taken(tuple(map(int, answer[1:])))
    if kind == "limit":
        return OverLimit(int(answer[1]))
    if kind == "rate":
        return TooFast(int(answer[1]))
    return Rebuilding() if kind == "rebuilding" else NoneLeft()
