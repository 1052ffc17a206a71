"""The hold token: what intake needs to know of a hold, signed, so that it can go on without Valkey."""

from __future__ import annotations

import msgspec

from ticketing.base.tokens import BadToken, Signer

_PURPOSE = "hold"


class HoldClaims(msgspec.Struct, array_like=True, frozen=True):
    """Content of a hold token. `amounts` are minor units, one per ordinal; instants are milliseconds."""

    hold_id: str
    event_id: str
    account_id: str
    plan_version: str
    ordinals: tuple[int, ...]
    amounts: tuple[int, ...]
    currency: str
    expires_at: int
    epoch: str

    @property
    def amount(self) -> int:
        """What the seats cost together."""
        return sum(self.amounts)


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(HoldClaims).decode


def sign_hold(signer: Signer, claims: HoldClaims) -> str:
    """The token of a hold."""
    return signer.sign(_PURPOSE, _encode(claims))


def read_hold(signer: Signer, token: str) -> HoldClaims:
    """The claims of a genuine token, expired or not. Raises BadToken."""
    payload = signer.verify(_PURPOSE, token)
    try:
        return _decode(payload)
    except msgspec.DecodeError:
        # Signed by us, but by a version that wrote another shape.
        raise BadToken from None
