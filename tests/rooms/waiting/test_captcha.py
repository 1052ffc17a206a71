"""The CAPTCHA against a service on the wire that misbehaves in every way that it can."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.rooms.payments.ears import listening, read_request
from ticketing.base.errors import Forbidden, Unavailable
from ticketing.waiting.captcha import ADDRESSES, CaptchaSite, NoCaptcha, SiteVerify

HOST = "tickets.example"
TOKEN = "0.what-the-widget-gave_=="
YES = {"success": True, "hostname": HOST, "action": "join", "challenge_ts": "2026-11-22T11:00:00Z", "error-codes": []}
NO = {"success": False, "error-codes": ["timeout-or-duplicate"]}
Reply = Callable[[asyncio.StreamWriter], Awaitable[None]]


def answer(content: Any, status: int = 200, kind: str = "application/json", more: str = "") -> Reply:
    """A whole answer. `content`: bytes as they are, anything else as JSON."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()

    async def reply(writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 {status} x\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
        writer.write(head.encode() + body)
        await writer.drain()

    return reply


async def hang_up(writer: asyncio.StreamWriter) -> None:
    """The connection ends without an answer."""


async def cut_short(writer: asyncio.StreamWriter) -> None:
    """The answer ends in its middle."""
    writer.write(b'HTTP/1.1 200 x\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{"success":true')
    await writer.drain()


async def silence(writer: asyncio.StreamWriter) -> None:
    """No answer at all, until the visitor has gone."""
    await asyncio.sleep(30)


async def drip(writer: asyncio.StreamWriter) -> None:
    """An answer so slow that no single read runs into a time limit."""
    writer.write(b"HTTP/1.1 200 x\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n")
    for _ in range(900):
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.03)


@dataclass
class Service:
    """Gives the replies in turn, the last one for ever; keeps what it was asked."""

    replies: list[Reply]
    asked: list[dict[str, str]] = field(default_factory=list)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, body = await read_request(reader)
        self.asked.append({name: values[0] for name, values in parse_qs(body.decode()).items()})
        await (self.replies.pop(0) if len(self.replies) > 1 else self.replies[0])(writer)


@asynccontextmanager
async def service(*replies: Reply, **site: Any) -> AsyncIterator[tuple[SiteVerify, Service]]:
    """A service and who asks it."""
    there = Service(list(replies))
    async with listening(there.handle) as address:
        described: dict[str, Any] = {
            "kind": "turnstile",
            "site_key": "1x00",
            "secret": "hidden",
            "hostnames": frozenset({HOST}),
            "attempt_s": 20.0,
            "total_s": 30.0,
            "retry_wait_s": 0.01,
        }
        captcha = SiteVerify(CaptchaSite(**(described | {"address": f"{address}/siteverify"} | site)), trust_env=False)
        try:
            yield captcha, there
        finally:
            await captcha.aclose()


async def verdict(captcha: SiteVerify, token: str | None = TOKEN) -> str:
    """`in`, `captcha_failed` or `unavailable`."""
    try:
        await captcha.check(token, "203.0.113.7")
    except (Forbidden, Unavailable) as problem:
        told = json.dumps(problem.document())
        return problem.code if "hidden" not in told else told
    return "in"


async def test_nobody_asks() -> None:
    captcha = NoCaptcha()
    await captcha.check(None, None)
    await captcha.aclose()
    assert captcha.widget is None


async def test_a_yes_and_what_was_asked() -> None:
    async with service(answer(YES)) as (captcha, there):
        assert await verdict(captcha) == "in"
        (asked,) = there.asked
        assert asked.pop("idempotency_key")
        assert asked == {"secret": "hidden", "response": TOKEN, "remoteip": "203.0.113.7"}
        assert captcha.widget == {"kind": "turnstile", "site_key": "1x00"}
        assert "hidden" not in repr(captcha._site)


@pytest.mark.parametrize("on_outage", ["closed", "open"])
@pytest.mark.parametrize(
    "said",
    [
        NO,
        {"success": False},
        {"success": False, "error-codes": ["invalid-input-response"]},
        {"success": False, "error-codes": ["bad-request"]},
        {"success": False, "error-codes": ["a code of next year"]},
        YES | {"hostname": "evil.example"},
        YES | {"hostname": HOST + ".evil.example"},
        YES | {"hostname": None},
        {"success": True},
    ],
)
async def test_a_no_is_a_no_whatever_the_choice(said: Any, on_outage: str) -> None:
    async with service(answer(said), on_outage=on_outage) as (captcha, there):
        assert await verdict(captcha) == "captcha_failed"
        assert len(there.asked) == 1, "a verdict is not asked for twice"


async def test_the_action_is_checked_where_one_is_named() -> None:
    async with service(answer(YES), action="join") as (captcha, _):
        assert await verdict(captcha) == "in"
    for other in ({"action": "login"}, {"action": None}):
        async with service(answer(YES | other), action="join") as (captcha, _):
            assert await verdict(captcha) == "captcha_failed"


async def test_a_score_is_read_for_recaptcha_alone() -> None:
    for kind, score, expected in (
        ("recaptcha", 0.9, "in"),
        ("recaptcha", 0.1, "captcha_failed"),
        ("hcaptcha", 0.1, "in"),  # there it means risk, and only its own verdict counts
    ):
        async with service(answer(YES | {"score": score}), kind=kind) as (captcha, there):
            assert await verdict(captcha) == expected
            assert "idempotency_key" not in there.asked[0], "theirs would not know it"


