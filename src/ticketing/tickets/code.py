"""The ticket code: what the QR holds. Signed with Ed25519, so a gate needs only public keys to know a real one.

    T1-<base32 of: kid (4 bytes) | payload | signature (64 bytes)>
    payload = ticket id | event id | seat id, each with one length byte before it

Base32 in capitals is the densest text that QR stores in its alphanumeric mode, that survives a URL, a copy and
a phone call (no spaces, no signs): 5.0 of the 5.5 bits that base45 gets. About 160 characters, QR version 7.

One ticket has one code. Ed25519 signs deterministically and OpenSSL refuses a scalar >= L; any other spelling of
the same bytes (lower case, padding, stray bits after the end, white space) is refused. Scanners that type like a
keyboard may flip the case: `tidy` restores it before `verify`, and changes nothing else.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ticketing.base import ids
from ticketing.tickets.model import Ticket

PREFIX = "T1-"
SEED_BYTES = 32
_DOMAIN = b"ticketing/ticket-code/1\x00"  # a signature made for anything else is not a ticket
_KID_BYTES = 4
_SIGNATURE_BYTES = 64
_FIELD_MAX = 127
_TEXT = 0x80  # set in a length byte: the field is the text itself, not the bytes behind an id
# Bounds the work done for a stranger: the longest code that `sign` can make.
_CODE_MAX = len(PREFIX) + -(-8 * (_KID_BYTES + 3 * (1 + _FIELD_MAX) + _SIGNATURE_BYTES) // 5)


class ForgedCode(Exception):
    """Not a code that any of our keys signed, or not spelt the one way it is spelt."""


@dataclass(frozen=True, slots=True)
class CodeContents:
    """What a genuine code says; all of it was covered by the signature. `kid` is 8 hex digits."""

    ticket_id: str
    event_id: str
    seat_id: str
    kid: str


class TicketSigner:
    """Holds the private key; lives where tickets are issued, never at a gate."""

    def __init__(self, seed: bytes) -> None:
        """Take the key from its seed.

        Raises:
            ValueError: the seed is not 32 bytes.
        """
        if len(seed) != SEED_BYTES:
            raise ValueError(f"the ticket signing seed must be {SEED_BYTES} bytes, not {len(seed)}")
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public_key = self._key.public_key().public_bytes_raw()
        self._kid = _kid(self.public_key)

    @property
    def kid(self) -> str:
        """The key's name, derived from its public half: 8 hex digits."""
        return self._kid.hex()

    def sign(self, ticket: Ticket) -> str:
        """The code of a ticket; the same one every time for the same key.

        Raises:
            ValueError: an id is empty or longer than 127 bytes.
        """
        payload = _pack(ticket.ticket_id, ticket.event_id, ticket.seat_id)
        signature = self._key.sign(_DOMAIN + self._kid + payload)
        return _spell(self._kid + payload + signature)


class TicketVerifier:
    """Holds public keys only: the current one and those still on tickets in circulation. Needs no network."""

    def __init__(self, public_keys: Iterable[bytes]) -> None:
        """Take the raw 32-byte public keys that are trusted.

        Raises:
            ValueError: no key, a key of the wrong length, or two keys with the same kid.
        """
        self._keys: dict[bytes, Ed25519PublicKey] = {}
        for raw in public_keys:
            key, kid = Ed25519PublicKey.from_public_bytes(raw), _kid(raw)
            if self._keys.get(kid, key) != key:
                raise ValueError(f"two public keys share the kid {kid.hex()}: make another seed")
            self._keys[kid] = key
        if not self._keys:
            raise ValueError("at least one public key is needed to verify tickets")

    def verify(self, code: str) -> CodeContents:
        """What the code says, once it is proven genuine. Nothing of it is parsed before.

        Raises:
            ForgedCode: anything else, whatever the text may be.
        """
        raw = _unspell(code)
        kid, payload, signature = raw[:_KID_BYTES], raw[_KID_BYTES:-_SIGNATURE_BYTES], raw[-_SIGNATURE_BYTES:]
        key = self._keys.get(kid)
        if key is None:
            raise ForgedCode("signed by a key that is not trusted here")
        try:
            key.verify(signature, _DOMAIN + kid + payload)
        except InvalidSignature:
            raise ForgedCode("the signature does not match") from None
        return _unpack(payload, kid.hex())


def tidy(scanned: str) -> str:
    """A code as a keyboard-like scanner may have typed it: without the Enter or blanks around it, in capitals.

    Only ASCII letters change, so no other alphabet can turn into a code (`ı`.upper() would be `I`).
    """
    stripped = scanned.strip()
    return stripped.upper() if stripped.isascii() else stripped


def _kid(public_key: bytes) -> bytes:
    return hashlib.sha256(public_key).digest()[:_KID_BYTES]


def _spell(raw: bytes) -> str:
    return PREFIX + base64.b32encode(raw).decode("ascii").rstrip("=")


def _unspell(code: str) -> bytes:
    if not code.startswith(PREFIX) or len(code) > _CODE_MAX:
        raise ForgedCode("this is not a ticket code")
    body = code[len(PREFIX) :]
    try:
        raw = base64.b32decode(body + "=" * (-len(body) % 8))
    except (binascii.Error, ValueError):
        raise ForgedCode("this is not a ticket code") from None
    # Decoders ignore padding that we did not write and bits after the end; we do not.
    if _spell(raw) != code or len(raw) <= _KID_BYTES + _SIGNATURE_BYTES:
        raise ForgedCode("this is not a ticket code")
    return raw


def _pack(ticket_id: str, event_id: str, seat_id: str) -> bytes:
    return _field("tkt", ticket_id) + _field("evt", event_id) + _field(None, seat_id)


def _field(prefix: str | None, text: str) -> bytes:
    """Ids go in as the bytes they stand for, 2/5 shorter; any other text (an imported id) as it is."""
    mark = 0
    try:
        raw = ids.decode(prefix, text) if prefix is not None else b""
    except ValueError:
        raw = b""
    if not raw:
        mark, raw = _TEXT, text.encode()
    if not 0 < len(raw) <= _FIELD_MAX:
        raise ValueError(f"cannot sign a ticket with an id of {len(raw)} bytes: {text[:40]!r}")
    return bytes((mark | len(raw),)) + raw


def _unpack(payload: bytes, kid: str) -> CodeContents:
    """Read a signed payload; whatever `_pack` would not have written is refused, though our key signed it."""
    fields: list[str] = []
    at = 0
    try:
        for prefix in ("tkt", "evt", ""):
            mark, size = payload[at] & _TEXT, payload[at] & _FIELD_MAX
            raw = payload[at + 1 : at + 1 + size]
            fields.append(raw.decode() if mark else ids.encode(prefix, raw))
            at += 1 + size
        contents = CodeContents(fields[0], fields[1], fields[2], kid)
        if _pack(contents.ticket_id, contents.event_id, contents.seat_id) == payload:
            return contents
    except (IndexError, ValueError):
        pass
    raise ForgedCode("the payload is not one that this version writes")
