"""One multiplexed connection to Valkey (or Redis) per process.

All calls made while a batch is in flight leave together in the next one, so that a thousand concurrent requests cost
a handful of system calls. Parsing, TLS and URLs are redis-py's.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import inspect
import itertools
from collections.abc import Sequence
from contextvars import Context
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hiredis
import structlog
from redis.asyncio import ConnectionPool, Redis
from redis.exceptions import (
    ClusterDownError,
    MasterDownError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    TryAgainError,
)
from redis.exceptions import TimeoutError as ConnectTimeout

from ticketing.base.patience import Patience

log = structlog.get_logger(__name__)

PROBE_SECONDS = (0.5, 1.0, 2.0)
"""What the probes of a silent server may take, one after the other and from the beginning again, connecting included:
short ones find out soon that the way is open again, long ones reach a server that is slow."""
PROBE_PAUSE = 0.1

# Answers that mean "wrong server" or "not now", not "wrong command". redis-py takes the code off the text of those it
# knows, and gives them classes.
_AWAY_CLASSES = (ReadOnlyError, MasterDownError, ClusterDownError, TryAgainError)
_SILENT = (TimeoutError, ConnectTimeout)
_AWAY_CODES = ("BUSY ", "MISCONF", "UNBLOCKED", "NOREPLICAS")


RUN_ID = b"\0run id of the server that answers\0"
"""As an argument of a command it becomes, at the moment of sending, the run id of the server that the command goes to.