@pytest.mark.parametrize("token", [None, "", "x" * 8193, "two words", "é", "a\nb", "<script>", "a\x00"])
async def test_what_is_no_token_is_not_even_asked_about(token: str | None) -> None:
    async with service(answer(YES), on_outage="open") as (captcha, there):
        assert await verdict(captcha, token) == "captcha_failed"
        assert there.asked == []


OUTAGES: dict[str, tuple[Reply, int]] = {
    "refuses with 500": (answer(b"oops", 500, "text/html"), 2),
    "refuses with 503 and a yes": (answer(YES, 503), 2),
    "refuses with 429": (answer(b"", 429), 2),
    "hangs up": (hang_up, 2),
    "ends in the middle": (cut_short, 2),
    "says nothing": (silence, 1),
    "drips": (drip, 1),
    "sends a page": (answer(b"<!doctype html><p>success: true", 200, "text/html"), 1),
    "sends nothing": (answer(b""), 1),
    "sends half of it": (answer(b'{"success": tr'), 1),
    "sends a list": (answer([True]), 1),
    "sends the word": (answer(YES | {"success": "true"}), 1),
    "sends a number": (answer(YES | {"success": 1}), 1),
    "forgets the verdict": (answer({"hostname": HOST, "action": "join"}), 1),
    "is no UTF-8": (answer(b'{"success": true, "hostname": "\xff"}'), 1),
    "nests without end": (answer(b'{"x":' + b"[" * 9000), 1),
    "sends a megabyte": (answer(b" " * 1_000_000 + json.dumps(YES).encode()), 1),
    "says yes and no": (answer(YES | {"error-codes": ["timeout-or-duplicate"]}), 1),
    "sends it elsewhere": (answer(YES, 302, more="Location: http://127.0.0.1:9/\r\n"), 1),
    "created": (answer(YES, 201), 1),
    "does not know our secret": (answer({"success": False, "error-codes": ["invalid-input-secret"]}), 1),
    "broke inside": (answer({"success": False, "error-codes": ["internal-error"]}), 1),
    "does not know our secret, with 400": (answer({"success": False, "error-codes": ["missing-input-secret"]}, 400), 1),
}


@pytest.mark.parametrize("name", OUTAGES)
@pytest.mark.parametrize(("on_outage", "expected"), [("closed", "unavailable"), ("open", "in")])
async def test_without_a_verdict_the_named_choice_decides(name: str, on_outage: str, expected: str) -> None:
    reply, times = OUTAGES[name]
    patience = {"attempt_s": 0.3} if reply in (silence, drip) else {}
    async with service(reply, on_outage=on_outage, **patience) as (captcha, there):
        assert await verdict(captcha) == expected
        assert len(there.asked) == times


@pytest.mark.parametrize(
    "reply",
    [
        answer(b"<p>blocked", 403, "text/html"),
        answer(b"{}", 404),
        answer(b"no", 400),
        answer(YES, 400),
        answer(b"", 413),
    ],
)
@pytest.mark.parametrize("on_outage", ["closed", "open"])
async def test_nobody_opens_the_door_with_an_odd_token(reply: Reply, on_outage: str) -> None:
    """A 4xx may be the visitor's doing: it is never a way in."""
    async with service(reply, on_outage=on_outage) as (captcha, _):
        assert await verdict(captcha) == "unavailable"


@pytest.mark.parametrize("first", [hang_up, cut_short, answer(b"", 500), answer(b"", 429)])
async def test_one_stumble_is_forgiven(first: Reply) -> None:
    async with service(first, answer(YES)) as (captcha, there):
        assert await verdict(captcha) == "in"
        assert len({asked["idempotency_key"] for asked in there.asked}) == 1, "the same question twice"


async def test_the_second_answer_counts_when_it_is_a_no() -> None:
    async with service(hang_up, answer(NO), on_outage="open") as (captcha, _):
        assert await verdict(captcha) == "captcha_failed"


@pytest.mark.parametrize(("on_outage", "expected"), [("closed", "unavailable"), ("open", "in")])
async def test_nobody_listens(on_outage: str, expected: str) -> None:
    async with service(answer(YES), on_outage=on_outage, address="http://127.0.0.1:9/") as (captcha, _):
        assert await verdict(captcha) == expected


async def test_the_whole_has_an_end_of_its_own() -> None:
    async with service(silence, total_s=0.3) as (captcha, _):
        assert await verdict(captcha) == "unavailable"


async def test_many_at_once_do_not_wait_for_each_other_without_end() -> None:
    async with service(silence, total_s=0.5) as (captcha, _):
        verdicts = await asyncio.wait_for(asyncio.gather(*(verdict(captcha) for _ in range(100))), 10)
        assert set(verdicts) == {"unavailable"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "other"}, "none of"),
        ({"on_outage": "maybe"}, "neither"),
        ({"secret": ""}, "secret"),
        ({"hostnames": frozenset()}, "hostnames"),
        ({"hostnames": frozenset({""})}, "hostnames"),
        ({"kind": "hcaptcha", "action": "join"}, "no action"),
    ],
)
def test_a_site_that_would_let_anybody_in_is_refused(change: dict[str, Any], words: str) -> None:
    good: dict[str, Any] = {"kind": "turnstile", "site_key": "k", "secret": "s", "hostnames": frozenset({HOST})}
    CaptchaSite(**good)
    with pytest.raises(ValueError, match=words):
        CaptchaSite(**(good | change))


def test_the_services_are_asked_over_tls() -> None:
    assert all(address.startswith("https://") for address in ADDRESSES.values())
