"""The worker process: the queue, the outbox, and the loops that mend."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import Mapping

import structlog

from ticketing.admin.gauges import Gauges
from ticketing.base import alerts
from ticketing.base.clock import Clock
from ticketing.base.db import Database
from ticketing.base.disk_reserve import reserve_beside
from ticketing.base.outbox import Topic
from ticketing.notices.alert import AlertOut, Channel
from ticketing.notices.send import Notices
from ticketing.orders import messages
from ticketing.orders.capture import Capture, Reconciler
from ticketing.orders.consume import Consumer
from ticketing.orders.end_visit import EndVisit
from ticketing.orders.fulfil import Fulfilment
from ticketing.orders.refund import Refunds
from ticketing.orders.seat_audit import SeatAudit
from ticketing.orders.spare_intake import FulfilSpare
from ticketing.orders.truth import SeatSync
from ticketing.tickets.issue import Issue
from ticketing.wiring.line import controller_of
from ticketing.wiring.parts import Parts, open_alerts, open_mail

log = structlog.get_logger(__name__)


def topics(parts: Parts, channel: Channel) -> dict[str, Topic]:
    """What happens after each commit: this table is how rooms hear of each other."""
    p = parts
    db: Database = p.db
    clock: Clock = p.clock
    capture = Capture(
        db,
        p.gateway,
        p.settlement,
        clock,
        window_seconds=p.settings.payment_window_seconds,
        callback_url=f"{p.settings.public_url}/api/payments/callbacks/{p.gateway.name}",
        crash_point=p.crash_point,
    )
    refunds = Refunds(db, p.gateway, clock, crash_point=p.crash_point)
    notices = Notices(db, p.catalog, open_mail(p.settings), public_url=p.settings.public_url, crash_point=p.crash_point)
    issue = Issue(db, clock, crash_point=p.crash_point)
    sync = SeatSync(db, p.store, crash_point=p.crash_point)
    by_name: dict[str, Topic] = {}

    def nudge() -> None:
        _nudge(by_name)

    topic = functools.partial(
        Topic, db=db, clock=clock, lease_seconds=p.settings.outbox_lease_seconds, crash_point=p.crash_point
    )
    fulfilment = Fulfilment(db, p.catalog, clock, crash_point=p.crash_point)
    by_name |= {
        messages.PLACED: topic(messages.PLACED, leased=FulfilSpare(db, fulfilment), then=nudge),
        messages.CAPTURE: topic(messages.CAPTURE, leased=capture, batch=50, parallel=20, then=nudge),
        messages.ISSUE: topic(messages.ISSUE, transactional=issue, then=nudge),
        messages.SEATS: topic(messages.SEATS, leased=sync, batch=200),
        messages.REFUND: topic(messages.REFUND, leased=refunds, batch=20, parallel=2, then=nudge),
        messages.VISIT: topic(messages.VISIT, leased=EndVisit(db, p.line.joins, crash_point=p.crash_point), batch=50),
        messages.NOTICE: topic(messages.NOTICE, leased=notices, batch=20, parallel=2),
        alerts.TOPIC: topic(alerts.TOPIC, leased=AlertOut(db, channel), batch=10),
    }
    return by_name


def _nudge(by_name: Mapping[str, Topic]) -> None:
    """An idle topic looks at the database twice a second; after a commit of ours it should look at once."""
    for topic in by_name.values():
        topic.nudge()


async def run_worker(parts: Parts, stop: asyncio.Event) -> None:
    """Work until `stop` is set; what is in hand is finished first."""
    p = parts
    await p.db.assert_isolation()
    channel = await open_alerts(p.settings)
    by_topic = topics(p, channel)
    consumer = Consumer(
        p.queue,
        Fulfilment(p.db, p.catalog, p.clock, crash_point=p.crash_point),
        p.db,
        visibility_seconds=p.settings.queue_visibility_seconds,
        crash_point=p.crash_point,
        then=lambda: _nudge(by_topic),
    )
    audit = SeatAudit(p.db, p.catalog, p.store, p.holds.rebuilder, p.clock)
    reconciler = Reconciler(p.db, p.gateway, p.settlement, p.clock)
    async with contextlib.AsyncExitStack() as exits:
        exits.push_async_callback(channel.close)
        group = await exits.enter_async_context(asyncio.TaskGroup())
        group.create_task(consumer.run(stop))
        for topic in by_topic.values():
            group.create_task(topic.run(stop))
        group.create_task(audit.run(stop))
        group.create_task(reconciler.run(stop))
        controller = controller_of(p)
        group.create_task(controller.run(stop))
        gauges = Gauges(p.db, p.catalog, p.availability, p.queue, p.line.store, p.clock, lambda: controller.leading)
        group.create_task(gauges.run(stop))
        if reserve := reserve_beside(p.settings.database_url, p.settings.disk_reserve_mb):
            group.create_task(reserve.run(stop))
    log.info("worker_stopped")
