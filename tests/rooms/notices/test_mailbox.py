"""The mailbox folder: once each, never half, listed newest first."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path

import pytest

from ticketing.base.clock import ManualClock
from ticketing.notices.mailbox import MailboxTransport, list_messages
from ticketing.notices.model import Message, SendFailed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "mail"


@pytest.fixture
def transport(folder: Path, clock: ManualClock) -> MailboxTransport:
    return MailboxTransport(folder, "no-reply@tickets.example", clock=clock)


async def test_however_often_it_is_sent_it_is_stored_once(
    transport: MailboxTransport, folder: Path, message: Message
) -> None:
    await asyncio.gather(*(transport.send(message) for _ in range(20)))
    await transport.send(replace(message, text="a later attempt"))
    (stored,) = list_messages(folder)
    assert stored.text.strip() == "티켓이 발급되었습니다."
    assert [path.name for path in await asyncio.to_thread(lambda: list(folder.iterdir()))] == [
        f"{message.message_id}.eml"
    ]


async def test_the_newest_come_first_and_no_more_than_asked(
    transport: MailboxTransport, folder: Path, message: Message, clock: ManualClock
) -> None:
    for number in range(6):
        await transport.send(replace(message, message_id=f"m-{number}"))
        os.utime(folder / f"m-{number}.eml", (1_790_000_000 + number,) * 2)
        clock.advance(1)
    assert [mail.id for mail in list_messages(folder, limit=3)] == ["m-5", "m-4", "m-3"]
    newest = list_messages(folder, limit=1)[0]
    assert newest.at == 1_790_000_005_000
    assert (newest.to, newest.subject) == (message.to, message.subject)


async def test_what_is_not_a_whole_mail_is_passed_over(
    transport: MailboxTransport, folder: Path, message: Message
) -> None:
    await transport.send(message)
    (folder / ".half.abcd.tmp").write_bytes(b"From: x")
    (folder / "broken.eml").write_bytes(b"\xff\xfe not mail")
    (folder / "empty.eml").write_bytes(b"")
    (folder / "charset.eml").write_bytes(
        b"Date: Mon, 21 Sep 2026 00:00:00 +0000\r\nContent-Type: text/plain; charset=nonsense\r\n\r\nx"
    )
    (folder / "folder.eml").mkdir()
    assert [mail.id for mail in list_messages(folder)] == [message.message_id]


def test_a_folder_that_is_not_there_yet_is_empty(folder: Path) -> None:
    assert list_messages(folder) == []


async def test_a_disk_that_fails_is_worth_another_try(tmp_path: Path, message: Message, clock: ManualClock) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(SendFailed, match="mailbox folder") as failed:
        await MailboxTransport(blocked / "mail", "no-reply@tickets.example", clock=clock).send(message)
    assert not failed.value.permanent


def test_a_sender_that_is_no_address_is_refused_at_start(folder: Path) -> None:
    for sender in ("tickets", "a@b, c@d", "a@b\r\nBcc: c@d"):
        with pytest.raises(ValueError, match="mailbox"):
            MailboxTransport(folder, sender)
