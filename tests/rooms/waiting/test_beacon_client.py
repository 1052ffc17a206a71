"""Rounds of a public beacon, from a server that misbehaves."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from ticketing.waiting.beacon_client import BeaconAway, HttpBeacons

SOURCE = "drand-quicknet"
VALUE = "ab" * 32


@asynccontextmanager
async def relay(answer: Callable[[str], bytes | None]) -> AsyncIterator[str]:
    """A real server; `answer` makes the whole response of a path, None keeps silent."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readline()).split()[1].decode()
        body = answer(path)
        if body is None:
            await reader.read()
        else:
            writer.write(body)
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        ended.set()

    ended = asyncio.Event()
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/{{round}}"
    finally:
        await ended.wait()
        server.close()


def ok(document: object) -> bytes:
    body = json.dumps(document).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body)


async def fetched(answer: Callable[[str], bytes | None], round_: int = 7) -> bytes:
    async with relay(answer) as address:
        beacons = HttpBeacons(address, timeout=0.5)
        try:
            return (await beacons.fetch(SOURCE, round_)).value
        finally:
            await beacons.aclose()


async def test_a_round_is_had() -> None:
    assert await fetched(lambda path: ok({"round": int(path[1:]), "randomness": VALUE, "signature": "x"})) == (
        bytes.fromhex(VALUE)
    )


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
        b"nonsense\r\n\r\n",
        ok({"round": 8, "randomness": VALUE}),
        ok({"round": 7, "randomness": VALUE[:-2]}),
        ok({"round": 7, "randomness": "z" * 64}),
        ok({"round": "7", "randomness": VALUE}),
        ok([]),
        ok({"round": 7, "randomness": VALUE, "padding": "x" * 20_000}),
        None,
    ],
)
async def test_what_is_not_that_round_is_no_round(answer: bytes | None) -> None:
    with pytest.raises(BeaconAway):
        await fetched(lambda _: answer)


async def test_nobody_there() -> None:
    beacons = HttpBeacons("http://127.0.0.1:1/{round}", timeout=0.5)
    with pytest.raises(BeaconAway):
        await beacons.fetch(SOURCE, 7)
    await beacons.aclose()
