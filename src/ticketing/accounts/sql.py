"""Tables and statements of the accounts room."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, Index, String, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ticketing.accounts.model import Account, Role
from ticketing.base.db import Millis, table

accounts = table(
    "accounts",
    Column("id", String(40), primary_key=True),
    Column("email", String(190), nullable=False, unique=True),
    Column("name", String(80), nullable=False),
    Column("role", String(16), nullable=False),
    Column("locale", String(8), nullable=False),
    Column("password_hash", String(255), nullable=False),
    Column("created_at", Millis, nullable=False),
)

sessions = table(
    "sessions",
    Column("id", String(40), primary_key=True),
    Column("account_id", String(40), nullable=False),
    Column("created_at", Millis, nullable=False),
    Column("expires_at", Millis, nullable=False),
    Column("revoked_at", Millis, nullable=True),
    Index("ix_sessions_account", "account_id"),
    Index("ix_sessions_revoked", "revoked_at"),
)


def _account(row: Any) -> Account:
    return Account(row.id, row.email, row.name, Role(row.role), row.locale)


async def insert_account(conn: AsyncConnection, account: Account, password_hash: str, now_ms: int) -> None:
    """Add an account. Raises IntegrityError when the e-mail is taken."""
    await conn.execute(
        insert(accounts).values(
            id=account.account_id,
            email=account.email,
            name=account.name,
            role=account.role.value,
            locale=account.locale,
            password_hash=password_hash,
            created_at=now_ms,
        )
    )


async def insert_accounts(conn: AsyncConnection, made: Sequence[Account], password_hash: str, now_ms: int) -> None:
    """Add many accounts that have one password. Raises IntegrityError when an e-mail is taken."""
    await conn.execute(
        insert(accounts),
        [
            {
                "id": account.account_id,
                "email": account.email,
                "name": account.name,
                "role": account.role.value,
                "locale": account.locale,
                "password_hash": password_hash,
                "created_at": now_ms,
            }
            for account in made
        ],
    )


async def find_by_email(conn: AsyncConnection, email: str) -> tuple[Account, str] | None:
    """The account and its password hash."""
    row = (await conn.execute(select(accounts).where(accounts.c.email == email))).one_or_none()
    return None if row is None else (_account(row), row.password_hash)


async def find_accounts(conn: AsyncConnection, account_ids: list[str]) -> dict[str, Account]:
    """Accounts by id; unknown ids are left out."""
    rows = (await conn.execute(select(accounts).where(accounts.c.id.in_(account_ids)))).all()
    return {row.id: _account(row) for row in rows}


async def role_now(conn: AsyncConnection, account_id: str) -> Role | None:
    """An account's role, which stays as it is until the caller's transaction ends; None without such an account."""
    query = select(accounts.c.role).where(accounts.c.id == account_id).with_for_update(read=True)
    role = (await conn.execute(query)).scalar_one_or_none()
    return None if role is None else Role(role)


async def set_password_hash(conn: AsyncConnection, account_id: str, password_hash: str) -> None:
    """Store a re-computed hash after its parameters changed."""
    await conn.execute(update(accounts).where(accounts.c.id == account_id).values(password_hash=password_hash))


async def insert_session(conn: AsyncConnection, session_id: str, account_id: str, now_ms: int, expires: int) -> None:
    """Remember a session, so that it can be revoked."""
    await conn.execute(
        insert(sessions).values(id=session_id, account_id=account_id, created_at=now_ms, expires_at=expires)
    )


async def insert_sessions(conn: AsyncConnection, rows: Sequence[tuple[str, str, int, int]]) -> None:
    """Remember many sessions: id, account, when made, when over."""
    names = ("id", "account_id", "created_at", "expires_at")
    await conn.execute(insert(sessions), [dict(zip(names, row, strict=True)) for row in rows])


async def revoke_session(conn: AsyncConnection, session_id: str, now_ms: int) -> None:
    """Mark a session as ended."""
    await conn.execute(
        update(sessions).where(sessions.c.id == session_id, sessions.c.revoked_at.is_(None)).values(revoked_at=now_ms)
    )


async def update_role(conn: AsyncConnection, account_id: str, role: Role) -> None:
    """Store another role."""
    await conn.execute(update(accounts).where(accounts.c.id == account_id).values(role=role.value))


async def revoke_sessions_of(conn: AsyncConnection, account_id: str, now_ms: int) -> int:
    """End all sessions of an account; gives how many were still good."""
    good = (sessions.c.account_id == account_id, sessions.c.revoked_at.is_(None), sessions.c.expires_at > now_ms)
    return int((await conn.execute(update(sessions).where(*good).values(revoked_at=now_ms))).rowcount)


async def revoked_since(conn: AsyncConnection, since_ms: int, now_ms: int) -> list[tuple[str, int]]:
    """(session id, expiry) of sessions revoked since an instant that would otherwise still be good."""
    rows = await conn.execute(
        select(sessions.c.id, sessions.c.expires_at).where(
            sessions.c.revoked_at >= since_ms, sessions.c.expires_at > now_ms
        )
    )
    return [(row.id, row.expires_at) for row in rows.all()]
