"""Sign up."""

from __future__ import annotations

from sqlalchemy.exc import IntegrityError

from ticketing.accounts import sql
from ticketing.accounts.model import Account, InvalidAccount, Role, check_name, check_password, normalise_email
from ticketing.accounts.passwords import Passwords
from ticketing.base import ids
from ticketing.base.clock import Clock
from ticketing.base.db import Database
from ticketing.base.errors import Conflict, Unprocessable


async def register(
    db: Database,
    clock: Clock,
    passwords: Passwords,
    *,
    email: str,
    password: str,
    name: str,
    role: Role = Role.FAN,
    locale: str = "ko",
) -> Account:
    """Make an account.

    Raises:
        Unprocessable: `weak_password` or `invalid_account`; the detail says what to change.
        Conflict: `email_taken`.
    """
    try:
        address, shown_name = normalise_email(email), check_name(name)
        check_password(password)
    except InvalidAccount as error:
        code = "weak_password" if error.field == "password" else "invalid_account"
        raise Unprocessable(code, str(error), field=error.field) from None
    account = Account(ids.new_id("acc"), address, shown_name, role, locale if locale in ("ko", "en") else "ko")
    encoded = await passwords.hash(password)
    try:
        await db.transact(lambda conn: sql.insert_account(conn, account, encoded, clock.now_ms()))
    except IntegrityError:
        raise Conflict("email_taken", "There is an account with this e-mail. Sign in instead.") from None
    return account
