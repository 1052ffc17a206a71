"""The provider's HTTP service.

| method, path | gives |
|---|---|
| POST `/v1/captures` | 200 captured · 202 pending · 402 declined · 409 the order was captured for another amount |
| GET `/v1/captures/{order_id}` | 200 with `status` captured, pending, declined or voided · 404 |
| POST `/v1/captures/{order_id}/void` | 200 with `status` voided or captured |
| POST `/v1/captures/{order_id}/refunds` | 200 refunded · 422 refused · 409 the refund id was used for something else |
| GET `/v1/statement?after=&limit=` | the books, oldest first |
| GET, POST `/faults` | the fault of the whole provider: none, slow, error, silent |
| GET `/health` | 200, without a key |

All but the last want `Authorization: Bearer <API key>`. Amounts are integer minor units; ids are letters,
digits, `_` and `-`, at most 100.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Annotated, Any

import msgspec
from litestar import Litestar, MediaType, Request, Response, get, post
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.params import Parameter

from ticketing.base.clock import Clock
from ticketing.payments.sandbox import signature
from ticketing.payments.sandbox.behaviour import Answer, Behaviour, FaultMode, behaviour_of
from ticketing.payments.sandbox.books import AmountConflict, Books, CaptureRecord, RefundNotAllowed
from ticketing.payments.sandbox.callbacks import Clerk
from ticketing.payments.sandbox.config import SandboxSettings
from ticketing.payments.sandbox.faults import DROP, Door, Faults, hang

_MAX_BODY = 64 * 1024
_MAX_AMOUNT = 10**12

_ID = "^[A-Za-z0-9_-]{1,100}$"
Id = Annotated[str, msgspec.Meta(pattern=_ID)]
PathId = Annotated[str, Parameter(pattern=_ID)]
Amount = Annotated[int, msgspec.Meta(ge=1, le=_MAX_AMOUNT)]


class CaptureBody(msgspec.Struct, forbid_unknown_fields=True):
    """A capture as it comes over the wire."""

    order_id: Id
    amount: Amount
    currency: Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")]
    method: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    token: Annotated[str, msgspec.Meta(max_length=2000)]
    description: Annotated[str, msgspec.Meta(max_length=500)] = ""
    callback_url: Annotated[str, msgspec.Meta(max_length=2000, pattern="^https?://")] | None = None


class RefundBody(msgspec.Struct, forbid_unknown_fields=True):
    """A refund as it comes over the wire."""

    refund_id: Id
    amount: Amount


class FaultBody(msgspec.Struct, forbid_unknown_fields=True):
    """The fault to switch on."""

    mode: FaultMode


class Provider:
    """What the routes share."""

    def __init__(self, settings: SandboxSettings, books: Books, faults: Faults) -> None:
        self.settings = settings
        self.books = books
        self.faults = faults
        self.clerk = Clerk(books, settings)


def _capture_answer(record: CaptureRecord) -> Response[dict[str, Any]]:
    """The record as an answer to a capture."""
    status = {"captured": 200, "pending": 202}.get(record.status, 402)
    return Response(_record(record), status_code=status)


def _record(record: CaptureRecord) -> dict[str, Any]:
    return {
        "order_id": record.order_id,
        "status": record.status,
        "reference": record.reference,
        "amount": record.amount,
        "currency": record.currency,
        "code": record.code,
    }


def _conflict(what: str) -> Response[dict[str, Any]]:
    return Response({"status": "conflict", "code": what}, status_code=409)


async def _answer_badly(answer: Answer, request: Request[Any, Any, State], provider: Provider) -> None:
    """Give no useful answer, in the given way."""
    if answer is Answer.NEVER:
        await hang(request.receive, provider.settings.hang_s)
        raise HTTPException(status_code=504, detail="no answer")
    if answer is Answer.DROP:
        request.scope["state"][DROP] = True
    raise HTTPException(status_code=500, detail="the provider stumbled")


@post("/v1/captures")
async def capture(data: CaptureBody, request: Request[Any, Any, State], state: State) -> Response[dict[str, Any]]:
    """Take the money once per order, in the manner of the card token."""
    provider: Provider = state.provider
    way: Behaviour = behaviour_of(data.token)
    if way.thinks_first and provider.books.find(data.order_id) is None:
        await asyncio.sleep(provider.settings.slow_s)
    if way.failures and provider.books.count_try(f"capture {data.order_id}") <= way.failures:
        await _answer_badly(way.failure, request, provider)
    if way.decision.value == "nothing":
        await _answer_badly(way.answer, request, provider)
    wanted = CaptureRecord(
        data.order_id,
        "wanted",
        data.amount,
        data.currency,
        data.token,
        None,
        None,
        data.callback_url or provider.settings.callback_url,
    )
    try:
        record = provider.books.capture(wanted, way, int(provider.settings.pending_s * 1000))
    except AmountConflict:
        return _conflict("amount_conflict")
    if record.status == "pending":
        provider.clerk.wake()
    if way.answer is not Answer.PROMPT:
        await _answer_badly(way.answer, request, provider)
    return _capture_answer(record)


@get("/v1/captures/{order_id:str}")
async def lookup(order_id: PathId, state: State) -> Response[dict[str, Any]]:
    """What is known of an order's capture."""
    record = state.provider.books.find(order_id)
    if record is None:
        return Response({"order_id": order_id, "status": "not_found"}, status_code=404)
    return Response(_record(record))


