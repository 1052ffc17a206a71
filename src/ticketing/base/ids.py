"""Identifiers: a prefix that says what it is, then lower-case base32 without padding."""

from __future__ import annotations

import base64
import re
import secrets

_ID = re.compile(r"[a-z]{2,5}_[a-z2-7]{8,40}")


def encode(prefix: str, raw: bytes) -> str:
    """`prefix_base32` of some bytes."""
    return f"{prefix}_{base64.b32encode(raw).decode().rstrip('=').lower()}"


def decode(prefix: str, text: str) -> bytes:
    """Bytes of an id of this kind; raises ValueError for any other text (also for non-canonical spellings)."""
    head, sep, body = text.partition("_")
    if not sep or head != prefix or not 0 < len(body) <= 64:
        raise ValueError(f"not a {prefix} id")
    try:
        raw = base64.b32decode(body.upper() + "=" * (-len(body) % 8))
    except ValueError:
        raise ValueError(f"not a {prefix} id") from None
    if encode(prefix, raw) != text:
        raise ValueError(f"not a {prefix} id")
    return raw


def new_id(prefix: str, entropy_bytes: int = 10) -> str:
    """A fresh random id, 80 bits by default."""
    return encode(prefix, secrets.token_bytes(entropy_bytes))


def looks_like_id(text: str) -> bool:
    """Whether a text could be one of our ids; used before it goes anywhere near a store."""
    return bool(_ID.fullmatch(text))
