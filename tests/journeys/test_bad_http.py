"""What is hardly HTTP: huge bodies and heads, endless and slow clients. Refused quickly; others are served."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.journeys.bad_input import RawAnswer, send_raw
from tests.people import Person, sign_up
from tests.stack import Stack
from ticketing.base.http_protocol import MAX_HEAD
from ticketing.catalog.model import Event

MB = 1024 * 1024
BODY = b'{"seats": ["' + b"x" * (10 * MB) + b'"]}'
PATHS = [
    "/api/events/{event}/holds",
    "/api/orders",
    "/api/accounts",
    "/api/sessions",
    "/api/payments/callbacks/sandbox",
]


@pytest.fixture(scope="module")
def event(stack: Stack) -> Event:
    return stack.add_event()


@pytest.fixture
async def alice(client: httpx.AsyncClient) -> AsyncIterator[Person]:
    return await sign_up(client, "Alice")


@pytest.fixture(autouse=True)
async def as_good_as_before(stack: Stack, client: httpx.AsyncClient, event: Event) -> AsyncIterator[None]:
    """Whatever a test sends: the same processes, of about the same size, go on selling every seat."""
    before = processes(stack)
    yield
    after = processes(stack)
    assert set(after) == set(before), "no process was lost"
    assert all(after[pid] < before[pid] + 64 * 1024 for pid in before), (before, after)
    assert (await client.get(f"/api/events/{event.id}/availability")).json()["free"] == 600


def processes(stack: Stack) -> dict[int, int]:
    """Process id → resident kilobytes of the processes that serve."""
    parent = stack.children["api"].pid
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,rss="], capture_output=True, check=True, text=True).stdout
    rows = [tuple(map(int, line.split())) for line in listed.splitlines()]
    return {pid: rss for pid, ppid, rss in rows if ppid == parent}


def head(method: str, path: str, *lines: str) -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: test", *lines, "", ""]).encode()


def bearer(person: Person) -> str:
    return f"Authorization: Bearer {person.token}"


def assert_refused(answer: RawAnswer, status: int, code: str) -> None:
    assert answer.status == status, answer.head
    assert "content-type: application/problem+json" in answer.head.lower()
    assert answer.problem()["code"] == code
    assert answer.seconds < 5


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("how", ["length", "chunked"])
async def test_ten_megabytes(stack: Stack, alice: Person, event: Event, path: str, how: str) -> None:
    lines = ["Content-Type: application/json", bearer(alice), "Idempotency-Key: 0123456789"]
    pieces = [BODY[at : at + 64 * 1024] for at in range(0, len(BODY), 64 * 1024)]
    if how == "length":
        lines.append(f"Content-Length: {len(BODY)}")
    else:
        lines.append("Transfer-Encoding: chunked")
        pieces = [b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces] + [b"0\r\n\r\n"]
    answer = await send_raw(stack.port, head("POST", path.format(event=event.id), *lines), *pieces)
    assert_refused(answer, 413, "too_large")


@pytest.mark.parametrize("path", PATHS)
async def test_a_body_that_is_only_announced_is_refused_unseen(
    stack: Stack, alice: Person, event: Event, path: str
) -> None:
    lines = ["Content-Type: application/json", bearer(alice), f"Content-Length: {10 * MB}"]
    answer = await send_raw(stack.port, head("POST", path.format(event=event.id), *lines), timeout=5)
    assert_refused(answer, 413, "too_large")


async def test_just_below_the_limit_is_read_and_judged(stack: Stack, alice: Person, event: Event) -> None:
    answer = await alice.client.post(
        f"/api/events/{event.id}/holds",
        content=b'{"seats": ["' + b"x" * 60_000 + b'"]}',
        headers=alice.headers | {"Content-Type": "application/json"},
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    "lines",
    [
        ["X-Long: " + "x" * MB],
        [f"X-{n}: {'y' * 100}" for n in range(10_000)],
        ["Cookie: " + "; ".join(f"c{n}={'v' * 100}" for n in range(5_000))],
        ["X" * MB + ": name"],
    ],
    ids=["one long header", "10,000 headers", "a mountain of cookies", "a long name"],
)
async def test_heads_without_end(stack: Stack, lines: list[str]) -> None:
    whole = head("GET", "/api/events", *lines)
    pieces = [whole[at : at + 16 * 1024] for at in range(0, len(whole), 16 * 1024)]
    assert_refused(await send_raw(stack.port, *pieces), 431, "headers_too_large")


async def test_an_endless_address(stack: Stack) -> None:
    pieces = [b"GET /api/events?", *[b"x" * 16 * 1024] * 64]
    assert_refused(await send_raw(stack.port, *pieces), 431, "headers_too_large")


async def test_a_large_head_is_no_sin(stack: Stack) -> None:
    answer = await send_raw(stack.port, head("GET", "/health", "X-Long: " + "x" * (MAX_HEAD - 1000)))
    assert answer.status == 200


@pytest.mark.parametrize(
    "raw",
    [
        b"\r\n\r\n\r\n\x00\r\n\r\n",
        b"GET\r\n\r\n",
        b"hello\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"FROBNICATE / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon here\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n name: folded\r\n\r\n",
        b"POST /api/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n",
        b"POST /api/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /api/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        b"POST /api/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"POST /api/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST /api/sessions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http:// HTTP/1.1\r\nHost: x\r\n\r\n",
        b"CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
    ids=lambda raw: raw[:40].decode("latin-1"),
)
async def test_what_is_no_http(stack: Stack, raw: bytes) -> None:
    answer = await send_raw(stack.port, raw, b"\r\n\r\n")
    assert answer.status in (400, 404, 405, 413)
    assert "content-type: application/problem+json" in answer.head.lower()
    assert answer.seconds < 5


@pytest.mark.parametrize(
    "line",
    [
        "Cookie: __Host-session",
        "Cookie: =;=;==",
        "Cookie: __Host-session=\x01\x02",
        "Cookie: \xff\xfe=\xff",
        "Cookie: __Host-session=a; __Host-session=b",
        "Cookie: " + "a=b;" * 5000,
        "Authorization: Bearer " + "x" * 50_000,
        "Authorization: ",
        "Authorization: Bearer \xff",
        "Authorization: bearer v1.k1.x.y",
    ],
    ids=lambda line: line[:40],
)
async def test_credentials_that_are_none(stack: Stack, line: str) -> None:
    raw = head("GET", "/api/orders").replace(b"\r\n\r\n", b"\r\n" + line.encode("latin-1") + b"\r\n\r\n")
    answer = await send_raw(stack.port, raw)
    # Control characters in a header are no HTTP; everything else is simply no session.
    assert (answer.status, answer.problem()["code"]) in ((401, "unauthenticated"), (400, "invalid_request"))
    assert answer.status == 401 or "\x01" in line


@pytest.mark.parametrize(
    "line",
    [
        "If-None-Match: " + '"x",' * 5000,
        "If-None-Match: *, *",
        "Accept-Encoding: " + "gzip;q=" * 1000,
        "Accept: nothing/*",
        "Accept-Language: xx",
        "Range: bytes=0-1,5-9",
        "Expect: 200-nothing",
        "Connection: upgrade\r\nUpgrade: websocket",
        "X-Forwarded-For: not an address, ,,",
        "Origin: null",
        "X-HTTP-Method-Override: DELETE",
    ],
    ids=lambda line: line[:40],
)
async def test_headers_that_do_not_matter(stack: Stack, event: Event, line: str) -> None:
    for path in ("/health", "/api/events", f"/api/events/{event.id}/availability", f"/api/events/{event.id}/plan"):
        answer = await send_raw(stack.port, head("GET", path, *line.split("\r\n")))
        assert answer.status in (200, 304)


async def test_clients_that_never_finish_keep_nobody_waiting(
    stack: Stack, client: httpx.AsyncClient, alice: Person, event: Event
) -> None:
    unfinished = [
        head("POST", "/api/sessions", "Content-Type: application/json", "Content-Length: 1000") + b"{",
        head("POST", f"/api/events/{event.id}/holds", bearer(alice), "Content-Length: 1000") + b"{",
        head("POST", "/api/orders", bearer(alice), "Transfer-Encoding: chunked") + b"5\r\n{",
        b"GET /api/events HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        b"",
    ]
    sockets = [await asyncio.open_connection("127.0.0.1", stack.port) for _ in range(60)]
    try:
        for n, (_, writer) in enumerate(sockets):
            writer.write(unfinished[n % len(unfinished)])
            await writer.drain()
        began = time.monotonic()
        answers = await asyncio.gather(*(client.get("/health") for _ in range(20)), client.get("/api/events"))
        assert {answer.status_code for answer in answers} == {200}
        assert time.monotonic() - began < 5
    finally:
        for _, writer in sockets:
            writer.close()


async def test_clients_that_hang_up_in_the_middle(stack: Stack, alice: Person, event: Event) -> None:
    for path in PATHS:
        reader, writer = await asyncio.open_connection("127.0.0.1", stack.port)
        raw = head(
            "POST", path.format(event=event.id), bearer(alice), "Idempotency-Key: 0123456789", "Content-Length: 50"
        )
        writer.write(raw + b'{"seats": [')
        await writer.drain()
        writer.transport.abort()
        del reader
    assert (await alice.get("/api/orders")).json() == {"orders": []}


async def test_many_requests_in_one_go_are_answered_in_order(stack: Stack) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", stack.port)
    try:
        writer.write(head("GET", "/health") * 20 + head("GET", "/api/nothing", "Connection: close"))
        async with asyncio.timeout(10):
            whole = await reader.read()
        assert whole.count(b"HTTP/1.1 200") == 20
        assert whole.rindex(b"HTTP/1.1 404") > whole.rindex(b"HTTP/1.1 200")
    finally:
        writer.close()
