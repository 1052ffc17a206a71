"""The port to a payment provider. Adapters: `sandbox_gateway.py`, `toss.py`.

Every call answers with one of a few frozen outcomes. `Unknown` is the honest one: the provider was silent, broken or
unreadable, and money may or may not have moved. Adapters never turn that into a guess; the caller asks again with
`lookup` or `capture` (which are idempotent on the order id) or closes the question with `void`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias


@dataclass(frozen=True, slots=True)
class CaptureRequest:
    """Take `amount` (minor units of `currency`, at least 1) for one order.

    `token` stands for the card: the provider's, good for this payment only. `callback_url` is where the provider
    may report the outcome later; None leaves it to `lookup`.
    """

    order_id: str
    amount: int
    currency: str
    method: str
    token: str
    description: str
    callback_url: str | None = None

    def __repr__(self) -> str:
        """Leave the card token out of logs and tracebacks."""
        return f"CaptureRequest({self.order_id!r}, {self.amount} {self.currency}, {self.method!r})"


@dataclass(frozen=True, slots=True)
class Captured:
    """The money was taken. `reference` is the provider's name for the capture; amount in minor units."""

    reference: str
    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class Declined:
    """No money was taken and this order's capture can never succeed. `code` is the provider's reason."""

    code: str


@dataclass(frozen=True, slots=True)
class Pending:
    """The provider accepted the request and will decide later (callback or lookup)."""


@dataclass(frozen=True, slots=True)
class Voided:
    """No money was taken, and no capture of this order can ever happen, even if a request arrives later."""


@dataclass(frozen=True, slots=True)
class NotFound:
    """The provider has never heard of the order. A request may still be on its way: only `void` closes the door."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """The outcome is not known. `why` is for logs and staff, in English, without card data."""

    why: str


@dataclass(frozen=True, slots=True)
class Refunded:
    """The money was given back. `reference` is the provider's name for the refund."""

    reference: str


@dataclass(frozen=True, slots=True)
class RefundRefused:
    """The provider will not make this refund. The money is still owed; staff must see it. `code` is its reason."""

    code: str


CaptureOutcome: TypeAlias = Captured | Declined | Pending | Unknown
LookupOutcome: TypeAlias = Captured | Declined | Pending | Voided | NotFound | Unknown
VoidOutcome: TypeAlias = Voided | Captured | Unknown
RefundOutcome: TypeAlias = Refunded | RefundRefused | Unknown


@dataclass(frozen=True, slots=True)
class CallbackEvent:
    """A verified message from the provider. The same `event_id` may come many times: it is one event."""

    event_id: str
    order_id: str
    outcome: Captured | Declined


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One movement in the provider's books. `reference` is the provider's; `refund_id` is ours, for refunds only."""

    kind: Literal["capture", "refund"]
    order_id: str
    reference: str
    refund_id: str | None
    amount: int
    currency: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class StatementPage:
    """A page of the books, oldest first. Ask again with `after=cursor` until `more` is False."""

    lines: tuple[StatementLine, ...]
    cursor: str | None
    more: bool


class BadSignature(Exception):
    """A callback that the provider cannot be shown to have sent: forged, altered, expired or unreadable."""


Observe: TypeAlias = Callable[[str, float, str], None]
"""`observe(name, seconds, outcome)`: called once per port call, e.g. ("capture", 0.083, "captured")."""


class Gateway(Protocol):
    """A payment provider. No method raises for anything that the provider or the network does, but
    `verify_callback`, which raises `BadSignature`. All methods are bounded in time and safe to repeat."""

    @property
    def name(self) -> str:
        """The provider's short name, as in the callback path."""
        ...

    async def capture(self, request: CaptureRequest) -> CaptureOutcome:
        """Take the money once per order id, however often it is asked. After `void`: `Declined("voided")`."""
        ...

    async def lookup(self, order_id: str) -> LookupOutcome:
        """What the provider knows of the order's capture."""
        ...

    async def void(self, order_id: str) -> VoidOutcome:
        """Close the order for ever unless its money is already taken, in which case answer `Captured`."""
        ...

    async def refund(self, order_id: str, refund_id: str, amount: int) -> RefundOutcome:
        """Give back `amount` minor units once per refund id."""
        ...

    def verify_callback(self, headers: Mapping[str, str], body: bytes) -> CallbackEvent:
        """Prove and read a callback. Header names match in any case. Raises `BadSignature`."""
        ...

    async def statement(self, after: str | None = None) -> StatementPage | Unknown:
        """The provider's own books after a cursor (None: from the beginning)."""
        ...

    async def aclose(self) -> None:
        """Close connections."""
        ...
