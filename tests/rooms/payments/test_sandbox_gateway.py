"""The adapter against a provider or a network that does everything wrong: the answer is `Unknown`, never a guess."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.rooms.payments.ears import Handler, listening, read_request
from ticketing.payments.gateway import Captured, CaptureRequest, Unknown
from ticketing.payments.sandbox_gateway import SandboxGateway
from ticketing.payments.wire import CallLimits

SECRET = "a secret that both ends know"
LIMITS = CallLimits(connect_s=0.5, attempt_s=0.5, total_s=1.0, backoff_s=0.001, max_bytes=10_000)
ASKED = CaptureRequest("ord_a", 100, "KRW", "card", "tok_ok", "x")
GOOD = {"order_id": "ord_a", "status": "captured", "reference": "cap_1", "amount": 100, "currency": "KRW", "code": None}


def http(body: bytes, status: int = 200, kind: str | None = "application/json", extra: str = "") -> bytes:
    head = f"HTTP/1.1 {status} x\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{extra}"
    return (head + (f"Content-Type: {kind}\r\n" if kind else "") + "\r\n").encode() + body


def but(**changes: object) -> bytes:
    return http(json.dumps({**GOOD, **changes}).encode())


def says(*answers: bytes) -> Handler:
    """Answers the first requests with these bytes in turn, then with the last of them."""
    left = list(answers)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(left.pop(0) if len(left) > 1 else left[0])
        await writer.drain()

    return handle


async def every_call(address: str) -> list[object]:
    gateway = SandboxGateway(address, SECRET, limits=LIMITS)
    try:
        return [
            await gateway.capture(ASKED),
            await gateway.lookup("ord_a"),
            await gateway.void("ord_a"),
            await gateway.refund("ord_a", "r1", 100),
            await gateway.statement(),
        ]
    finally:
        await gateway.aclose()


BROKEN: dict[str, bytes] = {
    "garbage": http(b"]]garbage[["),
    "half a document": http(json.dumps(GOOD).encode()[:40]),
    "not utf-8": http(b'{"status": "\xff\xfe"}'),
    "empty": http(b""),
    "null": http(b"null"),
    "a list": http(b"[]"),
    "deeply nested": http(b"[" * 9_000),
    "an unknown status word": but(status="probably"),
    "html": http(b"<html>200 OK</html>", kind="text/html"),
    "no content type": http(json.dumps(GOOD).encode(), kind=None),
    "packed": http(gzip.compress(json.dumps(GOOD).encode()), extra="Content-Encoding: gzip\r\n"),
    "too long": http(json.dumps({**GOOD, "code": "x" * 20_000}).encode()),
    "cut short": http(json.dumps(GOOD).encode() + b" " * 500)[:-500],
    "redirect": http(b"{}", status=302, extra="Location: http://127.0.0.1:9/\r\n"),
    "not found by a proxy": http(b'{"detail": "no route"}', status=404),
    "unauthenticated": http(b"{}", status=401),
    "server error": http(b"oops", status=500, kind="text/plain"),
    "too many requests": http(b"{}", status=429),
    "not http": b"SSH-2.0-OpenSSH_9.6\r\n",
    "hangs up": b"",
}


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN.keys())
async def test_a_broken_answer_is_unknown(answer: bytes) -> None:
    async with listening(says(answer)) as address:
        assert [type(outcome) for outcome in await every_call(address)] == [Unknown] * 5


@pytest.mark.parametrize(
    "answer",
    [
        but(order_id="ord_b"),
        but(amount=99),
        but(amount=None),
        but(amount=0),
        but(amount="100"),
        but(amount=100.5),
        but(currency="USD"),
        but(reference=None),
        but(status="declined", code="card_declined"),
        but(status="voided"),
        but(status="not_found"),
        http(json.dumps(GOOD).encode(), status=402),
        http(json.dumps(GOOD).encode(), status=202),
    ],
)
async def test_a_readable_answer_that_does_not_fit_the_question_is_unknown(answer: bytes) -> None:
    async with listening(says(answer)) as address:
        gateway = SandboxGateway(address, SECRET, limits=LIMITS)
        assert isinstance(await gateway.capture(ASKED), Unknown)
        await gateway.aclose()


async def test_the_answers_above_are_refused_for_their_fault_alone() -> None:
    """Negative control: without the fault the same answer is believed."""
    async with listening(says(but())) as address:
        gateway = SandboxGateway(address, SECRET, limits=LIMITS)
        assert await gateway.capture(ASKED) == Captured("cap_1", 100, "KRW")
        await gateway.aclose()


async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    await reader.read()


async def drips(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Sends a byte now and then: no single wait is long, the whole never ends."""
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 x\r\nContent-Type: application/json\r\nContent-Length: 9000\r\n\r\n")
    while not reader.at_eof():
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.02)


