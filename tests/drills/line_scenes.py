"""The shortest stories in which a guard of the line matters, played on the machine and judged by its ledger.

Each passes as the product is, and fails when its guard is taken off (`test_line_machine.py`). Random search finds the
same breaks sooner or later; these find them each time.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.drills.line_proof import place_of
from tests.drills.line_rules import NOTHING, LineMachine
from tests.drills.line_world import ACCOUNTS

EVERYBODY = len(ACCOUNTS)
CALLED = EVERYBODY // 2


class Scene:
    """A line whose first half has been called; people are named by their place, 1 the first. Or a lobby."""

    def __init__(
        self,
        machine: type[LineMachine],
        *,
        cap: int = 1,
        rate: int = 100,
        early: int = EVERYBODY,
        opened: bool = True,
    ) -> None:
        self.machine = machine()
        self.machine.begin(early=early, opened=opened, cap=cap, rate=rate)
        line = self.machine.world.look().line
        spots = self.machine.ledger.spots
        self._by_place = sorted(spots, key=lambda account: place_of(line, spots[account].index)) if opened else []
        self.look()

    def look(self) -> None:
        """What must be true at every moment."""
        self.machine.books_and_status_keep_their_word()

    def claim(self, place: int, *, ticket: bool = True) -> None:
        """Somebody claims."""
        self.machine.claim(self._by_place[place - 1], ticket, 0)
        self.look()

    def claim_unanswered(self, place: int) -> None:
        """Somebody claims, and the process dies when the slot is theirs."""
        self.machine.process_dies_in_claim(self._by_place[place - 1], "claim:granted")
        self.look()

    def leave(self, place: int) -> None:
        """Somebody gives up their place."""
        self.machine.leave(self._by_place[place - 1])
        self.look()

    def seconds(self, *passing: float, worker: int = 0) -> None:
        """A worker acts after each of these pauses."""
        for pause in passing:
            self.machine.time_passes(pause, worker)
            self.look()


def two_where_one_may_be(machine: type[LineMachine]) -> Scene:
    """Two claim, and there is room for one."""
    scene = Scene(machine)
    scene.claim(1)
    scene.claim(2)
    return scene


def two_in_a_minute_of_one(machine: type[LineMachine]) -> Scene:
    """Two claim, and one a minute may come in."""
    scene = Scene(machine, cap=2, rate=1)
    scene.claim(1)
    scene.claim(2)
    return scene


def the_last_comes_first(machine: type[LineMachine]) -> Scene:
    """Somebody claims who was not called."""
    scene = Scene(machine)
    scene.claim(EVERYBODY)
    return scene


def the_second_at_the_door_is_quicker(machine: type[LineMachine]) -> Scene:
    """Two stand at the door; a place falls free, and the one behind asks first."""
    scene = Scene(machine)
    for place in (1, 2, 3):
        scene.claim(place)
    scene.leave(1)
    scene.claim(3)
    return scene


def a_replica_takes_over_that_missed_a_visit(machine: type[LineMachine]) -> Scene:
    """The server that answers has never heard of the one who is inside."""
    scene = Scene(machine)
    scene.machine.replica_is_in_step()
    scene.claim(1)
    scene.machine.valkey_fails_over(True)
    scene.claim(2)
    return scene


def a_place_is_given_up_and_claimed(machine: type[LineMachine]) -> Scene:
    """Out again, and back in by the same ticket."""
    scene = Scene(machine)
    scene.claim(1)
    scene.leave(1)
    scene.claim(1)
    return scene


def somebody_changes_their_mind_in_the_lobby(machine: type[LineMachine]) -> Scene:
    """Out and in again before the draw: one account, one place in it."""
    scene = Scene(machine, early=3, opened=False)
    scene.machine.leave(ACCOUNTS[0])
    scene.machine.join(ACCOUNTS[0], False, 0)
    scene.look()
    return scene


def a_leader_wakes_up_late(machine: type[LineMachine]) -> Scene:
    """Stopped before it says what it decided; another leads on and calls more; then it says it."""
    scene = Scene(machine, cap=2)
    scene.machine.worker_is_stopped_in_its_tick(0, "line:decided")
    scene.machine.promoter_sets_cap_and_rate(8, 100)
    scene.seconds(1, 2, 2, 2, 1, 1, 16, worker=1)
    scene.machine.stopped_worker_goes_on()
    scene.look()
    return scene


def two_join_around_a_loss(machine: type[LineMachine]) -> Scene:
    """Somebody joins, Valkey is emptied before the leader has written that down, somebody else joins."""
    scene = Scene(machine, early=2)
    scene.machine.join(ACCOUNTS[2], False, 0)
    scene.machine.valkey_is_emptied()
    scene.seconds(1, 1)
    for account in ACCOUNTS[3:5]:
        scene.machine.join(account, False, 0)
        scene.look()
    return scene


def places_are_called(machine: type[LineMachine]) -> Scene:
    """The leader calls the first."""
    scene = Scene(machine)
    scene.seconds(1, 1)
    return scene


def somebody_comes_in(machine: type[LineMachine]) -> Scene:
    """One claim, one pass."""
    scene = Scene(machine)
    scene.claim(1)
    return scene


def the_door_closes_behind_the_first(machine: type[LineMachine]) -> Scene:
    """A pause begins; whose slot was granted before, and who never heard of it, comes in; the next does not."""
    scene = Scene(machine, cap=2)
    scene.claim_unanswered(1)
    scene.machine.promoter_pauses_or_drains(paused=True, draining=False)
    scene.seconds(1, 1)
    scene.claim(1)
    scene.claim(2)
    return scene


def the_last_seat_is_sold_behind_the_first(machine: type[LineMachine]) -> Scene:
    """The same when all is sold."""
    scene = Scene(machine, cap=2)
    scene.claim_unanswered(1)
    scene.machine.sale_goes_on(NOTHING, slow=False)
    scene.seconds(1, 1)
    scene.claim(1)
    scene.claim(2)
    return scene


SCENES: dict[str, Callable[[type[LineMachine]], Scene]] = {
    "the cap is not looked at": two_where_one_may_be,
    "the rate is not looked at": two_in_a_minute_of_one,
    "anybody may come in before their turn": the_last_comes_first,
    "who stands at the door is overtaken": the_second_at_the_door_is_quicker,
    "another server's state is trusted": a_replica_takes_over_that_missed_a_visit,
    "a used place is good again": a_place_is_given_up_and_claimed,
    "a place left in the lobby is used": somebody_changes_their_mind_in_the_lobby,
    "a leader that was replaced goes on": a_leader_wakes_up_late,
    "indexes given out are not written down": two_join_around_a_loss,
    "places called are not written down": places_are_called,
    "a pass is given before the commit": somebody_comes_in,
    "idle visits never end": somebody_comes_in,
    "a pause is not looked at": the_door_closes_behind_the_first,
    "a sold-out house is entered": the_last_seat_is_sold_behind_the_first,
}
"""What is broken → the story that shows it."""
