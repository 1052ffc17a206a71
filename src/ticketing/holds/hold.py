"""Hold, release and list holds: the rules around the script."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from ticketing.base import ids
from ticketing.base.clock import Clock, rfc3339
from ticketing.base.errors import BadRequest, Conflict, NotFound, RateLimited, Unavailable, Unprocessable
from ticketing.base.tokens import Signer
from ticketing.base.valkey import ValkeyAway
from ticketing.catalog.index import PlanIndex
from ticketing.catalog.load import Catalog, LoadedEvent
from ticketing.catalog.model import SaleStatus, SectionKind
from ticketing.holds.choose import best_groups
from ticketing.holds.model import (
    AnyIn,
    Gone,
    Groups,
    Held,
    HoldOutcome,
    NoneLeft,
    OrderedElsewhere,
    OverLimit,
    Rebuilding,
    SalesTruth,
    Taken,
    TooFast,
)
from ticketing.holds.rebuild import Rebuilder
from ticketing.holds.store import HoldStore
from ticketing.holds.token import HoldClaims, sign_hold

AWAY = "Seats cannot be held at this moment; the sale goes on in a few seconds. Try again."


@dataclass(frozen=True)
class HoldView:
    """A live hold as its owner sees it."""

    claims: HoldClaims
    token: str
    order_id: str | None = None


class HoldService:
    """What the routes call.

    Args:
        ttl_seconds: how long a hold lasts.
    """

    def __init__(
        self,
        store: HoldStore,
        catalog: Catalog,
        truth: SalesTruth,
        signer: Signer,
        clock: Clock,
        *,
        ttl_seconds: int = 420,
    ) -> None:
        self._store = store
        self._catalog = catalog
        self._signer = signer
        self._clock = clock
        self._ttl_ms = ttl_seconds * 1000
        self._rng = random.Random()  # noqa: S311 - spreads a crowd, decides nothing
        self.rebuilder = Rebuilder(store, truth, clock)

    async def hold_seats(
        self, event_id: str, account_id: str, seat_ids: Sequence[str], hold_id: str | None = None
    ) -> HoldView:
        """Hold exactly these seats, all or none.

        Args:
            hold_id: of `new_hold_id`; asked again with the same one it holds nothing twice.

        Raises:
            NotFound: no such event. Unprocessable `unknown_seats`: names them. BadRequest: none, or one twice.
            Conflict: `seats_taken` (names them), `limit_exceeded`, `not_on_sale`, `sale_closed`.
            RateLimited, Unavailable.
        """
        event = await self._sellable(event_id)
        if not seat_ids:
            raise BadRequest("Name at least one seat in `seats`.")
        if len(set(seat_ids)) != len(seat_ids):
            raise BadRequest("A seat is named twice in `seats`.")
        found = [(seat_id, event.index.ordinal(seat_id)) for seat_id in seat_ids]
        unknown = [seat_id for seat_id, ordinal in found if ordinal is None]
        if unknown:
            raise Unprocessable("unknown_seats", "This event has no such seats.", seats=unknown[:50])
        ordinals = [ordinal for _, ordinal in found if ordinal is not None]
        return await self._hold(event, account_id, Groups([ordinals]), hold_id)

    async def hold_best(
        self, event_id: str, account_id: str, section_id: str, quantity: int, hold_id: str | None = None
    ) -> HoldView:
        """Hold the best `quantity` seats of a section together, or places in a standing section.

        Raises: as `hold_seats`; Conflict `no_seats_left` when the section has not that many.
        """
        event = await self._sellable(event_id)
        section = event.index.section(section_id)
        if section is None:
            raise Unprocessable("unknown_section", f"This event has no section {section_id!r}.")
        if not 1 <= quantity <= event.event.max_per_person:
            raise self._over_limit(event, 0)
        if section.kind is SectionKind.STANDING:
            return await self._hold(event, account_id, AnyIn(section.first, section.end - 1, quantity), hold_id)
        for _ in range(3):
            seats = await self._section_bytes(event, section.first, section.end - 1)
            groups = best_groups(event.index, section, seats, quantity, self._rng)
            if not groups:
                break
            try:
                return await self._hold(event, account_id, Groups(groups), hold_id)
            except Conflict as error:
                # All candidates went while we were choosing: look again.
                if error.code not in ("no_seats_left", "seats_taken"):
                    raise
        raise Conflict(
            "no_seats_left", f"There are not {quantity} free seats left in this section.", section=section_id
        )

    async def release(self, account_id: str, hold_id: str) -> None:
        """Free the seats of one's hold at once.

        Raises:
            NotFound: it is over, or somebody else's. Conflict: `hold_already_ordered`. Unavailable.
        """
        event_id = event_of(hold_id)
        try:
            outcome = await self._store.release(event_id, account_id, hold_id)
        except ValkeyAway:
            raise Unavailable(AWAY) from None
        if isinstance(outcome, OrderedElsewhere):
            raise Conflict(
                "hold_already_ordered",
                "These seats are already in an order; cancel the order instead.",
                order_id=outcome.order_id,
            )
        if isinstance(outcome, Gone):
            raise NotFound("There is no such hold any more; its seats are free.")

    async def mine(self, event_id: str, account_id: str) -> list[HoldView]:
        """One's own live holds, for a page that was closed in between. Raises NotFound, Unavailable."""
        event = await self._catalog.get(event_id)
        now = self._clock.now_ms()
        try:
            found = await self._store.holds_of(event_id, account_id)
        except ValkeyAway:
            raise Unavailable(AWAY) from None
        views = []
        for hold_id, fields in found:
            if fields.get("account") == account_id and int(fields["expires"]) > now:
                ordinals = tuple(map(int, fields["seats"].split(",")))
                claims = self._claims(event, account_id, hold_id, ordinals, int(fields["expires"]), fields["epoch"])
                views.append(HoldView(claims, sign_hold(self._signer, claims), fields.get("order")))
        return views

    async def _sellable(self, event_id: str) -> LoadedEvent:
        event = await self._catalog.get(event_id)
        status = event.event.status(self._clock.now_ms())
        if status is SaleStatus.ANNOUNCED:
            raise Conflict("not_on_sale", "The sale has not begun.", on_sale_at=rfc3339(event.event.sale.on_sale_at))
        if status is SaleStatus.CLOSED:
            raise Conflict("sale_closed", "The sale of this event is over.")
        return event

    async def _hold(self, event: LoadedEvent, account_id: str, wanted: Groups | AnyIn, hold_id: str | None) -> HoldView:
        if wanted.quantity > event.event.max_per_person:
            raise self._over_limit(event, 0)
        hold_id = hold_id or new_hold_id(event.event.id)
        outcome = await self._ask(event, account_id, hold_id, wanted)
        if isinstance(outcome, Rebuilding):
            try:
                ready = await self.rebuilder.ensure(event.event.id, event.index.capacity)
            except ValkeyAway:
                raise Unavailable(AWAY) from None
            outcome = await self._ask(event, account_id, hold_id, wanted) if ready else outcome
        if isinstance(outcome, Held):
            claims = self._claims(event, account_id, hold_id, outcome.ordinals, outcome.expires_at, outcome.epoch)
            return HoldView(claims, sign_hold(self._signer, claims))
        raise self._refusal(event, outcome)

    async def _ask(self, event: LoadedEvent, account_id: str, hold_id: str, wanted: Groups | AnyIn) -> HoldOutcome:
        """Once, and once more when the answer was lost: the same hold id makes the repeat harmless."""
        for attempt in (1, 2):
            now = self._clock.now_ms()
            try:
                return await self._store.hold(
                    event.event.id,
                    account_id,
                    hold_id,
                    wanted,
                    cap=event.event.max_per_person,
                    now=now,
                    expires=now + self._ttl_ms,
                )
            except ValkeyAway:
                if attempt == 2:
                    # Fail closed: a hold that nobody remembers would be a promise we cannot keep.
                    raise Unavailable(AWAY) from None
        raise AssertionError("unreachable")

    async def _section_bytes(self, event: LoadedEvent, first: int, last: int) -> bytes:
        try:
            seats = await self._store.read_range(event.event.id, first, last)
            if not seats and await self.rebuilder.ensure(event.event.id, event.index.capacity):
                seats = await self._store.read_range(event.event.id, first, last)
        except ValkeyAway:
            raise Unavailable(AWAY) from None
        if not seats:
            raise Unavailable(AWAY, code="rebuilding")
        return seats

    def _claims(
        self, event: LoadedEvent, account_id: str, hold_id: str, ordinals: tuple[int, ...], expires: int, epoch: str
    ) -> HoldClaims:
        amounts = tuple(event.amount_at(ordinal) for ordinal in ordinals)
        return HoldClaims(
            hold_id,
            event.event.id,
            account_id,
            event.event.plan_version,
            ordinals,
            amounts,
            event.event.currency,
            expires,
            epoch,
        )

    def _refusal(self, event: LoadedEvent, outcome: HoldOutcome) -> Exception:
        if isinstance(outcome, Taken):
            return Conflict(
                "seats_taken",
                "Somebody was faster; nothing is held for you yet.",
                seats=seat_ids(event.index, outcome.ordinals),
            )
        if isinstance(outcome, OverLimit):
            return self._over_limit(event, outcome.counted)
        if isinstance(outcome, TooFast):
            return RateLimited(max(1, math.ceil(outcome.wait_ms / 1000)))
        if isinstance(outcome, NoneLeft):
            return Conflict("no_seats_left", "There are not that many free places left.")
        return Unavailable(AWAY, code="rebuilding", retry_after=1)

    @staticmethod
    def _over_limit(event: LoadedEvent, counted: int) -> Conflict:
        limit = event.event.max_per_person
        return Conflict(
            "limit_exceeded",
            f"At most {limit} per person for this event, held and bought together; you have {counted}.",
            limit=limit,
            remaining=max(0, limit - counted),
        )


def new_hold_id(event_id: str) -> str:
    """An id that nobody has; `event_of` reads the event off it."""
    return f"{ids.new_id('hld')}_{event_id}"


def event_of(hold_id: str) -> str:
    """The event of a hold: its id ends with the event's, since Valkey keys are per event. Raises NotFound."""
    kind, _, rest = hold_id.partition("_")
    own, _, event_id = rest.partition("_")
    if kind != "hld" or not ids.looks_like_id(f"hld_{own}") or not ids.looks_like_id(event_id):
        raise NotFound("There is no such hold.")
    return event_id


def seat_ids(index: PlanIndex, ordinals: Sequence[int]) -> list[str]:
    """The ids of some ordinals."""
    return [index.seat_ids[ordinal] for ordinal in ordinals]
