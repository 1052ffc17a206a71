"""Session tokens: verified by signature alone, ended everywhere within moments of a sign-out.

The database is the truth about revoked sessions. Each process keeps the set of revoked ids in memory, told at once by
a Valkey channel and re-read from the database regularly, so that checking a request costs no I/O.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Sequence
from dataclasses import replace

import msgspec
import structlog
from redis.exceptions import RedisError
from sqlalchemy.ext.asyncio import AsyncConnection

from ticketing.accounts import sql
from ticketing.accounts.model import Account, Role, Session
from ticketing.base import ids
from ticketing.base.clock import Clock
from ticketing.base.db import Database, DatabaseAway
from ticketing.base.errors import Unauthenticated
from ticketing.base.tokens import BadToken, Signer
from ticketing.base.valkey import Valkey, ValkeyAway

log = structlog.get_logger(__name__)

_CHANNEL = "sessions:revoked"
_PURPOSE = "session"
_CSRF = re.compile(r"[0-9a-f]{40}")


class _Payload(msgspec.Struct, array_like=True):
    session_id: str
    account_id: str
    role: str
    expires_at: int


_decode = msgspec.json.Decoder(_Payload).decode
_encode = msgspec.json.Encoder().encode


class Sessions:
    """Issues, verifies and ends sessions.

    Args:
        lifetime_seconds: from sign-in to the end, whatever happens in between.
    """

    def __init__(
        self, db: Database, valkey: Valkey, signer: Signer, clock: Clock, *, lifetime_seconds: int = 12 * 3600
    ) -> None:
        self._db = db
        self._valkey = valkey
        self._signer = signer
        self._clock = clock
        self._lifetime_ms = lifetime_seconds * 1000
        self._revoked: dict[str, int] = {}
        self._read_until = 0

    async def start(self, account: Account) -> tuple[str, Session]:
        """A new session: the token and what it says, the account's role of this moment among it."""

        async def work(conn: AsyncConnection) -> tuple[str, Session]:
            # Looking at the password may take seconds in a rush. Whose role was changed meanwhile has lost the sessions
            # of then; this one must not bring the old role back.
            role = await sql.role_now(conn, account.account_id)
            token, session, now = self._make(replace(account, role=role or account.role))
            await sql.insert_session(conn, session.session_id, account.account_id, now, session.expires_at)
            return token, session

        return await self._db.transact(work)

    async def start_many(self, accounts: Sequence[Account]) -> list[str]:
        """A new session for each account, in one transaction: the tokens. For rehearsals, where a crowd has signed in
        before it comes.
        """
        made = [self._make(account) for account in accounts]
        rows = [(session.session_id, session.account_id, now, session.expires_at) for _, session, now in made]
        await self._db.transact(lambda conn: sql.insert_sessions(conn, rows))
        return [token for token, _, _ in made]

    def _make(self, account: Account) -> tuple[str, Session, int]:
        now = self._clock.now_ms()
        session = Session(ids.new_id("ses", 15), account.account_id, account.role, now + self._lifetime_ms, False)
        payload = _encode(_Payload(session.session_id, account.account_id, account.role.value, session.expires_at))
        return self._signer.sign(_PURPOSE, payload), session, now

    def verify(self, token: str, *, by_cookie: bool) -> Session:
        """The session of a token. Raises Unauthenticated for one that is forged, over or ended."""
        try:
            payload = _decode(self._signer.verify(_PURPOSE, token))
        except (BadToken, msgspec.DecodeError):
            raise Unauthenticated("The session is not valid. Sign in again.") from None
        if payload.expires_at <= self._clock.now_ms() or payload.session_id in self._revoked:
            raise Unauthenticated("The session is over. Sign in again.")
        return Session(payload.session_id, payload.account_id, Role(payload.role), payload.expires_at, by_cookie)

    def csrf_token(self, session_id: str) -> str:
        """What a page of ours must send beside the cookie with every write."""
        return self._signer.mac("csrf", session_id.encode()).hex()[:40]

    def csrf_matches(self, session_id: str, given: str) -> bool:
        """Whether the header holds this session's CSRF token."""
        # One spelling only: bytes.fromhex() skips blanks, and a token full of them would prove less.
        if not _CSRF.fullmatch(given):
            return False
        return self._signer.check_mac("csrf", bytes.fromhex(given), session_id.encode())

    async def end(self, session: Session) -> None:
        """Sign out: the database first, then all processes are told."""
        self._revoked[session.session_id] = session.expires_at
        now = self._clock.now_ms()
        await self._db.transact(lambda conn: sql.revoke_session(conn, session.session_id, now))
        with contextlib.suppress(ValkeyAway):
            await self._valkey.execute("PUBLISH", _CHANNEL, f"{session.session_id} {session.expires_at}")

    async def refresh(self) -> None:
        """Re-read recent revocations from the database; forget those that have expired anyway."""
        now = self._clock.now_ms()
        # One minute of overlap: a revocation may commit after it took its time stamp.
        since = max(0, self._read_until - 60_000) if self._read_until else now - self._lifetime_ms
        async with self._db.read() as conn:
            fresh = await sql.revoked_since(conn, since, now)
        self._revoked = {key: end for key, end in self._revoked.items() if end > now} | dict(fresh)
        self._read_until = now

    async def watch(self, stop: asyncio.Event, every_seconds: float = 5.0) -> None:
        """Keep the revoked set fresh until `stop`."""
        listener = asyncio.create_task(self._listen())
        try:
            while not stop.is_set():
                try:
                    await self.refresh()
                except DatabaseAway:
                    pass
                except Exception:
                    # Should this end, sessions that were ended elsewhere would be good here until they expire.
                    log.exception("revocations_not_read")
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), every_seconds)
        finally:
            listener.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await listener

    async def _listen(self) -> None:
        while True:
            client = self._valkey.dedicated()
            try:
                async with client.pubsub() as channel:
                    await channel.subscribe(_CHANNEL)
                    async for message in channel.listen():
                        if message["type"] == "message":
                            session_id, _, expires = message["data"].decode().partition(" ")
                            self._revoked[session_id] = int(expires)
            except (RedisError, OSError) as error:
                log.debug("revocation_channel_lost", error=repr(error))
            except Exception:
                log.exception("revocation_channel_failed")
            finally:
                await client.aclose()
            await asyncio.sleep(1.0)
