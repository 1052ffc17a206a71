"""A plan of 50,000 seats in each format; prints how long it took (run with -s), judges nothing by the clock."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Callable

import pytest

from ticketing.catalog.arena import arena
from ticketing.catalog.document import encode_plan
from ticketing.catalog.import_plan import import_bytes
from ticketing.catalog.index import PlanIndex
from ticketing.catalog.model import SeatPlan

SEATS = 50_000


@pytest.fixture(scope="module")
def stadium() -> SeatPlan:
    return arena(SEATS)


def as_json(plan: SeatPlan) -> bytes:
    return encode_plan(plan).body


def as_pretix(plan: SeatPlan) -> bytes:
    """Standing places become seats in rows of fifty: that format knows nothing else."""
    zones = []
    for section in plan.sections:
        rows = [
            {
                "row_number": row.name,
                "seats": [
                    {"seat_guid": seat_id, "seat_number": number, "position": {"x": x, "y": y}, "category": row.grade}
                    for seat_id, number, x, y in zip(row.seat_ids(section.id), row.numbers, row.x, row.y, strict=True)
                ],
            }
            for row in section.rows
        ]
        places = list(section.seat_ids()) if not rows else []
        rows += [
            {
                "row_number": str(first // 50 + 1),
                "seats": [
                    {"seat_guid": seat_id, "seat_number": str(i), "position": {"x": i, "y": first}, "category": "ST"}
                    for i, seat_id in enumerate(places[first : first + 50])
                ],
            }
            for first in range(0, len(places), 50)
        ]
        zones.append({"name": section.name.ko, "zone_id": section.id, "position": {"x": 0, "y": 0}, "rows": rows})
    size = {"width": int(plan.width) + 1, "height": int(plan.height) + 1}
    document = {"name": plan.name, "categories": [], "zones": zones, "size": size}
    return json.dumps(document, indent=2).encode()


def as_csv(plan: SeatPlan) -> bytes:
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(["section", "row", "number", "grade", "x", "y", "kind", "capacity"])
    for section in plan.sections:
        if not section.rows:
            lines.writerow([section.id, "", "", section.grade, "", "", "standing", section.capacity])
        for row in section.rows:
            for number, x, y in zip(row.numbers, row.x, row.y, strict=True):
                lines.writerow([section.id, row.name, number, row.grade, x, y, "", ""])
    return text.getvalue().encode()


@pytest.mark.parametrize("write", [as_json, as_pretix, as_csv])
def test_fifty_thousand_seats(stadium: SeatPlan, write: Callable[[SeatPlan], bytes]) -> None:
    data = write(stadium)
    started = time.perf_counter()
    found = import_bytes("stadium.csv" if write is as_csv else "stadium.json", data)
    imported = time.perf_counter()
    index = PlanIndex(found.plan)
    indexed = time.perf_counter()
    assert found.plan.capacity == index.capacity == SEATS
    assert set(index.seat_ids) == {seat_id for section in stadium.sections for seat_id in section.seat_ids()}
    megabytes = len(data) / 1e6
    print(f"{found.format}: {megabytes:.1f} MB in {imported - started:.2f} s, index {indexed - imported:.3f} s")
