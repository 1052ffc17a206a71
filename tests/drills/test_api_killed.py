"""The API is killed while it accepts orders. The same key, sent again, gives one order; nobody pays twice."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from pathlib import Path

import pytest

from tests.drills.history import History
from tests.drills.sale import Sale
from tests.drills.site import NothingHappened


def repeated_keys(history: History) -> set[str]:
    """Keys that were left without an answer at first, and accepted later. Raises NothingHappened for none."""
    statuses: dict[str, list[int | None]] = defaultdict(list)
    for exchange in history.placed():
        statuses[exchange.key].append(exchange.status)
    found = {key for key, seen in statuses.items() if seen[0] is None and 202 in seen}
    if not found:
        raise NothingHappened("no order was under way when the API died")
    return found


@pytest.mark.parametrize("point", ["intake:claimed", pytest.param("intake:sent", marks=pytest.mark.slow)])
async def test_api_killed_while_it_takes_an_order(sale: Sale, tmp_path: Path, point: str) -> None:
    site = sale.site
    site.start_worker()
    holds = [(person, await sale.hold(person)) for person in sale.crowd.people[:20]]
    site.kill("api")
    site.start_api(TICKETING_CRASH_POINT=f"{point}@{tmp_path / 'died'}")

    ordering = asyncio.gather(*(sale.place(person, hold) for person, hold in holds))
    await site.death_of("api")
    await asyncio.to_thread(site.start_api)
    order_ids = await ordering

    assert None not in order_ids
    assert repeated_keys(sale.history)
    verdict = await sale.end_well(may_hang_up=True)
    assert (verdict.facts["accepted"], verdict.facts["ticketed"], verdict.facts["captures"]) == (20, 20, 20)