A script that compares it with what it finds stored notices that another server has taken over, or that this one was
started again: both may have forgotten writes that were acknowledged.
"""


class ValkeyAway(Exception):
    """Valkey did not answer in time, or is not in a state to. The command may or may not have run."""


class ValkeyFull(ValkeyAway):
    """Valkey has no memory left for what was asked, which did not run. It still answers what needs none."""


@dataclass(frozen=True)
class Script:
    """A Lua script with its digest."""

    name: str
    text: str

    @property
    def sha(self) -> str:
        """SHA-1 digest that EVALSHA takes."""
        return hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()


def load_script(path: Path) -> Script:
    """Read a `.lua` file; `-- include NAME.lua` lines take in a neighbour (scripts cannot call each other)."""
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("-- include "):
            lines.append((path.parent / line.removeprefix("-- include ").strip()).read_text(encoding="utf-8"))
        else:
            lines.append(line)
    return Script(path.stem, "\n".join(lines))


Command = tuple[Any, ...]
Batch = list[tuple[Command, asyncio.Future[Any]]]


def _pack(batch: Batch, run_id: bytes) -> tuple[bytes, Batch]:
    """The bytes of a batch, without commands that cannot be sent: those fail alone.

    By hiredis: redis-py's asyncio client packs in Python, at seven times the cost, which was a tenth of an API process.
    """
    packed: list[bytes] = []
    sent: Batch = []
    for command, future in batch:
        if RUN_ID in command:
            command = tuple([run_id if part is RUN_ID else part for part in command])
        try:
            packed.append(hiredis.pack_command(command))
            sent.append((command, future))
        except (ValueError, TypeError) as error:
            if not future.done():
                future.set_exception(error)
    return b"".join(packed), sent


async def _run_id(conn: Any) -> bytes:
    """The run id of the server at the other end."""
    await conn.send_command("INFO", "server", check_health=False)
    for line in (await conn.read_response()).splitlines():
        if line.startswith(b"run_id:"):
            return bytes(line[len(b"run_id:") :])
    raise ResponseError("the server does not tell its run id")


class Valkey:
    """Client with automatic pipelining.

    A server that says nothing costs one timeout, not one for each that asks: from then on everybody is told at once
    that it is away, while probes find out when it is back. One that refuses needs none of this: refusing is quick.

    Args:
        url: `redis://`, `rediss://` or `unix://` URL.
        timeout: seconds for one batch, connecting included.
    """

    def __init__(self, url: str, *, timeout: float = 2.0) -> None:
        self.url = url
        self._timeout = timeout
        self._pool: Any = ConnectionPool.from_url(url, socket_connect_timeout=timeout, socket_timeout=None)
        self._conn: Any = None
        self._run_id = b""
        self._heard = False
        """Whether the batch under way had an answer. (That a future is done says nothing: its caller may be gone.)"""
        self._pending: Batch = []
        self._pump: asyncio.Task[None] | None = None
        self._probe: asyncio.Task[None] | None = None
        self._shas: dict[str, str] = {}

    def dedicated(self, **options: Any) -> Redis:
        """A separate ordinary client, for what blocks (subscriptions, blocking reads). The caller closes it."""
        return Redis.from_url(self.url, **options)

    async def execute(self, *command: Any) -> Any:
        """Run one command and give its answer as bytes, int, list or None.

        Raises:
            ValkeyAway: no answer in time, or not asked since there was none of late; the command may have run.
            ResponseError: the server refused the command itself.
        """
        if self._probe is not None:
            raise ValkeyAway("it has said nothing of late")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        self._pending.append((command, future))
        if self._pump is None:
            self._pump = loop.create_task(self._run())
        return await future

    async def run(self, script: Script, keys: Sequence[str], args: Sequence[Any] = ()) -> Any:
        """Run a script by digest; the text travels only when the server does not know it."""
        sha = self._shas.get(script.text)
        if sha is None:
            sha = self._shas[script.text] = script.sha
        try:
            return await self.execute("EVALSHA", sha, len(keys), *keys, *args)
        except NoScriptError:
            return await self.execute("EVAL", script.text, len(keys), *keys, *args)

    async def ping(self) -> None:
        """One round trip. Raises ValkeyAway."""
        await self.execute("PING")

    async def time_ms(self) -> int:
        """What the server's clock says, milliseconds since the epoch. Raises ValkeyAway."""
        seconds, microseconds = await self.execute("TIME")
        return int(seconds) * 1000 + int(microseconds) // 1000

    async def close(self) -> None:
        """Fail what waits and close the connection."""
        for task in (self._pump, self._probe):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        self._fail(self._pending, ValkeyAway("client closed"))
        self._pending = []
        await self._drop()
        await self._pool.disconnect()

    async def _run(self) -> None:
        # One turn of the loop first: the calls of one tick travel together.
        await asyncio.sleep(0)
        try:
            while self._pending:
                batch, self._pending = self._pending, []
                try:
                    await self._batch(batch, self._timeout)
                except asyncio.CancelledError:
                    self._fail(batch, ValkeyAway("client closed"))
                    await self._drop()
                    raise
                except _SILENT as error:
                    await self._drop()
                    if not self._heard:
                        # Silent, not slow. Whoever came meanwhile would wait for as long again.
                        batch, self._pending = batch + self._pending, []
                        probing = self._until_it_answers()
                        self._probe = asyncio.get_running_loop().create_task(probing, context=Context())
                    self._fail(batch, ValkeyAway(f"no answer within {self._timeout} s: {error}"))
                except (RedisError, OSError) as error:
                    await self._drop()
                    self._fail(batch, ValkeyAway(f"{type(error).__name__}: {error}"))
                except Exception as error:  # noqa: BLE001 - whatever it was, nobody may be left waiting
                    await self._drop()
                    self._fail(batch, error)
        finally:
            self._pump = None

    async def _until_it_answers(self) -> None:
        log.warning("valkey_silent", seconds=self._timeout)
        try:
            for seconds in itertools.cycle(PROBE_SECONDS):
                answered: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
                try:
                    await self._batch([(("PING",), answered)], seconds)
                    # Whatever it says, it is not silent; what is wrong with it is told to whoever asks next.
                    answered.exception()
                    return
                except _SILENT:
                    await self._drop()
                except Exception:  # noqa: BLE001 - it refuses now, or moved, or whatever: whoever asks next is told
                    await self._drop()
                    return
                await asyncio.sleep(PROBE_PAUSE)
        finally:
            self._probe = None
            log.warning("valkey_asked_again")

    async def _batch(self, batch: Batch, seconds: float) -> None:
        self._heard = False
        async with Patience(seconds):
            if self._conn is None:
                # Ours before it is open: whatever goes wrong on the way, `_drop` closes it.
                conn = self._conn = self._pool.make_connection()
                await conn.connect()
                self._run_id = await _run_id(conn)
            conn = self._conn
            packed, batch = _pack(batch, self._run_id)
            await conn.send_packed_command(packed, check_health=False)
            wrong_server: ResponseError | None = None
            for _, future in batch:
                answer: Any
                try:
                    answer = await conn.read_response()
                except ResponseError as error:
                    answer = error
                    if isinstance(error, _AWAY_CLASSES) or str(error).startswith(_AWAY_CODES):
                        wrong_server = error
                self._heard = True
                if future.done():
                    continue
                if answer is wrong_server and wrong_server is not None:
                    future.set_exception(ValkeyAway(str(wrong_server)))
                elif isinstance(answer, OutOfMemoryError):
                    future.set_exception(ValkeyFull(f"OutOfMemory: {answer}"))
                elif isinstance(answer, Exception):
                    future.set_exception(answer)
                else:
                    future.set_result(answer)
        if wrong_server is not None:
            # After a fail-over the name leads to another server: connect anew.
            await self._drop()

    async def _drop(self) -> None:
        conn, self._conn = self._conn, None
        if conn is not None:
            with contextlib.suppress(Exception):
                closing = conn.disconnect(nowait=True)
                if inspect.isawaitable(closing):
                    await closing

    @staticmethod
    def _fail(batch: Batch, error: Exception) -> None:
        for _, future in batch:
            if not future.done():
                future.set_exception(error)
