"""Seeing it live: a purchase is one trace, every metric has the name that the dashboard uses, logs name nobody."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.people import Person, eventually, sign_up
from tests.servers import mariadb
from tests.servers.collector import Collector, Span
from tests.servers.mariadb import MariaDB
from tests.stack import PASSWORD, Stack, running
from ticketing.accounts.authenticate import COOKIE
from ticketing.base import metrics
from ticketing.base.tracing import trace_id_of

CARD = "tok_ok"
FAST = {"OTEL_METRIC_EXPORT_INTERVAL": "1000", "OTEL_BSP_SCHEDULE_DELAY": "200"}


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with Collector() as collector:
        yield collector


@pytest.fixture(scope="module")
def watched(short_folder: Path, collector: Collector) -> Iterator[Stack]:
    """A stack whose processes tell a collector what they do."""
    stack = Stack(short_folder / "otel")
    stack.environ |= FAST | {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
    with running(stack):
        yield stack


async def buy(stack: Stack, *, line: bool = False) -> tuple[Person, str]:
    """Somebody buys two seats, through a line if there is one: who, and the order's id."""
    async with httpx.AsyncClient(base_url=stack.url, timeout=20) as client:
        event = await stack.add_event_async(**({"waiting_room": True, "opens_in_ms": 2000} if line else {}))
        person = await sign_up(client, "Geheimnis")
        if line:
            await eventually(lambda: _let_in(person, event.id), 30)
        hold = (await person.hold_best(event.id, "1C", 2)).json()
        order = await person.order(hold["token"])
        order_id = order.json()["order_id"]
        assert (await person.follow(order_id))["status"] == "ticketed"
        return person, order_id


async def _let_in(person: Person, event_id: str) -> bool:
    await asyncio.sleep(0.7)  # as a page would: who asks without a pause is told to wait
    await person.join(event_id)
    return (await person.claim(event_id)).status_code == 200


def amiss(spans: list[Span]) -> list[str]:
    """What keeps the spans from being one trace."""
    ids = Counter(span.span_id for span in spans)
    found = [f"{n} spans have the id {span_id}" for span_id, n in ids.items() if n > 1]
    if len(traces := {span.trace_id for span in spans}) != 1:
        found.append(f"{len(traces)} traces")
    if len(roots := [span for span in spans if not span.parent]) != 1:
        found.append(f"{len(roots)} first spans")
    return found + [f"{span.name} hangs in the air" for span in spans if span.parent and span.parent not in ids]


async def test_a_purchase_is_one_trace_from_the_request_to_the_mail(watched: Stack, collector: Collector) -> None:
    _, order_id = await buy(watched)
    trace_id = trace_id_of(order_id)

    def whole() -> bool:
        names = {(span.service, span.name) for span in collector.trace(trace_id)}
        return names >= {
            ("ticketing-api", "order"),
            ("ticketing-worker", "queue"),
            ("ticketing-worker", "reserve"),
            ("ticketing-worker", "capture"),
            ("payment-sandbox", "provider POST"),
            ("ticketing-worker", "issue"),
            ("ticketing-worker", "notify"),
        }

    await eventually(lambda: asyncio.sleep(0, whole()))
    spans = collector.trace(trace_id)
    (root,) = [span for span in spans if not span.parent]
    assert (root.service, root.name) == ("ticketing-api", "order")
    assert amiss(spans) == []
    # The wait for a worker is no gap: from the request to what is done with it.
    (wait,) = [span for span in spans if span.name == "queue"]
    (reserve,) = [span for span in spans if span.name == "reserve"]
    millisecond = 1_000_000
    assert root.began - millisecond <= wait.began <= wait.ended <= reserve.began

    # The request's line in the log leads to it.
    def lines() -> list[dict[str, Any]]:
        told = [json.loads(line) for line in watched.log("api").splitlines() if '"event":"request"' in line]
        return [line for line in told if line.get("trace_id") == trace_id]

    await eventually(lambda: asyncio.sleep(0, bool(lines())))
    (line,) = lines()
    assert (line["method"], line["route"], line["status"]) == ("POST", "/api/orders", 202)


async def test_a_payment_that_a_callback_settles_goes_on_in_the_trace(watched: Stack, collector: Collector) -> None:
    async with httpx.AsyncClient(base_url=watched.url, timeout=20) as client:
        event = await watched.add_event_async()
        person = await sign_up(client, "Alice")
        hold = (await person.hold_best(event.id, "1C", 1)).json()
        order_id = (await person.order(hold["token"], card="tok_pending_callback")).json()["order_id"]
        assert (await person.follow(order_id))["status"] == "ticketed"
    trace_id = trace_id_of(order_id)

    def whole() -> bool:
        return {span.name for span in collector.trace(trace_id)} >= {"order", "capture", "callback", "issue", "notify"}

    await eventually(lambda: asyncio.sleep(0, whole()))
    spans = collector.trace(trace_id)
    assert amiss(spans) == []
    (callback,) = [span for span in spans if span.name == "callback"]
    assert callback.service == "ticketing-api"
    assert callback.began > max(span.began for span in spans if span.name == "capture")


