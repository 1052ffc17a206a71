"""The rules by which Hypothesis plays a sale: each does one thing to the world and to the model of it."""

from __future__ import annotations

from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.drills.machine_model import HOLD_BATCH, OWNING, Model, Token
from tests.drills.machine_world import (
    ACCOUNTS,
    CAP,
    CAPACITY,
    CHOOSABLE,
    PAYMENT_SECONDS,
    PRICE,
    RESERVED,
    STANDING,
    TTL_SECONDS,
    World,
)
from ticketing.base.errors import Problem
from ticketing.holds.hold import HoldView

accounts = st.sampled_from(ACCOUNTS)
# Mostly what happened last, so that orders are followed to their end and losses hit what is under way.
recent = st.sampled_from([0, 0, 0, 1, 1, 2, 3, 5, 8])


class HoldMachine(RuleBasedStateMachine):
    """Each rule does one thing to the world and to the model, and compares what people were told."""

    world: ClassVar[World]
    steps: ClassVar[int] = 0

    @initialize()
    def open_event(self) -> None:
        self.world.open_event()
        self.model = Model(CAPACITY, CAP, self.world.clock.now_ms(), PAYMENT_SECONDS * 1000)
        self.tokens: list[tuple[Token, str]] = []
        self.placed: dict[int, tuple[str, Token]] = {}
        self.order_ids: dict[tuple[str, str], str] = {}

    def step(self) -> Model:
        """Count, and give the model."""
        type(self).steps += 1
        return self.model

    # --- holds ----------------------------------------------------------------------------------------------------

    @rule(account=accounts, seats=st.lists(st.sampled_from(RESERVED), min_size=1, max_size=3, unique=True))
    def hold_chosen_seats(self, account: str, seats: list[int]) -> None:
        model = self.step()
        told = self.world.hold(account, seats)
        model.rebuild()
        model.sweep(HOLD_BATCH)
        expected = model.refusal(account, seats)
        self.hold_was(account, told, None if expected is None else expected[0])
        if isinstance(told, Problem) and expected is not None and expected[0] == "seats_taken":
            taken = [self.world.seat_ids[seat] for seat in expected[1]]
            assert told.extra["seats"] == taken
        if isinstance(told, HoldView):
            assert list(told.claims.ordinals) == seats

    @rule(account=accounts, quantity=st.integers(1, CAP + 1))
    def hold_the_best_seats(self, account: str, quantity: int) -> None:
        model = self.step()
        told = self.world.hold_best(account, "A", quantity)
        if quantity > CAP:
            self.hold_was(account, told, "limit_exceeded")
            return
        model.rebuild()
        free = [seat for seat in CHOOSABLE if model.state[seat] == "0"]
        if len(free) < quantity:
            self.hold_was(account, told, "no_seats_left")
            return
        model.sweep(HOLD_BATCH)
        counted = model.held_by()[account] + model.bought.get(account, 0)
        self.hold_was(account, told, "limit_exceeded" if counted + quantity > CAP else None)
        if isinstance(told, HoldView):
            chosen = told.claims.ordinals
            assert len(chosen) == quantity
            assert set(chosen) <= set(free)

    @rule(account=accounts, quantity=st.integers(1, 3))
    def hold_standing_places(self, account: str, quantity: int) -> None:
        model = self.step()
        told = self.world.hold_best(account, "ST", quantity)
        model.rebuild()
        model.sweep(HOLD_BATCH)
        free = tuple(place for place in STANDING if model.state[place] == "0")
        counted = model.held_by()[account] + model.bought.get(account, 0)
        refusal = "limit_exceeded" if counted + quantity > CAP else "no_seats_left" if len(free) < quantity else None
        self.hold_was(account, told, refusal)
        if isinstance(told, HoldView):
            assert told.claims.ordinals == free[:quantity]

    def hold_was(self, account: str, told: HoldView | Problem, refusal: str | None) -> None:
        """Compare the answer to a hold; take a hold that was given into the model."""
        assert (told.code if isinstance(told, Problem) else None) == refusal
        if isinstance(told, HoldView):
            claims = told.claims
            assert claims.account_id == account
            assert claims.expires_at == self.model.now + TTL_SECONDS * 1000
            self.model.hold(claims.hold_id, account, claims.ordinals, claims.expires_at)
            token = Token(claims.hold_id, account, claims.ordinals, claims.expires_at, self.model.era)
            self.tokens.append((token, told.token))

    @precondition(lambda self: self.tokens)
    @rule(which=recent)
    def release(self, which: int) -> None:
        model = self.step()
        token, _ = self.tokens[-1 - which % len(self.tokens)]
        told = self.world.release(token.account, token.hold_id)
        assert (told.code if told else "released") == model.release(token.hold_id)

    @rule(seconds=st.sampled_from([1, 1, 60, 60, TTL_SECONDS - 1, TTL_SECONDS, PAYMENT_SECONDS + 1]))
    def time_passes(self, seconds: int) -> None:
        self.step().now += seconds * 1000
        self.world.clock.advance(seconds)

    @rule()
    def sweep(self) -> None:
        model = self.step()
        self.world.sweep()
        model.rebuild()
        model.sweep()

    # --- orders ---------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.tokens)
    @rule(which=recent, key=st.integers(0, 2), payment=st.sampled_from(["tok_ok", "tok_ok", "tok_other"]))
    def order(self, which: int, key: int, payment: str) -> None:
        model = self.step()
        token, signed = self.tokens[-1 - which % len(self.tokens)]
        # A key of one's own for each hold, and sometimes the key of another hold by mistake.
        name = f"key-of-{token.hold_id}" if key else "the-same-key-again"
        told = self.world.order(token.account, signed, name, payment)
        expected = model.claim(token, f"{token.account} {name}", payment)
        assert (told.code if isinstance(told, Problem) else "accepted") == expected
        if not isinstance(told, Problem):
            # The same key is the same order, another key another one.
            assert self.order_ids.setdefault((token.account, name), told) == told
            assert len(set(self.order_ids.values())) == len(self.order_ids)
            self.placed[self.world.queued - 1] = (told, token)

    @precondition(lambda self: self.placed)
    @rule(which=st.lists(recent, min_size=1, max_size=4))
    def deliver_orders(self, which: list[int]) -> None:
        """One batch: late, twice, in any order."""
        model = self.step()
        batch = [len(self.placed) - 1 - index % len(self.placed) for index in which]
        self.world.deliver(batch)
        for index in batch:
            model.fulfil(*self.placed[index])

    @precondition(lambda self: self.model.orders)
    @rule(which=recent, outcome=st.sampled_from(["captured", "captured", "declined", "voided"]))
    def provider_reports(self, which: int, outcome: str) -> None:
        model = self.step()
        order_id = self.some_order(which)
        if model.orders[order_id].state != "refused":
            self.world.settle(order_id, outcome)
            model.settle(order_id, outcome)

    @precondition(lambda self: self.model.orders)
    @rule(which=recent)
    def cancel(self, which: int) -> None:
        model = self.step()
        order_id = self.some_order(which)
        told = self.world.cancel(model.orders[order_id].account, order_id)
        assert (told.code if told else "cancelled") == model.cancel(order_id)

    def some_order(self, which: int) -> str:
        """One of the orders in the books."""
        return list(self.model.orders)[-1 - which % len(self.model.orders)]

    @rule()
    def issue_tickets(self) -> None:
        model = self.step()
        self.world.issue()
        model.issue()

    @rule()
    def news_reaches_valkey(self) -> None:
        model = self.step()
        self.world.hear_news()
        model.hear_news()

    @rule()
    def audit(self) -> None:
        model = self.step()
        self.world.audit()
        model.audit()

    @precondition(lambda self: self.model.ready)
    @rule()
    def valkey_is_lost(self) -> None:
        model = self.step()
        self.world.lose_valkey()
        model.lose()

    # --- what must be true at every moment --------------------------------------------------------------------------

    @invariant()
    def all_is_as_the_model_says(self) -> None:
        model, seen = self.model, self.world.look()
        assert seen.seats == "".join(model.state)
        if model.ready:
            assert seen.held == {account: n for account, n in model.held_by().items() if n}
            assert seen.bought == model.bought
        assert seen.orders == {key: (order.state, order.reason) for key, order in model.orders.items()}
        assert dict(seen.owners) == model.owner
        assert seen.counts == {account: n for account, n in model.owned.items() if n}

    @invariant()
    def the_books_are_sound(self) -> None:
        """Without the model: one owner per seat, tickets and money for exactly what is owned, nobody over the cap."""
        seen = self.world.look()
        seats = [seat for seat, _ in seen.owners]
        assert len(set(seats)) == len(seats)
        assert all(n <= CAP for n in seen.counts.values())
        owners = {order_id for _, order_id in seen.owners}
        assert owners == {key for key, (state, _) in seen.orders.items() if state in OWNING}
        ticketed = {key for key, (state, _) in seen.orders.items() if state == "ticketed"}
        names = self.world.seat_ids
        assert seen.tickets == sorted((key, names[seat]) for seat, key in seen.owners if key in ticketed)
        for key, (state, _) in seen.orders.items():
            seats_of = sum(owner == key for _, owner in seen.owners)
            assert seen.money.get(key, 0) == (PRICE * seats_of if state in ("paid", "ticketed") else 0)

    @invariant()
    def while_valkey_is_never_lost_no_seat_is_promised_twice(self) -> None:
        if not self.model.losses and self.model.ready:
            promised = [seat for hold in self.model.holds.values() for seat in hold.seats]
            assert len(set(promised)) == len(promised)
            seen = self.world.look()
            for account in ACCOUNTS:
                assert seen.held.get(account, 0) + seen.bought.get(account, 0) <= CAP

    def teardown(self) -> None:
        """Nothing stays grey: when all holds are over and all news is heard, Valkey shows what the books say."""
        if not hasattr(self, "model"):
            return
        world = self.world
        world.clock.advance(10 * PAYMENT_SECONDS)
        world.hear_news()
        for _ in range(2):
            world.sweep()
            world.audit()
        seen = world.look()
        sold = {seat for seat, _ in seen.owners}
        assert seen.seats == "".join("3" if seat in sold else "0" for seat in range(CAPACITY))
        assert seen.held == {}
        assert seen.bought == seen.counts
