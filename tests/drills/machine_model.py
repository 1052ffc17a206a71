"""What holds, orders and seats should do, in plain Python: no Lua, no SQL, no product code but names of states.

Seats are numbers 0..capacity-1. Valkey's half forgets everything in a loss; the books' half never does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

HOLD_BATCH = 8
"""A hold or a claim tidies up at most so many holds that are over."""
OWNING = {"reserved", "paid", "ticketed"}


@dataclass
class Hold:
    """A hold as Valkey knows it. `era` counts losses of Valkey: a hold of another era owns nothing."""

    account: str
    seats: tuple[int, ...]
    expires: int
    era: int
    order: str | None = None


@dataclass(frozen=True)
class Token:
    """What a buyer has in hand: it outlives Valkey."""

    hold_id: str
    account: str
    seats: tuple[int, ...]
    expires: int
    era: int


@dataclass
class Order:
    """An order in the books."""

    account: str
    seats: tuple[int, ...]
    hold_id: str
    state: str
    reason: str | None = None
    captured: bool = False
    owed_back: bool = False


@dataclass
class Model:
    """The whole shop for one event."""

    capacity: int
    cap: int
    now: int
    payment_ms: int
    era: int = 0
    losses: int = 0
    ready: bool = False
    state: list[str] = field(default_factory=list)
    holds: dict[str, Hold] = field(default_factory=dict)
    bought: dict[str, int] = field(default_factory=dict)
    keys: dict[str, tuple[str, str]] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    owner: dict[int, str] = field(default_factory=dict)
    owned: Counter[str] = field(default_factory=Counter)
    news: list[tuple[str, str, tuple[int, ...]]] = field(default_factory=list)
    to_issue: set[str] = field(default_factory=set)
    suspects: set[tuple[int, bool]] = field(default_factory=set)

    # --- Valkey's half ------------------------------------------------------------------------------------------

    def lose(self) -> None:
        """Everything in Valkey is gone."""
        self.losses += 1
        self.ready, self.era, self.state = False, 0, []
        self.holds, self.bought, self.keys = {}, {}, {}

    def rebuild(self) -> None:
        """Seats and counts come back from the books; holds do not, and those claimed meanwhile lose their marks."""
        if self.ready:
            return
        self.ready, self.era = True, self.losses + 1
        self.state = ["3" if seat in self.owner else "0" for seat in range(self.capacity)]
        self.bought = {account: n for account, n in self.owned.items() if n}

    def held_by(self) -> Counter[str]:
        """Account → seats in holds that count."""
        count: Counter[str] = Counter()
        for hold in self.holds.values():
            if hold.era == self.era:
                count[hold.account] += len(hold.seats)
        return count

    def drop(self, hold_id: str) -> None:
        """A hold ends; what is still marked as its seats is free."""
        hold = self.holds.pop(hold_id, None)
        if hold is not None and hold.era == self.era:
            self._mark([seat for seat in hold.seats if self.state and self.state[seat] in "12"], "0")

    def sweep(self, most: int | None = None) -> None:
        """The holds that were over first end first."""
        over = [(h.expires, key) for key, h in self.holds.items() if h.expires <= self.now and h.era == self.era]
        for _, hold_id in sorted(over)[:most]:
            self.drop(hold_id)

    def refusal(self, account: str, seats: Sequence[int]) -> tuple[str, tuple[int, ...]] | None:
        """Why these seats cannot be held now; None when they can."""
        counted = self.held_by()[account] + self.bought.get(account, 0)
        if counted + len(seats) > self.cap:
            return "limit_exceeded", ()
        taken = tuple(seat for seat in seats if self.state[seat] != "0")
        return ("seats_taken", taken) if taken else None

    def hold(self, hold_id: str, account: str, seats: tuple[int, ...], expires: int) -> None:
        """Seats become held."""
        self._mark(seats, "1")
        self.holds[hold_id] = Hold(account, seats, expires, self.era)

    def release(self, hold_id: str) -> str:
        """What the owner is told."""
        hold = self.holds.get(hold_id)
        if hold is None:
            return "not_found"
        if hold.order is not None:
            return "hold_already_ordered"
        self.drop(hold_id)
        return "released"

    def claim(self, token: Token, order_id: str, payment: str) -> str:
        """Bind a hold to an order; what the buyer is told."""
        content = (token.hold_id, payment)
        if order_id in self.keys:
            return "accepted" if self.keys[order_id] == content else "idempotency_key_reused"
        self.sweep(HOLD_BATCH)
        if token.expires <= self.now:
            return "hold_expired"
        hold = self.holds.get(token.hold_id)
        if hold is not None and hold.era != self.era:
            hold = None
        if hold is not None and hold.order not in (None, order_id):
            return "hold_already_ordered"
        if hold is None and self.ready and token.era == self.era:
            return "hold_expired"
        lost = "3" if hold is not None else "123"
        if any(self.state and self.state[seat] in lost for seat in token.seats):
            return "seats_taken"
        self._mark(token.seats, "2")
        self.holds[token.hold_id] = Hold(token.account, token.seats, self.now + self.payment_ms, self.era, order_id)
        self.keys[order_id] = content
        return "accepted"

    def hear_news(self) -> None:
        """The books' changes reach Valkey."""
        for account, hold_id, seats in self.news:
            self.drop(hold_id)
            self._mark([seat for seat in seats if seat in self.owner], "3")
            self._mark([s for s in seats if s not in self.owner and self.state and self.state[s] == "3"], "0")
            self.bought[account] = self.owned[account]
        self.bought = {account: n for account, n in self.bought.items() if n}
        self.news.clear()

    def audit(self) -> None:
        """What differs from the books twice in a row is mended."""
        if not self.ready:
            return
        wrong = {
            (seat, seat in self.owner)
            for seat in range(self.capacity)
            if (self.state[seat] == "3") != (seat in self.owner)
        }
        mend = wrong & self.suspects
        self.suspects = wrong - mend
        for seat, sold in mend:
            self._mark([seat], "3" if sold else "0")

    def _mark(self, seats: Iterable[int], state: str) -> None:
        if self.state:
            for seat in seats:
                self.state[seat] = state

    # --- the books' half ----------------------------------------------------------------------------------------

    def fulfil(self, order_id: str, token: Token) -> None:
        """An accepted order gets its seats, or is refused."""
        if order_id in self.orders:
            return
        order = Order(token.account, token.seats, token.hold_id, "reserved")
        if any(seat in self.owner for seat in token.seats):
            order.state, order.reason = "refused", "seats_lost"
        elif self.owned[token.account] + len(token.seats) > self.cap:
            order.state, order.reason = "refused", "limit_exceeded"
        else:
            self._take(order_id, order)
        self.orders[order_id] = order
        self._tell(order)

    def settle(self, order_id: str, outcome: str) -> None:
        """Money was taken, was declined, or never will be."""
        order = self.orders[order_id]
        if outcome != "captured":
            if order.state == "reserved":
                self._give_up(order)
                order.state, order.reason = (
                    ("declined", "payment_declined") if outcome == "declined" else ("expired", "payment_expired")
                )
            return
        if order.captured:
            return
        order.captured = True
        if order.state == "reserved":
            order.state = "paid"
            self.to_issue.add(order_id)
        elif (
            order.state in ("declined", "expired")
            and not any(seat in self.owner for seat in order.seats)
            and self.owned[order.account] + len(order.seats) <= self.cap
        ):
            order.state, order.reason = "paid", None
            self._take(order_id, order)
            self._tell(order)
            self.to_issue.add(order_id)
        else:
            order.owed_back = True

    def cancel(self, order_id: str) -> str:
        """What the buyer is told."""
        order = self.orders[order_id]
        if order.state == "cancelled":
            return "cancelled"
        if order.state not in ("paid", "ticketed"):
            return "not_cancellable"
        self._give_up(order)
        order.state, order.reason, order.owed_back = "cancelled", "cancelled_by_buyer", True
        return "cancelled"

    def issue(self) -> None:
        """Tickets for what is paid."""
        for order_id in self.to_issue:
            if self.orders[order_id].state == "paid":
                self.orders[order_id].state = "ticketed"
        self.to_issue.clear()

    def _take(self, order_id: str, order: Order) -> None:
        self.owner |= dict.fromkeys(order.seats, order_id)
        self.owned[order.account] += len(order.seats)

    def _give_up(self, order: Order) -> None:
        for seat in order.seats:
            del self.owner[seat]
        self.owned[order.account] -= len(order.seats)
        self._tell(order)

    def _tell(self, order: Order) -> None:
        self.news.append((order.account, order.hold_id, order.seats))
