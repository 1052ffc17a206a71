"""A batch of news: read together, sent one by one, and what is wrong with one keeps no other buyer waiting."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import event, select

from tests.rooms.orders.conftest import Desk
from ticketing.accounts.model import Account, Role
from ticketing.accounts.sql import insert_account
from ticketing.base.outbox import OutboxRow, Topic, outbox
from ticketing.notices.mailbox import MailboxTransport, list_messages
from ticketing.notices.model import Message, SendFailed
from ticketing.notices.send import Notices
from ticketing.orders import messages
from ticketing.tickets.issue import Issue

BUYERS = 5


class Picky:
    """A transport that refuses some addresses in its own way."""

    def __init__(self, inner: MailboxTransport, refused: dict[str, Exception]) -> None:
        self._inner = inner
        self._refused = refused

    async def send(self, message: Message) -> None:
        if message.to in self._refused:
            raise self._refused[message.to]
        await self._inner.send(message)


def address(number: int) -> str:
    return f"fan-{number}@example.com"


@pytest.fixture
async def news(desk: Desk) -> list[OutboxRow]:
    """Rows of topic `notice`: five buyers have their tickets."""
    async with desk.db.write() as conn:
        for number in range(BUYERS):
            account = Account(f"acc_{number}", address(number), f"Fan {number}", Role.FAN)
            await insert_account(conn, account, "no password", desk.clock.now_ms())
    for number in range(BUYERS):
        await desk.pay(await desk.place(number, account=f"acc_{number}"), f"cap_{number}")
    await Topic(messages.ISSUE, desk.db, desk.clock, transactional=Issue(desk.db, desk.clock)).run_once()
    query = select(outbox.c.id, outbox.c.payload, outbox.c.attempts, outbox.c.created_at)
    rows = await desk.db.fetch(query.where(outbox.c.topic == messages.NOTICE).order_by(outbox.c.id))
    assert len(rows) == BUYERS
    return [OutboxRow(*row) for row in rows]


async def told(
    desk: Desk, news: Sequence[OutboxRow], folder: Path, refused: dict[str, Exception]
) -> tuple[list[str], dict[int, Exception]]:
    """Addresses that have mail, and what failed."""
    mail = MailboxTransport(folder, "no-reply@example.com", clock=desk.clock)
    handler = Notices(desk.db, desk.catalog, Picky(mail, refused), public_url="https://tickets.example.com")
    failed = await handler(news)
    return sorted(message.to for message in list_messages(folder)), failed


async def test_everybody_is_told_and_the_rows_are_gone(desk: Desk, news: list[OutboxRow], tmp_path: Path) -> None:
    statements: list[str] = []
    event.listen(desk.db.engine.sync_engine, "before_cursor_execute", lambda *told: statements.append(told[2]))
    assert await told(desk, news, tmp_path / "mail", {}) == ([address(n) for n in range(BUYERS)], {})
    reads = [text for text in statements if text.startswith("SELECT")]
    assert len(reads) == 5, "a batch costs as many statements as one order"
    assert (await desk.waiting()).count("notice") == 0


@pytest.mark.parametrize("error", [SendFailed("later", permanent=False), RuntimeError("a bug")])
async def test_what_fails_for_one_is_tried_again_and_stops_no_other(
    desk: Desk, news: list[OutboxRow], tmp_path: Path, error: Exception
) -> None:
    have_mail, failed = await told(desk, news, tmp_path / "mail", {address(2): error})
    assert have_mail == [address(n) for n in (0, 1, 3, 4)]
    assert failed == {news[2].id: error}
    assert (await desk.waiting()).count("notice") == 1


async def test_an_address_that_is_none_is_given_up(desk: Desk, news: list[OutboxRow], tmp_path: Path) -> None:
    refused: dict[str, Exception] = {address(2): SendFailed("no such mailbox", permanent=True)}
    have_mail, failed = await told(desk, news, tmp_path / "mail", refused)
    assert (len(have_mail), failed) == (BUYERS - 1, {})
    assert (await desk.waiting()).count("notice") == 0
