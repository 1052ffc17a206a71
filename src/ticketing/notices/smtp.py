"""Mail by SMTP submission."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Literal

import aiosmtplib

from ticketing.base.clock import Clock, SystemClock
from ticketing.notices.compose import compose, mailbox
from ticketing.notices.model import Message, SendFailed

Security = Literal["tls", "starttls", "none"]

# Refusals that speak of us and not of the message: log in first, wrong password, this mechanism needs TLS.
_OUR_FAULT = frozenset((502, 503, 530, 534, 535, 538))
_TOO_LARGE = 552  # may come as early as the answer to the sender


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where to hand mail over, and how.

    `tls` speaks TLS from the first byte (port 465), `starttls` demands the upgrade (587), `none` is for a relay on the
    same machine. `timeout` bounds the whole attempt, in seconds.
    """

    host: str
    port: int
    security: Security = "starttls"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    timeout: float = 15.0
    tls: ssl.SSLContext | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if (self.username is None) != (self.password is None):
            raise ValueError("an SMTP user name and password go together")
        if self.security == "none" and self.username is not None:
            raise ValueError("an SMTP password is not sent in the clear: use starttls or tls")


class SmtpTransport:
    """One connection a message: simple, and a mail server closes idle ones anyway."""

    def __init__(self, server: SmtpServer, sender: str, sender_name: str = "", clock: Clock | None = None) -> None:
        """Raises ValueError when the sender is not an address."""
        self._server = server
        self._sender = mailbox(sender, sender_name)
        self._clock = clock or SystemClock()
        self._tls = server.tls or ssl.create_default_context()

    async def send(self, message: Message) -> None:
        """Hand the message to the server; its Message-ID is the same at every attempt, so that readers can tell twins.

        Raises:
            SendFailed: permanent when the server refused this message or this address for good (5xx).
        """
        mail = compose(message, self._sender, self._clock.now_ms())
        where = f"{self._server.host}:{self._server.port}"
        try:
            async with asyncio.timeout(self._server.timeout):
                await self._submit(mail)
        except aiosmtplib.SMTPException as error:
            raise _failure(error, where) from error
        except (OSError, ValueError) as error:  # TimeoutError and TLS errors are OSErrors
            raise SendFailed(f"{where}: {type(error).__name__}", permanent=False) from error

    async def _submit(self, mail: EmailMessage) -> None:
        server = self._server
        await aiosmtplib.send(
            mail,
            hostname=server.host,
            port=server.port,
            username=server.username,
            password=server.password,
            use_tls=server.security == "tls",
            start_tls=server.security == "starttls",
            tls_context=None if server.security == "none" else self._tls,
            timeout=server.timeout,
        )


def _failure(error: aiosmtplib.SMTPException, where: str) -> SendFailed:
    """What the server's answer means for the message. The answer's text stays out: it often quotes the address."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused) and error.recipients:
        error = error.recipients[0]
    if not isinstance(error, aiosmtplib.SMTPResponseException):
        return SendFailed(f"{where}: {type(error).__name__}", permanent=False)
    about_message = isinstance(error, aiosmtplib.SMTPRecipientRefused | aiosmtplib.SMTPDataError)
    permanent = error.code == _TOO_LARGE or (about_message and 500 <= error.code < 600 and error.code not in _OUR_FAULT)
    return SendFailed(f"{where}: {type(error).__name__} {error.code}", permanent=permanent)
