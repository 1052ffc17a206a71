"""Signed tokens: `v1.<kid>.<payload>.<mac>`, HMAC-SHA256, one derived key per purpose.

The MAC covers a length-delimited (purpose, kid, payload), so no field can slide into its neighbour, and a token of
one purpose is noise to every other. Nothing is parsed before it is verified, and only the one canonical spelling of
a token is accepted.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping

_VERSION = "v1"
_MAX_TOKEN = 16_384


class BadToken(Exception):
    """Not a token of ours for this purpose: forged, cut, of another kind, or signed with a retired key."""


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _unb64(text: str) -> bytes:
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raise BadToken from None
    if _b64(raw) != text:
        raise BadToken
    return raw


def _delimited(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


class Signer:
    """Signs and verifies for many purposes from a ring of secrets.

    Args:
        secrets: key id → secret of at least 32 bytes. All of them verify.
        active: the key id that signs.
    """

    def __init__(self, secrets: Mapping[str, bytes], active: str) -> None:
        if active not in secrets:
            raise ValueError(f"the active key id {active!r} is not among the secrets")
        for kid, secret in secrets.items():
            if len(secret) < 32:
                raise ValueError(f"the signing secret {kid!r} is shorter than 32 bytes")
            if not kid.isalnum() or not kid.isascii() or len(kid) > 16:
                raise ValueError(f"the key id {kid!r} must be 1 to 16 letters and digits")
        self._secrets = dict(secrets)
        self._active = active
        self._derived: dict[tuple[str, str], bytes] = {}

    def _key(self, purpose: str, kid: str) -> bytes:
        key = self._derived.get((purpose, kid))
        if key is None:
            key = hmac.digest(self._secrets[kid], b"ticketing/" + purpose.encode(), hashlib.sha256)
            self._derived[purpose, kid] = key
        return key

    def mac(self, purpose: str, *parts: bytes, kid: str | None = None) -> bytes:
        """32 bytes that only a holder of the secret can compute from these parts, for this purpose."""
        return hmac.digest(self._key(purpose, kid or self._active), _delimited(*parts), hashlib.sha256)

    def check_mac(self, purpose: str, given: bytes, *parts: bytes) -> bool:
        """Whether `given` is a (possibly shortened, at least 5 bytes) MAC of the parts under any key of the ring."""
        if len(given) < 5:
            return False
        return any(
            hmac.compare_digest(self.mac(purpose, *parts, kid=kid)[: len(given)], given) for kid in self._secrets
        )

    def sign(self, purpose: str, payload: bytes) -> str:
        """A token of some bytes for one purpose."""
        mac = self.mac(purpose, self._active.encode(), payload)
        return f"{_VERSION}.{self._active}.{_b64(payload)}.{_b64(mac)}"

    def verify(self, purpose: str, token: str) -> bytes:
        """The payload of a genuine token. Raises BadToken for anything else."""
        if len(token) > _MAX_TOKEN or not token.isascii():
            raise BadToken
        parts = token.split(".")
        if len(parts) != 4 or parts[0] != _VERSION or parts[1] not in self._secrets:
            raise BadToken
        payload, mac = _unb64(parts[2]), _unb64(parts[3])
        if not hmac.compare_digest(self.mac(purpose, parts[1].encode(), payload, kid=parts[1]), mac):
            raise BadToken
        return payload
