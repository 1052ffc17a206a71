"""The gateway adapter for the sandbox provider."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal
from urllib.parse import quote

import msgspec

from ticketing.base.clock import Clock, SystemClock
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
    Refunded,
    RefundOutcome,
    RefundRefused,
    StatementLine,
    StatementPage,
    Unknown,
    Voided,
    VoidOutcome,
)
from ticketing.payments.sandbox import signature
from ticketing.payments.wire import CallLimits, Wire, observed, read

_MAX_CALLBACK_BYTES = 64 * 1024


class _Capture(msgspec.Struct):
    order_id: str
    status: Literal["captured", "declined", "pending", "voided", "not_found"]
    reference: str | None = None
    amount: int | None = None
    currency: str | None = None
    code: str | None = None


class _Refund(msgspec.Struct):
    status: Literal["refunded", "refused", "conflict"]
    order_id: str | None = None
    refund_id: str | None = None
    reference: str | None = None
    code: str | None = None


class _Line(msgspec.Struct):
    seq: int
    kind: Literal["capture", "refund"]
    order_id: str
    reference: str
    refund_id: str | None
    amount: int
    currency: str
    at_ms: int


class _Statement(msgspec.Struct):
    lines: list[_Line]
    cursor: str
    more: bool


class _Callback(msgspec.Struct):
    event_id: str
    type: Literal["capture.captured", "capture.declined"]
    order_id: str
    reference: str | None
    amount: int
    currency: str
    code: str | None


# The status and the body must tell the same story.
_CAPTURE_ANSWERS: dict[int, tuple[type, ...]] = {200: (Captured,), 202: (Pending,), 402: (Declined,)}


class SandboxGateway:
    """Talks to a sandbox provider. One per process; see `gateway.Gateway` for what each method promises."""

    name = "sandbox"

    def __init__(
        self,
        base_url: str,
        secret: str,
        *,
        limits: CallLimits | None = None,
        observe: Observe | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Connect to nothing yet. Raises ValueError for a secret that is too short.

        Args:
            base_url: the provider's address, such as `http://127.0.0.1:9100`.
            secret: the one the provider was started with.
            limits: time-outs, retries, connections.
            observe: told of every call, its seconds and its outcome.
            clock: judges the age of callbacks.
        """
        self._keys = signature.Keys.from_secret(secret)
        self._wire = Wire(
            base_url, {"Authorization": f"Bearer {self._keys.api_key}"}, limits or CallLimits(), trust_env=False
        )
        self._observe = observe
        self._clock = clock or SystemClock()

    async def aclose(self) -> None:
        """Close connections."""
        await self._wire.aclose()

    async def capture(self, request: CaptureRequest) -> CaptureOutcome:
        """Take the money once per order id."""
        return await observed(self._observe, "capture", self._capture(request))

    async def _capture(self, request: CaptureRequest) -> CaptureOutcome:
        content = msgspec.json.encode(
            {
                "order_id": request.order_id,
                "amount": request.amount,
                "currency": request.currency,
                "method": request.method,
                "token": request.token,
                "description": request.description,
                "callback_url": request.callback_url,
            }
        )
        answer = await self._wire.call("POST", "/v1/captures", content=content)
        expected = _CAPTURE_ANSWERS.get(answer.status)
        if expected is None:
            return Unknown(answer.unexpected)
        outcome = _outcome(read(answer.body, _Capture), request.order_id)
        if isinstance(outcome, Captured) and (outcome.amount, outcome.currency) != (request.amount, request.currency):
            return Unknown(f"asked for {request.amount} {request.currency}, told {outcome.amount} {outcome.currency}")
        if isinstance(outcome, Voided):
            outcome = Declined("voided")
        if isinstance(outcome, NotFound) or not isinstance(outcome, (*expected, Unknown)):
            return Unknown(answer.unexpected)
        return outcome

    async def lookup(self, order_id: str) -> LookupOutcome:
        """What the provider knows of the order's capture."""
        return await observed(self._observe, "lookup", self._lookup(order_id))

    async def _lookup(self, order_id: str) -> LookupOutcome:
        answer = await self._wire.call("GET", f"/v1/captures/{_segment(order_id)}")
        if answer.status not in (200, 404):
            return Unknown(answer.unexpected)
        outcome = _outcome(read(answer.body, _Capture), order_id)
        # A 404 may also come from a proxy that has never seen a provider: only the body is believed.
        return outcome if (answer.status == 404) is isinstance(outcome, NotFound) else Unknown(answer.unexpected)

    async def void(self, order_id: str) -> VoidOutcome:
        """Close the order for ever unless its money is already taken."""
        return await observed(self._observe, "void", self._void(order_id))

    async def _void(self, order_id: str) -> VoidOutcome:
        answer = await self._wire.call("POST", f"/v1/captures/{_segment(order_id)}/void")
        if answer.status != 200:
            return Unknown(answer.unexpected)
        outcome = _outcome(read(answer.body, _Capture), order_id)
        return outcome if isinstance(outcome, Voided | Captured | Unknown) else Unknown(answer.unexpected)

    async def refund(self, order_id: str, refund_id: str, amount: int) -> RefundOutcome:
        """Give back `amount` minor units once per refund id."""
        return await observed(self._observe, "refund", self._refund(order_id, refund_id, amount))

    async def _refund(self, order_id: str, refund_id: str, amount: int) -> RefundOutcome:
        content = msgspec.json.encode({"refund_id": refund_id, "amount": amount})
        answer = await self._wire.call("POST", f"/v1/captures/{_segment(order_id)}/refunds", content=content)
        if answer.status not in (200, 422):
            return Unknown(answer.unexpected)
        said = read(answer.body, _Refund)
        if answer.status == 422 and said.status == "refused" and said.code:
            return RefundRefused(said.code)
        about_ours = (said.order_id, said.refund_id) == (order_id, refund_id)
        if answer.status == 200 and said.status == "refunded" and about_ours and said.reference:
            return Refunded(said.reference)
        return Unknown(answer.unexpected)

    async def statement(self, after: str | None = None) -> StatementPage | Unknown:
        """The provider's own books after a cursor."""
        return await observed(self._observe, "statement", self._statement(after))

    async def _statement(self, after: str | None) -> StatementPage | Unknown:
        answer = await self._wire.call("GET", f"/v1/statement?after={_segment(after or '0')}")
        if answer.status != 200:
            return Unknown(answer.unexpected)
        page = read(answer.body, _Statement)
        lines = tuple(
            StatementLine(
                line.kind, line.order_id, line.reference, line.refund_id, line.amount, line.currency, line.at_ms
            )
            for line in page.lines
        )
        return StatementPage(lines, page.cursor, page.more)

    def verify_callback(self, headers: Mapping[str, str], body: bytes) -> CallbackEvent:
        """Prove and read a callback. Raises `BadSignature`."""
        given = [value for name, value in headers.items() if name.lower() == signature.HEADER]
        if len(given) != 1:
            raise BadSignature(f"one {signature.HEADER} header is needed, got {len(given)}")
        if len(body) > _MAX_CALLBACK_BYTES:
            raise BadSignature("the callback is too long")
        try:
            signature.verify(self._keys.signing_key, given[0], body, self._clock.now_ms() / 1000)
            told = msgspec.json.decode(body, type=_Callback)
        except (signature.SignatureError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise BadSignature(str(error)) from None
        status: Literal["captured", "declined"] = "captured" if told.type == "capture.captured" else "declined"
        capture = _Capture(told.order_id, status, told.reference, told.amount, told.currency, told.code)
        outcome = _outcome(capture, told.order_id)
        if not isinstance(outcome, Captured | Declined):
            raise BadSignature("the callback says neither captured nor declined")
        return CallbackEvent(told.event_id, told.order_id, outcome)


def _outcome(said: _Capture, order_id: str) -> LookupOutcome:
    if said.order_id != order_id:
        return Unknown("the answer is about another order")
    if said.status == "captured":
        if not said.reference or said.currency is None or said.amount is None or said.amount < 1:
            return Unknown("captured, but the answer does not say what")
        return Captured(said.reference, said.amount, said.currency)
    if said.status == "declined":
        return Declined(said.code) if said.code else Unknown("declined, but the answer does not say why")
    if said.status == "pending":
        return Pending()
    return Voided() if said.status == "voided" else NotFound()


def _segment(text: str) -> str:
    return quote(text, safe="")
