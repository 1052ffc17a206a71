"""One site for all drills on SQLite: a drill restarts only the parts that it kills."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.drills.sale import Crowd, Sale, crowd_at, sale_at
from tests.drills.site import Site
from tests.stack import running


@pytest.fixture(scope="session")
def drill_site(short_folder: Path) -> Iterator[Site]:
    """API, provider and stores; every drill starts the workers that it wants."""
    site = Site(short_folder / "d")
    with running(site, worker=False):
        yield site


@pytest.fixture
async def site(drill_site: Site) -> AsyncIterator[Site]:
    """The drills' site in good order and at rest, without a worker."""
    drill_site.mend()
    await drill_site.finish()
    yield drill_site
    drill_site.mend()


@pytest.fixture
async def crowd(site: Site) -> AsyncIterator[Crowd]:
    """Fifty fans with sessions."""
    async with crowd_at(site) as crowd:
        yield crowd


@pytest.fixture
async def sale(site: Site, crowd: Crowd) -> AsyncIterator[Sale]:
    """A new event on sale, with these fans."""
    async with sale_at(site, crowd) as sale:
        yield sale
