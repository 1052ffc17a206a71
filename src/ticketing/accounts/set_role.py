"""Give an account another role."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from ticketing.accounts import sql
from ticketing.accounts.model import InvalidAccount, Role, normalise_email
from ticketing.base.clock import Clock
from ticketing.base.db import Database
from ticketing.base.errors import NotFound


async def set_role(db: Database, clock: Clock, *, email: str, role: Role) -> int:
    """Store the role and revoke the account's sessions, which carry the old one; gives how many were revoked.

    API processes see it within seconds, when they next read the revocations.

    Raises:
        NotFound: no account has this e-mail.
    """
    try:
        address = normalise_email(email)
    except InvalidAccount as error:
        raise NotFound(str(error)) from None

    async def work(conn: AsyncConnection) -> int:
        found = await sql.find_by_email(conn, address)
        if found is None:
            raise NotFound(f"No account has the e-mail {address}. It has to sign up first.")
        await sql.update_role(conn, found[0].account_id, role)
        return await sql.revoke_sessions_of(conn, found[0].account_id, clock.now_ms())

    return await db.transact(work)