async def floods(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """An answer without an end."""
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 x\r\nContent-Type: application/json\r\n\r\n")
    while True:
        writer.write(b" " * 65_536)
        await writer.drain()


@pytest.mark.parametrize("handler", [never, drips, floods], ids=lambda handler: handler.__name__)
async def test_silence_drips_and_floods_are_unknown(handler: Handler) -> None:
    async with listening(handler) as address:
        assert [type(outcome) for outcome in await every_call(address)] == [Unknown] * 5


async def test_nobody_there_is_unknown() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: refused
        outcomes = await every_call(f"http://127.0.0.1:{taken.getsockname()[1]}")
    assert [type(outcome) for outcome in outcomes] == [Unknown] * 5
    assert [type(outcome) for outcome in await every_call("http://name.invalid")] == [Unknown] * 5


@pytest.mark.parametrize("stumble", [BROKEN["hangs up"], BROKEN["cut short"], http(b"", 503), http(b"", 429)])
async def test_a_passing_stumble_is_retried(stumble: bytes) -> None:
    async with listening(says(stumble, stumble, but())) as address:
        gateway = SandboxGateway(address, SECRET, limits=LIMITS)
        assert await gateway.capture(ASKED) == Captured("cap_1", 100, "KRW")
        await gateway.aclose()


async def test_retries_are_bounded_and_a_time_out_is_not_repeated() -> None:
    for handler, expected in ((says(http(b"", 503)), LIMITS.attempts), (never, 1)):
        heard = 0

        def counting(inner: Handler = handler) -> Handler:
            async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                nonlocal heard
                heard += 1
                await inner(reader, writer)

            return handle

        async with listening(counting()) as address:
            gateway = SandboxGateway(address, SECRET, limits=LIMITS)
            assert isinstance(await gateway.capture(ASKED), Unknown)
            await gateway.aclose()
        assert heard == expected


async def test_connections_are_bounded() -> None:
    open_now, most = 0, 0

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        await read_request(reader)
        await asyncio.sleep(0.01)
        writer.write(but())
        await writer.drain()
        open_now -= 1

    async with listening(handle) as address:
        gateway = SandboxGateway(address, SECRET, limits=CallLimits(connections=4))
        outcomes = await asyncio.gather(*(gateway.capture(ASKED) for _ in range(40)))
        await gateway.aclose()
    assert set(outcomes) == {Captured("cap_1", 100, "KRW")}
    assert 1 < most <= 4


async def test_waiting_for_a_connection_is_not_waiting_for_the_provider() -> None:
    """Forty want to pay and four can: were their wait counted, most would be called unknown that were never sent."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await read_request(reader):
            await asyncio.sleep(0.05)
            writer.write(but())
            await writer.drain()

    async with listening(handle) as address:
        patient = CallLimits(connections=4, attempt_s=0.4, total_s=0.45)
        gateway = SandboxGateway(address, SECRET, limits=patient)
        outcomes = await asyncio.gather(*(gateway.capture(ASKED) for _ in range(40)))
        await gateway.aclose()
        assert set(outcomes) == {Captured("cap_1", 100, "KRW")}
        hurried = SandboxGateway(address, SECRET, limits=replace(patient, turn_s=0.1))
        outcomes = await asyncio.gather(*(hurried.capture(ASKED) for _ in range(40)))
        await hurried.aclose()
    late = [outcome for outcome in outcomes if isinstance(outcome, Unknown)]
    assert late
    assert all("not sent" in outcome.why for outcome in late)


def test_neither_the_card_nor_the_key_is_printed() -> None:
    gateway = SandboxGateway("http://127.0.0.1:9", SECRET)
    shown: Callable[[object], str] = repr
    assert "tok_ok" not in shown(ASKED)
    assert SECRET not in shown(gateway._wire)
    assert gateway._keys.api_key not in shown(gateway._wire)
