"""Callbacks are believed only when the provider can be shown to have sent them, just now, to the letter."""

from __future__ import annotations

import hmac
import random

import pytest

from ticketing.base.clock import ManualClock
from ticketing.payments.gateway import BadSignature, CallbackEvent, Captured, Declined
from ticketing.payments.sandbox import signature
from ticketing.payments.sandbox.books import CaptureRecord
from ticketing.payments.sandbox.callbacks import callback_body
from ticketing.payments.sandbox_gateway import SandboxGateway

SECRET = "a secret shared by both ends"
NOW_S = 1_800_000_000
CAPTURED = CaptureRecord("ord_a", "captured", 198_000, "KRW", "tok_ok", "cap_1", None, None)
BODY = callback_body("cbk_1", CAPTURED, NOW_S * 1000)
KEYS = signature.Keys.from_secret(SECRET)


def gateway(now_s: float = NOW_S) -> SandboxGateway:
    return SandboxGateway("http://127.0.0.1:9", SECRET, clock=ManualClock(int(now_s * 1000)))


def signed(body: bytes = BODY, at_s: int = NOW_S) -> dict[str, str]:
    return {"Sandbox-Signature": signature.sign(KEYS.signing_key, body, at_s)}


def test_a_signed_callback_is_read() -> None:
    event = gateway().verify_callback(signed(), BODY)
    assert event == CallbackEvent("cbk_1", "ord_a", Captured("cap_1", 198_000, "KRW"))
    declined = CaptureRecord("ord_a", "declined", 198_000, "KRW", "tok_ok", None, "card_declined", None)
    body = callback_body("cbk_2", declined, NOW_S * 1000)
    assert gateway().verify_callback(signed(body), body).outcome == Declined("card_declined")


@pytest.mark.parametrize("skew_s", [-299, 0, 299])
def test_a_clock_may_differ_a_little(skew_s: int) -> None:
    gateway(NOW_S + skew_s).verify_callback(signed(), BODY)


@pytest.mark.parametrize("skew_s", [-86_400, -302, 302, 86_400])
def test_an_old_or_future_callback_is_refused(skew_s: int) -> None:
    with pytest.raises(BadSignature, match="away from our clock"):
        gateway(NOW_S + skew_s).verify_callback(signed(), BODY)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "t=,v1=",
        f"v1={'0' * 64},t={NOW_S}",
        f"t={NOW_S},v1={'0' * 64}",
        f"t={NOW_S},v1={'0' * 63}",
        f" t={NOW_S},v1={'0' * 64}",
        f"t={NOW_S},v1={'0' * 64}\n",
        f"t={NOW_S}",
        f"t=٣{NOW_S},v1={'0' * 64}",
        signature.sign(KEYS.signing_key, BODY, NOW_S).upper(),
        signature.sign(KEYS.signing_key, BODY, NOW_S) + ",v1=" + "0" * 64,
        signature.sign(b"another key", BODY, NOW_S),
        signature.sign(KEYS.api_key.encode(), BODY, NOW_S),
        signature.sign(SECRET.encode(), BODY, NOW_S),
        signature.sign(KEYS.signing_key, BODY[:-1], NOW_S),
    ],
)
def test_a_forged_header_is_refused(header: str) -> None:
    with pytest.raises(BadSignature):
        gateway().verify_callback({"Sandbox-Signature": header}, BODY)


def test_an_unsigned_or_doubly_signed_callback_is_refused() -> None:
    with pytest.raises(BadSignature, match="got 0"):
        gateway().verify_callback({}, BODY)
    with pytest.raises(BadSignature, match="got 2"):
        gateway().verify_callback({**signed(), "SANDBOX-SIGNATURE": "t=1,v1=2"}, BODY)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"\xff\xfe",
        BODY[: len(BODY) // 2],
        BODY.replace(b"capture.captured", b"capture.pending"),
        BODY.replace(b'"cap_1"', b"null"),
        BODY.replace(b"198000", b'"198000"'),
        b" " * 70_000 + BODY,
    ],
)
def test_a_signed_body_that_says_nothing_readable_is_refused(body: bytes) -> None:
    with pytest.raises(BadSignature):
        gateway().verify_callback(signed(body), body)


def mutated(rng: random.Random, text: bytes) -> bytes:
    """The text with one to three bytes flipped, put in, taken out, or its tail cut off."""
    data = bytearray(text)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(data)) if data else 0
        match rng.randrange(4):
            case 0 if data:
                data[at] ^= 1 << rng.randrange(8)
            case 1:
                data.insert(at, rng.randrange(256))
            case 2 if data:
                del data[at]
            case _:
                del data[at:]
    return bytes(data)


def mutations_let_through(count: int) -> int:
    rng, judge, header, passed = random.Random(20_261_122), gateway(), signed()["Sandbox-Signature"].encode(), 0
    for _ in range(count):
        while True:
            in_header = rng.random() < 0.5
            new_header, body = (mutated(rng, header), BODY) if in_header else (header, mutated(rng, BODY))
            if (new_header, body) != (header, BODY):
                break
        try:
            judge.verify_callback({"sandbox-signature": new_header.decode("latin-1")}, body)
        except BadSignature:
            continue
        passed += 1
    return passed


def test_no_mutation_of_ten_thousand_is_believed() -> None:
    assert mutations_let_through(10_000) == 0


def test_without_the_comparison_mutations_would_be_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: the fuzz above does reach the guard."""
    monkeypatch.setattr(hmac, "compare_digest", lambda _a, _b: True)
    assert mutations_let_through(1_000) > 20


def test_a_short_secret_is_refused_and_no_key_is_printed() -> None:
    with pytest.raises(ValueError, match="at least 16 characters"):
        signature.Keys.from_secret("short")
    assert KEYS.api_key not in repr(KEYS)
