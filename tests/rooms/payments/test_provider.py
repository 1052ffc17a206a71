"""The sandbox provider itself: keys, bad requests, faults of the whole house, death and rebirth."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing

import httpx
import pytest

from tests.rooms.payments.asking import IMPATIENT, PATIENT, movements, request, settled
from tests.rooms.payments.ears import Ears, listening
from tests.rooms.payments.provider_process import SECRET, ProviderProcess
from ticketing.payments.gateway import Captured, Declined, Gateway, NotFound, Pending, Unknown
from ticketing.payments.sandbox.behaviour import BEHAVIOURS
from ticketing.payments.sandbox.signature import Keys
from ticketing.payments.sandbox_gateway import SandboxGateway


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProviderProcess]:
    process = ProviderProcess(tmp_path_factory.mktemp("provider"))
    process.start()
    yield process
    process.stop()


@pytest.fixture
async def gateway(provider: ProviderProcess) -> AsyncIterator[Gateway]:
    opened = SandboxGateway(provider.address, SECRET, limits=PATIENT)
    yield opened
    await opened.aclose()


@pytest.fixture
async def impatient(provider: ProviderProcess) -> AsyncIterator[Gateway]:
    opened = SandboxGateway(provider.address, SECRET, limits=IMPATIENT)
    yield opened
    await opened.aclose()


async def test_with_the_wrong_secret_nothing_is_known_and_nothing_happens(
    provider: ProviderProcess, gateway: Gateway
) -> None:
    stranger = SandboxGateway(provider.address, "a secret that nobody shares")
    asked = request("tok_ok")
    assert isinstance(await stranger.capture(asked), Unknown)
    assert isinstance(await stranger.lookup(asked.order_id), Unknown)
    assert isinstance(await stranger.void(asked.order_id), Unknown)
    assert isinstance(await stranger.statement(), Unknown)
    await stranger.aclose()
    assert await gateway.lookup(asked.order_id) == NotFound()


async def test_bad_requests_get_400_and_change_nothing(provider: ProviderProcess, gateway: Gateway) -> None:
    good = {"order_id": "ord_bad", "amount": 1, "currency": "KRW", "method": "card", "token": "tok_ok"}
    bad: list[dict[str, object]] = [
        {**good, "amount": 0},
        {**good, "amount": -5},
        {**good, "amount": 1.5},
        {**good, "currency": "won"},
        {**good, "order_id": ""},
        {**good, "surprise": True},
        {**good, "callback_url": "file:///etc/passwd"},
        {"order_id": "ord_bad"},
    ]
    headers = {"Authorization": f"Bearer {Keys.from_secret(SECRET).api_key}"}
    async with httpx.AsyncClient(base_url=provider.address, headers=headers, trust_env=False) as client:
        for body in bad:
            assert (await client.post("/v1/captures", json=body)).status_code == 400, body
        assert (await client.post("/v1/captures", content=b"\xff{")).status_code == 400
        assert (await client.post("/v1/captures", content=b"[" * 70_000)).status_code == 413
        assert (await client.post("/faults", json={"mode": "odd"})).status_code == 400
    assert await gateway.lookup("ord_bad") == NotFound()


@pytest.mark.parametrize(("mode", "does_the_work"), [("silent", True), ("error", False), ("slow", True)])
async def test_a_fault_of_the_whole_provider(
    provider: ProviderProcess, gateway: Gateway, impatient: Gateway, mode: str, does_the_work: bool
) -> None:
    asked = request("tok_ok")
    headers = {"Authorization": f"Bearer {Keys.from_secret(SECRET).api_key}"}
    async with httpx.AsyncClient(base_url=provider.address, headers=headers, trust_env=False) as client:
        assert (await client.post("/faults", json={"mode": mode})).json() == {"mode": mode}
        try:
            assert isinstance(await impatient.capture(asked), Unknown)
            assert isinstance(await impatient.lookup(asked.order_id), Unknown)
            assert (await client.get("/health")).json() == {"status": "ok"}
        finally:
            await client.post("/faults", json={"mode": "none"})
    if does_the_work:
        assert isinstance(await settled(gateway, asked.order_id), Captured)
    else:
        assert await gateway.lookup(asked.order_id) == NotFound()


async def test_killed_and_started_again_it_forgets_nothing(tmp_path_factory: pytest.TempPathFactory) -> None:
    process = ProviderProcess(tmp_path_factory.mktemp("mortal"), pending_s=1.5)
    gateway = SandboxGateway(process.start(), SECRET, limits=PATIENT)
    ears = Ears([204])
    try:
        async with listening(ears.handle) as address:
            kept = {token: request(token, callback_url=address) for token in sorted(BEHAVIOURS)}
            prompt = [t for t in kept if "timeout" not in t and t != "tok_error_captured"]
            before = dict(zip(prompt, await asyncio.gather(*(gateway.capture(kept[t]) for t in prompt)), strict=True))
            voided = request("tok_ok")
            await gateway.void(voided.order_id)
            process.kill()
            down = await gateway.capture(request("tok_ok"))
            assert isinstance(down, Unknown)
            process.start()
            for token, told in before.items():
                if not isinstance(told, Pending):
                    assert await gateway.lookup(kept[token].order_id) == told
            assert await gateway.capture(request("tok_ok", voided.order_id)) == Declined("voided")
            callbacks = [gateway.verify_callback(*await ears.next()) for _ in range(4)]
            assert {event.order_id for event in callbacks} == {
                kept[token].order_id for token, way in BEHAVIOURS.items() if way.callbacks
            }
            assert isinstance(await settled(gateway, kept["tok_pending_no_callback"].order_id), Captured)
    finally:
        await gateway.aclose()
        process.stop()


async def test_a_long_statement_is_read_page_by_page(provider: ProviderProcess, gateway: Gateway) -> None:
    with closing(sqlite3.connect(provider.books_file)) as books, books:
        books.executemany(
            "INSERT INTO movements (kind, order_id, reference, amount, currency, at_ms)"
            " VALUES ('capture', 'ord_long', ?, 1, 'KRW', 0)",
            [(f"cap_{number}",) for number in range(1_200)],
        )
    assert [line.reference for line in await movements(gateway, "ord_long")] == [f"cap_{n}" for n in range(1_200)]


async def test_an_address_that_cannot_be_called_stops_no_other_callback(gateway: Gateway) -> None:
    ears = Ears([204])
    async with listening(ears.handle) as address:
        for nowhere in (f"http://{'x' * 70}.example/", "http://[", "http://127.0.0.1:1/", "http://a..b/"):
            assert await gateway.capture(request("tok_pending_callback", callback_url=nowhere)) == Pending()
        asked = request("tok_pending_callback", callback_url=address)
        await gateway.capture(asked)
        assert gateway.verify_callback(*await ears.next()).order_id == asked.order_id
