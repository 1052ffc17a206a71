"""The line of a request: what it says, and when it is written."""

from __future__ import annotations

import asyncio
import io
import json
from typing import Any

import pytest

from ticketing.base import request_log
from ticketing.base.request_log import PAUSE, ROUTE, RequestLog


async def _answer(scope: Any, _receive: Any, send: Any) -> None:
    if scope["path"] == "/boom":
        raise RuntimeError("boom")
    scope[ROUTE] = "/api/things/{id}"
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def _receive() -> Any:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _send(_: Any) -> None:
    return None


async def _ask(log: RequestLog, path: str, method: str = "GET") -> None:
    scope: Any = {"type": "http", "method": method, "path": path}
    receive: Any = _receive
    await log(scope, receive, _send)


def _written(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


async def test_a_line_says_how_it_went_and_not_what_was_typed() -> None:
    out = io.StringIO()
    log = RequestLog(_answer, out)
    await _ask(log, "/api/things/secret", "BREW")
    with pytest.raises(RuntimeError):
        await _ask(log, "/boom")
    log.flush()
    well, badly = _written(out)
    assert (well["method"], well["route"], well["status"], well["level"]) == ("OTHER", "/api/things/{id}", 200, "info")
    assert (badly["route"], badly["status"], badly["level"]) == ("none", 0, "warning")
    assert "secret" not in out.getvalue()
    assert "BREW" not in out.getvalue()


async def test_lines_are_written_together_soon_and_none_twice() -> None:
    out = io.StringIO()
    log = RequestLog(_answer, out)
    for _ in range(3):
        await _ask(log, "/x")
    assert out.getvalue() == ""
    await asyncio.sleep(PAUSE * 2)
    assert len(_written(out)) == 3
    await _ask(log, "/x")
    log.flush()
    log.flush()
    await asyncio.sleep(PAUSE * 2)
    assert len(_written(out)) == 4


async def test_a_burst_does_not_become_a_heap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_log, "_MOST", 10)
    out = io.StringIO()
    log = RequestLog(_answer, out)
    for _ in range(25):
        await _ask(log, "/x")
    assert len(_written(out)) == 20
