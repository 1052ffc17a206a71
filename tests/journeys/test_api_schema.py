"""The API answers what its OpenAPI document says: to generated nonsense, and all along a purchase."""

from __future__ import annotations

import asyncio
import copy
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import negative_data_rejection, positive_data_acceptance
from schemathesis.generation import GenerationMode
from schemathesis.schemas import BaseSchema

from tests.journeys.openapi import operations
from tests.people import Person, eventually, sign_in, sign_up
from tests.stack import PASSWORD, Stack
from ticketing.accounts.model import Role
from ticketing.catalog.model import Event

OPERATOR = "operator-schema@example.com"
GATE = "gate-schema@example.com"


@dataclass
class Fuzzed:
    """What came of sending generated requests."""

    statuses: dict[str, Counter[int]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def event(stack: Stack) -> Event:
    return stack.add_event()


@pytest.fixture(scope="module")
def staff(stack: Stack) -> None:
    asyncio.run(stack.add_staff(Role.OPERATOR, OPERATOR))
    asyncio.run(stack.add_staff(Role.GATE, GATE))


def new_session(stack: Stack, role: Role | None) -> dict[str, str]:
    """Headers of a session of its own: one of the operations is to end it."""
    if role is None:
        return {}
    email = OPERATOR
    if role is Role.FAN:
        email = "fan-schema@example.com"
        httpx.post(f"{stack.url}/api/accounts", json={"email": email, "password": PASSWORD, "name": "Fan"})
    answer = httpx.post(f"{stack.url}/api/sessions", json={"email": email, "password": PASSWORD})
    return {"Authorization": f"Bearer {answer.json()['token']}"}


def fuzz(stack: Stack, api: BaseSchema, event: Event, role: Role | None, examples: int) -> Fuzzed:
    """Send generated requests to every operation, and compare the answers with the document."""
    result = Fuzzed()
    for found in api.get_all_operations():
        operation = found.ok()
        statuses = result.statuses.setdefault(operation.label, Counter())
        try:
            fuzz_operation(operation, event, new_session(stack, role), examples, statuses)
        except (Exception, BaseExceptionGroup) as error:  # noqa: BLE001 - all failures are told together
            result.failures.append(f"{operation.label}: {error}"[:1500])
    return result


def fuzz_operation(
    operation: Any, event: Event, headers: dict[str, str], examples: int, statuses: Counter[int]
) -> None:
    """Well-formed and spoiled requests to one operation; half of them to a real event."""
    modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=st.one_of(operation.as_strategy(generation_mode=mode) for mode in modes), here=st.booleans())
    def send(case: Any, here: bool) -> None:
        if here and "event_id" in case.path_parameters:
            case.path_parameters["event_id"] = event.id
        answer = case.call(headers=headers, timeout=20)
        statuses[answer.status_code] += 1
        # What the document cannot say of a body (an address that is none) is refused with 422: no contradiction.
        unjudged = [positive_data_acceptance]
        if answer.status_code == 429:
            unjudged.append(negative_data_rejection)  # refused before anybody looked at it
        case.validate_response(answer, excluded_checks=unjudged, headers=headers)

    send()


@pytest.fixture(scope="module")
def api(stack: Stack, document: dict[str, Any], staff: None) -> BaseSchema:
    return load(document, stack)


def load(document: dict[str, Any], stack: Stack) -> BaseSchema:
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=stack.url)
    return schema


@pytest.mark.parametrize("role", [None, Role.FAN, Role.OPERATOR], ids=["anonymous", "fan", "operator"])
def test_nothing_generated_gets_an_undocumented_answer(
    stack: Stack, api: BaseSchema, event: Event, role: Role | None
) -> None:
    result = fuzz(stack, api, event, role, examples=12)
    assert result.failures == []
    seen = {status for statuses in result.statuses.values() for status in statuses}
    assert seen >= ({200, 400, 401, 404} if role is None else {200, 400, 404}), "the requests reached the routes"
    assert max(seen) < 500


@pytest.mark.slow
@pytest.mark.parametrize("role", [None, Role.FAN, Role.OPERATOR], ids=["anonymous", "fan", "operator"])
def test_nothing_generated_gets_an_undocumented_answer_at_length(
    stack: Stack, api: BaseSchema, event: Event, role: Role | None
) -> None:
    assert fuzz(stack, api, event, role, examples=100).failures == []


def spoil_status(document: dict[str, Any]) -> None:
    del document["paths"]["/api/events/{event_id}"]["get"]["responses"]["404"]


def spoil_media_type(document: dict[str, Any]) -> None:
    content = document["paths"]["/health"]["get"]["responses"]["200"]["content"]
    content["text/plain"] = content.pop("application/json")


def spoil_shape(document: dict[str, Any]) -> None:
    shape = document["components"]["schemas"]["EventsAnswer"]
    shape["required"].append("something_that_is_never_sent")


def spoil_guard(document: dict[str, Any]) -> None:
    document["paths"]["/api/events"]["get"]["security"] = [{"bearer": []}]


