"""Who overtook whom at the door, from what clients saw."""

from __future__ import annotations

from ticketing.rehearsal.overtaking import Claim, Overtakings, overtakings

AT_DOOR = Claim(10, 0.0, 0.1, "full")
LATER = Claim(20, 1.0, 1.1, "in")


def test_who_comes_in_past_somebody_whose_slot_is_kept_overtakes_nobody() -> None:
    assert overtakings([AT_DOOR, LATER, Claim(10, 2.0, 2.1, "in")]) == Overtakings(1, 0)


def test_who_comes_in_past_somebody_in_vain_does() -> None:
    assert overtakings([AT_DOOR, LATER, Claim(10, 2.0, 2.1, "full")]) == Overtakings(0, 1)


def test_a_turn_that_was_not_taken_up_for_long_is_nobodys() -> None:
    assert overtakings([AT_DOOR, Claim(20, 5.0, 5.1, "in"), Claim(10, 9.0, 9.1, "full")]) == Overtakings(0, 0)
