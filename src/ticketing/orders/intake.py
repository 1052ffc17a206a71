"""Accept an order: bind the hold, store the message (in the queue, else in the books), and only then say 202."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable

import structlog

from ticketing.base.clock import Clock
from ticketing.base.crash import CrashPoint, nowhere
from ticketing.base.db import DatabaseAway
from ticketing.base.errors import BadRequest, Conflict, Forbidden, Unavailable, Unprocessable
from ticketing.base.outlast import AT_ONCE, Outlast
from ticketing.base.patience import Patience
from ticketing.base.queue.port import MessageTooLarge, Queue, QueueError
from ticketing.base.tokens import BadToken, Signer
from ticketing.base.tracing import Placing, order_begins
from ticketing.base.valkey import ValkeyAway
from ticketing.catalog.load import Catalog
from ticketing.holds.hold import seat_ids
from ticketing.holds.model import Claimed, ClaimOutcome, Gone, KeyReused, OrderedElsewhere, Taken
from ticketing.holds.store import HoldStore
from ticketing.holds.token import HoldClaims, read_hold
from ticketing.orders import messages
from ticketing.orders.guard import IntakeGuard
from ticketing.orders.ids import order_id_for
from ticketing.orders.messages import OrderPlaced

log = structlog.get_logger(__name__)

QUEUE_SECONDS = 1.5
"""For which the queue may take an order; then it is written down elsewhere, and its buyer has waited long enough."""
SPARE_SECONDS = 3.0
"""For which the other place may take it."""
RESEND = "Your seats are kept. Send the same request again, with the same Idempotency-Key."


async def _not_asked(_: str) -> str | None:
    return None


class Intake:
    """The API side of orders; no order that is accepted at once touches the database.

    Args:
        payment_seconds: what a hold is stretched to when it becomes an order, so that payment can be settled.
        in_books: the fingerprint of an order that the database knows; asked only before an order is refused.
        guard: told of every accepted order, to look after it if the queue loses it.
        spare: where an order is stored that the queue did not take in time. Raises DatabaseAway.
    """

    def __init__(
        self,
        store: HoldStore,
        catalog: Catalog,
        queue: Queue,
        signer: Signer,
        clock: Clock,
        *,
        payment_seconds: int = 1200,
        crash_point: CrashPoint = nowhere,
        guard: IntakeGuard | None = None,
        in_books: Callable[[str], Awaitable[str | None]] = _not_asked,
        outlast: Outlast = AT_ONCE,
        spare: Callable[[bytes], Awaitable[None]] | None = None,
    ) -> None:
        self._store = store
        self._catalog = catalog
        self._queue = queue
        self._signer = signer
        self._clock = clock
        self._payment_ms = payment_seconds * 1000
        self._crash_point = crash_point
        self._guard = guard
        self._in_books = in_books
        self._outlast = outlast
        self._spare = spare

    def event_of(self, hold_token: str) -> str | None:
        """The event of a genuine hold token; None for any other text, which `place` refuses."""
        try:
            return read_hold(self._signer, hold_token).event_id
        except BadToken:
            return None

    async def place(
        self, account_id: str, hold_token: str, method: str, payment_token: str, idempotency_key: str
    ) -> str:
        """The id of the accepted order. The same key gives the same order.

        Raises:
            BadRequest: `idempotency_key_missing`. Unprocessable: `invalid_hold`, `idempotency_key_reused`.
            Forbidden: somebody else's hold.
            Conflict: `hold_expired`, `hold_already_ordered`, `seats_taken`.
            Unavailable: not known to be stored; the same key retries safely.
        """
        check_key(idempotency_key)
        try:
            claims = read_hold(self._signer, hold_token)
        except BadToken:
            raise Unprocessable("invalid_hold", "The hold token is not genuine. Hold the seats again.") from None
        if claims.account_id != account_id:
            raise Forbidden("This hold belongs to another account.")
        order_id = order_id_for(self._signer, account_id, claims.event_id, idempotency_key)
        fingerprint = hashlib.sha256(f"{claims.hold_id}\0{method}\0{payment_token}".encode()).hexdigest()[:32]
        with order_begins("order", order_id) as placing:
            return await self._outlast(
                lambda: self._accept(claims, order_id, fingerprint, method, payment_token, placing)
            )

    async def _accept(
        self, claims: HoldClaims, order_id: str, fingerprint: str, method: str, payment_token: str, placing: Placing
    ) -> str:
        now = self._clock.now_ms()
        outcome = await self._claim(claims, order_id, fingerprint, now, placing)
        if not isinstance(outcome, Claimed):
            booked = None if isinstance(outcome, KeyReused) else await self._in_books(order_id)
            if booked == fingerprint:
                # Valkey has lost and rebuilt its state since, and no longer knows that this very order has the seats.
                return order_id
            if booked is not None:
                outcome = KeyReused()
            raise await self._refusal(claims, outcome)
        await self._crash_point("intake:claimed")
        await self._send(
            OrderPlaced(
                order_id,
                claims.event_id,
                claims.account_id,
                claims.hold_id,
                claims.plan_version,
                claims.ordinals,
                claims.amounts,
                claims.currency,
                method,
                payment_token,
                fingerprint,
                now,
            )
        )
        await self._crash_point("intake:sent")
        return order_id

    async def _claim(
        self, claims: HoldClaims, order_id: str, fingerprint: str, now: int, placing: Placing
    ) -> ClaimOutcome:
        for attempt in (1, 2):
            try:
                outcome = await self._store.claim(
                    claims, order_id, fingerprint, now=now, stretched_to=now + self._payment_ms
                )
                # An earlier attempt of this request may have been the first already.
                placing.first = placing.first or outcome == Claimed(again=False)
                return outcome
            except ValkeyAway as error:
                if attempt == 2:
                    log.warning("claim_without_valkey", order_id=order_id, error=str(error)[:200])
        # Valkey is away. The token is genuine: if its time is not over, the database will judge. Nobody knows whether
        # this request is the first; a trace without its first span can be read, one with two of one id cannot.
        return Claimed(again=False) if claims.expires_at > now else Gone()

    async def _send(self, message: OrderPlaced) -> None:
        body = messages.encode(message)
        try:
            async with Patience(QUEUE_SECONDS):
                await self._queue.send([body])
        except MessageTooLarge:
            raise Unprocessable("invalid_hold", "The order is too large.") from None
        except (QueueError, TimeoutError) as error:
            # Whether it is stored is not known: the claim stays, and a twin is swallowed by its primary key.
            log.warning("order_not_queued", order_id=message.order_id, error=str(error)[:200])
            await self._write_down(message.order_id, body)
        if self._guard is not None:
            self._guard.remember(message.order_id, body)

    async def _write_down(self, order_id: str, body: bytes) -> None:
        try:
            if self._spare is None:
                raise DatabaseAway("there is no other place")
            async with Patience(SPARE_SECONDS):
                await self._spare(body)
        except (DatabaseAway, TimeoutError) as error:
            log.warning("order_not_stored", order_id=order_id, error=str(error)[:200])
            raise Unavailable(RESEND, retry_after=1) from None

    async def _refusal(self, claims: HoldClaims, outcome: ClaimOutcome) -> Exception:
        if isinstance(outcome, KeyReused):
            return Unprocessable(
                "idempotency_key_reused",
                "This Idempotency-Key was used for another order. Make a new key for a new order.",
            )
        if isinstance(outcome, OrderedElsewhere):
            return Conflict(
                "hold_already_ordered", "These seats are already in an order of yours.", order_id=outcome.order_id
            )
        if isinstance(outcome, Taken):
            event = await self._catalog.get(claims.event_id)
            return Conflict("seats_taken", "Somebody was faster.", seats=seat_ids(event.index, outcome.ordinals))
        return Conflict("hold_expired", "The time for these seats is over. Choose seats again.")


def check_key(key: str) -> None:
    """Raise BadRequest unless the key can serve: 8 to 200 printable ASCII characters."""
    if not key:
        raise BadRequest(
            "Send an Idempotency-Key header: one random value per order, the same on every retry.",
            code="idempotency_key_missing",
        )
    if not 8 <= len(key) <= 200 or not key.isascii() or not key.isprintable():
        raise BadRequest("An Idempotency-Key has 8 to 200 printable ASCII characters, for example a UUID.")
