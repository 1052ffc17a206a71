"""The worker is killed between every two steps. Each accepted order still ends in one final state, paid for once."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

import ticketing
from tests.drills.checker import Verdict
from tests.drills.sale import Sale, crowd_in
from tests.drills.site import NothingHappened
from ticketing.orders.messages import CAPTURE, ISSUE, NOTICE, REFUND, SEATS

# The worst moment stands for all in the quick suite: the money is taken, and our books do not say so.
QUICK = ("capture:answered",)
SLOW = (
    "consume:received",
    "fulfil:orders",
    "fulfil:seats",
    "fulfil:outbox",
    "fulfil:committed",
    "consume:fulfilled",
    "consume:acked",
    "capture:leased",
    "settle:ledger",
    "settle:orders",
    "capture:settled",
    "capture:committed",
    "capture:handled",
    "issue:tickets",
    "issue:outbox",
    "issue:committed",
    "seats:leased",
    "seats:synced",
    "seats:handled",
    "notice:leased",
    "notice:sent",
    "notice:handled",
    "refund:leased",
    "refund:answered",
    "refund:recorded",
    "refund:handled",
)
# The API's: see test_api_killed.py. The waiting line's: see test_line_drills.py.
LINE = ("line:frozen", "line:drawn", "line:decided", "line:tick", "claim:granted", "claim:committed", "visit:ended")
ELSEWHERE = ("intake:claimed", "intake:sent", *LINE)

CARDS = ["tok_declined" if number % 10 == 3 else "tok_ok" for number in range(100)]


async def kill_once(sale: Sale, point: str, marker: Path, patience: float = 30.0) -> Verdict:
    """A hundred orders by fifty buyers; the worker dies at `point`, another takes over. Raises NothingHappened."""
    site = sale.site
    site.start_worker("victim", TICKETING_CRASH_POINT=f"{point}@{marker}")
    buying = asyncio.create_task(crowd_in(sale, CARDS, cancel_every=8))
    try:
        await site.death_of("victim", patience)
        left = await site.unfinished(sale.event_id)
        if not left:
            raise NothingHappened("the worker died with nothing left to do")
        site.start_worker()
        await buying
        verdict = await sale.end_well()
    finally:
        buying.cancel()
    print(f"{point}: died with {left} to do; {verdict}")
    return verdict


def assert_a_whole_sale(verdict: Verdict) -> None:
    """Nothing is broken, and everything that was to happen did."""
    expected = {"accepted": 100, "ticketed": 77, "declined": 10, "refunded": 13, "captures": 90, "refunds": 13}
    assert {name: verdict.facts[name] for name in expected} == expected


@pytest.mark.parametrize("point", [*QUICK, *(pytest.param(point, marks=pytest.mark.slow) for point in SLOW)])
async def test_worker_killed(sale: Sale, tmp_path: Path, point: str) -> None:
    assert_a_whole_sale(await kill_once(sale, point, tmp_path / "died"))


def test_every_crash_point_is_drilled() -> None:
    """A step that gets a crash point gets a drill."""
    topics = (CAPTURE, ISSUE, NOTICE, REFUND, SEATS)
    named: set[str] = set()
    for file in Path(ticketing.__file__).parent.rglob("*.py"):
        for name in re.findall(r'crash_point\(\s*f?"([a-z:{}._]+)"', file.read_text(encoding="utf-8")):
            named |= {name.replace("{self.name}", topic) for topic in topics} if "{" in name else {name}
    # One topic is transactional: it commits instead of leasing.
    leased = {f"{topic}:{step}" for topic in topics if topic != ISSUE for step in ("leased", "handled")}
    generic = {f"{topic}:{step}" for topic in topics for step in ("leased", "handled", "committed")}
    expected = (named - generic) | leased | {"issue:committed", "capture:committed"}
    assert expected == {*QUICK, *SLOW, *ELSEWHERE}
