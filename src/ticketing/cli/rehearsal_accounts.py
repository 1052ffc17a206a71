"""Accounts for a simulated crowd, straight into a local database."""

from __future__ import annotations

import functools
import json
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from ticketing.accounts import sql
from ticketing.accounts.model import Account, Role
from ticketing.accounts.passwords import Passwords
from ticketing.accounts.sessions import Sessions
from ticketing.base import ids
from ticketing.base.clock import SystemClock
from ticketing.base.db import connect_database
from ticketing.base.tokens import Signer
from ticketing.base.valkey import Valkey
from ticketing.settings import Settings
from ticketing.wiring.migrate import migrate

_PASSWORD = "rehearsal 2026 rehearsal"  # noqa: S105 - of accounts that live in a throw-away database
_BATCH = 1000


async def add_crowd(settings: Settings, fans: int, sign_ins: int, into: Path) -> None:
    """Write accounts, and one JSON line each of what a fan needs to be one.

    All have one password and one hash: 10,000 hashes would cost minutes of CPU, and sign-up is not what is rehearsed.
    The hash is a real one, and so is the cost of signing in with it. The database is brought to its newest schema.

    Args:
        sign_ins: how many come without a session, spread evenly.
        into: the file that is written.
    """
    db, clock = connect_database(settings.database_url), SystemClock()
    valkey = Valkey(settings.valkey_url)
    try:
        await migrate(db)
        signer = Signer(settings.signing_keys, next(iter(settings.signing_keys)))
        sessions = Sessions(db, valkey, signer, clock, lifetime_seconds=settings.session_seconds)
        encoded = await Passwords().hash(_PASSWORD)
        name = ids.new_id("run")[-8:].lower()
        with into.open("w", encoding="utf-8") as file:
            for first in range(0, fans, _BATCH):
                numbers = range(first, min(first + _BATCH, fans))
                people = [_fan(n, name) for n in numbers]
                await db.transact(functools.partial(_enter, people=people, encoded=encoded, now=clock.now_ms()))
                tokens = await sessions.start_many(people)
                for n, account, token in zip(numbers, people, tokens, strict=True):
                    signs_in = (n + 1) * sign_ins // fans > n * sign_ins // fans
                    line = {"email": account.email, "password": _PASSWORD} if signs_in else {"token": token}
                    file.write(json.dumps(line) + "\n")
    finally:
        await valkey.close()
        await db.close()


def _fan(number: int, crowd: str) -> Account:
    return Account(ids.new_id("acc"), f"fan{number}-{crowd}@rehearsal.example", f"Fan {number}", Role.FAN, "ko")


async def _enter(conn: AsyncConnection, people: list[Account], encoded: str, now: int) -> None:
    await sql.insert_accounts(conn, people, encoded, now)