async def test_an_order_that_is_sent_again_is_one_trace_with_one_beginning(
    watched: Stack, collector: Collector
) -> None:
    async with httpx.AsyncClient(base_url=watched.url, timeout=20) as client:
        event = await watched.add_event_async()
        person = await sign_up(client, "Alice")
        hold = (await person.hold_best(event.id, "1C", 1)).json()
        twice = [person.order(hold["token"], key="a-double-click") for _ in range(2)]
        answers = await asyncio.gather(*twice)
        order_id = answers[0].json()["order_id"]
        assert (await person.follow(order_id))["status"] == "ticketed"
        answers.append(await person.order(hold["token"], key="a-double-click"))
        assert {answer.status_code for answer in answers} == {202}
        # Refused, and still of this order: the key was used for another card.
        assert (await person.order(hold["token"], card="tok_other", key="a-double-click")).status_code == 422
        assert {answer.json()["order_id"] for answer in answers} == {order_id}
    trace_id = trace_id_of(order_id)

    def requests() -> list[Span]:
        return [span for span in collector.trace(trace_id) if span.name == "order"]

    def whole() -> bool:
        return len(requests()) >= 4 and "notify" in {span.name for span in collector.trace(trace_id)}

    await eventually(lambda: asyncio.sleep(0, whole()))
    spans = collector.trace(trace_id)
    assert amiss(spans) == []
    assert len(requests()) == 4
    # As it was once: each request began the trace, under the one id.
    (root,) = [span for span in requests() if not span.parent]
    assert amiss([*spans, root]) == [f"2 spans have the id {root.span_id}", "2 first spans"]
    assert amiss([span for span in spans if span is not root]) != []


@pytest.mark.slow
async def test_every_metric_arrives_under_its_name(watched: Stack, collector: Collector) -> None:
    person, order_id = await buy(watched, line=True)
    async with httpx.AsyncClient(base_url=watched.url, timeout=20) as client:
        again = Person(client, person.email, person.token, person.account_id)
        assert (await again.post(f"/api/orders/{order_id}/cancel")).status_code in (200, 202)
    await decline(watched)
    wanted = metrics.names()
    await eventually(lambda: asyncio.sleep(0, wanted <= collector.metrics.keys()), timeout=60)
    assert {name for name in collector.metrics if not name.startswith("otel.")} == wanted
    # What CloudWatch makes percentiles and sums of: exponential histograms and counts since the last export.
    assert {collector.kinds[name] for name in metrics.HISTOGRAMS} == {("exponential_histogram", 1)}
    assert {collector.kinds[name] for name in metrics.COUNTERS} == {("sum", 1)}
    # Gauges are told by one process.
    assert {service for name in metrics.GAUGES for service in collector.metrics[name]} == {"ticketing-worker"}


async def decline(stack: Stack) -> None:
    """A payment that is refused."""
    async with httpx.AsyncClient(base_url=stack.url, timeout=20) as client:
        event = await stack.add_event_async()
        person = await sign_up(client, "Bob")
        hold = (await person.hold_best(event.id, "1C", 1)).json()
        order = await person.order(hold["token"], card="tok_declined")
        assert (await person.follow(order.json()["order_id"]))["status"] == "declined"


def leaks(secret: dict[str, str], logs: dict[str, str]) -> set[tuple[str, str]]:
    """(what, log) of each secret that a log tells."""
    return {(what, name) for what, text in secret.items() for name, log in logs.items() if text in log}


def requested(log: str) -> str:
    """A log without the line in which a server says where itself is: that address is nobody's."""
    return "\n".join(line for line in log.splitlines() if not re.match(r"(listening|sandbox provider) on ", line))


async def test_logs_name_nobody(watched: Stack) -> None:
    person, _ = await buy(watched, line=True)
    # What is looked for would be found. Lines are written four times a second: that of the order comes after the rest.
    await eventually(lambda: asyncio.sleep(0, '"route":"/api/orders","status":202' in watched.log("api")))
    logs = {name: requested(watched.log(name)) for name in ("api", "worker", "provider")}
    secret = {
        "e-mail": person.email,
        "name": "Geheimnis",
        "session": person.token,
        "pass": person.passes["X-Queue-Pass"],
        "card": CARD,
        "password": PASSWORD,
        "address": "127.0.0.1:",
    }
    assert leaks(secret, logs) == set()
    # A leak would be found: each secret planted in each log.
    for what, text in secret.items():
        for name in logs:
            assert (what, name) in leaks(secret, logs | {name: logs[name] + f'{{"event":"{text}"}}\n'})
    assert '"route":"/api/events/{id}/holds"' in logs["api"]
    paths = [json.loads(line)["route"] for line in logs["api"].splitlines() if '"event":"request"' in line]
    assert [path for path in paths if re.search(r"evt_|ord_|hld_|@", path)] == []


