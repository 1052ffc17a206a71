"""What a place in line costs: a little computing, raised under attack (docs/adr/0018).

A challenge is a signed token, so nobody keeps a list of them: it names event, account, bits and an end. The visitor
looks for a counter c such that SHA-256(challenge ":" c) begins with that many zero bits.

One challenge buys one place: it is bound to one account in one event, and an account has one place however often it
joins. Whoever sends the same solution again gets the same place again, so there is no list of used ones either.
"""

from __future__ import annotations

import hashlib
import math
import re
import secrets
from dataclasses import dataclass
from typing import Any

import msgspec

from ticketing.base.clock import Clock, rfc3339
from ticketing.base.errors import Problem
from ticketing.base.tokens import BadToken, Signer

TOP_BITS = 24
"""Never more, whoever asks for it: 16.8 million hashes, half a minute of a weak phone."""

FIRST_BITS = 16
"""Where work begins, under attack, in a line that asks for none."""

GRACE_BITS = 2
"""How many bits fewer than today's an unexpired challenge may have: what two raises add. Raises come `RAISE_MS` apart,
so whoever begins to compute at once has at least 20 seconds, many times what that challenge takes. Somebody who hoards
challenges before an attack saves at most three quarters of the price, for accounts that are named in them, until they
expire."""

CALM = 5.0
"""Refusals per second that mean nothing: double clicks, forgotten tabs."""

MOST_EXTRA = 4
"""Bits that an attack adds at most: sixteen times the price, so that the cure stays smaller than the illness."""

RAISE_MS = 10_000
LOWER_MS = 60_000
WAIT_MS = 20_000
"""How long who cannot compute (a browser without scripts) waits instead."""

WAITED = "waited"
"""The solution of a wait."""

_WORK = "wr/work"
_WAIT = "wr/wait"
_MAX_CHALLENGE = 512
# One spelling per counter, and none that a JavaScript number cannot hold.
_COUNTER = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)


