"""When the page without scripts renews itself, and that any state makes a page."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.rooms.waiting.visitor import EVENT, NOW, PATH, Page
from ticketing.waiting.model import Phase
from ticketing.waiting.plain_page import Face, Standing, View, render
from ticketing.waiting.plain_view import renew_after

FACE = Face("n", "v", "Asia/Seoul", NOW, NOW, NOW, Phase.OPEN, serving=0, rate=600)
VIEW = View("en", EVENT, NOW, FACE, "t", signed_in=True)


def waiting(position: int, **face: Any) -> View:
    """Somebody at a place."""
    return replace(VIEW, face=replace(FACE, **face), standing=Standing(position, position, 0))


def test_the_page_renews_itself_by_the_remaining_wait() -> None:
    assert renew_after(waiting(100), (2, 60), 0.5) == 10, "10 s to go: not more often than every ten seconds"
    assert renew_after(waiting(2400), (2, 60), 0.5) == 30, "four minutes by 8"
    assert renew_after(waiting(900_000), (2, 60), 0.5) == 60
    assert renew_after(waiting(900_000), (2, 300), 0.5) == 300, "the promoter's policy counts"
    assert renew_after(waiting(900_000), (2, 5), 0.5) == 10
    assert renew_after(waiting(2400, rate=0), (2, 60), 0.5) == 60, "nobody knows: seldom"
    assert {renew_after(waiting(2400), (2, 60), chance) for chance in (0.0, 1.0)} == {26, 34}


def test_a_countdown_ends_for_all_but_not_in_the_same_second() -> None:
    lobby = replace(VIEW, face=replace(FACE, phase=Phase.LOBBY, opens_at=NOW + 30_000))
    assert [renew_after(lobby, (2, 60), chance) for chance in (0.0, 0.5, 1.0)] == [30, 35, 40]
    soon = replace(VIEW, face=replace(FACE, phase=Phase.LOBBY, opens_at=NOW + 3_000_000))
    assert renew_after(soon, (2, 60), 0.5) == 60
    late = replace(VIEW, face=replace(FACE, phase=Phase.ANNOUNCED, lobby_at=NOW - 5_000))
    assert renew_after(late, (2, 60), 0.5) == 10


def test_pages_are_made_of_any_view() -> None:
    """No combination of states breaks the page."""
    standings = [None, Standing(1, None, 0), Standing(1, 5, 0), Standing(1, 5, 5), Standing(1, 5, 5, NOW + 1000)]
    count = 0
    for phase in Phase:
        for standing in standings:
            for paused in (False, True):
                for signed_in in (False, True):
                    for wait in (None, ("c", 3)):
                        view = replace(
                            VIEW,
                            face=replace(FACE, phase=phase, paused=paused),
                            standing=standing,
                            signed_in=signed_in,
                            wait=wait,
                        )
                        page = Page(render(replace(view, refresh=renew_after(view, (2, 60), 0.5))))
                        assert page.words.count("None") == 0
                        assert f"{PATH}/enter" not in page.forms or (phase is Phase.OPEN and view.called)
                        count += 1
    assert count == 240
