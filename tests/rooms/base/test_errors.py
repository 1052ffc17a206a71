"""Problem documents: the same five members for every expected failure."""

from __future__ import annotations

import msgspec
import pytest
from litestar import Litestar, get
from litestar.testing import AsyncTestClient
from sqlalchemy.exc import OperationalError

from ticketing.base import errors
from ticketing.base.db import DatabaseAway
from ticketing.base.errors import Problem
from ticketing.base.valkey import ValkeyAway
from ticketing.base.web import EXCEPTION_HANDLERS, ProblemDocument, matches, problem_of

EXPECTED = [
    (errors.BadRequest("x"), 400, "invalid_request"),
    (errors.Unauthenticated(), 401, "unauthenticated"),
    (errors.Forbidden("x"), 403, "forbidden"),
    (errors.NotFound("x"), 404, "not_found"),
    (errors.Conflict("seats_taken", "x", seats=["A-1-1"]), 409, "seats_taken"),
    (errors.Unprocessable("unknown_seats", "x"), 422, "unknown_seats"),
    (errors.RateLimited(7), 429, "rate_limited"),
    (errors.Unavailable("x"), 503, "unavailable"),
    (DatabaseAway("secret host name"), 503, "unavailable"),
    (ValkeyAway("secret host name"), 503, "unavailable"),
    (OperationalError("SELECT secret", {}, Exception("database is locked")), 503, "unavailable"),
    (ZeroDivisionError("secret"), 500, "internal"),
]


@pytest.mark.parametrize(("error", "status", "code"), EXPECTED, ids=[type(error).__name__ for error, *_ in EXPECTED])
async def test_what_a_client_is_told(error: Exception, status: int, code: str) -> None:
    @get("/")
    async def broken() -> None:
        raise error

    async with AsyncTestClient(Litestar([broken], exception_handlers=EXCEPTION_HANDLERS)) as client:
        answer = await client.get("/")
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.headers["cache-control"] == "no-store"
    document = msgspec.json.decode(answer.content, type=ProblemDocument)
    assert (document.type, document.status, document.code) == ("about:blank", status, code)
    assert document.title
    assert document.detail
    assert "secret" not in answer.text, "how the inside looks is nobody's business"
    assert ("retry-after" in answer.headers) is (status in (429, 503))


def test_extra_members_are_in_the_document() -> None:
    assert errors.Conflict("seats_taken", "x", seats=["A-1-1"]).document()["seats"] == ["A-1-1"]
    assert errors.RateLimited(7).document()["retry_after"] == 7


def test_every_class_of_the_tree_is_tried_above() -> None:
    tried = {type(error) for error, *_ in EXPECTED}
    assert {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Problem)} - tried == {
        Problem
    }


def test_a_problem_is_told_as_it_is() -> None:
    problem = errors.NotFound("There is no such event.")
    assert problem_of(problem, "GET", "/") is problem


@pytest.mark.parametrize(
    ("header", "matched"),
    [
        (None, False),
        ("", False),
        ("*", True),
        ('"a"', True),
        ('W/"a"', True),
        ('"b", "a"', True),
        ('"b"', False),
        ('W/"b",W/"a"', True),
        ("a", False),
        ('"a', False),
    ],
)
def test_if_none_match(header: str | None, matched: bool) -> None:
    assert matches(header, '"a"') is matched
