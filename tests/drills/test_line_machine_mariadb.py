"""The line's state machine once more, over MariaDB: real transactions, isolation and row counts of a server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.drills.line_rules import LineMachine
from tests.drills.line_world import ACCOUNTS, World
from tests.drills.test_line_machine import no_cap, run
from tests.servers.server import DatabaseServer
from ticketing.base.db import connect_database, metadata
from ticketing.wiring.migrate import migrate

pytestmark = pytest.mark.slow


class ServerWorld(World):
    """A world whose books are in one database of a server, emptied for each event."""

    def __init__(self, folder: Path, url: str) -> None:
        self._url = url
        super().__init__(folder)

    async def _make_template(self) -> None:
        db = connect_database(self._url)
        await migrate(db)
        await db.close()

    async def _books(self, _: Path) -> Path | str:
        db = connect_database(self._url)
        async with db.write() as conn:
            for table in reversed(metadata.sorted_tables):
                await conn.execute(table.delete())
        await db.close()
        return self._url


@pytest.fixture
def machine(short_folder: Path, mariadb_server: DatabaseServer) -> Iterator[type[LineMachine]]:
    """The machine with a world of its own."""
    LineMachine.world = ServerWorld(short_folder / "lm", mariadb_server.create_database("line_machine"))
    LineMachine.steps = LineMachine.admissions = 0
    yield LineMachine
    LineMachine.world.close()


def test_a_line_keeps_its_promises_on_mariadb(machine: type[LineMachine]) -> None:
    run(machine, 10, 40)
    print(f"\n{machine.steps} steps, {machine.admissions} passes")
    assert machine.steps >= 100
    assert machine.admissions >= 10


def all_claim_where_one_may_be(machine: type[LineMachine]) -> None:
    """Half of the line has been called, and there is room for one."""
    story = machine()
    try:
        story.begin(early=len(ACCOUNTS), opened=True, cap=1, rate=100)
        for account in ACCOUNTS:
            story.claim(account, True, 0)
            story.books_and_status_keep_their_word()
    finally:
        story.teardown()


def test_control_without_the_cap_it_is_found_on_mariadb(
    machine: type[LineMachine], monkeypatch: pytest.MonkeyPatch
) -> None:
    all_claim_where_one_may_be(machine)
    no_cap(monkeypatch)
    with pytest.raises(AssertionError):
        all_claim_where_one_may_be(machine)
