"""The line without scripts on the real thing: leader, Valkey, database; a browser that only sends what forms say."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import httpx
from litestar import Litestar

from tests.people import PASSWORD, eventually, sign_up
from tests.rooms.waiting.visitor import Page, Visit, browser
from tests.stack import Stack
from ticketing.accounts.authenticate import COOKIE
from ticketing.accounts.http import per_address
from ticketing.base.web import EXCEPTION_HANDLERS
from ticketing.waiting.controls import Change, LineControls
from ticketing.waiting.plain import PlainLine, password_sign_in, routes
from ticketing.wiring.parts import Parts, open_parts

MINUTE = 60_000


@asynccontextmanager
async def visiting(stack: Stack, event_id: str) -> AsyncIterator[tuple[Visit, Parts]]:
    """A browser before the real line of an event."""
    async with open_parts(stack.settings) as p:
        enter = password_sign_in(p.db, p.passwords, p.sessions, p.limiter, per_address(1000))
        plain = PlainLine(p.line.desk, p.line.board, p.sessions, enter, p.line.work, p.limiter, p.signer, p.clock)
        app = Litestar(routes(plain), exception_handlers=EXCEPTION_HANDLERS)
        async with browser(app) as client:
            nothing = cast(Any, None)
            visit = Visit(nothing, client, p.sessions, p.signer, nothing, path=f"/line/{event_id}")

            async def posted() -> bool:
                return bool((await visit.ask("GET")).status_code == 200)

            await eventually(posted, 20)
            yield visit, p


async def sign_in(visit: Visit, client: httpx.AsyncClient) -> None:
    """A new account, by the form."""
    person = await sign_up(client, "Plain")
    form = (await visit.page()).forms[f"{visit.path}/sign-in"]
    answer = await visit.send("sign-in", **form | {"email": person.email, "password": PASSWORD})
    assert answer.status_code == 303, Page(answer.text).words


async def press(visit: Visit, action: str) -> Any:
    """Press a button of the page."""
    return await visit.send(action, **(await visit.page()).forms[f"{visit.path}/{action}"])


async def has_form(visit: Visit, action: str) -> bool:
    return f"{visit.path}/{action}" in (await visit.page()).forms


async def test_straight_in_to_a_seat_and_out_again(stack: Stack, client: httpx.AsyncClient) -> None:
    event = await stack.add_event_async(waiting_room=True)
    async with visiting(stack, event.id) as (visit, _):
        await sign_in(visit, client)
        await eventually(lambda: has_form(visit, "join"), 20)
        joined = await press(visit, "join")
        assert joined.status_code == 303, Page(joined.text).words
        if f"__Host-pass-{event.id}" not in visit.cookies:  # no slot was released yet: called a moment later
            await eventually(lambda: has_form(visit, "enter"), 20)
            assert (await press(visit, "enter")).status_code == 303
        page = await visit.page()
        assert f"/events/{event.id}/seats" in page.links
        assert "Good until" in page.words

        section = event_section(await client.get(f"/api/events/{event.id}"))
        best = {"section": section, "quantity": 1}
        mine = {"Authorization": f"Bearer {visit.cookies[COOKIE]}"}
        path = f"/api/events/{event.id}/holds"
        assert (await client.post(path, json=best, headers=mine)).json()["code"] == "pass_required"
        mine["X-Queue-Pass"] = visit.cookies[f"__Host-pass-{event.id}"]
        held = await client.post(path, json=best, headers=mine)
        assert held.status_code == 201, held.text

        assert (await press(visit, "leave")).status_code == 303
        assert set((await visit.page()).forms) == {f"{visit.path}/join"}


def event_section(answer: httpx.Response) -> str:
    return str(answer.json()["sections"][0]["id"])


async def test_registered_before_the_draw_and_gone_again(stack: Stack, client: httpx.AsyncClient) -> None:
    event = await stack.add_event_async(waiting_room=True, opens_in_ms=10 * MINUTE)
    async with visiting(stack, event.id) as (visit, _):
        await sign_in(visit, client)
        await eventually(lambda: has_form(visit, "join"), 20)
        joined = await press(visit, "join")
        assert joined.status_code == 303, Page(joined.text).words
        page = await visit.page()
        assert "Entry number 1" in " ".join(page.words.split())
        assert "place is drawn when the sale begins" in page.words
        again = await visit.send("join", csrf=page.forms[f"{visit.path}/leave"]["csrf"])
        assert again.status_code == 303
        assert "Entry number 1" in " ".join((await visit.page()).words.split()), "joining twice is joining once"
        assert (await press(visit, "leave")).status_code == 303
        assert await has_form(visit, "join")


async def test_a_wait_where_work_is_asked_for(stack: Stack, client: httpx.AsyncClient) -> None:
    event = await stack.add_event_async(waiting_room=True, opens_in_ms=10 * MINUTE)
    async with visiting(stack, event.id) as (visit, p):
        await sign_in(visit, client)
        await eventually(lambda: has_form(visit, "join"), 20)
        await LineControls(p.db, p.line.book, p.clock).change(event.id, "acc_staff", Change(work_bits=18))

        session = p.sessions.verify(visit.cookies[COOKIE], by_cookie=True)

        async def priced() -> bool:
            return bool((await p.line.desk.challenge(event.id, session))["bits"] == 18)

        await eventually(priced, 20)
        answer = await press(visit, "join")
        page = Page(answer.text)
        assert "in 20 seconds" in page.words, page.words
        assert page.forms[f"{visit.path}/join"]["challenge"]
        assert await has_form(visit, "join"), "nobody got a place"


async def test_the_api_process_serves_page_and_forms(stack: Stack, client: httpx.AsyncClient) -> None:
    """Behind the application's own rules for sessions, CSRF headers and media types."""
    event = await stack.add_event_async(waiting_room=True)
    path = f"/line/{event.id}"

    async def served() -> bool:
        return (await client.get(path)).status_code == 200

    await eventually(served, 20)
    answer = await client.post(f"{path}/join", data={"csrf": "x"})
    assert answer.status_code == 401
    assert f"{path}/sign-in" in Page(answer.text).forms
    assert (await client.get("/line/evt_aaaaaaaaaaaaaaaa")).status_code == 404
