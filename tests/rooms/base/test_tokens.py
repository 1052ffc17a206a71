"""Signed tokens: only what we signed, for this purpose, in the one spelling, with a key that is still on the ring."""

from __future__ import annotations

import base64
import random
import string
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketing.base.tokens import BadToken, Signer

OLD, NEW = bytes(range(32)), bytes(range(32, 64))
PAYLOAD = b'["ses_abc","acc_def","fan",1790000000000]'
ALPHABET = string.ascii_letters + string.digits + "-_.=~+/ \n"


@pytest.fixture
def signer() -> Signer:
    return Signer({"k1": OLD}, "k1")


def accepted(signer: Signer, purpose: str, token: str) -> bool:
    try:
        signer.verify(purpose, token)
    except BadToken:
        return False
    return True


def mutations(token: str, count: int, seed: int) -> Iterator[str]:
    """Changed, cut, stretched, swapped and repeated spellings of a token; never the token itself."""
    rng = random.Random(seed)
    made = 0
    while made < count:
        at, other = rng.randrange(len(token)), rng.randrange(len(token))
        first, last = min(at, other), max(at, other)
        changed = rng.choice(
            (
                token[:at] + rng.choice(ALPHABET) + token[at + 1 :],
                token[:at] + token[at + 1 :],
                token[:at] + rng.choice(ALPHABET) + token[at:],
                token[:at],
                token[at:],
                token[:first] + token[last:first:-1] + token[last:],
                token[:at] + token[at].swapcase() + token[at + 1 :],
            )
        )
        if changed != token:
            made += 1
            yield changed


@given(st.binary(max_size=500), st.text(st.characters(codec="ascii"), min_size=1, max_size=20))
def test_what_was_signed_comes_back(payload: bytes, purpose: str) -> None:
    signer = Signer({"k1": OLD}, "k1")
    assert signer.verify(purpose, signer.sign(purpose, payload)) == payload


@pytest.mark.parametrize("seed", range(4))
def test_no_mutation_of_a_token_is_accepted(signer: Signer, seed: int) -> None:
    token = signer.sign("session", PAYLOAD)
    assert accepted(signer, "session", token), "control: the token itself is good"
    assert [bad for bad in mutations(token, 5_000, seed) if accepted(signer, "session", bad)] == []


@pytest.mark.slow
def test_none_of_a_hundred_thousand_mutations_is_accepted(signer: Signer) -> None:
    token = signer.sign("session", PAYLOAD)
    assert [bad for bad in mutations(token, 100_000, 99) if accepted(signer, "session", bad)] == []


def test_every_single_bit_counts(signer: Signer) -> None:
    version, kid, payload, mac = signer.sign("session", PAYLOAD).split(".")
    for part, text in ((2, payload), (3, mac)):
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        for bit in range(len(raw) * 8):
            flipped = bytearray(raw)
            flipped[bit // 8] ^= 1 << bit % 8
            parts = [version, kid, payload, mac]
            parts[part] = base64.urlsafe_b64encode(bytes(flipped)).rstrip(b"=").decode()
            assert not accepted(signer, "session", ".".join(parts))


def test_a_token_of_one_purpose_is_noise_to_another(signer: Signer) -> None:
    token = signer.sign("session", PAYLOAD)
    assert not accepted(signer, "hold", token)
    assert not accepted(signer, "session ", token)
    assert not accepted(signer, "", token)


def test_an_old_key_still_verifies_and_a_retired_one_does_not() -> None:
    before = Signer({"k1": OLD}, "k1").sign("session", PAYLOAD)
    during = Signer({"k2": NEW, "k1": OLD}, "k2")
    assert during.verify("session", before) == PAYLOAD
    assert during.sign("session", PAYLOAD).startswith("v1.k2."), "the new key signs"
    after = Signer({"k2": NEW}, "k2")
    assert not accepted(after, "session", before)
    assert after.verify("session", during.sign("session", PAYLOAD)) == PAYLOAD


def test_a_key_id_cannot_be_borrowed() -> None:
    both = Signer({"k1": OLD, "k2": NEW}, "k1")
    version, _, payload, mac = both.sign("session", PAYLOAD).split(".")
    assert not accepted(both, "session", f"{version}.k2.{payload}.{mac}")
    same_secret = Signer({"k1": OLD, "k2": OLD}, "k1")
    assert not accepted(same_secret, "session", f"{version}.k2.{payload}.{mac}"), "the key id is signed, too"


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "...",
        "v1",
        "v1.k1",
        "v1.k1..",
        "v1.k1.YQ.",
        "v2.k1.YQ.YQ",
        "v1.k9.YQ.YQ",
        "v1.k1.YQ.YQ.YQ",
        "v1.k1.é.YQ",
        "v1.k1.a.YQ",
        "v1." * 6000,
        "\x00",
        "v1.k1.YQ==.YQ",
    ],
)
def test_what_is_no_token(signer: Signer, token: str) -> None:
    assert not accepted(signer, "session", token)


@pytest.mark.parametrize(
    ("secrets", "active"),
    [
        ({"k1": OLD}, "k2"),
        ({}, "k1"),
        ({"k1": b"short"}, "k1"),
        ({"k.1": OLD}, "k.1"),
        ({"": OLD}, ""),
        ({"é": OLD}, "é"),
        ({"k" * 17: OLD}, "k" * 17),
    ],
)
def test_a_ring_that_cannot_be(secrets: dict[str, bytes], active: str) -> None:
    with pytest.raises(ValueError):
        Signer(secrets, active)


def test_the_parts_of_a_mac_cannot_slide_into_each_other(signer: Signer) -> None:
    assert signer.mac("p", b"ab", b"c") != signer.mac("p", b"a", b"bc")
    assert signer.mac("p", b"ab") != signer.mac("p", b"ab", b"")
    assert signer.mac("pa", b"b") != signer.mac("p", b"ab")


def test_a_shortened_mac_is_good_but_not_a_stump() -> None:
    ring = Signer({"k2": NEW, "k1": OLD}, "k2")
    mac = Signer({"k1": OLD}, "k1").mac("order-id", b"body")
    assert ring.check_mac("order-id", mac[:8], b"body"), "made with the old key of the ring"
    assert not ring.check_mac("order-id", mac[:8], b"other")
    assert not ring.check_mac("other", mac[:8], b"body")
    assert not ring.check_mac("order-id", mac[:4], b"body")
    assert not ring.check_mac("order-id", b"", b"body")
    assert not ring.check_mac("order-id", mac + b"\0", b"body")
