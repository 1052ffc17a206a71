"""No bent ticket and no bent pass is taken; readers with one flaw each are here to show that the bending is real."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import random
import time
import unicodedata
from collections import Counter
from collections.abc import Callable
from itertools import cycle
from typing import Any

import pytest

from tests.rooms.waiting.mutants import KEYS, MUTATORS, Yard, unb64
from ticketing.base.tokens import BadToken, Signer
from ticketing.waiting.tokens import read_pass, read_ticket

Reader = Callable[[Signer, str], Any]
READERS: dict[str, Reader] = {"ticket": read_ticket, "pass": read_pass}


def bend(kind: str, seed: int, times: int, read: Reader) -> tuple[Counter[str], Counter[str]]:
    """How many bent tokens of each way were tried, and how many `read` took. Anything but BadToken is a failure."""
    yard = Yard(kind, random.Random(seed))
    own = set(yard.genuine)
    tried: Counter[str] = Counter()
    taken: Counter[str] = Counter()
    ways = cycle(MUTATORS)
    for _ in range(times):
        mutate = next(ways)
        token = mutate(yard, yard.rng.choice(yard.genuine))
        while token in own:  # a part swapped for itself, say: that proves nothing
            token = mutate(yard, yard.rng.choice(yard.genuine))
        tried[mutate.__name__] += 1
        try:
            read(yard.signer, token)
        except BadToken:
            continue
        taken[mutate.__name__] += 1
    return tried, taken


def assert_none_taken(kind: str, seed: int, times: int) -> Counter[str]:
    tried, taken = bend(kind, seed, times, READERS[kind])
    assert taken == Counter()
    assert tried.keys() == {mutate.__name__ for mutate in MUTATORS}
    assert tried.total() == times
    return tried


@pytest.mark.parametrize("kind", READERS)
def test_none_of_ten_thousand_is_taken(kind: str) -> None:
    assert_none_taken(kind, 1, 10_000)


@pytest.mark.slow
@pytest.mark.parametrize("kind", READERS)
def test_none_of_half_a_million_is_taken(kind: str) -> None:
    """Both together: 10⁶."""
    began = time.perf_counter()
    tried = assert_none_taken(kind, 2, 500_000)
    print(f"{tried.total()} bent ({kind}) in {time.perf_counter() - began:.1f} s, none taken: {dict(tried)}")


@pytest.mark.parametrize("kind", READERS)
def test_the_unbent_ones_are_taken(kind: str) -> None:
    yard = Yard(kind, random.Random(3))
    for token in yard.genuine:
        READERS[kind](yard.signer, token)


@pytest.mark.parametrize("kind", READERS)
def test_every_single_character_counts(kind: str) -> None:
    """Each place of a token, each other character that a token may hold: all of them, not a sample."""
    yard = Yard(kind, random.Random(4))
    token = yard.genuine[1]
    read = READERS[kind]
    for at in range(len(token)):
        for char in map(chr, range(33, 127)):
            bent = token[:at] + char + token[at + 1 :]
            if bent != token:
                with pytest.raises(BadToken):
                    read(yard.signer, bent)
        with pytest.raises(BadToken):
            read(yard.signer, token[:at])


# Readers with one flaw ---------------------------------------------------------------------------------------------


class Flawed(Signer):
    """A verifier as others wrote them."""

    def expected(self, purpose: str, kid: str, content: bytes) -> bytes:
        return self.mac(purpose, kid.encode(), content, kid=kid)

    def split(self, token: str) -> tuple[str, bytes, bytes]:
        parts = token.split(".")
        if len(parts) != 4 or parts[0] != "v1" or parts[1] not in KEYS:
            raise BadToken
        try:
            return parts[1], unb64(parts[2]), unb64(parts[3])
        except (binascii.Error, ValueError):
            raise BadToken from None

    def same(self, expected: bytes, given: bytes) -> bool:
        return hmac.compare_digest(expected, given)

    def verify(self, purpose: str, token: str) -> bytes:
        kid, content, given = self.split(token)
        if not self.same(self.expected(purpose, kid, content), given):
            raise BadToken
        return content


class AnyMac(Flawed):
    """Checks nothing."""

    def same(self, expected: bytes, given: bytes) -> bool:
        return True


class ShortMac(Flawed):
    """Compares as far as the given one goes."""

    def same(self, expected: bytes, given: bytes) -> bool:
        return expected.startswith(given)


class LooseSpelling(Flawed):
    """The right MAC over the bytes, however they are spelled."""


class NoPurpose(Flawed):
    """One key for everything. (The content is not looked at: only the right shape would save this one.)"""

    def _key(self, purpose: str, kid: str) -> bytes:
        return super()._key("everything", kid)

    def sign(self, purpose: str, payload: bytes) -> str:
        return super().sign("everything", payload)


class OneKey(Flawed):
    """The key id is for show: neither in the key nor in the MAC."""

    def expected(self, purpose: str, kid: str, content: bytes) -> bytes:
        return hmac.digest(self._secrets["k1"], purpose.encode() + content, hashlib.sha256)

    def sign(self, purpose: str, payload: bytes) -> str:
        mac = hmac.digest(self._secrets["k1"], purpose.encode() + payload, hashlib.sha256)
        token = super().sign(purpose, payload)
        return ".".join((*token.split(".")[:3], base64.urlsafe_b64encode(mac).decode().rstrip("=")))


class UnboundClaims(Flawed):
    """The MAC is over the event and the account alone: the rest may be anything."""

    def expected(self, purpose: str, kid: str, content: bytes) -> bytes:
        return super().expected(purpose, kid, self._bound(content))

    def sign(self, purpose: str, payload: bytes) -> str:
        parts = super().sign(purpose, payload).split(".")
        mac = super().expected(purpose, parts[1], self._bound(payload))
        return ".".join((*parts[:3], base64.urlsafe_b64encode(mac).decode().rstrip("=")))

    @staticmethod
    def _bound(content: bytes) -> bytes:
        return content[:22]


class Undelimited(Flawed):
    """The MAC is over the claims joined without what separates them: Queue-it's Python connector did that."""

    def expected(self, purpose: str, kid: str, content: bytes) -> bytes:
        return super().expected(purpose, kid, self._joined(content))

    def sign(self, purpose: str, payload: bytes) -> str:
        parts = super().sign(purpose, payload).split(".")
        mac = super().expected(purpose, parts[1], self._joined(payload))
        return ".".join((*parts[:3], base64.urlsafe_b64encode(mac).decode().rstrip("=")))

    @staticmethod
    def _joined(content: bytes) -> bytes:
        return bytes(byte for byte in content if byte not in b'",[] ')


