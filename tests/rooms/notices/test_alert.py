"""Staff hear of trouble: what is written down with its cause is told until the channel has taken it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from ticketing.base import alerts, outbox
from ticketing.base.alerts import Alert
from ticketing.base.clock import ManualClock
from ticketing.base.db import Database, connect_database
from ticketing.base.outbox import Topic
from ticketing.notices.alert import AlertOut, LogChannel, MailChannel
from ticketing.notices.mailbox import MailboxTransport
from ticketing.notices.model import SendFailed
from ticketing.wiring.migrate import migrate

NOW = 1_790_000_000_000
ALERT = Alert("Follow-up given up: refund", "Row 7 failed 12 times.")


class Channel(LogChannel):
    """Takes what it is told once `failures` tries have failed."""

    def __init__(self, failures: int = 0, *, permanent: bool = False) -> None:
        self.failures = failures
        self.permanent = permanent
        self.told: list[tuple[str, str]] = []

    async def tell(self, alert: Alert, reference: str) -> None:
        if self.failures > 0:
            self.failures -= 1
            raise SendFailed("away", permanent=self.permanent)
        self.told.append((alert.subject, reference))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    db = connect_database(f"sqlite+aiosqlite:///{tmp_path / 'alerts.sqlite3'}")
    await migrate(db)
    yield db
    await db.close()


async def waiting(db: Database) -> list[str]:
    """Topics of what is in the outbox and not dead."""
    return [row[0] for row in await db.fetch(select(outbox.outbox.c.topic).where(outbox.outbox.c.dead == 0))]


async def test_an_alert_is_told_until_it_is_taken(db: Database, clock: ManualClock) -> None:
    channel = Channel(failures=2)
    topic = Topic(alerts.TOPIC, db, clock, leased=AlertOut(db, channel))
    await db.transact(lambda conn: outbox.put_alerts(conn, [ALERT], NOW))
    for _ in range(3):
        await topic.run_once()
        clock.advance(120)
    assert channel.told == [(ALERT.subject, f"alert-1-{NOW}")]
    assert await waiting(db) == []


async def test_what_is_rolled_back_is_told_to_nobody(db: Database) -> None:
    async def fail_after(conn: AsyncConnection) -> None:
        await outbox.put_alerts(conn, [ALERT], NOW)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await db.transact(fail_after)
    assert await waiting(db) == []


async def test_what_no_channel_can_carry_does_not_stop_the_others(db: Database, clock: ManualClock) -> None:
    channel = Channel(failures=1, permanent=True)
    topic = Topic(alerts.TOPIC, db, clock, leased=AlertOut(db, channel))
    await db.transact(lambda conn: outbox.put_alerts(conn, [ALERT, ALERT], NOW))
    await topic.run_once()
    assert len(channel.told) == 1
    assert await waiting(db) == []


async def test_a_follow_up_that_is_given_up_is_an_alert(db: Database, clock: ManualClock) -> None:
    async def broken(rows: object) -> None:
        raise ValueError("card 4111")

    topic = Topic("refund", db, clock, leased=broken, max_attempts=2)
    await db.transact(lambda conn: outbox.put(conn, "refund", [b"{}"], NOW))
    await topic.run_once()
    assert await waiting(db) == ["refund"]
    clock.advance(120)
    await topic.run_once()
    assert await waiting(db) == [alerts.TOPIC]
    (payload,) = (row[0] for row in await db.fetch(select(outbox.outbox.c.payload).where(outbox.outbox.c.dead == 0)))
    assert b"refund" in payload
    assert b"4111" not in payload, "what went wrong may hold people's data"


async def test_alerts_that_are_given_up_raise_no_alerts(db: Database, clock: ManualClock) -> None:
    topic = Topic(alerts.TOPIC, db, clock, leased=AlertOut(db, Channel(failures=99)), max_attempts=1)
    await db.transact(lambda conn: outbox.put_alerts(conn, [ALERT], NOW))
    await topic.run_once()
    assert await waiting(db) == []


async def test_mail_carries_it_once(tmp_path: Path, db: Database, clock: ManualClock) -> None:
    channel = MailChannel(MailboxTransport(tmp_path / "mail", "tickets@example.com"), "operator@example.com")
    for _ in range(2):
        await channel.tell(ALERT, "alert-7-1")
    (mail,) = (tmp_path / "mail").glob("*.eml")
    assert "To: operator@example.com" in mail.read_text()
