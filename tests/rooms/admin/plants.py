"""Breaches to plant in an honest house: what must be named, and whether it can be put right.

`plant` does the damage; `ids` are what the report must name with the code. `cured`: `--fix` leaves a clean house.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from tests.rooms.admin.house import House, account_id, order_id


@dataclass(frozen=True)
class Plant:
    """One breach."""

    invariant: str
    code: str
    plant: Callable[[House], Awaitable[object]]
    ids: Callable[[House], dict[str, Any]]
    cured: bool = False
    revive: bool = False
    name: str = field(default="")

    def __str__(self) -> str:
        return self.name or self.code


def ids(**values: Any) -> Callable[[House], dict[str, Any]]:
    """Ids that are known beforehand."""
    return lambda _: values


def of_order(name: str) -> Callable[[House], dict[str, Any]]:
    return lambda house: {"order_id": order_id(name), "event_id": house.event.id}


def of_seat(place: int, **more: Any) -> Callable[[House], dict[str, Any]]:
    return lambda house: {"event_id": house.event.id, "seat_id": house.seats[place], **more}


def of_seat_of(name: str, **more: Any) -> Callable[[House], dict[str, Any]]:
    return lambda h: {"event_id": h.event.id, "seat_id": h.seats[h.ordinals[name][0]], **more}


def of_person(name: str) -> Callable[[House], dict[str, Any]]:
    return lambda house: {"event_id": house.event.id, "account_id": account_id(name)}


def sql(statement: str, **values: Any) -> Callable[[House], Awaitable[object]]:
    """A statement; `:seated` and the like in it are order ids."""
    names = ("seated", "inside", "paid", "paying", "taken", "cancelled", "refunded", "declined", "twice", "closing")
    given = {name: order_id(name) for name in names if f":{name}" in statement}
    return lambda house: house.sql(statement, **given, **values)
