"""The reserve is laid where there is room, and given up when nothing else is left."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ticketing.base.disk_reserve import DiskReserve, reserve_beside

MB = 1 << 20


class Disk(DiskReserve):
    """A disk that is as full as a test says."""

    room = 100 * MB

    def free(self) -> int:
        return self.room


def test_it_is_laid_with_all_its_blocks_and_given_up_at_the_end(tmp_path: Path) -> None:
    disk, file = Disk(tmp_path, 2 * MB), tmp_path / "disk-reserve"
    disk.look()
    assert file.stat().st_blocks * 512 >= 2 * MB, "a file full of holes would give nothing back"
    disk.room = 3 * MB
    disk.look()
    assert file.exists(), "there is room yet"
    disk.room = 100
    disk.look()
    disk.look()
    assert not file.exists()
    disk.room = 3 * MB
    disk.look()
    assert not file.exists(), "what it gave is not taken back while room is short"
    disk.room = 100 * MB
    disk.look()
    assert list(tmp_path.iterdir()) == [file], "nothing unfinished is left"


def test_a_disk_that_is_nearly_full_is_not_filled_by_it(tmp_path: Path) -> None:
    disk = Disk(tmp_path, 2 * MB)
    disk.room = 7 * MB
    disk.look()
    assert not list(tmp_path.iterdir())


async def test_it_looks_until_it_is_stopped_and_outlives_a_folder_that_is_gone(tmp_path: Path) -> None:
    stop = asyncio.Event()
    gone = asyncio.create_task(DiskReserve(tmp_path / "gone", MB).run(stop))
    kept = asyncio.create_task(Disk(tmp_path, MB).run(stop))
    async with asyncio.timeout(10):
        while not (tmp_path / "disk-reserve").exists():
            await asyncio.sleep(0.01)
        stop.set()
        await asyncio.gather(gone, kept)


@pytest.mark.parametrize(
    "url",
    ["mysql+asyncmy://a@b/c", "sqlite+aiosqlite:///:memory:", "sqlite+aiosqlite://", "sqlite+aiosqlite:////x/y.db"],
)
def test_only_a_file_of_ones_own_has_one(url: str) -> None:
    assert (reserve_beside(url, 32) is not None) == url.endswith("y.db")
    assert reserve_beside(url, 0) is None
