"""Work queue on a Valkey (or Redis 7) stream with a consumer group.

Three keys of one hash slot: `{name}:messages`, the stream, whose consumer group counts deliveries; `{name}:due`, a
sorted set that says when each delivered message is visible again, so that any delay is exact and finding what is due
costs O(log n); `{name}:dead`, the stream of dead letters. Every state change is one script, so a killed client leaves
nothing half done. The stream is trimmed by deletion only: no message falls out because others came.

The consumer group is made when it is missing, hence the queue goes on after the server lost everything.

Safely stored means what the server's settings make of it: it answers a send
  - `appendfsync always`: after the disk has it (one fsync for all clients of a turn). Use this for work that was
    promised to somebody; the queue then wants a server of its own, apart from caches.
  - `appendfsync everysec`: when it is in memory and, as a rule, in the kernel. A power cut loses up to a second, and so
    may a kill of the process while the disk is slow (the server puts off the write up to 2 s during an fsync).
  - replicas: they follow asynchronously; a fail-over may lose the last moments unless the server is told otherwise
    (`min-replicas-to-write` narrows it, WAIT would ask per command). On AWS the queue is SQS.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis.asyncio.retry import Retry as RedisRetry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from ticketing.base.valkey import Script, Valkey, ValkeyAway, ValkeyFull, load_script

from .port import DeadLetter, Delivery, QueueStats, QueueUnavailable, SendFailed
from .retry import Retry, check_sizes, chunked

_HERE = Path(__file__).parent
_SEND, _RECEIVE, _ACK, _DEFER, _STATS, _REDRIVE = (
    load_script(_HERE / f"{name}.lua") for name in ("send", "receive", "ack", "defer", "stats", "redrive")
)

_GROUP = "workers"
# One consumer for all processes: what a delivery may still do is told by its attempt number, not by its reader, and
# names of processes that died would pile up in the group.
_CONSUMER = "worker"

# A script call holds up every other client of the server: keep each one short.
_MOST_PER_CALL = 500
_MOST_BYTES_PER_CALL = 4 * 1024 * 1024
# The longest sleep of a waiting receive: also how late it may notice a message that another client released.
_NAP_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class _Claim:
    """What one call of receive.lua gave."""

    deliveries: list[Delivery]
    due_in_seconds: float | None
    last_id: str


class ValkeyQueue:
    """Adapter; see `port.Queue` for the promises and this module for where they rest.

    Args:
        valkey: connection of the process; the caller closes it. Waiting for messages uses connections of its own, so
            that it never holds up others.
        name: name of the queue; also the hash tag of its keys.
        visibility_seconds: a delivery that is not acked comes again after this time.
        max_attempts: after so many deliveries without an ack a message goes to the dead letters.
        max_body_bytes: largest body.
        send_seconds: `send` ends within this time, retries included (per 500 messages or 4 MiB).
        retry: tries of every call.
    """

    def __init__(
        self,
        valkey: Valkey,
        name: str,
        *,
        visibility_seconds: float = 30.0,
        max_attempts: int = 5,
        max_body_bytes: int = 196_600,
        send_seconds: float = 8.0,
        retry: Retry | None = None,
    ) -> None:
        if not name or "{" in name or "}" in name:
            raise ValueError("a queue needs a name without braces: it is the hash tag of its keys")
        self._valkey = valkey
        self._stream, self._due, self._dead = (f"{{{name}}}:{part}" for part in ("messages", "due", "dead"))
        self._visibility_ms = int(visibility_seconds * 1000)
        self._max_attempts = max_attempts
        self._max_body_bytes = max_body_bytes
        self._send_seconds = send_seconds
        self._retry = retry or Retry()
        self._sweep_cursor: bytes | str = "0-0"
        self._waiting = valkey.dedicated(
            socket_timeout=_NAP_SECONDS + 2.0,
            retry=RedisRetry(NoBackoff(), 0),
        )

    @property
    def max_body_bytes(self) -> int:
        """Largest body that `send` takes."""
        return self._max_body_bytes

    async def send(self, bodies: Sequence[bytes]) -> None:
        """See `port.Queue.send`. Up to 500 messages are one round trip, stored all or none."""
        check_sizes(bodies, self._max_body_bytes)
        for chunk in chunked([len(body) for body in bodies], _MOST_PER_CALL, _MOST_BYTES_PER_CALL):
            # Chunks go one after the other, so everything from this one on is not stored if it fails.
            await self._send_chunk([bodies[index] for index in chunk], range(chunk.start, len(bodies)))

    async def _send_chunk(self, bodies: list[bytes], at_stake: range) -> None:
        unknown = False
        reason = ""
        # Leaving this block without a return means that time is up: a command may be under way.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._send_seconds):
                for tried in range(1, self._retry.attempts + 1):
                    try:
                        await self._valkey.run(_SEND, [self._stream], bodies)
                    except ValkeyFull as error:
                        raise SendFailed(_reason(error), unknown=unknown, failed=at_stake) from error
                    except ValkeyAway as error:
                        unknown, reason = True, _reason(error)
                    except ResponseError as error:
                        raise SendFailed(_reason(error), unknown=unknown, failed=at_stake) from error
                    else:
                        return
                    if tried < self._retry.attempts:
                        await asyncio.sleep(self._retry.pause(tried))
                raise SendFailed(reason, unknown=unknown, failed=at_stake)
        raise SendFailed(f"no answer within {self._send_seconds:g} s", unknown=True, failed=at_stake)

    async def receive(self, max_messages: int, wait_seconds: float) -> list[Delivery]:
        """See `port.Queue.receive`. May be cancelled while it waits: a waiting receive holds no message."""
        deadline = time.monotonic() + wait_seconds
        most = max(1, min(max_messages, _MOST_PER_CALL))
        while True:
            claim = await self._claim(most)
            left = deadline - time.monotonic()
            if claim.deliveries or left <= 0:
                return claim.deliveries
            nap = min(left, _NAP_SECONDS, _NAP_SECONDS if claim.due_in_seconds is None else claim.due_in_seconds)
            if nap > 0:
                await self._nap(claim.last_id, nap)

    async def _claim(self, most: int) -> _Claim:
        # Not tried again: the lost answer of a receive has used up an attempt of each message in it.
        answer = await self._call(
            _RECEIVE,
            [self._stream, self._due, self._dead],
            [_GROUP, _CONSUMER, most, self._visibility_ms, self._max_attempts, self._sweep_cursor],
            tries=1,
        )
        now, due, last_id, self._sweep_cursor = answer[:4]
        found = answer[4:]
        deliveries = [
            _delivery(found[at].decode(), found[at + 1], int(found[at + 2])) for at in range(0, len(found), 3)
        ]
        return _Claim(deliveries, None if due < 0 else max(0.0, (due - now) / 1000), _text(last_id))

    async def _nap(self, last_id: str, seconds: float) -> None:
        """Sleep until something is appended after `last_id`, or the time is over. Takes nothing from the stream."""
        milliseconds = max(1, int(seconds * 1000))  # 0 would mean for ever
        try:
            async with asyncio.timeout(seconds + 2.0):
                await self._waiting.xread({self._stream: last_id}, count=1, block=milliseconds)
        except (RedisError, OSError, TimeoutError) as error:
            raise QueueUnavailable(_reason(error)) from error

    async def ack(self, deliveries: Sequence[Delivery]) -> None:
        """See `port.Queue.ack`. Removes also what was delivered to another meanwhile: the work is done."""
        for start in range(0, len(deliveries), _MOST_PER_CALL):
            ids = [delivery.id for delivery in deliveries[start : start + _MOST_PER_CALL]]
            await self._call(_ACK, [self._stream, self._due], [_GROUP, *ids])

    async def release(self, deliveries: Sequence[Delivery], delay_seconds: float) -> None:
        """See `port.Queue.release`. Exact to the millisecond, any delay."""
        await self._defer(deliveries, delay_seconds)

    async def extend(self, deliveries: Sequence[Delivery], seconds: float) -> None:
        """See `port.Queue.extend`."""
        await self._defer(deliveries, seconds)

    async def _defer(self, deliveries: Sequence[Delivery], seconds: float) -> None:
        milliseconds = max(0, int(seconds * 1000))
        for start in range(0, len(deliveries), _MOST_PER_CALL):
            args: list[str | int] = [_GROUP, milliseconds]
            for delivery in deliveries[start : start + _MOST_PER_CALL]:
                # The receipt is id/attempt: an older delivery of the same message has no say.
                args.extend(delivery.receipt.split("/"))
            await self._call(_DEFER, [self._stream, self._due], args)

    async def stats(self) -> QueueStats:
        """See `port.Queue.stats`. All figures are exact and of one moment."""
        now, depth, invisible, dead, oldest = await self._call(_STATS, [self._stream, self._due, self._dead], [])
        age = max(0, now - _sent_at_ms(_text(oldest))) / 1000 if oldest else 0.0
        return QueueStats(depth=depth, in_flight=invisible, oldest_age_seconds=age, dead=dead)

    async def dead_letters(self, limit: int) -> list[DeadLetter]:
        """See `port.Queue.dead_letters`. Oldest first."""
        letters: list[DeadLetter] = []
        start = "-"
        while len(letters) < limit:
            most = min(limit - len(letters), _MOST_PER_CALL)
            entries = await self._execute("XRANGE", self._dead, start, "+", "COUNT", most)
            for _, (_, body, _, message_id, _, attempts) in entries:
                sent_at_ms = _sent_at_ms(_text(message_id))
                letters.append(DeadLetter(_text(message_id), body, int(attempts), sent_at_ms))
            if len(entries) < most:
                break
            start = f"({_text(entries[-1][0])}"
        return letters

    async def redrive(self, limit: int) -> int:
        """See `port.Queue.redrive`. Each moves in one step, so none is doubled, unless an answer is lost."""
        moved = 0
        while moved < limit:
            most = min(limit - moved, _MOST_PER_CALL)
            got = await self._call(_REDRIVE, [self._stream, self._dead], [most], tries=1)
            moved += got
            if got < most:
                break
        return moved

    async def close(self) -> None:
        """Close the connections that wait. The shared one belongs to the caller."""
        await self._waiting.aclose()

    async def _call(self, script: Script, keys: list[str], args: list[Any], tries: int | None = None) -> Any:
        most = tries or self._retry.attempts
        tried = 0
        while True:
            tried += 1
            try:
                return await self._valkey.run(script, keys, args)
            except ResponseError as error:
                raise QueueUnavailable(_reason(error)) from error
            except ValkeyAway as error:
                if tried == most:
                    raise QueueUnavailable(_reason(error)) from error
            await asyncio.sleep(self._retry.pause(tried))

    async def _execute(self, *command: Any) -> Any:
        try:
            return await self._valkey.execute(*command)
        except (ValkeyAway, ResponseError) as error:
            raise QueueUnavailable(_reason(error)) from error


def _delivery(message_id: str, body: bytes, attempt: int) -> Delivery:
    return Delivery(message_id, f"{message_id}/{attempt}", body, attempt, _sent_at_ms(message_id))


def _sent_at_ms(stream_id: str) -> int:
    return int(stream_id.partition("-")[0])


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