@pytest.fixture(scope="module")
def on_a_server(short_folder: Path) -> Iterator[tuple[Stack, MariaDB]]:
    """A stack, and its database, which is a server that can be killed."""
    with mariadb.run() as server:
        stack = Stack(short_folder / "away", database_url=server.url())
        with running(stack):
            yield stack, server


TYPED = [
    ("GET", "/api/orders/{typed}", "/api/orders/{id}"),
    ("POST", "/api/orders/{typed}/cancel", "/api/orders/{order_id}/cancel"),
    ("GET", "/api/events/{typed}", "/api/events/{event_id}"),
    ("POST", "/api/events/{typed}/holds", "/api/events/{id}/holds"),
    ("GET", "/api/events/{typed}/queue", "/api/events/{id}/queue"),
    ("GET", "/api/tickets/{typed}", "/api/tickets/{ticket_id}"),
    ("GET", "/line/{typed}", "/line/{event_id}"),
    ("POST", "/line/{typed}/join", "/line/{event_id}/{action}"),
]
"""Method, what is asked for, and the template that the log may name."""


async def test_logs_name_nobody_though_stores_are_away(on_a_server: tuple[Stack, MariaDB]) -> None:
    stack, server = on_a_server
    secret = {"typed": "wer@example.com", "an id": "geheimnis", "query": "tkn_Hoppla", "address": "203.0.113.77"}
    headers = {"X-Forwarded-For": secret["address"]}
    event = await stack.add_event_async(waiting_room=True, opens_in_ms=60_000)
    async with httpx.AsyncClient(base_url=stack.url, timeout=30, headers=headers) as client:
        person = await sign_up(client, "Alice")
        # The page without scripts knows people by their cookie, and its forms by a token of the session.
        headers_of_a_page = {"Cookie": f"{COOKIE}={person.token}"}
        tokens: list[str] = []

        async def shown() -> bool:
            await asyncio.sleep(0.3)
            page = await client.get(f"/line/{event.id}", headers=headers_of_a_page)
            tokens.extend(re.findall(r'action="[^"]+/join".*?name="csrf" value="([^"]+)"', page.text))
            return bool(tokens)

        await eventually(shown, 30)

        async def ask(which: str) -> set[int]:
            """What each address answers, to an e-mail address and to what could be an id."""
            told = set()
            for method, address, _ in TYPED:
                for typed in (which + secret["typed"], f"evt_{which}{secret['an id']}"):
                    path = address.format(typed=typed) + f"?token={secret['query']}"
                    sent: dict[str, Any] = {"headers": person.headers}
                    if method == "POST":
                        sent["json"] = {"section": "1C", "quantity": 1}
                    if path.startswith("/line/"):
                        sent = {"headers": headers_of_a_page, "data": {"csrf": tokens[0]} if method == "POST" else None}
                    told.add((await client.request(method, path, **sent)).status_code)
            return told

        assert await ask("first") == {404}
        await asyncio.to_thread(stack.cache.kill)
        await ask("second")
        await asyncio.to_thread(server.kill)
        assert 503 in await ask("third")

    def lines() -> list[dict[str, Any]]:
        return [json.loads(line) for line in stack.log("api").splitlines() if line.startswith("{")]

    def requests() -> list[dict[str, Any]]:
        return [line for line in lines() if line["event"] == "request"]

    await eventually(lambda: asyncio.sleep(0, len(requests()) >= 3 + 6 * len(TYPED)))
    # What was asked for is there, by its template: with a store away as well.
    assert {line["route"] for line in requests()} >= {route for _, _, route in TYPED}
    away = {line["route"] for line in lines() if line["event"] == "store_away"}
    assert away >= {"/api/orders/{id}", "/api/orders/{order_id}/cancel", "/line/{event_id}/{action}"}
    logs = {name: stack.log(name) for name in ("api", "worker", "provider")}
    assert leaks(secret, logs) == set()
    for what, text in secret.items():
        planted = logs | {"api": logs["api"] + f'{{"event":"store_away","path":"/api/orders/{text}"}}\n'}
        assert leaks(secret, planted) == {(what, "api")}


@pytest.fixture(scope="module")
def unheard(short_folder: Path) -> Iterator[Stack]:
    """A stack whose collector is not there."""
    stack = Stack(short_folder / "dark")
    stack.environ |= FAST | {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
    with running(stack):
        yield stack


async def test_a_collector_that_is_away_costs_nobody_a_request(unheard: Stack) -> None:
    await buy(unheard)
    assert "unhandled" not in unheard.log("api")
