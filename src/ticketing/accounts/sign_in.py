"""Sign in: the same answer, after the same time, for a wrong password and an unknown address."""

from __future__ import annotations

from dataclasses import replace

from ticketing.accounts import sql
from ticketing.accounts.model import Account, InvalidAccount, Session, normalise_email
from ticketing.accounts.passwords import Passwords
from ticketing.accounts.sessions import Sessions
from ticketing.base.db import Database
from ticketing.base.errors import Unauthenticated
from ticketing.base.rate import Limit, RateLimiter

GUESSES = Limit("sign-in-guesses", capacity=10, per_second=1 / 30)
"""Tries for an account from one network address: ten at once, then one every half minute. Counted before the password
is looked at."""

GUESSES_IN_ALL = Limit("sign-in-guesses-in-all", capacity=100, per_second=1 / 3)
"""Tries for an account from anywhere. Wider, or a stranger who knows nothing but an e-mail could keep its owner out at
the moment that counts."""


async def sign_in(
    db: Database,
    passwords: Passwords,
    sessions: Sessions,
    limiter: RateLimiter,
    *,
    email: str,
    password: str,
    origin: str,
) -> tuple[str, Session, Account]:
    """Token, session and account for a right e-mail and password.

    Args:
        origin: the network address that asks.

    Raises:
        Unauthenticated: `bad_credentials`, whichever of the two was wrong.
        RateLimited: too many wrong tries for this e-mail.
    """
    wrong = Unauthenticated("The e-mail or the password is wrong.", code="bad_credentials")
    try:
        address = normalise_email(email)
    except InvalidAccount:
        raise wrong from None
    guesser = f"{address} {origin}"
    await limiter.check(GUESSES, guesser)
    await limiter.check(GUESSES_IN_ALL, address)
    async with db.read() as conn:
        found = await sql.find_by_email(conn, address)
    if not await passwords.verify(found[1] if found else None, password) or found is None:
        raise wrong
    account, encoded = found
    await limiter.give_back(GUESSES, guesser)
    if passwords.outdated(encoded):
        fresh = await passwords.hash(password)
        await db.transact(lambda conn: sql.set_password_hash(conn, account.account_id, fresh))
    token, session = await sessions.start(account)
    return token, session, replace(account, role=session.role)
