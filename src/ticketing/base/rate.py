"""Rate limits: token buckets in Valkey, shared by all processes; while Valkey is away, per process."""

from __future__ import annotations

import contextlib
import ipaddress
import math
from dataclasses import dataclass
from pathlib import Path

from litestar.datastructures import Address

from ticketing.base.clock import Clock
from ticketing.base.errors import RateLimited
from ticketing.base.valkey import Valkey, ValkeyAway, load_script

_SCRIPT = load_script(Path(__file__).with_name("rate.lua"))
_LOCAL_LIMIT = 20_000


@dataclass(frozen=True)
class Limit:
    """A bucket: `capacity` at once, refilled by `per_second`."""

    name: str
    capacity: int
    per_second: float


def origin_of(client: Address | None) -> str:
    """Who a limit by network address counts: an IPv6 customer has 2**64 addresses of their own, and is one."""
    host = client.host if client else "unknown"
    try:
        address = ipaddress.IPv6Address(host.partition("%")[0])
    except ValueError:
        return host
    return str(address.ipv4_mapped or ipaddress.IPv6Network((address, 64), strict=False))


class RateLimiter:
    """Checks limits by (limit, subject)."""

    def __init__(self, valkey: Valkey, clock: Clock) -> None:
        self._valkey = valkey
        self._clock = clock
        self._local: dict[str, tuple[int, float]] = {}

    async def check(self, limit: Limit, subject: str, cost: int = 1) -> None:
        """Take `cost` tokens of the subject's bucket. Raises RateLimited with the seconds to wait."""
        now = self._clock.now_ms()
        try:
            key = f"rate:{limit.name}:{subject}"
            wait_ms = int(await self._valkey.run(_SCRIPT, [key], [now, limit.capacity, limit.per_second, cost]))
        except ValkeyAway:
            wait_ms = self._check_locally(limit, subject, cost, now)
        if wait_ms > 0:
            raise RateLimited(max(1, math.ceil(wait_ms / 1000)))

    def _check_locally(self, limit: Limit, subject: str, cost: int, now: int) -> int:
        if len(self._local) > _LOCAL_LIMIT:
            self._local.clear()
        key = f"{limit.name}:{subject}"
        then, tokens = self._local.get(key, (now, float(limit.capacity)))
        tokens = min(limit.capacity, tokens + max(0, now - then) * limit.per_second / 1000)
        if tokens < cost:
            return math.ceil((cost - tokens) * 1000 / limit.per_second)
        self._local[key] = (now, tokens - cost)
        return 0

    async def give_back(self, limit: Limit, subject: str) -> None:
        """Empty the subject's record: what it did turned out to be fine."""
        self._local.pop(f"{limit.name}:{subject}", None)
        with contextlib.suppress(ValkeyAway):
            await self._valkey.execute("DEL", f"rate:{limit.name}:{subject}")