class BadWork(Exception):
    """No price was paid; `reason` says why: malformed, forged, foreign, expired, too_easy, too_soon or wrong."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Claims(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """Content of a challenge. Instants in milliseconds; `ready_at` is when a wait is over, 0 where there is none."""

    event_id: str
    account_id: str
    bits: int
    ready_at: int
    expires_at: int
    nonce: str


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Claims).decode


@dataclass(frozen=True)
class Challenge:
    """What is asked of a visitor. `expires_at` in milliseconds; `ready_at` of a wait, else 0."""

    challenge: str
    bits: int
    expires_at: int
    ready_at: int = 0


class WorkDesk:
    """Issues challenges and checks what comes back; less than 10 µs each, without I/O and without memory.

    Args:
        lifetime_seconds: how long a challenge is good.
    """

    def __init__(self, signer: Signer, clock: Clock, *, lifetime_seconds: int = 300) -> None:
        self._signer = signer
        self._clock = clock
        self._lifetime_ms = lifetime_seconds * 1000

    def challenge(self, event_id: str, account_id: str, bits: int) -> Challenge:
        """A fresh challenge. With 0 bits it asks for nothing. Raises ValueError outside of 0 to `TOP_BITS`."""
        if not 0 <= bits <= TOP_BITS:
            raise ValueError(f"{bits} bits cannot be asked for: 0 to {TOP_BITS} can")
        return self._issue(_WORK, event_id, account_id, bits, 0)

    def wait(self, event_id: str, account_id: str) -> Challenge:
        """A wait in place of work, for a browser without scripts; its solution is the word "waited".

        A wait costs a machine nothing, so whoever issues them limits how many an address gets, to fewer than the
        sign-ups that it gets: then the accounts stay the dearer half of a place.
        """
        return self._issue(_WAIT, event_id, account_id, 0, self._clock.now_ms() + WAIT_MS)

    def _issue(self, purpose: str, event_id: str, account_id: str, bits: int, ready_at: int) -> Challenge:
        expires_at = self._clock.now_ms() + self._lifetime_ms
        claims = _Claims(event_id, account_id, bits, ready_at, expires_at, secrets.token_urlsafe(9))
        return Challenge(self._signer.sign(purpose, _encode(claims)), bits, expires_at, ready_at)

    def check(self, event_id: str, account_id: str, bits_now: int, challenge: str, solution: str) -> None:
        """Make sure that the price was paid. With `bits_now` 0 there is none.

        Raises:
            BadWork: it was not.
        """
        if bits_now <= 0:
            return
        if len(challenge) > _MAX_CHALLENGE:
            raise BadWork("malformed")
        if solution == WAITED:
            if self.wait_left(event_id, account_id, challenge) > 0:
                raise BadWork("too_soon")
            return
        if not _COUNTER.fullmatch(solution):
            raise BadWork("malformed")
        claims = self._read(_WORK, event_id, account_id, challenge)
        if claims.bits < bits_now - GRACE_BITS:
            raise BadWork("too_easy")
        # A price that has fallen since is the lower one for all.
        if not solves(challenge, solution, min(claims.bits, bits_now)):
            raise BadWork("wrong")

    def wait_left(self, event_id: str, account_id: str, challenge: str) -> int:
        """Milliseconds until a wait is over, 0 when it is. Raises BadWork for what is no wait of this account here."""
        if len(challenge) > _MAX_CHALLENGE:
            raise BadWork("malformed")
        return max(0, self._read(_WAIT, event_id, account_id, challenge).ready_at - self._clock.now_ms())

    def _read(self, purpose: str, event_id: str, account_id: str, challenge: str) -> _Claims:
        try:
            claims = _decode(self._signer.verify(purpose, challenge))
        except (BadToken, msgspec.DecodeError):
            raise BadWork("forged") from None
        if (claims.event_id, claims.account_id) != (event_id, account_id):
            raise BadWork("foreign")
        if claims.expires_at <= self._clock.now_ms():
            raise BadWork("expired")
        return claims


def solves(challenge: str, solution: str, bits: int) -> bool:
    """Whether SHA-256(challenge ":" solution) begins with `bits` zero bits."""
    digest = hashlib.sha256(f"{challenge}:{solution}".encode()).digest()
    return int.from_bytes(digest, "big") >> (256 - bits) == 0


def challenge_answer(challenge: Challenge, captcha: dict[str, str] | None) -> dict[str, Any]:
    """The members of GET …/queue/challenge; `captcha` as `Captcha.widget` says."""
    return {
        "challenge": challenge.challenge,
        "bits": challenge.bits,
        "expires_at": rfc3339(challenge.expires_at),
        "captcha": captcha,
    }


def work_required(challenge: Challenge, captcha: dict[str, str] | None) -> Problem:
    """428: join again with the solution of this challenge."""
    return Problem(
        428,
        "work_required",
        "Solve the challenge and join again: its solution pays for the place.",
        **challenge_answer(challenge, captcha),
    )


# How much is asked for ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pressure:
    """Bits that an attack has added, when that changed last, and when that many were last needed (milliseconds)."""

    extra: int = 0
    changed_at: int = 0
    needed_at: int = 0


def extra_bits(refusals_per_second: float) -> int:
    """What a rate of refusals is worth: nothing up to `CALM`, then a bit, and one more for every fourfold."""
    if not refusals_per_second > CALM:
        return 0
    if math.isinf(refusals_per_second):
        return MOST_EXTRA
    return min(MOST_EXTRA, math.ceil(math.log(refusals_per_second / CALM, 4)))


def bits_at(base: int, extra: int) -> int:
    """The price: the promoter's `base` bits and those that an attack adds, `TOP_BITS` at most. 0 stays 0 in peace."""
    if extra <= 0:
        return min(max(base, 0), TOP_BITS)
    return min(max(base, FIRST_BITS - 1) + min(extra, MOST_EXTRA), TOP_BITS)


def required_bits(base: int, refusals_per_second: float) -> int:
    """The price that a rate of refusals calls for, if it lasts; `next_pressure` gets there step by step."""
    return bits_at(base, extra_bits(refusals_per_second))


def next_pressure(pressure: Pressure, refusals_per_second: float, now_ms: int) -> Pressure:
    """One look, about once a second: a bit up at once and then every ten seconds, a bit down after a calm minute.

    Args:
        refusals_per_second: joins refused because their work or CAPTCHA was bad or they came too often. Not those that
            brought no work: every visitor who joins without having asked for a challenge is refused once.
    """
    wanted = extra_bits(refusals_per_second)
    # A leader whose clock ran ahead must not hold the price up for that long.
    changed_at, needed_at = min(pressure.changed_at, now_ms), min(pressure.needed_at, now_ms)
    if wanted >= pressure.extra > 0:
        needed_at = now_ms
    if wanted > pressure.extra and (pressure.extra == 0 or now_ms - changed_at >= RAISE_MS):
        return Pressure(pressure.extra + 1, now_ms, now_ms)
    if wanted < pressure.extra and now_ms - max(changed_at, needed_at) >= LOWER_MS:
        return Pressure(pressure.extra - 1, now_ms, needed_at)
    return Pressure(pressure.extra, changed_at, needed_at)