@post("/v1/captures/{order_id:str}/void", status_code=200)
async def void(order_id: PathId, state: State) -> dict[str, Any]:
    """Close the order for ever, unless its money is taken."""
    record: CaptureRecord = state.provider.books.void(order_id)
    # A declined order is as closed as a voided one: nothing was taken and nothing can be.
    return _record(record) if record.status == "captured" else {**_record(record), "status": "voided"}


@post("/v1/captures/{order_id:str}/refunds", status_code=200)
async def refund(order_id: PathId, data: RefundBody, state: State) -> Response[dict[str, Any]]:
    """Give money back once per refund id."""
    provider: Provider = state.provider
    record = provider.books.find(order_id)
    way = behaviour_of(record.token) if record is not None else behaviour_of("")
    if way.refund_failures and provider.books.count_try(f"refund {data.refund_id}") <= way.refund_failures:
        return Response({"status": "refused", "code": "try_later"}, status_code=422)
    try:
        reference = provider.books.refund(order_id, data.refund_id, data.amount)
    except AmountConflict:
        return _conflict("refund_conflict")
    except RefundNotAllowed as refusal:
        return Response({"status": "refused", "code": refusal.args[0]}, status_code=422)
    return Response({"status": "refunded", "order_id": order_id, "refund_id": data.refund_id, "reference": reference})


@get("/v1/statement")
async def statement(
    state: State,
    after: Annotated[int, Parameter(ge=0)] = 0,
    limit: Annotated[int, Parameter(ge=1, le=1000)] = 500,
) -> dict[str, Any]:
    """The movements after a cursor."""
    lines = state.provider.books.statement(after, limit + 1)
    page = lines[:limit]
    return {"lines": page, "cursor": str(page[-1].seq if page else after), "more": len(lines) > limit}


@get("/faults")
async def read_fault(state: State) -> dict[str, str]:
    """The fault in force."""
    return {"mode": state.provider.faults.mode}


@post("/faults", status_code=200)
async def set_fault(data: FaultBody, state: State) -> dict[str, str]:
    """Switch the fault of the whole provider."""
    state.provider.faults.mode = data.mode
    return {"mode": data.mode}


@get("/health", media_type=MediaType.JSON)
async def health() -> dict[str, str]:
    """This process lives."""
    return {"status": "ok"}


def create_app(settings: SandboxSettings, clock: Clock | None = None) -> Door:
    """The provider as an ASGI application. Its books are opened at start-up, in `settings.data`.

    Raises ValueError for a secret that is too short.
    """
    keys = signature.Keys.from_secret(settings.secret)
    faults = Faults()

    @contextlib.asynccontextmanager
    async def running(app: Litestar) -> AsyncIterator[None]:
        books = Books(settings.data / "sandbox-provider.sqlite3", clock)
        provider = Provider(settings, books, faults)
        app.state.provider = provider
        clerk = asyncio.create_task(provider.clerk.run())
        try:
            yield
        finally:
            clerk.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await clerk
            books.close()

    routes = Litestar(
        [capture, lookup, void, refund, statement, read_fault, set_fault, health],
        lifespan=[running],
        request_max_body_size=_MAX_BODY,
        openapi_config=None,
    )
    return Door(routes, api_key=keys.api_key, faults=faults, slow_s=settings.slow_s, hang_s=settings.hang_s)
