"""Keys, and the signature on callbacks: `Sandbox-Signature: t=<seconds>,v1=<hex HMAC-SHA256 of "t.body">`."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field

HEADER = "sandbox-signature"
TOLERANCE_S = 300
MIN_SECRET_CHARS = 16

# One spelling only. A header that could be written in two ways could be replayed as "another" message.
_HEADER = re.compile(r"t=([0-9]{1,12}),v1=([0-9a-f]{64})")


class SignatureError(Exception):
    """The signature does not prove the body. The message says which check failed, never what would have passed."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Both ends derive these from one shared secret, so that neither key can stand in for the other."""

    api_key: str = field(repr=False)
    signing_key: bytes = field(repr=False)

    @classmethod
    def from_secret(cls, secret: str) -> Keys:
        """Derive the keys. Raises ValueError for a secret shorter than 16 characters."""
        if len(secret) < MIN_SECRET_CHARS:
            raise ValueError(f"the sandbox secret needs at least {MIN_SECRET_CHARS} characters, got {len(secret)}")
        return cls(
            api_key=_subkey(secret, b"sandbox provider: api key").hex(),
            signing_key=_subkey(secret, b"sandbox provider: callback signature"),
        )


def sign(signing_key: bytes, body: bytes, at_s: int) -> str:
    """The header value for a body sent at `at_s` (seconds since the epoch)."""
    return f"t={at_s},v1={_mac(signing_key, str(at_s), body)}"


def verify(signing_key: bytes, header: str, body: bytes, now_s: float, tolerance_s: float = TOLERANCE_S) -> None:
    """Raise `SignatureError` unless `header` signs `body` within `tolerance_s` of now, in either direction."""
    match = _HEADER.fullmatch(header)
    if match is None:
        raise SignatureError("the signature header is not of the form t=…,v1=…")
    sent_at, given = match.groups()
    if not hmac.compare_digest(_mac(signing_key, sent_at, body), given):
        raise SignatureError("the signature does not match the body")
    # Age is judged last: until the signature holds, the time is only a stranger's claim.
    if abs(now_s - int(sent_at)) > tolerance_s:
        raise SignatureError(f"the message is more than {tolerance_s:g} s away from our clock")


def _mac(signing_key: bytes, sent_at: str, body: bytes) -> str:
    return hmac.new(signing_key, sent_at.encode() + b"." + body, hashlib.sha256).hexdigest()


def _subkey(secret: str, purpose: bytes) -> bytes:
    return hmac.new(secret.encode(), purpose, hashlib.sha256).digest()
