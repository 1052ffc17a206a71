"""What a fan sees of the house: the plan, and which seats are free by the newest answer that anybody here got."""

from __future__ import annotations

import base64
import json
import random
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Wish:
    """What to hold: these seats, or so many of a section."""

    seats: tuple[str, ...] = ()
    section: str = ""
    quantity: int = 0

    def document(self) -> dict[str, Any]:
        """The body of the request."""
        return {"seats": list(self.seats)} if self.seats else {"section": self.section, "quantity": self.quantity}


@dataclass(frozen=True)
class _Row:
    """Seats that are neighbours: ids, and where they begin in the section's bitmap."""

    first: int
    ids: tuple[str, ...]


class SeatMap:
    """Plan and availability of one event, shared by all fans of a process."""

    def __init__(self) -> None:
        self._rows: dict[str, list[_Row]] = {}
        self._standing: set[str] = set()
        self._sections: dict[str, dict[str, Any]] = {}
        self._stretches: dict[str, list[tuple[str, ...]]] = {}
        self.version = -1
        self.free: int | None = None
        self.held = 0
        self.sold = 0

    def read_plan(self, body: bytes) -> None:
        """Take the plan document."""
        for section in json.loads(body)["sections"]:
            if section["kind"] == "standing":
                self._standing.add(section["id"])
                continue
            rows, at = [], 0
            for row in section["rows"]:
                ids = row.get("ids") or [f"{section['id']}-{row['name']}-{number}" for number in row["numbers"]]
                rows.append(_Row(at, tuple(ids)))
                at += len(ids)
            self._rows[section["id"]] = rows

    def read_availability(self, body: bytes) -> bool:
        """Take an answer; whether it is news."""
        document = json.loads(body)
        if document["version"] <= self.version:
            return False
        sections = document["sections"]
        self.held = sum(section["held"] for section in sections.values())
        self.sold = sum(section["sold"] for section in sections.values())
        self._sections = sections
        self._stretches.clear()
        self.version, self.free = document["version"], document["free"]
        return True

    def anything(self, rng: random.Random) -> Wish:
        """A seat or a standing place that the house has, free or not. Raises IndexError where there is no plan."""
        ids = [seat for rows in self._rows.values() for row in rows for seat in row.ids]
        if ids:
            return Wish(seats=(rng.choice(ids),))
        return Wish(section=rng.choice(sorted(self._standing)), quantity=1)

    def wish(self, rng: random.Random, quantity: int, *, best: bool) -> Wish | None:
        """What somebody would take now, None when the map shows no section with room for it.

        Args:
            best: leave the choice to the platform; else click on neighbours, where there are rows.
        """
        room = [(name, section["free"]) for name, section in self._sections.items() if section["free"] >= quantity]
        if not room:
            return None
        name = rng.choices([name for name, _ in room], [free for _, free in room])[0]
        if best or name in self._standing or not (stretches := self._free(name)):
            return Wish(section=name, quantity=quantity)
        # Most people click near the front, which is why they meet there.
        wide = [stretch for stretch in stretches if len(stretch) >= quantity]
        if not wide:
            return Wish(section=name, quantity=quantity)
        stretch = wide[int(len(wide) * rng.random() ** 2)]
        start = rng.randrange(len(stretch) - quantity + 1)
        return Wish(seats=stretch[start : start + quantity])

    def _free(self, name: str) -> list[tuple[str, ...]]:
        """Stretches of free neighbours of a section."""
        found = self._stretches.get(name)
        if found is None:
            bits = base64.b64decode(self._sections[name].get("taken", ""))
            found = self._stretches[name] = []
            for row in self._rows.get(name, ()):
                begin = None
                for offset in range(len(row.ids)):
                    at = row.first + offset
                    if bits[at >> 3] >> (at & 7) & 1:
                        if begin is not None:
                            found.append(row.ids[begin:offset])
                        begin = None
                    elif begin is None:
                        begin = offset
                if begin is not None:
                    found.append(row.ids[begin:])
        return found
