"""Answers of the protocol itself: the same as the application's, and only where the application would say the same."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import uvicorn

from ticketing.base.http_protocol import answering
from ticketing.base.instant import STALE_SECONDS, Instant

BODY = b'{"phase":"open"}'
ETAG = '"abc"'
HEADERS = ((b"etag", ETAG.encode()), (b"cache-control", b"public, max-age=1"))
ABOUT = b"Host: x\r\n"


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answers everything with its path and says so in a header."""
    if scope["type"] != "http":
        return
    body = b"application " + scope["path"].encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@dataclass
class Site:
    """A server, and what it answers at once."""

    instant: Instant
    port: int

    async def say(self, *parts: bytes, wait: float = 0.05) -> bytes:
        """Send the parts, one read apart, on one connection; everything that comes back."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        said = b""
        try:
            for part in parts:
                writer.write(part)
                await writer.drain()
                with contextlib.suppress(TimeoutError):
                    while more := await asyncio.wait_for(reader.read(65536), wait):
                        said += more
            return said
        finally:
            writer.close()
            await writer.wait_closed()


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    instant = Instant()
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        application, http=answering(instant), log_config=None, server_header=False, lifespan="off", timeout_keep_alive=1
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0.01)
    instant.keep(("/status/e.json",), BODY, ETAG, HEADERS, 60.0)
    yield Site(instant, listener.getsockname()[1])
    server.should_exit = True
    await task


def get(*headers: bytes, path: bytes = b"/status/e.json", version: bytes = b"1.1") -> bytes:
    return b"GET " + path + b" HTTP/" + version + b"\r\n" + ABOUT + b"".join(h + b"\r\n" for h in headers) + b"\r\n"


async def test_a_plain_get_is_answered_at_once(site: Site) -> None:
    answer = await site.say(get(b"User-Agent: x", b"Connection: keep-alive"))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\ndate: ")
    assert b'etag: "abc"' in head
    assert b"content-length: 16" in head
    assert body == BODY
    assert site.instant.answered == 1


async def test_who_has_it_already_is_told_so(site: Site) -> None:
    answer = await site.say(get(b'If-None-Match: "abc"'))
    assert answer.startswith(b"HTTP/1.1 304 Not Modified\r\n")
    assert answer.endswith(b"content-length: 0\r\n\r\n")


@pytest.mark.parametrize(
    "request_",
    [
        get(path=b"/status/other.json"),
        get(path=b"/status/e.json?x=1"),
        get(b"Connection: close"),
        get(b"connection:Close"),
        get(b"Content-Length: 0"),
        get(b'If-None-Match: "other", "abc"'),
        get(b"If-None-Match: *"),
        get(version=b"1.0"),
        get(b"X: " + b"y" * 9000),
        get().replace(b"GET", b"PUT"),
    ],
)
async def test_what_is_not_plain_goes_the_usual_way(site: Site, request_: bytes) -> None:
    answer = await site.say(request_)
    assert b"application /status/" in answer
    assert site.instant.answered == 0


async def test_two_requests_at_once_and_halves_of_one_go_the_usual_way(site: Site) -> None:
    assert (await site.say(get() + get())).count(b"application /status/e.json") == 2
    half = get()
    assert b"application /status/e.json" in await site.say(half[:30], half[30:])
    # A body that looks like a request is a body.
    post = b"POST /other HTTP/1.1\r\n" + ABOUT + b"Content-Length: %d\r\n\r\n" % len(get())
    assert (await site.say(post, get())).endswith(b"application /other")
    assert site.instant.answered == 0


async def test_what_is_out_of_date_is_asked_for_again(site: Site) -> None:
    site.instant.keep(("/status/e.json",), BODY, ETAG, HEADERS, -1.0)
    assert b"application" in await site.say(get())


async def test_while_one_asks_for_what_is_out_of_date_the_others_have_the_old(site: Site) -> None:
    site.instant.keep(("/status/e.json",), BODY, ETAG, HEADERS, -0.1)
    answers = [site.instant.answer(get()) for _ in range(50)]
    assert answers[0] is None
    assert all(answer is not None and answer.endswith(BODY) for answer in answers[1:])
    site.instant.keep(("/status/e.json",), b"{}", ETAG, HEADERS, 9.0)
    assert (site.instant.answer(get()) or b"").endswith(b"{}")


async def test_what_nobody_could_renew_for_long_is_not_given_any_more(site: Site) -> None:
    site.instant.keep(("/status/e.json",), BODY, ETAG, HEADERS, -STALE_SECONDS - 0.1)
    assert [site.instant.answer(get()) for _ in range(3)] == [None] * 3


async def test_both_ways_take_turns_on_one_connection(site: Site) -> None:
    answer = await site.say(get(path=b"/a"), get(), get(path=b"/b"), get())
    assert answer.count(b"HTTP/1.1 200 OK") == 4
    assert answer.index(b"application /a") < answer.index(BODY) < answer.index(b"application /b")
    assert site.instant.answered == 2


async def test_a_connection_that_is_used_stays_and_an_idle_one_is_closed(site: Site) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    for _ in range(4):
        writer.write(get())
        await reader.readuntil(BODY)
        await asyncio.sleep(0.4)
    assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()
    await writer.wait_closed()


async def test_there_is_a_bound_to_what_is_kept() -> None:
    instant = Instant()
    for number in range(5000):
        instant.keep((f"/{number}",), BODY, ETAG, (), 60.0)
    assert instant.answer(get(path=b"/4095")) is not None
    assert instant.answer(get(path=b"/4999")) is None
