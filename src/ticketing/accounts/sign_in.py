"""Sign in: the same answer, after the same time, for a wrong password and an unknown address."""

from __future__ import annotations

from ticketing.accounts import sql
from ticketing.accounts.model import Account, InvalidAccount, Session, normalise_email
from ticketing.accounts.passwords import Passwords
from ticketing.accounts.sessions import Sessions
from ticketing.base.db import Database
from ticketing.base.errors import Unauthenticated
from ticketing.base.rate import Limit, RateLimiter

GUESSES = Limit("sign-in-guesses", capacity=10, per_second=1 / 30)
"""Tries per account: ten at once, then one every half minute. Counted before the password is looked at."""


async def sign_in(
    db: Database, passwords: Passwords, sessions: Sessions, limiter: RateLimiter, *, email: str, password: str
) -> tuple[str, Session, Account]:
    """Token, session and account for a right e-mail and password.

    Raises:
        Unauthenticated: `bad_credentials`, whichever of the two was wrong.
        RateLimited: too many wrong tries for this address.
    """
    wrong = Unauthenticated("The e-mail or the password is wrong.", code="bad_credentials")
    try:
        address = normalise_email(email)
    except InvalidAccount:
        raise wrong from None
    await limiter.check(GUESSES, address)
    async with db.read() as conn:
        found = await sql.find_by_email(conn, address)
    if not await passwords.verify(found[1] if found else None, password) or found is None:
        raise wrong
    account, encoded = found
    await limiter.give_back(GUESSES, address)
    if passwords.outdated(encoded):
        fresh = await passwords.hash(password)
        await db.transact(lambda conn: sql.set_password_hash(conn, account.account_id, fresh))
    token, session = await sessions.start(account)
    return token, session, account
