"""The database is away in mid-sale. What was accepted waits and is then fulfilled; nobody sees anything break."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.drills.sale import Sale, crowd_at, crowd_in, sale_at
from tests.drills.site import NothingHappened, Site
from tests.servers import mariadb
from tests.servers.server import DatabaseServer
from tests.stack import running


@pytest.fixture(scope="module")
def server() -> Iterator[DatabaseServer]:
    """A MariaDB that a drill may stop."""
    with mariadb.run() as server:
        yield server


@pytest.fixture(scope="module")
def mariadb_site(short_folder: Path, server: DatabaseServer) -> Iterator[Site]:
    """A site on that server."""
    site = Site(short_folder / "m", database_url=server.url())
    with running(site):
        yield site


@pytest.mark.slow
@pytest.mark.parametrize(("how", "seconds"), [("kill", 15), ("stop", 60)])
async def test_the_database_is_away(mariadb_site: Site, server: DatabaseServer, how: str, seconds: int) -> None:
    site, end = mariadb_site, {"kill": server.kill, "stop": server.stop}[how]
    async with crowd_at(site) as crowd, sale_at(site, crowd) as sale:
        selling = asyncio.create_task(crowd_in(sale, ["tok_ok"] * 100, over=15.0))
        try:
            await sale.accepted(30)
            await asyncio.to_thread(end)
            await _without_database(sale, seconds)
            await asyncio.to_thread(server.start)
            back = time.monotonic()
            await selling
        finally:
            selling.cancel()
        verdict = await sale.end_well(timeout=90)
        print(f"{seconds} s without a database, at rest {time.monotonic() - back:.1f} s after: {verdict}")
    assert (verdict.facts["ticketed"], verdict.facts["captures"]) == (100, 100)
    # Nothing had to be started again.
    for name in ("worker", "api"):
        assert site.children[name].poll() is None, site.log(name)[-3000:]


async def _without_database(sale: Sale, seconds: int) -> None:
    """For so long orders must go on being accepted, and the map being shown. Raises NothingHappened."""
    over = time.monotonic() + seconds
    before = len(sale.orders)
    some_order, its_buyer = next(iter(sale.orders.items()))
    while time.monotonic() < over:
        shown = await sale.crowd.client.get(f"/api/events/{sale.event_id}/availability")
        assert shown.status_code == 200, shown.text
        told = await its_buyer.get(f"/api/orders/{some_order}")
        assert (told.status_code, told.json()["code"]) == (503, "unavailable")
        await asyncio.sleep(0.5)
    meanwhile, waiting = len(sale.orders) - before, sale.site.backlog()
    if not meanwhile or not waiting:
        raise NothingHappened(f"{meanwhile} orders came while the database was away, {waiting} wait")