FLAWS: list[tuple[type[Flawed], set[str]]] = [
    (AnyMac, {"bit_flips", "claims", "spliced", "other_key", "other_kind", "truncated", "no_algorithm", "key_id"}),
    (ShortMac, {"truncated", "no_algorithm"}),
    (LooseSpelling, {"spelling"}),
    (NoPurpose, {"other_kind"}),
    (OneKey, {"key_id", "spliced"}),
    (UnboundClaims, {"claims", "bit_flips"}),
    (Undelimited, {"shifted"}),
]


@pytest.mark.parametrize(("flawed", "ways"), FLAWS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_reader_with_a_flaw_is_found_out(
    flawed: type[Flawed], ways: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control. What each flaw lets through is bent in the way that was meant for it."""
    yard_signer = flawed(KEYS, "k1")
    monkeypatch.setattr("tests.rooms.waiting.mutants.Signer", flawed)
    _, taken = bend("ticket", 5, 20_000, lambda _, token: yard_signer.verify("wr/ticket", token))
    assert taken.keys() >= ways, taken


def test_look_alikes_are_what_a_reader_that_normalises_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Control for the last way: full-width and compatibility letters are the same text to many libraries."""
    _, taken = bend("pass", 6, 20_000, lambda s, token: read_pass(s, unicodedata.normalize("NFKC", token)))
    assert taken.keys() >= {"look_alikes"}
    _, taken = bend("pass", 7, 20_000, lambda s, token: read_pass(s, token.strip("\ufeff\u00a0\u200b \n\t\0=.")))
    assert {"look_alikes", "extended"} <= taken.keys()
