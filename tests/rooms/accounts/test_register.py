"""Sign up: one account per address, however many try at once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select

from ticketing.accounts import sql
from ticketing.accounts.model import Account, Role
from ticketing.accounts.passwords import Passwords
from ticketing.accounts.register import register
from ticketing.base.clock import ManualClock
from ticketing.base.db import Database
from ticketing.base.errors import Conflict, Unprocessable


@pytest.fixture
def sign_up(db: Database, clock: ManualClock, passwords: Passwords) -> Any:
    async def call(**changes: Any) -> Account:
        values = {"email": "fan@example.com", "password": "correct horse 9", "name": "Fan"} | changes
        return await register(db, clock, passwords, **values)

    return call


async def count(db: Database) -> int:
    async with db.read() as conn:
        return int((await conn.execute(select(func.count()).select_from(sql.accounts))).scalar_one())


async def test_a_new_account_is_a_fan_and_its_password_is_nowhere(db: Database, sign_up: Any) -> None:
    account = await sign_up(name=" 김하늘 ", locale="en")
    assert (account.role, account.name, account.locale) == (Role.FAN, "김하늘", "en")
    async with db.read() as conn:
        stored = (await conn.execute(select(sql.accounts))).one()
    assert stored.password_hash.startswith("$argon2id$")
    assert "correct horse" not in repr(stored)


async def test_twenty_at_once_make_one_account(db: Database, sign_up: Any) -> None:
    spellings = ["fan@example.com", "FAN@example.com", " fan@Example.com", "ｆａｎ@example.com"]
    answers = await asyncio.gather(*(sign_up(email=spellings[i % 4]) for i in range(20)), return_exceptions=True)
    made = [answer for answer in answers if isinstance(answer, Account)]
    refused = [answer for answer in answers if isinstance(answer, Conflict)]
    assert (len(made), len(refused)) == (1, 19), answers
    assert {conflict.code for conflict in refused} == {"email_taken"}
    assert await count(db) == 1


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"email": "no address"}, "invalid_account", "email"),
        ({"name": ""}, "invalid_account", "name"),
        ({"name": "a\x00b"}, "invalid_account", "name"),
        ({"password": "short"}, "weak_password", "password"),
        ({"password": "aaaaaaaaaa"}, "weak_password", "password"),
        ({"password": "\ud800bcdefgh"}, "weak_password", "password"),
    ],
)
async def test_refusals_say_which_field_and_make_nothing(
    db: Database, sign_up: Any, changes: dict[str, str], code: str, field: str
) -> None:
    with pytest.raises(Unprocessable) as refused:
        await sign_up(**changes)
    assert (refused.value.code, refused.value.extra["field"]) == (code, field)
    assert await count(db) == 0


async def test_an_unknown_locale_is_the_default(sign_up: Any) -> None:
    assert (await sign_up(locale="xx")).locale == "ko"
