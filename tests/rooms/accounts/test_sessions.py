"""Sessions: verified by signature alone, ended everywhere, CSRF tokens of their own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.people import eventually
from tests.rooms.base.test_tokens import mutations
from ticketing.accounts import sql
from ticketing.accounts.model import Account, Role
from ticketing.accounts.sessions import Sessions
from ticketing.base.clock import ManualClock
from ticketing.base.db import Database
from ticketing.base.errors import Unauthenticated
from ticketing.base.tokens import Signer
from ticketing.base.valkey import Valkey
from ticketing.base.valkey_server import ValkeyServer

ALICE = Account("acc_aaaaaaaaaaaaaaaa", "alice@example.com", "Alice", Role.FAN)


def good(sessions: Sessions, token: str) -> bool:
    try:
        sessions.verify(token, by_cookie=False)
    except Unauthenticated:
        return False
    return True


async def test_a_token_says_who_and_until_when(sessions: Sessions, clock: ManualClock) -> None:
    token, started = await sessions.start(ALICE)
    verified = sessions.verify(token, by_cookie=True)
    assert (verified.account_id, verified.role, verified.by_cookie) == (ALICE.account_id, Role.FAN, True)
    assert verified.expires_at == started.expires_at == clock.now_ms() + 3_600_000


async def test_it_is_over_at_its_end_and_not_before(sessions: Sessions, clock: ManualClock) -> None:
    token, _ = await sessions.start(ALICE)
    clock.advance(3599.999)
    assert good(sessions, token)
    clock.advance(0.001)
    assert not good(sessions, token)


async def test_no_mutation_is_a_session(sessions: Sessions) -> None:
    token, _ = await sessions.start(ALICE)
    assert good(sessions, token), "control"
    assert [bad for bad in mutations(token, 3_000, seed=7) if good(sessions, bad)] == []


async def test_a_genuine_token_of_another_purpose_is_no_session(sessions: Sessions, signer: Signer) -> None:
    token, session = await sessions.start(ALICE)
    payload = signer.verify("session", token)
    assert not good(sessions, signer.sign("hold", payload))
    assert not good(sessions, signer.sign("session", b"[]")), "signed by us, in a shape of another version"
    assert not good(sessions, sessions.csrf_token(session.session_id))


async def test_keys_rotate_without_signing_anybody_out(db: Database, valkey: Valkey, clock: ManualClock) -> None:
    old, new = bytes(range(32)), bytes(range(32, 64))

    def with_keys(signer: Signer) -> Sessions:
        return Sessions(db, valkey, signer, clock)

    token, session = await with_keys(Signer({"k1": old}, "k1")).start(ALICE)
    csrf = with_keys(Signer({"k1": old}, "k1")).csrf_token(session.session_id)
    rotated = with_keys(Signer({"k2": new, "k1": old}, "k2"))
    assert good(rotated, token)
    assert rotated.csrf_matches(session.session_id, csrf)
    retired = with_keys(Signer({"k2": new}, "k2"))
    assert not good(retired, token)
    assert not retired.csrf_matches(session.session_id, csrf)


async def test_a_csrf_token_is_of_one_session_and_has_one_spelling(sessions: Sessions) -> None:
    (_, mine), (_, other) = await sessions.start(ALICE), await sessions.start(ALICE)
    csrf = sessions.csrf_token(mine.session_id)
    assert sessions.csrf_matches(mine.session_id, csrf)
    blanks = f"{csrf[:10]}{' ' * 29}{csrf[10]}"
    for wrong in (
        "",
        csrf[:-1],
        csrf + "0",
        csrf.upper(),
        "0" * 40,
        sessions.csrf_token(other.session_id),
        "x" * 40,
        csrf[:10] + " " * 30,
        blanks,
        csrf[:38] + "  ",
        f" {csrf}",
        "é" * 40,
    ):
        assert not sessions.csrf_matches(mine.session_id, wrong), repr(wrong)


@asynccontextmanager
async def another_process(make: Callable[[], Sessions], every_seconds: float) -> AsyncIterator[Sessions]:
    """The sessions of another process, kept fresh as the API does it."""
    sessions, stop = make(), asyncio.Event()
    watch = asyncio.create_task(sessions.watch(stop, every_seconds))
    try:
        yield sessions
    finally:
        stop.set()
        await watch


@pytest.fixture
def elsewhere(db: Database, valkey: Valkey, signer: Signer, clock: ManualClock) -> Callable[[], Sessions]:
    return lambda: Sessions(db, valkey, signer, clock, lifetime_seconds=3600)


async def no_longer_good(sessions: Sessions, token: str, within: float) -> None:
    async def ended() -> bool:
        return not good(sessions, token)

    await eventually(ended, timeout=within)


async def subscribed(valkey: Valkey) -> bool:
    return bool((await valkey.execute("PUBSUB", "NUMSUB", "sessions:revoked"))[1])


async def test_signing_out_is_heard_at_once_elsewhere(
    sessions: Sessions, elsewhere: Callable[[], Sessions], valkey: Valkey
) -> None:
    token, session = await sessions.start(ALICE)
    kept, _ = await sessions.start(ALICE)
    async with another_process(elsewhere, every_seconds=3600) as other:
        await eventually(lambda: subscribed(valkey))
        assert good(other, token)
        await sessions.end(session)
        assert not good(sessions, token)

        await no_longer_good(other, token, within=2)
        assert good(other, kept), "only the session that was ended"


async def test_without_valkey_it_is_read_from_the_database(
    sessions: Sessions, elsewhere: Callable[[], Sessions], accounts_valkey: ValkeyServer, valkey: Valkey
) -> None:
    token, session = await sessions.start(ALICE)
    accounts_valkey.stop()
    try:
        async with another_process(elsewhere, every_seconds=0.05) as other:
            await sessions.end(session)

            await no_longer_good(other, token, within=5)
    finally:
        accounts_valkey.start()


async def test_a_process_goes_on_reading_after_an_error_that_nobody_foresaw(
    sessions: Sessions,
    elsewhere: Callable[[], Sessions],
    accounts_valkey: ValkeyServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else sessions that were ended elsewhere would be good there until they expire."""
    token, session = await sessions.start(ALICE)
    read, broken = sql.revoked_since, []

    async def breaking(conn: Any, since: int, now: int) -> Any:
        if not broken:
            broken.append(True)
            raise ZeroDivisionError("a bug")
        return await read(conn, since, now)

    monkeypatch.setattr(sql, "revoked_since", breaking)
    accounts_valkey.stop()
    try:
        with capture_logs() as logged:
            async with another_process(elsewhere, every_seconds=0.05) as other:
                await sessions.end(session)

                await no_longer_good(other, token, within=5)
    finally:
        accounts_valkey.start()
    assert "revocations_not_read" in {line["event"] for line in logged}


async def test_a_process_that_starts_later_knows_what_was_ended_before(
    sessions: Sessions, elsewhere: Callable[[], Sessions], clock: ManualClock
) -> None:
    token, session = await sessions.start(ALICE)
    await sessions.end(session)
    clock.advance(1800)
    late = elsewhere()
    assert good(late, token), "control: the signature alone does not know"
    await late.refresh()
    assert not good(late, token)


async def test_what_has_expired_is_forgotten(sessions: Sessions, clock: ManualClock) -> None:
    _, session = await sessions.start(ALICE)
    await sessions.end(session)
    await sessions.refresh()
    assert len(sessions._revoked) == 1
    clock.advance(3601)
    await sessions.refresh()
    assert sessions._revoked == {}
