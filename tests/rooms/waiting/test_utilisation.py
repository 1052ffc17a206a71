"""How full the sale is kept by the release policy when many who are called never come."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.rooms.waiting.line_crowd import Crowd
from ticketing.waiting import model
from ticketing.waiting.model import Line, Phase

CAP = 2_000
LINE = Line("evt_x", 1, b"", b"", "", 0, 0, CAP, 6_000, Phase.OPEN)


@pytest.mark.parametrize(("no_shows", "least"), [(0.1, 0.95), (0.3, 0.95), (0.5, 0.90)])
def test_slots_stay_in_use_though_many_never_come(no_shows: float, least: float) -> None:
    crowd = Crowd(LINE, no_shows)
    share = crowd.run(3_600, waiting=1_000_000)
    print(f"\n{no_shows:.0%} no-shows: {share:.1%} in use, longest wait at the door {crowd.longest_door:.0f} s")
    assert share >= least
    assert crowd.most <= CAP
    assert crowd.longest_door <= 30


def test_a_long_reservation_would_leave_slots_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the simulation tells a good policy from a bad one."""
    monkeypatch.setattr("tests.rooms.waiting.line_crowd.RESERVATION_MS", 120_000)
    assert Crowd(LINE, 0.5).run(3_600, waiting=1_000_000) < 0.80


def test_the_rate_bounds_what_is_let_in(monkeypatch: pytest.MonkeyPatch) -> None:
    crowd = Crowd(replace(LINE, rate=120), 0.3)
    crowd.run(1_200, waiting=1_000_000)
    assert len(crowd.admitted) <= 120
    assert crowd.serving <= 1_200 / 60 * 120 * 2
    assert model.RESERVATION_MS == 15_000
