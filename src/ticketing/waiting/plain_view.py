"""What the page without scripts is told: the line's public objects, one's own place, and when to look again."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Protocol

import msgspec

from ticketing.accounts.model import Session
from ticketing.base.clock import parse_rfc3339
from ticketing.base.errors import Conflict, NotFound
from ticketing.base.web import problem_of
from ticketing.waiting.answers import AboutOut, ClaimRequest, EntryOut, JoinOut, JoinRequest, PlaceOut, StatusOut
from ticketing.waiting.claim import Entry
from ticketing.waiting.model import Phase
from ticketing.waiting.plain_page import Face, Standing, View
from ticketing.waiting.plain_words import Language
from ticketing.waiting.status import Posted

LEAST_REFRESH_SECONDS = 10
"""A page is made for each visitor, unlike the status that all share: it renews itself less often than scripts do."""

_STALE_MS = 10_000
_ROUTE = "/line/{event_id:str}"


class Desk(Protocol):
    """What `http.Desk` offers."""

    async def join(
        self, event_id: str, session: Session, data: JoinRequest, address: str | None
    ) -> tuple[JoinOut, Entry | None]:
        """Join."""
        ...

    async def claim(self, event_id: str, session: Session, data: ClaimRequest) -> tuple[EntryOut, Entry]:
        """Go in."""
        ...

    async def place(self, event_id: str, session: Session) -> PlaceOut:
        """Where one stands."""
        ...

    async def leave(self, event_id: str, session: Session) -> None:
        """Leave."""
        ...


class Board(Protocol):
    """What `status.StatusBoard` offers."""

    async def status(self, event_id: str) -> Posted:
        """The status object."""
        ...

    async def about(self, event_id: str) -> Posted:
        """The about object."""
        ...


_status = msgspec.json.Decoder(StatusOut).decode
_about = msgspec.json.Decoder(AboutOut).decode


async def told(view: View, board: Board, desk: Desk, session: Session | None) -> tuple[View, list[int]]:
    """The view with the line's face and one's own place, as far as they can be read, and the polling policy.

    Raises:
        NotFound: there is no such event.
        Conflict: it has no line.
    """
    event_id = view.event_id
    poll = [2, 60]
    try:
        status = _status((await board.status(event_id)).body)
        face = _face(status, _about((await board.about(event_id)).body), view.language, view.now)
        view, poll = replace(view, face=face), status.poll
    except (NotFound, Conflict):
        raise
    except Exception as error:  # noqa: BLE001 - the page is shown without; logged in problem_of when unexpected
        problem_of(error, "GET", _ROUTE)
    if session is None:
        return view, poll
    try:
        place = await desk.place(event_id, session)
    except NotFound:
        return view, poll
    except Exception as error:  # noqa: BLE001 - as above
        problem_of(error, "GET", _ROUTE)
        return replace(view, unknown_place=True), poll
    ends_at = parse_rfc3339(place.expires_at) if place.inside and place.expires_at else None
    serving = max(place.serving, view.face.serving if view.face else 0)
    return replace(view, standing=Standing(place.index, place.position, serving, ends_at)), poll


def _face(status: StatusOut, about: AboutOut, language: Language, now: int) -> Face:
    def said(text: dict[str, str] | None) -> str:
        return (text or {}).get(language) or (text or {}).get("ko", "")

    return Face(
        name=said(about.name),
        venue=said(about.venue),
        time_zone=about.time_zone,
        starts_at=parse_rfc3339(about.starts_at),
        lobby_at=parse_rfc3339(about.lobby_at),
        opens_at=parse_rfc3339(status.t0),
        phase=Phase(status.phase),
        serving=status.serving,
        rate=status.rate,
        grades=tuple((said(grade.name), digit) for grade, digit in zip(about.grades, status.stock, strict=False)),
        message=said(about.message),
        paused=status.paused,
        stale=now - parse_rfc3339(status.at) > _STALE_MS,
        open_until=parse_rfc3339(status.open_until) if status.open_until else 0,
    )


def renew_after(view: View, poll: list[int], chance: float) -> int | None:
    """Seconds until the page renews itself; None while somebody types, and where nothing will change.

    Args:
        poll: least and most seconds of the line's polling policy.
        chance: 0 to 1.
    """
    least = max(LEAST_REFRESH_SECONDS, poll[0])
    most = max(least, poll[1])
    face, at = view.face, view.standing
    seconds: float = most
    if face is None or view.unknown_place:
        seconds = 15
    elif face.phase is Phase.CLOSED or not view.signed_in or view.wait is not None or (at and at.ends_at):
        return None
    elif face.phase in (Phase.ANNOUNCED, Phase.LOBBY):
        until = (face.lobby_at if face.phase is Phase.ANNOUNCED else face.opens_at) - view.now
        # Everybody's countdown ends at once; they come back over ten seconds.
        return math.ceil(min(most, max(least, until / 1000 + 10 * chance)))
    elif face.phase is Phase.DRAWING:
        seconds = least
    elif view.called:
        seconds = 2 * least
    elif at is not None and view.seconds_left is not None:
        seconds = view.seconds_left / 8
    return round(min(most, max(least, seconds)) * (0.85 + 0.3 * chance))
