"""What the events are: their seats in plan order, their cap, their currency."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass

from ticketing.admin.fsck.books import Books
from ticketing.catalog.document import decode_plan


@dataclass(frozen=True, slots=True)
class EventFacts:
    """An event as the check needs it. `starts_at` in milliseconds."""

    event_id: str
    plan_version: str
    currency: str
    max_per_person: int
    starts_at: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Seat ids by ordinal, and back."""

    seats: tuple[str, ...]
    ordinals: dict[str, int]


class Plans:
    """Events of the scope, and their plans, of which one is kept in memory at a time."""

    def __init__(self) -> None:
        self.events: dict[str, EventFacts] = {}
        self._kept: tuple[str, Plan | None] = ("", None)

    async def load(self, books: Books) -> None:
        """Read the events; those that share a plan follow each other."""
        rows = await books.rows(
            "SELECT id, plan_version, currency, max_per_person, starts_at FROM events /*WHERE id*/"
            " ORDER BY plan_version, id"
        )
        self.events = {row.id: EventFacts(*row) for row in rows}

    async def plan(self, books: Books, event_id: str) -> Plan | None:
        """The plan of an event of the scope; None when it is not there."""
        version = self.events[event_id].plan_version
        if self._kept[0] != version:
            rows = await books.rows("SELECT document FROM seat_plans WHERE version = :v", v=version)
            self._kept = (version, _read(bytes(rows[0].document)) if rows else None)
        return self._kept[1]


def _read(document: bytes) -> Plan:
    sections = decode_plan(json.loads(gzip.decompress(document))).sections
    seats = tuple(seat for section in sections for seat in section.seat_ids())
    return Plan(seats, {seat: ordinal for ordinal, seat in enumerate(seats)})
