"""What every payment gateway promises, over the real sandbox provider in its own process."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from tests.rooms.payments.asking import IMPATIENT, PATIENT, assert_taken_once, movements, request, settled
from tests.rooms.payments.ears import Ears, listening
from tests.rooms.payments.provider_process import SECRET, ProviderProcess
from ticketing.payments.gateway import (
    Captured,
    Declined,
    Gateway,
    NotFound,
    Pending,
    Refunded,
    RefundRefused,
    StatementPage,
    Unknown,
    Voided,
)
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


class TestGateway:
    """The contract of `ticketing.payments.gateway.Gateway`."""

    async def test_a_capture_takes_the_money_once_however_often_it_is_asked(self, gateway: Gateway) -> None:
        asked = request("tok_ok")
        first = await gateway.capture(asked)
        assert isinstance(first, Captured)
        assert await gateway.capture(asked) == first
        assert await assert_taken_once(gateway, asked) == first

    async def test_simultaneous_captures_of_one_order_take_the_money_once(self, gateway: Gateway) -> None:
        for token in ("tok_ok", "tok_slow", "tok_error", "tok_drop_connection"):
            asked = request(token)
            outcomes = await asyncio.gather(*(gateway.capture(asked) for _ in range(30)))
            taken = await assert_taken_once(gateway, asked)
            assert set(outcomes) == {taken}

    async def test_a_second_capture_for_another_amount_changes_nothing(self, gateway: Gateway) -> None:
        asked = request("tok_ok")
        await gateway.capture(asked)
        assert isinstance(await gateway.capture(request("tok_ok", asked.order_id, amount=1)), Unknown)
        await assert_taken_once(gateway, asked)

    @pytest.mark.parametrize(
        ("token", "code"),
        [
            ("tok_declined", "card_declined"),
            ("tok_insufficient_funds", "insufficient_funds"),
            ("tok_nobody_knows", "invalid_token"),
            ("", "invalid_token"),
            ("카드'; DROP TABLE captures; --", "invalid_token"),
        ],
    )
    async def test_a_declined_card(self, gateway: Gateway, token: str, code: str) -> None:
        asked = request(token)
        assert await gateway.capture(asked) == Declined(code)
        assert await gateway.lookup(asked.order_id) == Declined(code)
        # One order, one decision: a good card does not revive it.
        assert await gateway.capture(request("tok_ok", asked.order_id)) == Declined(code)
        assert await gateway.void(asked.order_id) == Voided()
        assert await movements(gateway, asked.order_id) == []

    async def test_a_slow_provider_is_waited_for_within_limits(self, gateway: Gateway, impatient: Gateway) -> None:
        assert isinstance(await gateway.capture(request("tok_slow")), Captured)
        asked = request("tok_slow")
        assert isinstance(await impatient.capture(asked), Unknown)
        assert isinstance(await settled(gateway, asked.order_id), Captured)
        await assert_taken_once(gateway, asked)

    @pytest.mark.parametrize("token", ["tok_timeout_captured", "tok_error_captured"])
    async def test_money_taken_without_an_answer_is_unknown_until_looked_up(
        self, gateway: Gateway, impatient: Gateway, token: str
    ) -> None:
        asked = request(token)
        for _ in range(2):
            assert isinstance(await impatient.capture(asked), Unknown)
        taken = await assert_taken_once(gateway, asked)
        assert await gateway.void(asked.order_id) == taken

    async def test_silence_without_money_is_unknown_until_voided(self, gateway: Gateway, impatient: Gateway) -> None:
        asked = request("tok_timeout_nothing")
        assert isinstance(await impatient.capture(asked), Unknown)
        assert await gateway.lookup(asked.order_id) == NotFound()
        assert await gateway.void(asked.order_id) == Voided()
        assert await gateway.lookup(asked.order_id) == Voided()

    @pytest.mark.parametrize("token", ["tok_error", "tok_drop_connection"])
    async def test_a_stumble_is_retried(self, gateway: Gateway, token: str) -> None:
        asked = request(token)
        assert isinstance(await gateway.capture(asked), Captured)
        await assert_taken_once(gateway, asked)

    async def test_a_void_wins_over_a_capture_that_is_still_on_its_way(self, gateway: Gateway) -> None:
        asked = request("tok_slow")
        on_its_way = asyncio.create_task(gateway.capture(asked))
        assert await gateway.void(asked.order_id) == Voided()
        assert await on_its_way == Declined("voided")
        assert await gateway.capture(request("tok_ok", asked.order_id)) == Declined("voided")
        assert await gateway.lookup(asked.order_id) == Voided()
        assert await movements(gateway, asked.order_id) == []

    async def test_without_the_voids_memory_a_late_capture_would_take_the_money(
        self, gateway: Gateway, provider: ProviderProcess
    ) -> None:
        """Negative control of the test above: the provider forgets the void."""
        asked = request("tok_ok")
        assert await gateway.void(asked.order_id) == Voided()
        with closing(sqlite3.connect(provider.books_file)) as books, books:
            assert books.execute("DELETE FROM captures WHERE order_id = ?", (asked.order_id,)).rowcount == 1
        assert isinstance(await gateway.capture(asked), Captured)

    async def test_void_and_capture_race_to_one_end(self, gateway: Gateway) -> None:
        async def late(call: Coroutine[Any, Any, Any], milliseconds: float) -> Any:
            await asyncio.sleep(milliseconds / 1000)
            return await call

        ends: set[type] = set()
        # How long a capture takes before its row is written depends on the machine: the head start of either side is
        # varied until both have won.
        for number in range(400):
            if number >= 40 and len(ends) == 2:
                break
            asked = request("tok_ok")
            calls = [gateway.capture(asked), late(gateway.void(asked.order_id), number // 2 % 10 / 2)]
            captured, voided = await asyncio.gather(*(calls if number % 2 else reversed(calls)))
            if number % 2 == 0:
                captured, voided = voided, captured
            assert (captured, voided) in [(captured, captured), (Declined("voided"), Voided())]
            assert len(await movements(gateway, asked.order_id)) == isinstance(captured, Captured)
            ends.add(type(voided))
        assert ends == {Captured, Voided}, "the race never had both winners: it did not race"

    @pytest.mark.parametrize("token", ["tok_pending_callback", "tok_pending_declined"])
    async def test_a_pending_capture_is_reported_once_decided(self, gateway: Gateway, token: str) -> None:
        ears = Ears([204])
        async with listening(ears.handle) as address:
            asked = request(token, callback_url=f"{address}/callbacks")
            assert await gateway.capture(asked) == Pending()
            event = gateway.verify_callback(*await ears.next())
        assert event.order_id == asked.order_id
        assert event.outcome == await gateway.lookup(asked.order_id)
        assert isinstance(event.outcome, Declined if token == "tok_pending_declined" else Captured)
        assert await gateway.capture(asked) == event.outcome

    async def test_a_callback_that_comes_twice_is_one_event(self, gateway: Gateway) -> None:
        ears = Ears([204])
        async with listening(ears.handle) as address:
            asked = request("tok_pending_callback_twice", callback_url=address)
            assert await gateway.capture(asked) == Pending()
            events = [gateway.verify_callback(*await ears.next()) for _ in range(2)]
        assert events[0] == events[1]
        await assert_taken_once(gateway, asked)

    async def test_a_callback_is_repeated_until_it_is_received(self, gateway: Gateway) -> None:
        ears = Ears([500, 302, 503, 200])
        async with listening(ears.handle) as address:
            await gateway.capture(request("tok_pending_callback", callback_url=address))
            events = [gateway.verify_callback(*await ears.next()) for _ in range(4)]
        assert len(set(events)) == 1

    async def test_without_a_callback_lookup_tells(self, gateway: Gateway) -> None:
        asked = request("tok_pending_no_callback", callback_url="http://127.0.0.1:9/nobody")
        assert await gateway.capture(asked) == Pending()
        assert isinstance(await settled(gateway, asked.order_id), Captured)
        await assert_taken_once(gateway, asked)

    async def test_a_pending_capture_can_be_voided(self, gateway: Gateway) -> None:
        ears = Ears([204])
        async with listening(ears.handle) as address:
            asked = request("tok_pending_callback", callback_url=address)
            assert await gateway.capture(asked) == Pending()
            assert await gateway.void(asked.order_id) == Voided()
            later = request("tok_pending_callback", callback_url=address)
            await gateway.capture(later)
            # The order voided first would have been reported first.
            assert gateway.verify_callback(*await ears.next()).order_id == later.order_id
        assert await gateway.lookup(asked.order_id) == Voided()

    async def test_refunds_are_made_once_each_and_never_exceed_the_capture(self, gateway: Gateway) -> None:
        asked = request("tok_ok", amount=100)
        await gateway.capture(asked)
        refunds = await asyncio.gather(*(gateway.refund(asked.order_id, f"r_{asked.order_id}", 60) for _ in range(20)))
        assert len(set(refunds)) == 1
        assert isinstance(refunds[0], Refunded)
        over = await asyncio.gather(*(gateway.refund(asked.order_id, f"r{n}_{asked.order_id}", 30) for n in range(20)))
        assert sorted(type(outcome).__name__ for outcome in over) == ["RefundRefused"] * 19 + ["Refunded"]
        assert RefundRefused("exceeds_captured") in over
        assert isinstance(await gateway.refund(asked.order_id, f"r_{asked.order_id}", 61), Unknown)
        lines = await movements(gateway, asked.order_id)
        assert [(line.kind, line.amount, line.currency) for line in lines] == [
            ("capture", 100, "KRW"),
            ("refund", 60, "KRW"),
            ("refund", 30, "KRW"),
        ]
        assert lines[1].refund_id == f"r_{asked.order_id}"

    async def test_a_refused_refund_may_be_asked_again(self, gateway: Gateway) -> None:
        asked = request("tok_refund_error")
        await gateway.capture(asked)
        refund_id = f"r_{asked.order_id}"
        assert await gateway.refund(asked.order_id, refund_id, asked.amount) == RefundRefused("try_later")
        assert isinstance(await gateway.refund(asked.order_id, refund_id, asked.amount), Refunded)

    async def test_what_was_not_captured_is_not_refunded(self, gateway: Gateway) -> None:
        declined = request("tok_declined")
        await gateway.capture(declined)
        for order_id in (declined.order_id, "ord_never_seen"):
            assert await gateway.refund(order_id, f"r_{order_id}", 1) == RefundRefused("not_captured")

    async def test_the_statement_goes_on_where_it_was_left(self, gateway: Gateway) -> None:
        page = await gateway.statement()
        assert isinstance(page, StatementPage)
        while page.more:
            page = await gateway.statement(page.cursor)
            assert isinstance(page, StatementPage)
        asked = request("tok_ok")
        await gateway.capture(asked)
        news = await gateway.statement(page.cursor)
        assert isinstance(news, StatementPage)
        assert [line.order_id for line in news.lines] == [asked.order_id]
        assert await gateway.statement(news.cursor) == StatementPage((), news.cursor, more=False)

    @pytest.mark.parametrize("odd", ["", "..", "a/../b", "주문 1", "x?y=1#z", "%2e%2e", "a\nb", "z" * 101])
    async def test_an_order_id_that_no_provider_takes_is_unknown(self, gateway: Gateway, odd: str) -> None:
        assert isinstance(await gateway.capture(replace(request("tok_ok"), order_id=odd)), Unknown)
        assert isinstance(await gateway.lookup(odd), Unknown)
        assert isinstance(await gateway.void(odd), Unknown)
        assert isinstance(await gateway.refund(odd, "r_odd", 1), Unknown)
        assert await movements(gateway, odd) == []

    async def test_every_call_is_observed(self, provider: ProviderProcess) -> None:
        seen: list[tuple[str, float, str]] = []
        gateway = SandboxGateway(provider.address, SECRET, observe=lambda *call: seen.append(call))
        asked = request("tok_ok")
        await gateway.capture(asked)
        await gateway.lookup(asked.order_id)
        await gateway.refund(asked.order_id, f"r_{asked.order_id}", 1)
        await gateway.void(asked.order_id)
        await gateway.statement()
        await gateway.aclose()
        assert [(name, outcome) for name, _, outcome in seen] == [
            ("capture", "captured"),
            ("lookup", "captured"),
            ("refund", "refunded"),
            ("void", "captured"),
            ("statement", "statementpage"),
        ]
        assert all(seconds > 0 for _, seconds, _ in seen)
