"""What is left of an event by price grade: what the waiting line lets people in for, and tells those who wait."""

from __future__ import annotations

import structlog

from ticketing.base.valkey import ValkeyAway
from ticketing.catalog.index import PlanIndex
from ticketing.catalog.load import Catalog
from ticketing.holds.store import HoldStore
from ticketing.waiting.model import Stock

log = structlog.get_logger(__name__)

_FREE, _SOLD, _BLOCKED = b"0", b"3", b"4"


class StockReader:
    """Counts the seats of an event; the grades' places in the house are worked out once per plan."""

    def __init__(self, store: HoldStore, catalog: Catalog) -> None:
        self._store = store
        self._catalog = catalog
        self._runs: dict[str, list[tuple[str, int, int]]] = {}

    async def __call__(self, event_id: str) -> Stock | None:
        """The stock, grades in the order of the event's prices; None while nobody knows. Raises NotFound."""
        event = await self._catalog.get(event_id)
        try:
            state = await self._store.read(event_id)
        except ValkeyAway:
            return None
        if not state.ready:
            return None
        version = event.event.plan_version
        runs = self._runs.get(version)
        if runs is None:
            if len(self._runs) > 100:
                self._runs.clear()
            runs = self._runs[version] = grade_runs(event.index)
        free: dict[str, int] = {}
        capacity: dict[str, int] = {}
        for grade, first, end in runs:
            free[grade] = free.get(grade, 0) + state.seats.count(_FREE, first, end)
            capacity[grade] = capacity.get(grade, 0) + end - first
        settled = state.seats.count(_SOLD) + state.seats.count(_BLOCKED) + state.seats.count(_FREE)
        grades = [price.grade for price in event.event.prices]
        return Stock(
            free=tuple(free.get(grade, 0) for grade in grades),
            held=len(state.seats) - settled,
            capacity=tuple(capacity.get(grade, 0) for grade in grades),
        )


def grade_runs(index: PlanIndex) -> list[tuple[str, int, int]]:
    """(grade, first ordinal, one past the last) of every stretch of one grade, in plan order."""
    runs: list[tuple[str, int, int]] = []
    for ordinal in range(index.capacity):
        grade = index.place(ordinal).grade
        if runs and runs[-1][0] == grade:
            runs[-1] = (grade, runs[-1][1], ordinal + 1)
        else:
            runs.append((grade, ordinal, ordinal + 1))
    return runs
