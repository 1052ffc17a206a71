"""Accounts, roles and the session a request carries."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What an account may do. Staff roles are given by an operator, never by sign-up."""

    FAN = "fan"
    GATE = "gate"
    PROMOTER = "promoter"
    OPERATOR = "operator"


@dataclass(frozen=True)
class Account:
    """A person or a staff login."""

    account_id: str
    email: str
    name: str
    role: Role
    locale: str = "ko"


@dataclass(frozen=True)
class Session:
    """Who is asking: verified by signature, not revoked, not expired."""

    session_id: str
    account_id: str
    role: Role
    expires_at: int
    by_cookie: bool


class InvalidAccount(Exception):
    """A sign-up that cannot be; `field` and the message say what to change."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


_EMAIL = re.compile(r"[^@\s,;:<>()\[\]\\\"]{1,64}@[^@\s.,;:<>()\[\]\\\"]+(\.[^@\s.,;:<>()\[\]\\\"]+)+")


def _printable(text: str) -> bool:
    """No control or format characters, and no halves of surrogate pairs."""
    return not any(unicodedata.category(character).startswith("C") for character in text)


def normalise_email(text: str) -> str:
    """The one spelling under which an address is unique. Raises InvalidAccount."""
    email = unicodedata.normalize("NFKC", text).strip().lower()
    if len(email) > 190 or not _EMAIL.fullmatch(email) or not _printable(email):
        raise InvalidAccount("email", "This is not an e-mail address. Example: name@example.com")
    return email


def check_password(password: str) -> None:
    """NIST SP 800-63B: length counts, composition rules do not. Raises InvalidAccount."""
    if len(password) < 8:
        raise InvalidAccount("password", "The password is too short: use at least 8 characters.")
    try:
        size = len(password.encode())
    except UnicodeEncodeError:
        raise InvalidAccount("password", "The password is not valid Unicode; choose another.") from None
    if size > 512:
        raise InvalidAccount("password", "The password is too long: use at most 512 bytes.")
    if len(set(password)) < 4:
        raise InvalidAccount("password", "The password repeats too few characters; choose another.")


def check_name(text: str) -> str:
    """A name as people write it. Raises InvalidAccount."""
    name = unicodedata.normalize("NFC", text).strip()
    if not 1 <= len(name) <= 80 or not _printable(name):
        raise InvalidAccount("name", "A name has 1 to 80 printable characters.")
    return name
