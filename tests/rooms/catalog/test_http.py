"""The public catalogue over HTTP."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient

from tests.rooms.catalog.conftest import NOW
from tests.rooms.catalog.test_load import an_event
from ticketing.base.clock import ManualClock
from ticketing.base.db import Database, DatabaseAway
from ticketing.base.instant import Instant
from ticketing.base.web import EXCEPTION_HANDLERS
from ticketing.catalog.answers import EventAnswer, EventsAnswer, PlanAnswer
from ticketing.catalog.http import accepts_gzip, routes
from ticketing.catalog.load import Catalog
from ticketing.catalog.model import Event
from ticketing.catalog.sample import add_sample_shows


@dataclass
class Site:
    """A running catalogue and its knobs."""

    client: AsyncTestClient[Litestar]
    clock: ManualClock
    db: Database
    instant: Instant
    free: dict[str, int | None] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def get(self, path: str, **headers: str) -> Any:
        return await self.client.get(path, headers={"accept-encoding": "identity", **headers})


@pytest.fixture
async def site(db: Database, clock: ManualClock) -> AsyncIterator[Site]:
    catalog = Catalog(db, clock, ttl=0.0)
    free: dict[str, int | None] = {}
    asked: list[str] = []

    async def free_count(event_id: str) -> int | None:
        asked.append(event_id)
        return free.get(event_id)

    instant = Instant()
    app = Litestar(routes(catalog, clock, free_count, instant), exception_handlers=EXCEPTION_HANDLERS)
    async with AsyncTestClient(app) as client:
        yield Site(client, clock, db, instant, free, asked)
    await catalog.close()


@pytest.fixture
async def event(site: Site) -> Event:
    return await an_event(site.db, site.clock)


@pytest.mark.parametrize("path", ["/api/events", "/api/events/{id}"])
async def test_the_protocol_is_told_the_same_answer_for_a_moment(site: Site, event: Event, path: str) -> None:
    path = path.format(id=event.id)
    answer = await site.get(path)
    plain = f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    head, _, body = (site.instant.answer(plain) or b"").partition(b"\r\n\r\n")
    assert body == answer.content
    told = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    assert told.items() >= {name: answer.headers[name] for name in ("etag", "cache-control", "content-type")}.items()
    etag = answer.headers["etag"]
    known = plain[:-2] + f"If-None-Match: {etag}\r\n\r\n".encode()
    assert (site.instant.answer(known) or b"").startswith(b"HTTP/1.1 304 ")
    await asyncio.sleep(1.1)
    assert [site.instant.answer(plain) for _ in range(2)] == [None, None], "the time in it is never older than a second"


async def test_the_protocol_is_not_told_of_what_is_not_there_or_is_asked_with_a_question(
    site: Site, event: Event
) -> None:
    for path in ("/api/events/evt_none", f"/api/events/{event.id}?x=1"):
        await site.get(path)
        assert site.instant.answer(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()) is None


async def test_the_list(site: Site, event: Event) -> None:
    answer = await site.get("/api/events")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.headers["cache-control"] == "public, max-age=1"
    body = answer.json()
    assert body["server_time"] == "2026-09-21T14:13:20.000Z"
    (listed,) = body["events"]
    assert listed == {
        "id": event.id,
        "name": {"ko": "첫 공연 🎉", "en": "First show"},
        "venue": {"name": {"ko": "작은 극장", "en": "Small hall"}, "time_zone": event.venue.time_zone},
        "currency": "KRW",
        "starts_at": "2026-09-25T18:13:20.000Z",
        "on_sale_at": "2026-09-21T13:13:20.000Z",
        "off_sale_at": "2026-09-25T17:13:20.000Z",
        "status": "on_sale",
        "waiting_room": False,
        "prices": listed["prices"],
    }
    assert listed["prices"][0] == {
        "grade": "VIP", "name": {"ko": "VIP석", "en": "VIP"}, "amount": 198_000, "color": "#abcdef",
    }  # fmt: skip


async def test_an_empty_list(site: Site) -> None:
    assert (await site.get("/api/events")).json()["events"] == []


async def test_the_detail(site: Site, event: Event) -> None:
    body = (await site.get(f"/api/events/{event.id}")).json()
    assert body["venue"]["time_zone"] == "Asia/Seoul"
    assert body["venue"]["address"] == {"ko": "서울", "en": "Seoul"}
    assert body["description"] == {"ko": "줄\n바꿈", "en": ""}
    assert (body["max_per_person"], body["currency"], body["capacity"]) == (4, "KRW", 14)
    assert body["doors_at"] == body["starts_at"]
    assert body["plan_version"] == event.plan_version
    assert body["plan_url"] == f"/api/events/{event.id}/plan?v={event.plan_version}"
    assert body["sections"][1:] == [
        {
            "id": "B",
            "name": {"ko": "Section B", "en": "Section B"},
            "kind": "reserved",
            "grades": ["R", "S"],
            "capacity": 4,
        },
        {"id": "ST", "name": {"ko": "ST", "en": "ST"}, "kind": "standing", "grades": ["STANDING"], "capacity": 3},
    ]
    assert body["server_time"] == "2026-09-21T14:13:20.000Z"


async def test_sold_out_comes_from_the_stock_and_only_while_on_sale(site: Site, event: Event) -> None:
    async def status() -> str:
        detail = (await site.get(f"/api/events/{event.id}")).json()["status"]
        listed = [e["status"] for e in (await site.get("/api/events")).json()["events"] if e["id"] == event.id]
        assert listed == [detail]
        return str(detail)

    assert await status() == "on_sale"
    site.free[event.id] = 0
    assert await status() == "sold_out"
    site.free[event.id] = 1
    assert await status() == "on_sale"
    site.asked.clear()
    site.clock.advance(-2 * 3600)
    assert await status() == "announced"
    site.clock.advance(102 * 3600 - 60)
    assert await status() == "closed"
    assert site.asked == []


@pytest.mark.parametrize("path", ["/api/events", "/api/events/{id}"])
async def test_an_unchanged_answer_is_304_whatever_the_time(site: Site, event: Event, path: str) -> None:
    path = path.format(id=event.id)
    first = await site.get(path)
    etag = first.headers["etag"]
    assert etag.startswith('W/"'), "the server's time is in the body and not in the tag"
    site.clock.advance(5)
    again = await site.get(path, **{"if-none-match": f'"other", {etag}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == etag
    site.free[event.id] = 0
    changed = await site.get(path, **{"if-none-match": etag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != etag


async def test_the_plan_may_be_kept_for_ever_by_its_version(site: Site, event: Event) -> None:
    path = f"/api/events/{event.id}/plan"
    named = await site.get(f"{path}?v={event.plan_version}")
    assert named.status_code == 200
    assert named.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert named.headers["vary"] == "Accept-Encoding"
    assert "content-encoding" not in named.headers
    assert json.loads(named.content)["version"] == event.plan_version
    for other in (path, f"{path}?v=older", f"{path}?v="):
        answer = await site.get(other)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=60"
        assert answer.content == named.content


async def test_the_plan_goes_compressed_to_those_who_can(site: Site, event: Event) -> None:
    path = f"/api/events/{event.id}/plan"
    plain = await site.get(path)
    packed = await site.get(path, **{"accept-encoding": "br;q=0, gzip;q=0.5"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == plain.content, "the client unpacked it"
    tags = plain.headers["etag"], packed.headers["etag"]
    assert tags[0] != tags[1], "two codings, two strong tags"
    for encoding, tag, other in (("identity", *tags), ("gzip", *tags[::-1])):
        fresh = await site.get(path, **{"accept-encoding": encoding, "if-none-match": tag})
        assert (fresh.status_code, fresh.content) == (304, b"")
        assert fresh.headers["cache-control"] == "public, max-age=60"
        assert (await site.get(path, **{"accept-encoding": encoding, "if-none-match": other})).status_code == 200


@pytest.mark.parametrize(
    ("header", "allowed"),
    [
        (None, False), ("", False), ("gzip", True), ("GZIP", True), ("br, gzip", True), ("gzip;q=0", False),
        ("gzip; q=0.0", False), ("gzip;q=0.001", True), ("*", True), ("*;q=0", False), ("gzip;q=0, *", False),
        ("br", False), ("identity", False), ("x-gzip", True), (";;,,q=", False),
    ],
)  # fmt: skip
def test_who_can_unpack(header: str | None, allowed: bool) -> None:
    assert accepts_gzip(header) is allowed


@pytest.mark.parametrize("path", ["/api/events/nope", "/api/events/evt_aaaaaaaaaaaaaaaa/plan", "/api/events/%00%ff"])
async def test_unknown_events_are_a_problem_document(site: Site, path: str) -> None:
    answer = await site.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["code"] == "not_found"


async def test_the_database_away_is_a_503_that_may_be_retried(db: Database, clock: ManualClock) -> None:
    async def nobody_knows(_: str) -> int | None:
        return None

    class Away(Catalog):
        async def _load_listed(self) -> dict[str, Event]:
            raise DatabaseAway("nobody there")

    app = Litestar(routes(Away(db, clock), clock, nobody_knows), exception_handlers=EXCEPTION_HANDLERS)
    async with AsyncTestClient(app) as client:
        answer = await client.get("/api/events")
    assert answer.status_code == 503
    assert answer.json()["code"] == "unavailable"
    assert int(answer.headers["retry-after"]) > 0


async def test_answers_are_what_openapi_says(site: Site, clock: ManualClock) -> None:
    concert = (await add_sample_shows(site.db, clock))[0]
    for path, shape in (
        ("/api/events", EventsAnswer),
        (f"/api/events/{concert.id}", EventAnswer),
        (f"/api/events/{concert.id}/plan", PlanAnswer),
    ):
        content = (await site.get(path)).content
        msgspec.json.decode(content, type=shape)
    schema = site.client.app.openapi_schema.to_schema()
    for path in ("/api/events", "/api/events/{event_id}", "/api/events/{event_id}/plan"):
        described = schema["paths"][path]["get"]["responses"]
        assert "200" in described
        assert "304" in described
        assert "$ref" in described["200"]["content"]["application/json"]["schema"]
    assert set(schema["paths"]["/api/events/{event_id}"]["get"]["responses"]) >= {"200", "304", "404", "503"}


async def test_the_stored_bytes_are_the_ones_that_go_out(site: Site, event: Event) -> None:
    request = site.client.build_request("GET", f"/api/events/{event.id}/plan", headers={"accept-encoding": "gzip"})
    answer = await site.client.send(request, stream=True)
    raw = b"".join([chunk async for chunk in answer.aiter_raw()])
    assert json.loads(gzip.decompress(raw))["version"] == event.plan_version
    assert int(answer.headers["content-length"]) == len(raw)
    assert site.clock.now_ms() == NOW
