"""A batch of news: read together, sent several at once, and what is wrong with one keeps no other buyer waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy import event, select

from tests.people import eventually
from tests.rooms.orders.conftest import Desk
from ticketing.accounts.model import Account, Role
from ticketing.accounts.sql import insert_account
from ticketing.base.db import DatabaseAway
from ticketing.base.outbox import OutboxRow, RetryLater, Topic, outbox
from ticketing.catalog.load import Catalog, LoadedEvent
from ticketing.notices import send as send_module
from ticketing.notices.mailbox import MailboxTransport, list_messages
from ticketing.notices.model import Message, SendFailed, Transport
from ticketing.notices.send import AT_ONCE, MOST_ATTEMPTS, Notices
from ticketing.orders import messages
from ticketing.tickets.issue import Issue

BUYERS = AT_ONCE + 2


class Picky:
    """A transport that refuses some addresses in its own way."""

    def __init__(self, inner: MailboxTransport, refused: dict[str, Exception]) -> None:
        self._inner = inner
        self._refused = refused

    async def send(self, message: Message) -> None:
        if message.to in self._refused:
            raise self._refused[message.to]
        await self._inner.send(message)


class Slow:
    """A transport that keeps every mail under way until the gate is opened."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner
        self.gate = asyncio.Event()
        self.under_way = 0
        self.most = 0

    async def send(self, message: Message) -> None:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            await self.gate.wait()
            await self._inner.send(message)
        finally:
            self.under_way -= 1


class Forgetful(Catalog):
    """A catalogue that cannot reach its database at one of the times it is asked: it no longer knew the event."""

    def fail_at(self, number: int) -> None:
        self._until_failure = number

    async def get(self, event_id: str) -> LoadedEvent:
        self._until_failure -= 1
        if self._until_failure == 0:
            raise DatabaseAway("away while a mail is composed")
        return await super().get(event_id)


def address(number: int) -> str:
    return f"fan-{number}@example.com"


@pytest.fixture
async def news(desk: Desk) -> list[OutboxRow]:
    """Rows of topic `notice`: more buyers than are told at once have their tickets."""
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


@pytest.mark.usefixtures("logged")
@pytest.mark.parametrize("error", [SendFailed("later", permanent=False), RuntimeError("a bug")])
async def test_what_fails_for_one_is_tried_again_and_stops_no_other(
    desk: Desk, news: list[OutboxRow], tmp_path: Path, error: Exception
) -> None:
    have_mail, failed = await told(desk, news, tmp_path / "mail", {address(2): error})
    assert have_mail == [address(n) for n in range(BUYERS) if n != 2]
    assert [(row_id, str(why)) for row_id, why in failed.items()] == [(news[2].id, str(error))]
    assert isinstance(failed[news[2].id], RetryLater) is isinstance(error, SendFailed)
    assert (await desk.waiting()).count("notice") == 1


async def test_an_address_that_is_none_is_given_up(desk: Desk, news: list[OutboxRow], tmp_path: Path) -> None:
    refused: dict[str, Exception] = {address(2): SendFailed("no such mailbox", permanent=True)}
    have_mail, failed = await told(desk, news, tmp_path / "mail", refused)
    assert (len(have_mail), failed) == (BUYERS - 1, {})
    assert (await desk.waiting()).count("notice") == 0


@pytest.mark.parametrize("at_once", [AT_ONCE, BUYERS], ids=["as it is", "no limit"])
async def test_several_are_told_at_once_and_no_more_than_a_mail_server_likes(
    desk: Desk, news: list[OutboxRow], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    """With room for everybody (the control) all mails would be under way together."""
    monkeypatch.setattr(send_module, "AT_ONCE", at_once)
    mail = MailboxTransport(tmp_path / "mail", "no-reply@example.com", clock=desk.clock)
    slow = Slow(mail)
    handler = Notices(desk.db, desk.catalog, slow, public_url="https://tickets.example.com")
    telling = asyncio.create_task(handler(news))

    async def as_many_as_may() -> bool:
        return slow.under_way >= at_once

    await eventually(as_many_as_may)
    slow.gate.set()
    assert await telling == {}
    assert slow.most == at_once
    assert sorted(message.to for message in list_messages(tmp_path / "mail")) == [address(n) for n in range(BUYERS)]


@pytest.mark.usefixtures("logged")
async def test_mails_that_fail_give_their_place_to_the_others(
    desk: Desk, news: list[OutboxRow], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many fail as may be under way: did one keep its place or end the batch, somebody would go without mail."""
    monkeypatch.setattr(send_module, "AT_ONCE", 2)
    refused: dict[str, Exception] = {
        address(0): RuntimeError("a bug"),
        address(1): SendFailed("later", permanent=False),
        address(3): RuntimeError("another bug"),
    }
    async with asyncio.timeout(10):
        have_mail, failed = await told(desk, news, tmp_path / "mail", refused)
    assert have_mail == [address(n) for n in range(BUYERS) if n not in (0, 1, 3)]
    assert {key: str(why) for key, why in failed.items()} == {news[n].id: str(refused[address(n)]) for n in (0, 1, 3)}
    assert (await desk.waiting()).count("notice") == 3


@pytest.mark.usefixtures("logged")
@pytest.mark.parametrize(("attempts", "patient"), [(0, True), (MOST_ATTEMPTS - 1, True), (MOST_ATTEMPTS, False)])
async def test_a_mail_server_that_is_away_for_a_night_costs_nobody_their_tickets(
    desk: Desk, news: list[OutboxRow], tmp_path: Path, attempts: int, patient: bool
) -> None:
    """A dozen tries are over in five minutes."""
    row = replace(news[0], attempts=attempts)
    _, failed = await told(desk, [row], tmp_path / "mail", {address(0): SendFailed("away", permanent=False)})
    assert isinstance(failed[row.id], RetryLater) is patient
    if patient:
        assert cast("RetryLater", failed[row.id]).seconds <= 300


async def test_two_pieces_of_news_of_one_order_are_one_mail(desk: Desk, news: list[OutboxRow], tmp_path: Path) -> None:
    """A mail server does not look whether it has had a mail of this name: two would be in the buyer's inbox."""
    sent: list[str] = []

    class Counting(MailboxTransport):
        async def send(self, message: Message) -> None:
            sent.append(message.to)
            await super().send(message)

    mail = Counting(tmp_path / "mail", "no-reply@example.com", clock=desk.clock)
    handler = Notices(desk.db, desk.catalog, mail, public_url="https://tickets.example.com")
    assert await handler([news[0], replace(news[0], id=news[0].id + 1000)]) == {}
    assert sent == [address(0)]
