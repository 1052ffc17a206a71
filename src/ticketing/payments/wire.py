"""One careful HTTP exchange with a provider, shared by the adapters.

Everything a provider or a network can do wrong ends in `Unreadable`, with a reason for logs: the adapters turn that
into `Unknown`. Answers are read under a size limit and a total deadline; nothing is unpacked, redirected or guessed.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import ssl
import time
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass, field
from typing import TypeVar

import httpx
import msgspec

from ticketing.base.tracing import carry
from ticketing.payments.gateway import Observe, Unknown

_Body = TypeVar("_Body")
_Outcome = TypeVar("_Outcome")
_RETRIED_STATUSES = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class CallLimits:
    """Bounds of one port call. Seconds, but for `attempts`, `connections` and `max_bytes`.

    `total_s` bounds everything, retries and waits included. An attempt that ran into `attempt_s` is not repeated: a
    silent provider would only make us wait twice, and the reconciler asks again anyway.
    """

    connect_s: float = 2.0
    attempt_s: float = 8.0
    total_s: float = 10.0
    attempts: int = 3
    backoff_s: float = 0.1
    connections: int = 64
    max_bytes: int = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete JSON answer: its status, and its body still as bytes."""

    status: int
    body: bytes

    @property
    def unexpected(self) -> str:
        """The reason of an `Unknown` for an answer that nobody foresaw."""
        return f"unexpected answer with status {self.status}"


class Unreadable(Exception):
    """There is no answer that can be relied on; `args[0]` says why, without secrets."""


class _WorthRepeatingError(Exception):
    """This attempt failed in a way that the next may not."""


@dataclass(slots=True)
class Wire:
    """A client to one provider. All requests sent through it must be idempotent there: they may be repeated."""

    base_url: str
    headers: dict[str, str] = field(repr=False)
    limits: CallLimits = field(default_factory=CallLimits)
    trust_env: bool = True
    _slots: asyncio.Semaphore = field(init=False, repr=False)
    _lanes: list[httpx.AsyncClient] = field(init=False, repr=False, default_factory=list)
    _idle: list[httpx.AsyncClient] = field(init=False, repr=False, default_factory=list)
    _tls: ssl.SSLContext = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Connections are opened when first used."""
        self._slots = asyncio.Semaphore(self.limits.connections)
        self._tls = httpx.create_ssl_context(trust_env=self.trust_env)

    async def aclose(self) -> None:
        """Close all connections."""
        for lane in self._lanes:
            await lane.aclose()

    @contextlib.asynccontextmanager
    async def _lane(self) -> AsyncIterator[httpx.AsyncClient]:
        """A client of one connection, the warmest that is free.

        One pool of many would do, but httpcore's searches all its connections for each of them at every request:
        at 50 connections that cost 4 ms of CPU per call, more than five times what the call itself costs.
        """
        async with self._slots:
            lane = self._idle.pop() if self._idle else self._open_lane()
            try:
                yield lane
            finally:
                self._idle.append(lane)

    def _open_lane(self) -> httpx.AsyncClient:
        lane = httpx.AsyncClient(
            base_url=self.base_url,
            # `identity`: a packed answer could grow without bound while we unpack it.
            headers={"Accept": "application/json", "Accept-Encoding": "identity", **self.headers},
            timeout=httpx.Timeout(self.limits.attempt_s, connect=self.limits.connect_s),
            limits=httpx.Limits(max_connections=1, max_keepalive_connections=1),
            follow_redirects=False,
            trust_env=self.trust_env,
            verify=self._tls,
        )
        self._lanes.append(lane)
        return lane

    async def call(
        self,
        method: str,
        path: str,
        *,
        content: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Send a request and read its answer whole.

        Raises `Unreadable` when there is none to rely on.
        """
        sent = dict(headers or {})
        if content is not None:
            sent["Content-Type"] = "application/json"
        carry(sent)
        try:
            async with asyncio.timeout(self.limits.total_s):
                return await self._repeat(method, path, content, sent)
        except TimeoutError:
            raise Unreadable(f"no answer within {self.limits.total_s:g} s") from None

    async def _repeat(self, method: str, path: str, content: bytes | None, headers: dict[str, str]) -> Answer:
        last = "never tried"
        for attempt in range(self.limits.attempts):
            if attempt:
                # Full jitter: the workers that failed together must not come back together.
                await asyncio.sleep(random.uniform(0, self.limits.backoff_s * 2.0**attempt))  # noqa: S311
            try:
                answer = await self._once(method, path, content, headers)
            except _WorthRepeatingError as error:
                last = str(error)
                continue
            if answer.status not in _RETRIED_STATUSES:
                return answer
            last = f"status {answer.status}"
        raise Unreadable(last)

    async def _once(self, method: str, path: str, content: bytes | None, headers: dict[str, str]) -> Answer:
        try:
            async with (
                asyncio.timeout(self.limits.attempt_s),
                self._lane() as client,
                client.stream(method, path, content=content, headers=headers) as response,
            ):
                return await self._read(response)
        except (TimeoutError, httpx.ReadTimeout, httpx.WriteTimeout):
            raise Unreadable(f"no answer within {self.limits.attempt_s:g} s") from None
        except httpx.TransportError as error:  # refused, reset, cut short, connect timeout
            raise _WorthRepeatingError(type(error).__name__) from None
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise Unreadable(type(error).__name__) from None

    async def _read(self, response: httpx.Response) -> Answer:
        if response.status_code in _RETRIED_STATUSES:
            return Answer(response.status_code, await self._bytes(response))
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json" and not kind.endswith("+json"):
            raise Unreadable(f"status {response.status_code} with content type {kind[:60] or '(none)'!r}")
        if response.headers.get("content-encoding", "identity") != "identity":
            raise Unreadable("the answer is packed, which we did not ask for")
        return Answer(response.status_code, await self._bytes(response))

    async def _bytes(self, response: httpx.Response) -> bytes:
        body = bytearray()
        async for part in response.aiter_raw():
            body += part
            if len(body) > self.limits.max_bytes:
                raise Unreadable(f"the answer is longer than {self.limits.max_bytes} bytes")
        return bytes(body)


def read(body: bytes, shape: type[_Body]) -> _Body:
    """Decode a JSON body. Raises `Unreadable` when it does not have this shape."""
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(f"unreadable answer: {error}"[:200]) from None


async def observed(observe: Observe | None, name: str, work: Awaitable[_Outcome]) -> _Outcome | Unknown:
    """Await one port call: `Unreadable` becomes `Unknown`, and the observer hears of the call."""
    started = time.perf_counter()
    outcome: _Outcome | Unknown
    try:
        outcome = await work
    except Unreadable as error:
        outcome = Unknown(str(error))
    if observe is not None:
        observe(name, time.perf_counter() - started, type(outcome).__name__.lower())
    return outcome
