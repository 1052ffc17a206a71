"""One careful HTTP exchange with a provider, shared by the adapters.

Everything a provider or a network can do wrong ends in `Unreadable`, with a reason for logs: the adapters turn that
into `Unknown`. Answers are read under a size limit and a total deadline; nothing is unpacked, redirected or guessed.
"""

from __future__ import annotations

import asyncio
import random
import ssl
import time
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import TypeVar

import aiohttp
import httpx
import msgspec
from yarl import URL

from ticketing.base.tracing import carry
from ticketing.payments.gateway import Observe, Unknown

_Body = TypeVar("_Body")
_Outcome = TypeVar("_Outcome")
_BROKEN = (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, aiohttp.ClientResponseError, OSError)
"""Refused, reset, cut short, or no HTTP."""
_RETRIED_STATUSES = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class CallLimits:
    """Bounds of one port call. Seconds, but for `attempts`, `connections` and `max_bytes`.

    `total_s` bounds everything, retries and waits included, from when the call has one of `connections` for itself;
    for that it waits `turn_s` at most. In a rush more orders want to be paid than connections are there: should waiting
    for one count, those would be called unknown that were never sent. An attempt that ran into `attempt_s` is not
    repeated: a silent provider would only make us wait twice, and the reconciler asks again anyway.
    """

    connect_s: float = 2.0
    attempt_s: float = 8.0
    total_s: float = 10.0
    attempts: int = 3
    backoff_s: float = 0.1
    connections: int = 256
    turn_s: float = 20.0
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
    _session: aiohttp.ClientSession | None = field(init=False, repr=False, default=None)
    _tls: ssl.SSLContext = field(init=False, repr=False)
    _turns: asyncio.Semaphore = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Connections are opened when first used."""
        self._turns = asyncio.Semaphore(self.limits.connections)
        self._tls = httpx.create_ssl_context(trust_env=self.trust_env)

    async def aclose(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    def _client(self) -> aiohttp.ClientSession:
        """aiohttp's, since a call costs 0.1 ms of CPU by it and 0.6 ms by httpx: every order makes one at least."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                # `identity`: a packed answer could grow without bound while we unpack it.
                headers={"Accept": "application/json", "Accept-Encoding": "identity", **self.headers},
                connector=aiohttp.TCPConnector(limit=self.limits.connections, ssl=self._tls),
                # What an attempt may take in all is bounded around it.
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=self.limits.connect_s),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=self.trust_env,
            )
        return self._session

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
            async with asyncio.timeout(self.limits.turn_s):
                await self._turns.acquire()
        except TimeoutError:
            raise Unreadable(f"not sent: no free connection within {self.limits.turn_s:g} s") from None
        try:
            async with asyncio.timeout(self.limits.total_s):
                return await self._repeat(method, path, content, sent)
        except TimeoutError:
            raise Unreadable(f"no answer within {self.limits.total_s:g} s") from None
        finally:
            self._turns.release()

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
            url = URL(self.base_url.rstrip("/") + path, encoded=True)
            async with (
                asyncio.timeout(self.limits.attempt_s),
                self._client().request(method, url, data=content, headers=headers, allow_redirects=False) as response,
            ):
                return await self._read(response)
        except aiohttp.ConnectionTimeoutError as error:
            raise _WorthRepeatingError(type(error).__name__) from None
        except TimeoutError:
            raise Unreadable(f"no answer within {self.limits.attempt_s:g} s") from None
        except _BROKEN as error:
            raise _WorthRepeatingError(type(error).__name__) from None
        except (aiohttp.ClientError, ValueError) as error:
            raise Unreadable(type(error).__name__) from None

    async def _read(self, response: aiohttp.ClientResponse) -> Answer:
        if response.status in _RETRIED_STATUSES:
            return Answer(response.status, await self._bytes(response))
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json" and not kind.endswith("+json"):
            raise Unreadable(f"status {response.status} with content type {kind[:60] or '(none)'!r}")
        if response.headers.get("content-encoding", "identity") != "identity":
            raise Unreadable("the answer is packed, which we did not ask for")
        return Answer(response.status, await self._bytes(response))

    async def _bytes(self, response: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for part in response.content.iter_any():
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
