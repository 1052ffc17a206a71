"""The rules by which Hypothesis plays a waiting line, and what must be true after each."""

from __future__ import annotations

from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.drills.line_model import Ledger, Stay
from tests.drills.line_proof import digest_of, place_of
from tests.drills.line_world import ACCOUNTS, RULES, Seen, World
from tests.rooms.waiting.line_bench import LOBBY_MS, PLENTY
from ticketing.base.errors import Problem
from ticketing.waiting.claim import Entry
from ticketing.waiting.controls import Change
from ticketing.waiting.model import Signs, Stock

NOTHING = Stock((0,), 0, (100,))
HARD = RULES.hard_ms
accounts = st.sampled_from(ACCOUNTS)
processes = st.integers(0, 1)
workers = st.sampled_from([0, 0, 0, 1])
stops = st.sampled_from(["line:tick", "line:decided", "line:decided", "line:frozen", "line:drawn"])


class LineMachine(RuleBasedStateMachine):
    """Each rule does one thing to the world, and tells the ledger what people were told."""

    world: ClassVar[World]
    steps: ClassVar[int] = 0
    admissions: ClassVar[int] = 0

    @initialize(
        early=st.integers(2, len(ACCOUNTS)),
        opened=st.sampled_from([True, True, True, False]),
        cap=st.integers(1, 2),
        rate=st.sampled_from([1, 100]),
    )
    def begin(self, early: int, opened: bool, cap: int, rate: int) -> None:
        """A lobby; or a line in which half of them have been called, and few can go in at once."""
        self.bench = self.world.open()
        self.ledger = Ledger(RULES.idle_ms, RULES.hard_ms, self.bench.now)
        self.world.step(0)
        for account in ACCOUNTS[:early]:
            self.join(account, False, 0)
        if opened:
            self.world.change(Change(cap=len(ACCOUNTS) // 2, rate_limit=100))
            self.pass_time(LOBBY_MS // 1000)
            self.world.step(0)
            for _ in range(2):
                self.pass_time(1)
                self.world.step(0)
            self.world.change(Change(cap=cap, rate_limit=rate))
            self.pass_time(1)
            self.world.step(0)

    def count(self) -> Seen:
        """A step begins: a millisecond has passed."""
        type(self).steps += 1
        self.bench.clock.advance(0.001)
        self.ledger.now = self.bench.now
        return self.world.look()

    def pass_time(self, seconds: float) -> None:
        self.bench.clock.advance(seconds)
        self.ledger.now = self.bench.now

    # --- people ---------------------------------------------------------------------------------------------------

    @rule(account=accounts, with_ticket=st.booleans(), process=processes)
    def join(self, account: str, with_ticket: bool, process: int) -> None:
        seen = self.count()
        spot = self.ledger.spots.get(account)
        brought = with_ticket and spot is not None and spot.index not in self.ledger.used
        self.before = seen.inside
        told = self.world.join(account, spot.ticket if brought and spot else None, process)
        if isinstance(told, str):
            assert told in ("rebuilding", "line_draining", "sold_out", "unavailable", "crashed"), told
            assert seen.ready or told in ("rebuilding", "unavailable"), told
            kept = spot is not None and spot.known and spot.index not in self.ledger.used
            if seen.ready and kept and not self.ledger.is_over(account) and account not in self.ledger.doubtful:
                assert told in ("unavailable", "crashed"), f"{account} has a place and was told {told}"
            return
        self.ledger.joined(account, told.place.index, told.ticket, brought=brought)
        if told.entry is not None:
            self.let_in(account, told.entry)

    @rule(account=accounts, with_ticket=st.booleans(), process=processes)
    def claim(self, account: str, with_ticket: bool, process: int) -> None:
        self.count()
        self.ask((account, with_ticket, process))

    @rule(order=st.permutations(ACCOUNTS), with_ticket=st.booleans())
    def many_claim_at_once(self, order: list[str], with_ticket: bool) -> None:
        """Thirty-two claims, four of each account, by both processes."""
        self.count()
        self.ask(*((account, with_ticket, process) for account in order for process in (0, 1, 0, 1)))

    @rule(which=st.integers(0, 7), claimant=st.integers(0, 7))
    def one_leaves_and_one_at_the_door_claims(self, which: int, claimant: int) -> None:
        inside, door = sorted(self.ledger.inside()), sorted(self.ledger.door)
        if inside:
            self.leave(inside[which % len(inside)])
        if door:
            self.claim(door[claimant % len(door)], True, 0)

    @rule(account=accounts, step=st.sampled_from(["claim:granted", "claim:committed"]))
    def process_dies_in_claim(self, account: str, step: str) -> None:
        self.count()
        self.bench.crash_at = step
        self.ask((account, True, 1))
        self.bench.crash_at = ""

    def ask(self, *asked: tuple[str, bool, int]) -> None:
        """Claim, and tell the ledger."""
        spots = self.ledger.spots
        self.before = self.world.look().inside
        held = [
            (account, spots[account].index if ticket and account in spots else 0, process)
            for account, ticket, process in asked
        ]
        answers = list(zip((account for account, _, _ in asked), self.world.claim(*held), strict=True))
        for account, told in answers:
            if isinstance(told, Entry):
                self.let_in(account, told, batch=len(asked) > 1)
        for account, told in answers:
            if told is None:
                self.ledger.failed(account)
            if isinstance(told, Problem):
                self.ledger.refused(account, told.code, told.extra.get("position"))

    def counted(self, account: str, entry: Entry) -> bool:
        """Whether Valkey counted this visit as inside before it was asked, though its visitor did not know: no slot is
        taken now. Either a loss made Valkey forget when it was last used, or the answer that granted it was lost.
        """
        known, ledger = self.ledger.stays.get(account), self.ledger
        revived = account in ledger.revived and known is not None and known.lease == entry.lease_id
        return account in self.before and (revived or account in ledger.half_way)

    def let_in(self, account: str, entry: Entry, *, batch: bool = False) -> None:
        """Tell the ledger of a pass."""
        seen, visit = self.world.look(), self.world.visit(entry.lease_id)
        assert seen.ready, "P1: somebody was let in while the line was lost"
        assert visit is not None, "a pass was given that the database does not know of"
        index, admitted = visit
        counted = self.counted(account, entry)
        if account not in self.ledger.inside() and not counted:
            assert seen.meta["paused"] == "0", "somebody was let in during a pause"
            assert seen.meta["phase"] == "open", f"somebody was let in during {seen.meta['phase']}"
        stay = Stay(
            entry.lease_id, index, admitted, entry.expires_at, min(self.bench.now + RULES.idle_ms, admitted + HARD)
        )
        cap, rate = int(seen.meta["cap"]), int(seen.meta["rate"])
        place = place_of(seen.line, index)
        self.ledger.admitted(
            account,
            stay,
            place,
            cap=cap,
            rate=rate,
            serving=seen.line.serving,
            batch=batch,
            counted=counted,
        )
        type(self).admissions += 1

    @rule(account=accounts)
    def leave(self, account: str) -> None:
        seen = self.count()
        if account in self.ledger.spots and self.world.leave(account) is True:
            self.ledger.left(account, drawn=seen.meta["phase"] not in ("lobby", "drawing"))

    # --- the promoter, the house, the clock -----------------------------------------------------------------------

    @rule(cap=st.sampled_from([0, 1, 1, 2, 3, 8]), rate=st.sampled_from([1, 3, 6, 100]))
    def promoter_sets_cap_and_rate(self, cap: int, rate: int) -> None:
        self.count()
        if not self.bench.db.away:
            self.world.change(Change(cap=cap, rate_limit=rate))

    @rule(paused=st.sampled_from([False, False, True]), draining=st.sampled_from([False, False, True]))
    def promoter_pauses_or_drains(self, paused: bool, draining: bool) -> None:
        self.count()
        if not self.bench.db.away:
            self.world.change(Change(paused=paused, draining=draining))

    @rule(stock=st.sampled_from([NOTHING, PLENTY, PLENTY, Stock((1,), 2, (100,)), None]), slow=st.booleans())
    def sale_goes_on(self, stock: Stock | None, slow: bool) -> None:
        self.count()
        self.bench.stock, self.bench.signs = stock, Signs(hold_ms=1000.0 if slow else 10.0)

    @rule(seconds=st.sampled_from([0.5, 1, 1, 2, 5, 11, 16, 59, 61, 121, 601]), worker=workers)
    def time_passes(self, seconds: float, worker: int) -> None:
        self.count()
        self.pass_time(seconds)
        self.world.step(worker)
        self.after_step()

    # --- the machinery --------------------------------------------------------------------------------------------

    @rule(worker=workers)
    def worker_acts(self, worker: int) -> None:
        self.count()
        self.pass_time(1)
        self.world.step(worker)
        self.after_step()

    def after_step(self) -> None:
        seen = self.world.look()
        if seen.ready and seen.unsaved == 0:
            self.ledger.saved()

    @rule(worker=workers, point=stops)
    def worker_is_stopped_in_its_tick(self, worker: int, point: str) -> None:
        self.count()
        self.pass_time(1)
        if not self.world.someone_is_stopped:
            self.world.stop_in_tick(worker, point)

    @rule()
    def stopped_worker_goes_on(self) -> None:
        self.count()
        if self.world.someone_is_stopped:
            self.world.resume()

    @rule(away=st.sampled_from([False, False, True]))
    def database_goes_or_comes(self, away: bool) -> None:
        self.count()
        self.bench.db.away = away

    @rule()
    def valkey_is_emptied(self) -> None:
        self.count()
        self.world.flush()
        self.ledger.lost()

    @rule()
    def replica_is_in_step(self) -> None:
        self.count()
        self.world.copy()

    @rule(from_copy=st.sampled_from([True, True, False]))
    def valkey_fails_over(self, from_copy: bool) -> None:
        self.count()
        self.world.restart(from_copy=from_copy and self.world.copied)
        self.ledger.lost()

    # --- what must be true at every moment ------------------------------------------------------------------------

    @invariant()
    def books_and_status_keep_their_word(self) -> None:
        seen, ledger = self.world.look(), self.ledger
        shown = seen.status.get("serving", ledger.shown) if seen.status else ledger.shown
        ledger.see(seen.line.serving, shown)
        assert seen.size <= 300
        ledger.places_are((index, self.world.subjects[subject]) for index, subject in seen.places)
        if seen.line.drawn:
            assert digest_of(seen.line, seen.places) == seen.line.roll, "the record of the draw no longer agrees"
        if seen.ready:
            assert int(seen.meta["serving"]) <= seen.line.serving, "Valkey serves further than the books know"
            assert ledger.inside() <= seen.inside, f"P8: {ledger.inside() - seen.inside} were thrown out"

    def teardown(self) -> None:
        """It is back by itself: everybody gets in, and when all have gone, every slot is free."""
        if not hasattr(self, "ledger") or self.world.bench is None:
            return
        self.mend()
        self.everybody_gets_in()
        # What a loss in this very moment leaves behind is gone as well after the idle time.
        self.world.flush()
        self.ledger.lost()
        for seconds in (1, 1, 121, 1, 1):
            self.pass_time(seconds)
            self.world.step(0)
            self.world.step(1)
        seen = self.world.look()
        assert seen.ready
        assert not seen.inside, f"P9: {seen.inside} still count as inside"
        assert seen.live == 0, f"P9: {seen.live} visits never end in the books"

    def mend(self) -> None:
        """All parts work again, and there is room for everybody."""
        if self.world.someone_is_stopped:
            self.world.resume()
        bench = self.bench
        bench.db.away, bench.stock, bench.signs = False, PLENTY, Signs()
        self.world.change(Change(cap=100_000, rate_limit=600_000, paused=False, draining=False))
        self.pass_time(max(0, bench.event.sale.on_sale_at - bench.now) / 1000)

    def everybody_gets_in(self) -> None:
        """Whoever has a place that was not used gets in, and leaves."""
        waiting = {a for a, spot in self.ledger.spots.items() if spot.index not in self.ledger.used}
        for _ in range(60):
            self.pass_time(1)
            self.world.step(0)
            self.world.step(1)
            for account in sorted(waiting):
                self.ask((account, True, 0))
                if account not in self.ledger.inside():
                    # The same place again; another only where the ledger says that the visit may be over.
                    self.join(account, True, 0)
                if account in self.ledger.inside():
                    assert self.world.leave(account)
                    self.ledger.left(account, drawn=True)
                    waiting.discard(account)
            if not waiting:
                return
        raise AssertionError(f"P10: {sorted(waiting)} have a place and do not get in: {self.world.look().meta}")
