"""Mail into a folder, one .eml file a message: for demos and tests, readable by any mail program."""

from __future__ import annotations

import asyncio
import heapq
import os
import secrets
from dataclasses import dataclass
from email import message_from_bytes
from email.headerregistry import DateHeader
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from ticketing.base.clock import Clock, SystemClock
from ticketing.notices.compose import compose, mailbox
from ticketing.notices.model import Message, SendFailed


@dataclass(frozen=True, slots=True)
class StoredMail:
    """A mail in the folder; `at` in milliseconds since the epoch."""

    id: str
    to: str
    subject: str
    at: int
    text: str


class MailboxTransport:
    """Writes mail into a folder, which is made when it is missing."""

    def __init__(self, folder: Path, sender: str, sender_name: str = "", clock: Clock | None = None) -> None:
        """Raises ValueError when the sender is not an address."""
        self._folder = folder
        self._sender = mailbox(sender, sender_name)
        self._clock = clock or SystemClock()

    async def send(self, message: Message) -> None:
        """Store the message, once however often it is sent; a reader never sees half of one.

        Raises:
            SendFailed: it is not mail (permanent), or the disk would not take it.
        """
        mail = compose(message, self._sender, self._clock.now_ms())
        try:
            await asyncio.to_thread(_store, self._folder, message.message_id, mail.as_bytes())
        except OSError as error:
            raise SendFailed(f"cannot write to the mailbox folder: {error.strerror}", permanent=False) from error


def _store(folder: Path, message_id: str, mail: bytes) -> None:
    final = folder / f"{message_id}.eml"
    if final.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f".{message_id[:60]}.{secrets.token_hex(4)}.tmp"
    try:
        partial.write_bytes(mail)
        os.replace(partial, final)  # noqa: PTH105  two senders of one message write the same file
    finally:
        partial.unlink(missing_ok=True)


def list_messages(folder: Path, limit: int = 50) -> list[StoredMail]:
    """The newest messages, newest first. Files that are not whole mails are passed over. Reads files: use a thread."""
    found: list[StoredMail] = []
    for path in _newest(folder, limit):
        try:
            mail = message_from_bytes(path.read_bytes(), _class=EmailMessage, policy=SMTP)
            found.append(_stored(path.stem, mail))
        except (OSError, LookupError, ValueError, TypeError, AttributeError):
            continue
    return sorted(found, key=lambda mail: (-mail.at, mail.id))


def _newest(folder: Path, limit: int) -> list[Path]:
    dated: list[tuple[int, str]] = []
    try:
        with os.scandir(folder) as entries:
            mails = (entry for entry in entries if entry.name.endswith(".eml") and entry.is_file())
            dated.extend((entry.stat().st_mtime_ns, entry.path) for entry in mails)
    except FileNotFoundError:
        return []
    return [Path(path) for _, path in heapq.nlargest(limit, dated)]


def _stored(message_id: str, mail: EmailMessage) -> StoredMail:
    date, body = mail["Date"], mail.get_body(("plain", "html"))
    if not isinstance(date, DateHeader) or date.datetime is None or body is None:
        raise ValueError("not a whole mail")
    at = int(date.datetime.timestamp() * 1000)
    return StoredMail(message_id, str(mail["To"]), str(mail["Subject"]), at, str(body.get_content()))
