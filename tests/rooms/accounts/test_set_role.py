"""A role changes, and the sessions that carry the old one end."""

from __future__ import annotations

from pathlib import Path

import pytest

from ticketing.accounts import sql
from ticketing.accounts.model import Account, Role
from ticketing.accounts.set_role import set_role
from ticketing.base.clock import ManualClock
from ticketing.base.db import connect_database
from ticketing.base.errors import NotFound
from ticketing.wiring.migrate import migrate

NOW = 1_800_000_000_000


async def test_the_role_is_stored_and_live_sessions_are_revoked(tmp_path: Path) -> None:
    db = connect_database(f"sqlite+aiosqlite:///{tmp_path / 'a.sqlite3'}")
    clock = ManualClock(NOW)
    try:
        await migrate(db)
        alice = Account("acc_alice", "alice@example.com", "Alice", Role.FAN)
        async with db.write() as conn:
            await sql.insert_account(conn, alice, "hash", NOW)
            await sql.insert_session(conn, "ses_live", alice.account_id, NOW, NOW + 1000)
            await sql.insert_session(conn, "ses_over", alice.account_id, NOW, NOW - 1)
            await sql.insert_session(conn, "ses_other", "acc_bob", NOW, NOW + 1000)

        assert await set_role(db, clock, email=" Alice@Example.com ", role=Role.GATE) == 1

        async with db.read() as conn:
            found = await sql.find_by_email(conn, "alice@example.com")
            assert found is not None
            assert found[0].role is Role.GATE
            assert await sql.revoked_since(conn, NOW, NOW) == [("ses_live", NOW + 1000)]
        for stranger in ("nobody@example.com", "not an address"):
            with pytest.raises(NotFound):
                await set_role(db, clock, email=stranger, role=Role.OPERATOR)
    finally:
        await db.close()