@pytest.mark.parametrize("spoil", [spoil_status, spoil_media_type, spoil_shape, spoil_guard])
def test_control_a_document_that_lies_is_found_out(
    stack: Stack, document: dict[str, Any], event: Event, staff: None, spoil: Any
) -> None:
    lying = copy.deepcopy(document)
    spoil(lying)
    kept = {"/health", "/api/events", "/api/events/{event_id}"}
    lying["paths"] = {path: item for path, item in lying["paths"].items() if path in kept}
    assert len(fuzz(stack, load(lying, stack), event, Role.OPERATOR, examples=6).failures) == 1


class Told:
    """Compares every answer that a client gets with the document."""

    def __init__(self, document: dict[str, Any], api: BaseSchema) -> None:
        self.seen: set[tuple[str, str, int]] = set()
        self._api = api
        self._paths = {
            path: re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path)) + "$") for path in document["paths"]
        }

    async def __call__(self, response: httpx.Response) -> None:
        await response.aread()
        path = next(path for path, pattern in self._paths.items() if pattern.match(response.request.url.path))
        self._api[path][response.request.method].validate_response(response)
        self.seen.add((response.request.method, path, response.status_code))


async def buy_and_show(alice: Person, gate: Person, event: Event) -> dict[str, Any]:
    """A purchase of two seats with everything that one may look at; the last ticket is used at the gate."""
    hold = (await alice.hold(event.id, "1C-A-8", "1C-A-9")).json()
    assert (await alice.hold(event.id, "1C-A-8", "nowhere")).status_code == 422
    assert (await gate.hold(event.id, "1C-A-8")).status_code == 409
    await alice.get(f"/api/events/{event.id}/holds")
    accepted = await alice.order(hold["token"])
    order = await alice.follow(accepted.json()["order_id"])
    for link in order["tickets"]:
        for url in (link["url"], link["svg_url"], link["pdf_url"]):
            assert (await alice.get(url)).status_code == 200
    code = (await alice.get(order["tickets"][1]["url"])).json()["code"]
    assert [(await gate.post("/api/checkins", {"code": code})).status_code for _ in range(2)] == [200, 409]
    assert (await gate.post("/api/checkins", {"code": "no code"})).status_code == 422
    assert (await alice.post("/api/checkins", {"code": code})).status_code == 403
    return order


async def stand_in_line(stack: Stack, alice: Person, operator: Person) -> None:
    """All of a line that one person and one operator can do."""
    event = await stack.add_event_async(waiting_room=True)
    line, staff = f"/api/events/{event.id}", f"/api/admin/events/{event.id}/line"
    await eventually(lambda: is_open(alice, line))
    assert (await alice.get(f"{line}/queue/challenge")).json()["bits"] == 0
    await alice.join(event.id)
    assert (await alice.claim(event.id)).status_code == 200
    for path in ("queue/about", "queue/me", "draw", "draw/export"):
        assert (await alice.get(f"{line}/{path}")).status_code == 200, path
    assert (await alice.post(f"{line}/queue/leave")).status_code == 204
    assert (await alice.delete(f"{line}/queue")).status_code == 204
    changed = await operator.client.patch(staff, json={"cap": 10}, headers=operator.headers)
    assert changed.json()["cap"] == 10
    assert (await operator.get(staff)).status_code == 200
    reason = {"minutes": 1, "reason": "a test of the glass"}
    assert (await operator.post(f"{staff}/break-glass", reason)).status_code == 200
    assert (await operator.delete(f"{staff}/break-glass")).status_code == 200


async def is_open(person: Person, line: str) -> bool:
    return bool((await person.get(f"{line}/queue")).json()["phase"] == "open")


async def test_every_answer_along_a_purchase_is_as_documented(
    stack: Stack, document: dict[str, Any], api: BaseSchema, event: Event
) -> None:
    told = Told(document, api)
    async with httpx.AsyncClient(base_url=stack.url, timeout=20, event_hooks={"response": [told]}) as client:
        alice, gate, operator = (
            await sign_up(client, "Alice"),
            await sign_in(client, GATE),
            await sign_in(client, OPERATOR),
        )
        for path in (
            "/health",
            "/health/ready",
            "/api/events",
            f"/api/events/{event.id}",
            f"/api/events/{event.id}/plan",
            f"/api/events/{event.id}/availability",
        ):
            first = await client.get(path)
            if "etag" in first.headers and "availability" not in path:
                again = await client.get(path, headers={"If-None-Match": first.headers["etag"]})
                assert again.status_code == 304
        used = await buy_and_show(alice, gate, event)
        assert (await alice.post(f"/api/orders/{used['order_id']}/cancel")).status_code == 409
        other = await alice.buy(event.id, "1C-B-8")
        assert (await alice.post(f"/api/orders/{other['order_id']}/cancel")).status_code == 202
        await alice.follow(other["order_id"], until={"refunded"})
        spare = (await alice.hold(event.id, "1C-C-8")).json()
        assert (await alice.delete(f"/api/holds/{spare['hold_id']}")).status_code == 204
        await alice.get("/api/orders")
        await stand_in_line(stack, alice, operator)
        await operator.get(f"/api/admin/events/{event.id}/sale")
        await alice.get("/api/sessions")
        assert (await alice.delete("/api/sessions")).status_code == 204
        assert (await alice.get("/api/orders")).status_code == 401
    reached = {(method.upper(), path) for path, method, _ in operations(document)} - {
        (method, path) for method, path, status in told.seen if status < 400
    }
    assert reached == {("POST", "/api/payments/callbacks/{provider}")}, "only the provider gets a good answer there"
