"""Sign in: one answer for everything that is wrong, and few guesses."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest
from argon2 import PasswordHasher
from argon2.low_level import Type

from ticketing.accounts import sign_in as sign_in_module
from ticketing.accounts import sql
from ticketing.accounts.model import Role
from ticketing.accounts.passwords import Passwords
from ticketing.accounts.register import register
from ticketing.accounts.sessions import Sessions
from ticketing.accounts.set_role import set_role
from ticketing.accounts.sign_in import GUESSES, GUESSES_IN_ALL, sign_in
from ticketing.base.clock import ManualClock
from ticketing.base.db import Database
from ticketing.base.errors import Problem, RateLimited, Unauthenticated
from ticketing.base.rate import RateLimiter
from ticketing.base.valkey_server import ValkeyServer

GOOD = "correct horse 9"


class Counting(Passwords):
    """Counts the hashes that were computed, which is where the time goes."""

    def __init__(self, inner: Passwords) -> None:
        super().__init__()
        self.inner = inner
        self.verified: list[str | None] = []

    async def verify(self, encoded: str | None, password: str) -> bool:
        self.verified.append(encoded)
        return await self.inner.verify(encoded, password)


@dataclass
class Door:
    """Sign-in with its parts."""

    db: Database
    passwords: Counting
    sessions: Sessions
    limiter: RateLimiter
    clock: ManualClock

    async def knock(self, password: str, email: str = "fan@example.com", origin: str = "192.0.2.1") -> Any:
        return await sign_in(
            self.db, self.passwords, self.sessions, self.limiter, email=email, password=password, origin=origin
        )


@pytest.fixture
async def door(
    db: Database, passwords: Passwords, sessions: Sessions, limiter: RateLimiter, clock: ManualClock
) -> Door:
    await register(db, clock, passwords, email="fan@example.com", password=GOOD, name="Fan")
    return Door(db, Counting(passwords), sessions, limiter, clock)


async def test_the_right_password_gives_a_session(door: Door) -> None:
    token, session, account = await door.knock(GOOD)
    assert door.sessions.verify(token, by_cookie=False).account_id == account.account_id == session.account_id
    assert (account.email, account.role) == ("fan@example.com", Role.FAN)
    _, _, again = await door.knock(GOOD, " FAN@Example.com ")
    assert again == account


async def test_a_wrong_password_and_an_unknown_address_look_and_cost_the_same(door: Door) -> None:
    seen: list[tuple[int, dict[str, Any]]] = []
    for email in ("fan@example.com", "nobody@example.com"):
        with pytest.raises(Unauthenticated) as refused:
            await door.knock("wrong password", email)
        seen.append((len(door.passwords.verified), refused.value.document()))
    assert seen[0][1] == seen[1][1]
    assert seen[0][1]["code"] == "bad_credentials"
    assert [one for one, _ in seen] == [1, 2], "one hash each: the time tells nothing"
    assert door.passwords.verified[1] is None


async def test_not_even_the_dummys_password_opens_an_unknown_account(door: Door) -> None:
    with pytest.raises(Unauthenticated):
        await door.knock("no account has this password", "nobody@example.com")


async def test_guessing_is_limited_and_the_owner_gets_in_after_the_wait(door: Door) -> None:
    for _ in range(GUESSES.capacity):
        with pytest.raises(Unauthenticated):
            await door.knock("wrong password")
    hashes = len(door.passwords.verified)
    for password in ("wrong password", GOOD):
        with pytest.raises(RateLimited) as refused:
            await door.knock(password)
    assert len(door.passwords.verified) == hashes, "a refused try costs no hash and tells nothing about the password"
    wait = refused.value.extra["retry_after"]
    assert wait == 30
    door.clock.advance(wait - 1)
    with pytest.raises(RateLimited):
        await door.knock(GOOD)
    door.clock.advance(1)
    await door.knock(GOOD)


async def test_the_limit_is_per_account_in_any_spelling(door: Door) -> None:
    for i in range(GUESSES.capacity):
        with pytest.raises(Unauthenticated):
            await door.knock("wrong password", "FAN@example.com" if i % 2 else " fan@EXAMPLE.com")
    with pytest.raises(RateLimited):
        await door.knock(GOOD)
    with pytest.raises(Unauthenticated):
        await door.knock(GOOD, "someone.else@example.com")


async def test_a_stranger_who_knows_the_address_does_not_keep_its_owner_out(door: Door) -> None:
    """At the moment when a sale opens, that would cost them their chance."""
    for _ in range(3 * GUESSES.capacity):
        with pytest.raises((Unauthenticated, RateLimited)):
            await door.knock("wrong password", origin="198.51.100.7")
    with pytest.raises(RateLimited):
        await door.knock(GOOD, origin="198.51.100.7")
    await door.knock(GOOD)


async def test_guesses_from_everywhere_are_limited_together(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    assert GUESSES_IN_ALL.capacity >= 5 * GUESSES.capacity
    monkeypatch.setattr(sign_in_module, "GUESSES_IN_ALL", replace(GUESSES_IN_ALL, capacity=5))
    for number in range(10):
        with pytest.raises((Unauthenticated, RateLimited)):
            await door.knock("wrong password", origin=f"198.51.100.{number}")
    assert len(door.passwords.verified) == 5


async def test_a_role_that_is_changed_while_the_password_is_looked_at_is_the_sessions(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is no operator any more, and was just signing in, is none afterwards."""
    verify = door.passwords.verify
    await set_role(door.db, door.clock, email="fan@example.com", role=Role.OPERATOR)

    async def slowly(*given: Any) -> bool:
        good = await verify(*given)
        await set_role(door.db, door.clock, email="fan@example.com", role=Role.FAN)
        return good

    monkeypatch.setattr(door.passwords, "verify", slowly)
    token, session, account = await door.knock(GOOD)
    assert session.role is account.role is Role.FAN
    assert door.sessions.verify(token, by_cookie=False).role is Role.FAN


async def test_a_success_clears_the_count(door: Door) -> None:
    for _ in range(3):
        for _ in range(GUESSES.capacity - 1):
            with pytest.raises(Unauthenticated):
                await door.knock("wrong password")
        await door.knock(GOOD)


async def test_the_limit_holds_while_valkey_is_away(door: Door, accounts_valkey: ValkeyServer) -> None:
    accounts_valkey.stop()
    try:
        for _ in range(GUESSES.capacity):
            with pytest.raises(Unauthenticated):
                await door.knock("wrong password")
        with pytest.raises(RateLimited):
            await door.knock(GOOD)
        door.clock.advance(30)
        await door.knock(GOOD)
    finally:
        accounts_valkey.start()


@pytest.mark.parametrize(
    "email", ["", "no address", "fan@example.com\x00", "' OR 1=1 --@example.com", "\ud800@example.com"]
)
async def test_what_is_no_address_is_answered_in_the_same_words(door: Door, email: str) -> None:
    with pytest.raises(Problem) as refused:
        await door.knock(GOOD, email)
    assert refused.value.code == "bad_credentials"


async def test_an_old_hash_is_made_anew(door: Door) -> None:
    _, _, account = await door.knock(GOOD)
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1, type=Type.ID).hash(GOOD)
    await door.db.transact(lambda conn: sql.set_password_hash(conn, account.account_id, weak))
    await door.knock(GOOD)
    async with door.db.read() as conn:
        found = await sql.find_by_email(conn, account.email)
    assert found is not None
    assert found[1] != weak
    assert found[1].startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    await door.knock(GOOD)
