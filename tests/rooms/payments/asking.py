"""Asking a gateway in tests: requests, patience, and what the provider's books say about an order."""

from __future__ import annotations

import asyncio
import itertools

from ticketing.payments.gateway import (
    Captured,
    CaptureRequest,
    Gateway,
    NotFound,
    Pending,
    StatementLine,
    StatementPage,
    Unknown,
)
from ticketing.payments.wire import CallLimits

_numbers = itertools.count(1)
IMPATIENT = CallLimits(attempt_s=0.2, total_s=0.5, backoff_s=0.01)
PATIENT = CallLimits(attempt_s=20, total_s=30, backoff_s=0.01)


def request(token: str, order_id: str = "", amount: int = 198_000, callback_url: str | None = None) -> CaptureRequest:
    return CaptureRequest(
        order_id or f"ord_{next(_numbers)}", amount, "KRW", "card", token, "서울 콘서트 2석", callback_url
    )


async def settled(gateway: Gateway, order_id: str) -> object:
    """What lookup says once it says something final."""
    async with asyncio.timeout(20):
        while True:
            outcome = await gateway.lookup(order_id)
            if not isinstance(outcome, Pending | NotFound | Unknown):
                return outcome
            await asyncio.sleep(0.02)


async def movements(gateway: Gateway, order_id: str) -> list[StatementLine]:
    """The order's lines in the provider's books."""
    lines: list[StatementLine] = []
    cursor: str | None = None
    while True:
        page = await gateway.statement(cursor)
        assert isinstance(page, StatementPage)
        lines += [line for line in page.lines if line.order_id == order_id]
        if not page.more:
            return lines
        cursor = page.cursor


async def assert_taken_once(gateway: Gateway, asked: CaptureRequest) -> Captured:
    """The provider says captured, for what was asked, and its books hold that one capture."""
    told = await gateway.lookup(asked.order_id)
    assert isinstance(told, Captured)
    assert (told.amount, told.currency) == (asked.amount, asked.currency)
    assert [(line.kind, line.reference) for line in await movements(gateway, asked.order_id)] == [
        ("capture", told.reference)
    ]
    return told
