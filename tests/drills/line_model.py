"""What a waiting line promises, judged from what its people were told: plain Python, no product code.

Every method takes in one answer and fails when it breaks a promise. P1 … P9 are the names that the promises have in
the design. Instants in milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

DOOR_MS = 6_000
"""So long somebody who was told "your turn, but no room" keeps their turn."""
MINUTE = 60_000


@dataclass
class Spot:
    """An account's place. `known`: the line must remember it even without the ticket. `saved`: the books have it."""

    index: int
    ticket: str
    known: bool = True
    saved: bool = False


@dataclass
class Stay:
    """A visit as its visitor knows it; `until` is when it ends without a further sign of life."""

    lease: str
    index: int
    admitted: int
    ends: int
    until: int


@dataclass
class Ledger:
    """Everything that people were told."""

    idle_ms: int
    hard_ms: int
    now: int = 0
    spots: dict[str, Spot] = field(default_factory=dict)
    owner: dict[int, str] = field(default_factory=dict)
    used: dict[int, bool] = field(default_factory=dict)
    stays: dict[str, Stay] = field(default_factory=dict)
    leases: dict[str, int] = field(default_factory=dict)
    door: dict[str, tuple[int, int]] = field(default_factory=dict)
    half_way: dict[str, int] = field(default_factory=dict)
    """Account → first claim that ended without an answer: its visit may have begun then."""
    doubtful: set[str] = field(default_factory=set)
    """Accounts with more than one place that is not known to be used: what they gave up came back in a loss."""
    away: set[str] = field(default_factory=set)
    """Who left before the draw: the place is theirs when they come back. A loss may forget that they left."""
    revived: set[str] = field(default_factory=set)
    """Whose visit came back with a refill: how long they had been idle was lost, so they have the whole time again."""
    serving: int = 0
    shown: int = 0
    admissions: int = 0

    def is_over(self, account: str) -> bool:
        """Whether the visit that belongs to the account's place has reached its hard limit, or may have."""
        spot, stay = self.spots.get(account), self.stays.get(account)
        if spot is None:
            return False
        visited = stay is not None and stay.index == spot.index and self.now >= stay.ends
        return visited or self.now >= self.half_way.get(account, self.now) + self.hard_ms

    def inside(self) -> set[str]:
        """Who has a pass that is good."""
        return {account for account, stay in self.stays.items() if stay.until > self.now}

    # --- answers --------------------------------------------------------------------------------------------------

    def joined(self, account: str, index: int, ticket: str, *, brought: bool) -> None:
        """A place was given."""
        assert self.owner.setdefault(index, account) == account, f"P3: {index} was given to two accounts"
        assert index not in self.used, f"P3: the place {index} was used"
        self.away.discard(account)
        spot, over = self.spots.get(account), self.is_over(account)
        unused = spot is not None and spot.index not in self.used and not over
        if spot is not None and unused and (spot.known or brought) and account not in self.doubtful:
            assert index == spot.index, f"P3: {account} had {spot.index} and was given {index}"
        if spot is None or spot.index != index:
            if unused:
                self.doubtful.add(account)
            self.spots[account] = Spot(index, ticket)
            self.half_way.pop(account, None)
        else:
            spot.known, spot.ticket = True, ticket

    def admitted(
        self,
        account: str,
        stay: Stay,
        position: int,
        *,
        cap: int,
        rate: int,
        serving: int,
        batch: bool = False,
        counted: bool = False,
    ) -> None:
        """Somebody was let in, or told again that they are inside.

        Args:
            batch: others claimed in the same instant: who came first is not known.
            counted: this visit was counted as inside before they asked, though they did not know.
        """
        assert self.owner.get(stay.index) == account, f"P4: {account} came in by {stay.index}, which is another's"
        assert stay.index not in self.used, f"P8: the place {stay.index} was used"
        assert position <= serving, f"P4: {position} came in before its turn, {serving}"
        self.away.discard(account)
        before, was_inside = self.stays.get(account), account in self.inside()
        if was_inside and before is not None:
            assert before.lease == stay.lease, f"P8: {account} was given a second visit"
        slots = cap - len(self.inside())
        self.stays[account] = stay
        self.door.pop(account, None)
        self.spots[account].known = True
        self.revived.discard(account)
        if counted:
            self.leases.setdefault(stay.lease, stay.admitted)
        if was_inside or counted:
            return
        assert len(self.inside()) <= cap, f"P1: {len(self.inside())} inside of at most {cap}"
        if not batch:
            ahead = sum(place < position and at > self.now - DOOR_MS for place, at in self.door.values())
            assert slots > ahead, f"P4: {position} overtook {ahead} at the door, {slots} slots were free"
        if stay.lease not in self.leases:
            self.admissions += 1
            self.leases[stay.lease] = stay.admitted
            recent = sum(at > self.now - MINUTE for at in self.leases.values())
            assert recent <= rate, f"P2: {recent} within a minute, {rate} allowed"

    def refused(self, account: str, code: str, position: int | None) -> None:
        """Somebody was not let in."""
        assert account not in self.inside() or code in ("unavailable", "rebuilding", "line_closed"), (
            f"P8: {account} is inside and was told {code}"
        )
        if code in ("unavailable", "rebuilding"):
            self.failed(account)
        if code != "not_in_line":
            self.away.discard(account)
        if code in ("line_full", "line_paused"):
            assert position is not None
            self.door[account] = (position, self.now)

    def failed(self, account: str) -> None:
        """A claim ended without an answer: a visit may have begun."""
        self.half_way.setdefault(account, self.now)

    def left(self, account: str, *, drawn: bool) -> None:
        """A place was given up; before the draw it is not used, and comes back with whoever left it."""
        if not drawn:
            assert account not in self.away, f"{account} left twice"
            self.away.add(account)
            return
        spot = self.spots[account]
        self.used[spot.index] = False
        self.stays.pop(account, None)
        self.door.pop(account, None)

    # --- what happens to the stores ---------------------------------------------------------------------------------

    def saved(self) -> None:
        """The leader has written everything down."""
        for spot in self.spots.values():
            spot.saved = spot.saved or spot.known
        for index in self.used:
            self.used[index] = True

    def lost(self) -> None:
        """Valkey has forgotten, wholly or in part. What was not written down may be forgotten, or may not."""
        for account, spot in self.spots.items():
            stay = self.stays.get(account)
            visited = stay is not None and stay.index == spot.index and stay.ends > self.now
            spot.known = spot.known and (spot.saved or visited)
        self.revived |= {account for account, stay in self.stays.items() if stay.ends > self.now}
        self.doubtful |= {self.owner[index] for index, saved in self.used.items() if not saved}
        self.used = {index: True for index, saved in self.used.items() if saved}
        self.door.clear()
        self.away.clear()

    def see(self, serving: int, shown: int) -> None:
        """What the books say is being served, and what the public status says."""
        assert serving >= self.serving, f"serving went back from {self.serving} to {serving}"
        assert shown >= self.shown, f"the status went back from {self.shown} to {shown}"
        self.serving, self.shown = serving, shown

    def places_are(self, rows: Iterable[tuple[int, str]]) -> None:
        """The books' places: (index, account)."""
        for index, account in rows:
            assert self.owner.get(index, account) == account, f"P3: the books give {index} to {account}"
