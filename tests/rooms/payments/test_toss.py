"""The Toss Payments adapter against a stand-in built from its documentation (not against the live service)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from tests.rooms.payments.ears import listening
from tests.rooms.payments.toss_stand_in import AT, SECRET_KEY, Reply, TossStandIn
from ticketing.base.clock import parse_rfc3339
from ticketing.payments.gateway import (
    BadSignature,
    Captured,
    CaptureRequest,
    Declined,
    NotFound,
    Pending,
    Refunded,
    RefundRefused,
    StatementLine,
    StatementPage,
    Unknown,
    Voided,
)
from ticketing.payments.toss import TossGateway
from ticketing.payments.wire import CallLimits

LIMITS = CallLimits(attempt_s=2, total_s=4, backoff_s=0.001)
CONFIRM = "/v1/payments/confirm"


@dataclass
class Shop:
    """A gateway and the stand-in behind it."""

    gateway: TossGateway
    toss: TossStandIn
    address: str

    def ask(self, order_id: str = "ord_aaaaaa", amount: int = 198_000) -> CaptureRequest:
        """A buyer has authenticated; what we then ask."""
        return CaptureRequest(order_id, amount, "KRW", "card", self.toss.authenticated(order_id, amount), "2석")


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    toss = TossStandIn()
    async with listening(toss.handle) as address:
        gateway = TossGateway(SECRET_KEY, base_url=address, limits=LIMITS)
        yield Shop(gateway, toss, address)
        await gateway.aclose()


async def test_a_confirmed_payment_is_captured_once(shop: Shop) -> None:
    asked = shop.ask()
    taken = Captured("pay_ord_aaaaaa", 198_000, "KRW")
    assert await shop.gateway.capture(asked) == taken
    assert await shop.gateway.capture(asked) == taken
    assert await shop.gateway.lookup("ord_aaaaaa") == taken
    assert await shop.gateway.void("ord_aaaaaa") == taken
    assert len(shop.toss.transactions) == 1
    assert shop.toss.seen[0][2]["idempotency-key"] == "capture-ord_aaaaaa"


async def test_a_lost_answer_is_unknown_until_looked_up(shop: Shop) -> None:
    asked = shop.ask()
    shop.toss.lose.add(CONFIRM)
    assert isinstance(await shop.gateway.capture(asked), Unknown)
    shop.toss.lose.clear()
    assert await shop.gateway.lookup("ord_aaaaaa") == Captured("pay_ord_aaaaaa", 198_000, "KRW")


async def test_already_processed_is_settled_by_lookup(shop: Shop) -> None:
    asked = shop.ask()
    await shop.gateway.capture(asked)
    shop.toss.replays.clear()  # the idempotency key has lapsed
    assert await shop.gateway.capture(asked) == Captured("pay_ord_aaaaaa", 198_000, "KRW")
    assert len(shop.toss.transactions) == 1


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        ((403, {"code": "REJECT_CARD_PAYMENT", "message": "한도초과"}), Declined("REJECT_CARD_PAYMENT")),
        ((404, {"code": "NOT_FOUND_PAYMENT_SESSION", "message": "만료"}), Declined("NOT_FOUND_PAYMENT_SESSION")),
        ((400, {"code": "PROVIDER_ERROR", "message": "일시적인 오류"}), Pending()),
        ((409, {"code": "IDEMPOTENT_REQUEST_PROCESSING", "message": "처리 중"}), Pending()),
        ((400, {"what": "ever"}), Pending()),
    ],
)
async def test_errors_are_believed_only_when_they_refuse_the_card(shop: Shop, error: Reply, outcome: object) -> None:
    asked = shop.ask()
    shop.toss.errors[CONFIRM] = error
    assert await shop.gateway.capture(asked) == outcome


async def test_a_server_error_is_unknown(shop: Shop) -> None:
    asked = shop.ask()
    shop.toss.errors[CONFIRM] = (500, {"code": "FAILED_PAYMENT_INTERNAL_SYSTEM_PROCESSING", "message": "오류"})
    assert isinstance(await shop.gateway.capture(asked), Unknown)


async def test_another_currency_is_declined_without_asking(shop: Shop) -> None:
    dollars = CaptureRequest("ord_aaaaaa", 100, "USD", "card", "key", "x")
    assert await shop.gateway.capture(dollars) == Declined("unsupported_currency")
    assert shop.toss.seen == []


@pytest.mark.parametrize(
    ("status", "looked_up", "voided"),
    [
        ("READY", Pending(), Unknown("the payment has not lapsed yet")),
        ("IN_PROGRESS", Pending(), Unknown("the payment has not lapsed yet")),
        ("EXPIRED", Declined("EXPIRED"), Voided()),
        ("ABORTED", Declined("ABORTED"), Voided()),
        ("CANCELED", Voided(), Voided()),
        ("NEW", Unknown("unforeseen payment status 'NEW'"), Unknown("unforeseen payment status 'NEW'")),
    ],
)
async def test_each_documented_status_has_one_meaning(
    shop: Shop, status: str, looked_up: object, voided: object
) -> None:
    shop.toss.authenticated("ord_aaaaaa", 100, status)
    assert await shop.gateway.lookup("ord_aaaaaa") == looked_up
    assert await shop.gateway.void("ord_aaaaaa") == voided


async def test_an_order_without_a_payment(shop: Shop) -> None:
    assert await shop.gateway.lookup("ord_nobody") == NotFound()
    assert await shop.gateway.void("ord_nobody") == Voided()
    assert await shop.gateway.refund("ord_nobody", "r1", 1) == RefundRefused("NOT_FOUND_PAYMENT")


async def test_refunds_are_made_once_even_when_the_key_has_lapsed(shop: Shop) -> None:
    await shop.gateway.capture(shop.ask(amount=100))
    first = await shop.gateway.refund("ord_aaaaaa", "r1", 60)
    assert isinstance(first, Refunded)
    shop.toss.replays.clear()
    assert await shop.gateway.refund("ord_aaaaaa", "r1", 60) == first
    assert await shop.gateway.refund("ord_aaaaaa", "r2", 41) == RefundRefused("NOT_CANCELABLE_AMOUNT")
    assert isinstance(await shop.gateway.refund("ord_aaaaaa", "r1", 59), Unknown)
    assert isinstance(await shop.gateway.refund("ord_aaaaaa", "r3", 40), Refunded)
    assert shop.toss.payments["ord_aaaaaa"]["balanceAmount"] == 0
    assert await shop.gateway.lookup("ord_aaaaaa") == Captured("pay_ord_aaaaaa", 100, "KRW")


async def test_a_refund_whose_answer_is_lost_is_found_again(shop: Shop) -> None:
    await shop.gateway.capture(shop.ask(amount=100))
    shop.toss.lose.add("/v1/payments/pay_ord_aaaaaa/cancel")
    assert isinstance(await shop.gateway.refund("ord_aaaaaa", "r1", 60), Unknown)
    assert isinstance(await shop.gateway.refund("ord_aaaaaa", "r1", 60), Refunded)
    assert shop.toss.payments["ord_aaaaaa"]["balanceAmount"] == 40


async def test_the_statement_names_captures_and_refunds(shop: Shop) -> None:
    for number in range(120):
        await shop.gateway.capture(shop.ask(f"ord_{number:06}", amount=100 + number))
    await shop.gateway.refund("ord_000005", "r1", 50)
    first = await shop.gateway.statement()
    assert isinstance(first, StatementPage)
    assert (len(first.lines), first.more) == (100, True)
    second = await shop.gateway.statement(first.cursor)
    assert isinstance(second, StatementPage)
    assert (len(second.lines), second.more) == (21, False)
    at_ms = parse_rfc3339(AT)
    assert first.lines[0] == StatementLine("capture", "ord_000000", "pay_ord_000000", None, 100, "KRW", at_ms)
    key = "tx_cancel_0_pay_ord_000005"
    assert second.lines[-1] == StatementLine("refund", "ord_000005", key, "r1", 50, "KRW", at_ms)
    assert await shop.gateway.statement(second.cursor) == StatementPage((), second.cursor, more=False)


async def test_a_refund_made_in_the_console_has_no_id_of_ours(shop: Shop) -> None:
    await shop.gateway.capture(shop.ask(amount=100))
    shop.toss._cancel(shop.toss.payments["ord_aaaaaa"], {"cancelReason": "고객 변심", "cancelAmount": 30})
    page = await shop.gateway.statement()
    assert isinstance(page, StatementPage)
    assert [(line.kind, line.amount, line.refund_id) for line in page.lines] == [
        ("capture", 100, None),
        ("refund", 30, None),
    ]


async def test_the_wrong_key_knows_nothing(shop: Shop) -> None:
    stranger = TossGateway("test_sk_of_another_shop", base_url=shop.address, limits=LIMITS)
    assert isinstance(await stranger.capture(shop.ask()), Unknown)
    assert isinstance(await stranger.lookup("ord_aaaaaa"), Unknown)
    assert isinstance(await stranger.void("ord_aaaaaa"), Unknown)
    assert isinstance(await stranger.refund("ord_aaaaaa", "r1", 1), Unknown)
    assert isinstance(await stranger.statement(), Unknown)
    await stranger.aclose()
    assert shop.toss.transactions == []


def test_unsigned_webhooks_are_never_believed() -> None:
    body = b'{"eventType":"PAYMENT_STATUS_CHANGED","data":{"orderId":"ord_aaaaaa","status":"DONE"}}'
    with pytest.raises(BadSignature, match="unsigned"):
        TossGateway(SECRET_KEY).verify_callback({"tosspayments-webhook-transmission-id": "x"}, body)
