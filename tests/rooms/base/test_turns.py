"""Turns at a SQLite file: one writer at a time, whichever process it is in, and nobody waits for ever."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from ticketing.base.db import connect_database
from ticketing.base.turns import WriteTurns


async def writers(one: WriteTurns, other: WriteTurns) -> int:
    """Let twenty writers of two "processes" go at once; how many were ever at it together."""
    at_it = most = 0

    async def write(turns: WriteTurns) -> None:
        nonlocal at_it, most
        async with turns.turn():
            at_it += 1
            most = max(most, at_it)
            await asyncio.sleep(0.002)
            at_it -= 1

    await asyncio.gather(*(write(turns) for _ in range(10) for turns in (one, other)))
    return most


async def test_two_processes_take_turns(tmp_path: Path) -> None:
    one, other = (WriteTurns(str(tmp_path / "turn"), 5.0) for _ in range(2))
    assert await writers(one, other) == 1


async def test_without_a_common_lock_they_meet(tmp_path: Path) -> None:
    one, other = (WriteTurns(str(tmp_path / name), 5.0) for name in "ab")
    assert await writers(one, other) == 2


async def test_who_waited_long_enough_goes_on(tmp_path: Path) -> None:
    holder, waiting = WriteTurns(str(tmp_path / "turn"), 5.0), WriteTurns(str(tmp_path / "turn"), 0.05)
    async with holder.turn():
        began = time.monotonic()
        async with waiting.turn():
            assert time.monotonic() - began >= 0.05
        # And it took nothing that it did not have: the holder's turn is still the holder's.
        assert not await asyncio.wait_for(asyncio.to_thread(_free, tmp_path / "turn"), 5)
    assert _free(tmp_path / "turn")


async def test_who_is_cancelled_leaves_the_queue(tmp_path: Path) -> None:
    holder, waiting = (WriteTurns(str(tmp_path / "turn"), 5.0) for _ in range(2))

    async def wait() -> None:
        async with waiting.turn():
            raise AssertionError("it was not its turn")

    async with holder.turn():
        task = asyncio.create_task(wait())
        await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()
    async with waiting.turn():
        pass


async def test_a_folder_that_cannot_be_written_to_only_costs_pace(tmp_path: Path) -> None:
    turns = WriteTurns(str(tmp_path / "missing" / "turn"), 5.0)
    async with turns.turn():
        pass


async def test_a_database_file_has_its_turns_beside_it(tmp_path: Path) -> None:
    db = connect_database(f"sqlite+aiosqlite:///{tmp_path / 'x.sqlite3'}")
    async with db.write():
        assert not _free(tmp_path / "x.sqlite3-turn")
    assert _free(tmp_path / "x.sqlite3-turn")
    await db.close()


def _free(path: Path) -> bool:
    import fcntl

    with path.open("r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
