"""A store that is away: what can be checked is, what cannot is said, and clean is not claimed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.rooms.admin.house import House, order_id
from ticketing.admin.fsck.check import Stores, check
from ticketing.admin.fsck.report import Report, Scope
from ticketing.base.db import connect_database
from ticketing.base.queue.retry import Retry
from ticketing.base.queue.valkey import ValkeyQueue
from ticketing.base.valkey import Valkey


async def look(stores: Stores) -> Report:
    return await check(stores, Scope(look_seconds=0.01))


def subjects(report: Report) -> set[str]:
    return {subject for subject, _ in report.unchecked}


async def test_valkey_away(sqlite_house: House, tmp_path: Path) -> None:
    away = Valkey(f"unix://{tmp_path / 'none.sock'}", timeout=0.2)
    report = await look(replace(sqlite_house.stores, valkey=away))
    await away.close()
    assert (report.exit_code, subjects(report), report.breaches) == (2, {"holds"}, [])
    assert {"orders", "money", "provider", "queue"} <= set(report.checked)


async def test_the_queue_away(sqlite_house: House, tmp_path: Path) -> None:
    away = Valkey(f"unix://{tmp_path / 'none.sock'}", timeout=0.2)
    queue = ValkeyQueue(away, "orders", retry=Retry(attempts=1))
    report = await look(replace(sqlite_house.stores, queue=queue))
    await queue.close()
    await away.close()
    assert (report.exit_code, subjects(report), report.breaches) == (2, {"queue"}, [])
    assert {"orders", "money", "holds"} <= set(report.checked)


async def test_the_provider_away_or_left_out(sqlite_house: House) -> None:
    sqlite_house.provider.why = "silent"
    report = await sqlite_house.check()
    assert (report.exit_code, report.unchecked, report.breaches) == (2, [("provider", "silent")], [])
    report = await look(replace(sqlite_house.stores, gateway=None))
    assert (report.exit_code, report.skipped) == (0, ["provider"])


async def test_a_statement_without_an_end_is_not_waited_for(sqlite_house: House) -> None:
    provider: Any = sqlite_house.provider
    pages = provider.statement

    async def stuck(after: str | None = None) -> Any:
        page = await pages(None)
        return replace(page, cursor="3", more=True)

    provider.statement = stuck
    report = await sqlite_house.check()
    assert (report.exit_code, subjects(report)) == (2, {"provider"})


async def test_the_database_away(sqlite_house: House, tmp_path: Path) -> None:
    for url in (tmp_path / "no" / "folder.sqlite3", tmp_path / "empty.sqlite3"):
        db = connect_database(f"sqlite+aiosqlite:///{url}")
        report = await look(replace(sqlite_house.stores, db=db))
        await db.close()
        assert (report.exit_code, subjects(report)) == (2, {"database", "holds"})
        assert report.checked == ["queue"]


async def test_a_breach_outweighs_what_could_not_be_checked(sqlite_house: House) -> None:
    sqlite_house.provider.why = "silent"
    await sqlite_house.sql("DELETE FROM tickets WHERE order_id = :o", o=order_id("inside"))
    report = await sqlite_house.check()
    assert (report.exit_code, subjects(report)) == (1, {"provider"})


async def test_a_repair_leaves_what_it_cannot_reach(sqlite_house: House, tmp_path: Path) -> None:
    house = sqlite_house
    await house.valkey.execute("SETRANGE", house.key("seats"), 400, "1")
    await house.sql("UPDATE event_people SET seats = 1 WHERE account_id = 'acc_seated'")
    report = await house.check()
    here, house.valkey = house.valkey, Valkey(f"unix://{tmp_path / 'none.sock'}", timeout=0.2)
    done = {repair.cure: repair.done for repair in await house.fix(report)}
    await house.valkey.close()
    house.valkey = here
    assert done == {"people": True, "holds": False}
    assert {b.code for b in (await house.check()).breaches} == {"grey_seat"}
