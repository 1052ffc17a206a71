"""The ticket (a place in line) and the pass (a way in): two kinds of signed token, each noise to the other's reader."""

from __future__ import annotations

import base64
import hashlib
import hmac

import msgspec

from ticketing.base.tokens import BadToken, Signer

_TICKET = "wr/ticket"
_ENTRY = "wr/pass"
SUBJECT_LENGTH = 22


class TicketClaims(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """A place: the `index` that `account_id` was given in the line of an event. `issued_at` in milliseconds."""

    event_id: str
    epoch: int
    index: int
    account_id: str
    issued_at: int


class PassClaims(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """Leave to be inside the sale, for one account in one session, until `expires_at` (milliseconds)."""

    event_id: str
    epoch: int
    lease_id: str
    account_id: str
    session_id: str
    expires_at: int


_encode = msgspec.json.Encoder().encode
_decode_ticket = msgspec.json.Decoder(TicketClaims).decode
_decode_pass = msgspec.json.Decoder(PassClaims).decode


def subject_of(salt: bytes, account_id: str) -> str:
    """The account's pseudonym in one line: what is stored, and what the draw's record publishes.

    Only a holder of the line's salt can tell whose it is. The salt is the line's own and not a signing key: a rotation
    of keys in mid-sale must not rename everybody.
    """
    raw = hmac.digest(salt, account_id.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(raw).decode()[:SUBJECT_LENGTH]


def sign_ticket(signer: Signer, claims: TicketClaims) -> str:
    """The token of a place."""
    return signer.sign(_TICKET, _encode(claims))


def read_ticket(signer: Signer, token: str) -> TicketClaims:
    """The claims of a genuine ticket. Raises BadToken."""
    try:
        return _decode_ticket(signer.verify(_TICKET, token))
    except msgspec.DecodeError:
        raise BadToken from None


def sign_pass(signer: Signer, claims: PassClaims) -> str:
    """The token of a way in."""
    return signer.sign(_ENTRY, _encode(claims))


def read_pass(signer: Signer, token: str) -> PassClaims:
    """The claims of a genuine pass, expired or not. Raises BadToken."""
    try:
        return _decode_pass(signer.verify(_ENTRY, token))
    except msgspec.DecodeError:
        raise BadToken from None
