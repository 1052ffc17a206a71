"""The gateway adapter for Toss Payments (Korea).

**Checked only against the documented shapes** of its core API (confirm, lookup by order id, cancel, transactions; API
version 2022-11-16) and a stand-in built from them; never yet against the live service or its test mode. Try it there
before it touches money.

Where the provider promises less than the port asks:

* There is no void. A payment that the buyer has authenticated lapses by itself when it is not confirmed; until the
  provider says `EXPIRED` or `ABORTED`, `void` answers `Unknown` and the reconciler asks again.
* `PAYMENT_STATUS_CHANGED` webhooks carry no signature, so `verify_callback` refuses all of them. They may serve as a
  hint to look up; the answer of `lookup` is what counts.
* An idempotency key replays errors too, for 15 days: a refused refund stays refused under its id, and staff must act.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import quote

import msgspec

from ticketing.base.clock import Clock, SystemClock, parse_rfc3339
from ticketing.payments.gateway import (
    BadSignature,
    CallbackEvent,
    Captured,
    CaptureOutcome,
    CaptureRequest,
    Declined,
    LookupOutcome,
    NotFound,
    Observe,
    Pending,
    RefundOutcome,
    RefundRefused,
    StatementLine,
    StatementPage,
    Unknown,
    Voided,
    VoidOutcome,
)
from ticketing.payments.toss_shapes import (
    REFUSALS,
    Failure,
    Payment,
    Transaction,
    cancel_reason,
    outcome_of,
    refund_id_of,
    refund_made,
)
from ticketing.payments.wire import Answer, CallLimits, Unreadable, Wire, observed, read

BASE_URL = "https://api.tosspayments.com"
_KST = timezone(timedelta(hours=9))
_PAGE = 100


class TossGateway:
    """Talks to Toss Payments. The card token of a capture is the `paymentKey` that its widget gave the buyer."""

    name = "toss"

    def __init__(
        self,
        secret_key: str,
        *,
        base_url: str = BASE_URL,
        statement_since: datetime | None = None,
        limits: CallLimits | None = None,
        observe: Observe | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Connect to nothing yet.

        Args:
            secret_key: the shop's secret key (`test_sk_…`, `live_sk_…`).
            base_url: the API's address.
            statement_since: where the books begin for `statement`; 30 days ago by default.
            limits: time-outs, retries, connections.
            observe: told of every call, its seconds and its outcome.
            clock: where statements end.
        """
        basic = base64.b64encode(f"{secret_key}:".encode()).decode()
        self._wire = Wire(base_url, {"Authorization": f"Basic {basic}"}, limits or CallLimits())
        self._clock = clock or SystemClock()
        self._since = statement_since or datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC) - timedelta(days=30)
        self._observe = observe

    async def aclose(self) -> None:
        """Close connections."""
        await self._wire.aclose()

    async def capture(self, request: CaptureRequest) -> CaptureOutcome:
        """Confirm the payment that the buyer authenticated; `Declined` for a currency other than KRW."""
        return await observed(self._observe, "capture", self._capture(request))

    async def _capture(self, request: CaptureRequest) -> CaptureOutcome:
        if request.currency != "KRW":
            return Declined("unsupported_currency")
        content = {"paymentKey": request.token, "orderId": request.order_id, "amount": request.amount}
        answer = await self._post("/v1/payments/confirm", content, f"capture-{request.order_id}")
        if answer.status == 200:
            outcome = outcome_of(read(answer.body, Payment), request.order_id)
        else:
            code = _error_code(answer)
            if code in REFUSALS:
                return Declined(code)
            outcome = await self._lookup(request.order_id)
        if isinstance(outcome, Captured) and (outcome.amount, outcome.currency) != (request.amount, request.currency):
            return Unknown(f"asked for {request.amount} {request.currency}, told {outcome.amount} {outcome.currency}")
        if isinstance(outcome, Voided | NotFound):
            return Unknown(answer.unexpected)
        return outcome

    async def lookup(self, order_id: str) -> LookupOutcome:
        """What the provider knows of the order's payment."""
        return await observed(self._observe, "lookup", self._lookup(order_id))

    async def _lookup(self, order_id: str) -> LookupOutcome:
        payment = await self._payment(order_id)
        return NotFound() if payment is None else outcome_of(payment, order_id)

    async def void(self, order_id: str) -> VoidOutcome:
        """Say whether the order is closed; see the module's first lines for why it cannot be made so."""
        return await observed(self._observe, "void", self._void(order_id))

    async def _void(self, order_id: str) -> VoidOutcome:
        outcome = await self._lookup(order_id)
        # Not found: the key that we would confirm, or are confirming, names no payment, so no confirmation can succeed.
        if isinstance(outcome, Declined | NotFound):
            return Voided()
        return Unknown("the payment has not lapsed yet") if isinstance(outcome, Pending) else outcome

    async def refund(self, order_id: str, refund_id: str, amount: int) -> RefundOutcome:
        """Cancel part or all of a payment once per refund id."""
        return await observed(self._observe, "refund", self._refund(order_id, refund_id, amount))

    async def _refund(self, order_id: str, refund_id: str, amount: int) -> RefundOutcome:
        payment = await self._payment(order_id)
        if payment is None:
            return RefundRefused("NOT_FOUND_PAYMENT")
        # The provider forgets idempotency keys; its list of cancellations it keeps. Look there first.
        made = refund_made(payment, refund_id, amount)
        if made is not None:
            return made
        content = {"cancelReason": cancel_reason(refund_id), "cancelAmount": amount}
        answer = await self._post(f"/v1/payments/{_segment(payment.payment_key)}/cancel", content, refund_id)
        if answer.status == 200:
            return refund_made(read(answer.body, Payment), refund_id, amount) or Unknown(
                "the refund is not in the answer"
            )
        code = _error_code(answer)
        if answer.status in (400, 403, 404) and code is not None and code != "PROVIDER_ERROR":
            return RefundRefused(code)
        return Unknown(answer.unexpected)

    def verify_callback(self, headers: Mapping[str, str], body: bytes) -> CallbackEvent:
        """Always raise `BadSignature`: the provider does not sign payment webhooks."""
        raise BadSignature(f"payment webhooks of Toss are unsigned ({len(headers)} headers, {len(body)} bytes)")

    async def statement(self, after: str | None = None) -> StatementPage | Unknown:
        """The provider's transactions since `statement_since`; the cursor is a transaction key."""
        return await observed(self._observe, "statement", self._statement(after))

    async def _statement(self, after: str | None) -> StatementPage | Unknown:
        until = datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC) + timedelta(days=1)
        query = f"startDate={_local(self._since)}&endDate={_local(until)}&limit={_PAGE}"
        if after is not None:
            query += f"&startingAfter={_segment(after)}"
        answer = await self._wire.call("GET", f"/v1/transactions?{query}")
        if answer.status != 200:
            return Unknown(answer.unexpected)
        transactions = read(answer.body, list[Transaction])
        lines = [await self._line(transaction) for transaction in transactions]
        cursor = transactions[-1].transaction_key if transactions else after
        return StatementPage(tuple(lines), cursor, more=len(transactions) == _PAGE)

    async def _line(self, told: Transaction) -> StatementLine:
        at_ms = _instant(told.transaction_at)
        if told.status == "DONE":
            return StatementLine("capture", told.order_id, told.payment_key, None, told.amount, told.currency, at_ms)
        # The list does not say what a cancellation was for, nor clearly how much: the payment itself does.
        payment = await self._payment(told.order_id)
        for cancel in (payment.cancels or []) if payment is not None else []:
            if cancel.transaction_key == told.transaction_key:
                return StatementLine(
                    "refund",
                    told.order_id,
                    told.transaction_key,
                    refund_id_of(cancel),
                    cancel.cancel_amount,
                    told.currency,
                    at_ms,
                )
        raise Unreadable(f"transaction of status {told.status[:40]} is not among its payment's cancellations")

    async def _payment(self, order_id: str) -> Payment | None:
        """The payment of an order, None when there is none. Raises `Unreadable`."""
        answer = await self._wire.call("GET", f"/v1/payments/orders/{_segment(order_id)}")
        if answer.status == 200:
            payment = read(answer.body, Payment)
            if payment.order_id != order_id:
                raise Unreadable("the answer is about another order")
            return payment
        if answer.status == 404 and _error_code(answer) == "NOT_FOUND_PAYMENT":
            return None
        raise Unreadable(answer.unexpected)

    async def _post(self, path: str, content: dict[str, object], idempotency_key: str) -> Answer:
        return await self._wire.call(
            "POST", path, content=msgspec.json.encode(content), headers={"Idempotency-Key": idempotency_key}
        )


def _error_code(answer: Answer) -> str | None:
    try:
        return read(answer.body, Failure).code
    except Unreadable:
        return None


def _instant(text: str) -> int:
    try:
        return parse_rfc3339(text)
    except ValueError:
        raise Unreadable(f"not an instant: {text[:40]!r}") from None


def _local(moment: datetime) -> str:
    """The provider's dates have no offset and mean Korean time."""
    return moment.astimezone(_KST).strftime("%Y-%m-%dT%H:%M:%S")


def _segment(text: str) -> str:
    return quote(text, safe="")
