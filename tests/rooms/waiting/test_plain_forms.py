"""The line without scripts: its forms do their work, and nobody else's do."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.rooms.waiting.visitor import ANNA, EVENT, FORM, NASTY, NOW, PATH, Page, Visit, at, visiting
from ticketing.accounts.authenticate import COOKIE
from ticketing.base.errors import Conflict, Forbidden, NotFound, Problem, RateLimited, Unavailable
from ticketing.base.valkey import ValkeyAway
from ticketing.waiting.claim import Entry
from ticketing.waiting.plain import FORM_COOKIE, WAITS
from ticketing.waiting.work import WAIT_MS


@pytest.fixture
async def visit() -> AsyncIterator[Visit]:
    async with visiting() as visit:
        yield visit


# Its forms ---------------------------------------------------------------------------------------------------------


async def test_from_signed_out_to_inside_with_forms_alone(visit: Visit) -> None:
    """A browser that only ever sends what the forms say."""
    line = visit.line
    page = await visit.page()
    sent = await visit.send("sign-in", **page.forms[f"{PATH}/sign-in"] | {"email": "a@b.example", "password": "right"})
    assert (sent.status_code, sent.headers["location"]) == (303, PATH)
    set_cookie = sent.headers["set-cookie"]
    for part in ("__Host-session=", "Secure", "HttpOnly", "SameSite=lax", "Path=/", "Max-Age=3600"):
        assert part in set_cookie
    assert "Domain" not in set_cookie

    page = await visit.page()
    joined = await visit.send("join", **page.forms[f"{PATH}/join"])
    assert (joined.status_code, joined.headers["location"]) == (303, PATH)
    assert "set-cookie" not in joined.headers

    line.place, line.entry = at(1200), Entry("the-pass", NOW + 600_000, "vis_a")
    page = await visit.page()
    entered = await visit.send("enter", **page.forms[f"{PATH}/enter"])
    assert entered.status_code == 303
    assert entered.headers["set-cookie"] == (
        f"__Host-pass-{EVENT}=the-pass; Path=/; Max-Age=600; Secure; HttpOnly; SameSite=Lax"
    )
    line.place = at(1200, inside=True)
    page = await visit.page()
    left = await visit.send("leave", **page.forms[f"{PATH}/leave"])
    assert left.status_code == 303
    assert line.calls == [f"{call} {ANNA}" for call in ("join", "enter", "leave")]


async def test_straight_in_sets_the_pass_with_the_join(visit: Visit) -> None:
    csrf = visit.sign_in()
    visit.line.entry = Entry("the-pass", NOW + 600_000, "vis_a")
    joined = await visit.send("join", csrf=csrf)
    assert joined.headers["set-cookie"].startswith(f"__Host-pass-{EVENT}=the-pass;")


@pytest.mark.parametrize("action", ["join", "enter", "leave"])
async def test_a_form_of_another_session_another_site_or_nobody_does_nothing(visit: Visit, action: str) -> None:
    right = visit.sign_in()
    of_another = visit.sessions.csrf_token("ses_b")
    for csrf in ({}, {"csrf": ""}, {"csrf": of_another}, {"csrf": right[:-1]}, {"csrf": right.upper() + " "}):
        answer = await visit.send(action, **csrf)
        assert answer.status_code == 403
        assert "out of date" in answer.text
    del visit.cookies[COOKIE]
    answer = await visit.send(action, csrf=right)
    assert answer.status_code == 401
    assert f"{PATH}/sign-in" in Page(answer.text).forms
    visit.cookies[COOKIE] = "v1.k1.AAAA.AAAA"
    assert (await visit.send(action, csrf=right)).status_code == 401
    assert visit.line.calls == []
    visit.sign_in()
    visit.line.entry = Entry("the-pass", NOW + 600_000, "vis_a")
    assert (await visit.send(action, csrf=right)).status_code == 303, "control: the right one works"


async def test_a_bearer_token_is_no_form(visit: Visit) -> None:
    """A session from a header needs no CSRF token elsewhere: here there is no such way."""
    visit.sign_in()
    token = visit.cookies.pop(COOKIE)
    answer = await visit.ask("POST", f"{PATH}/join", data={}, headers=FORM | {"authorization": f"Bearer {token}"})
    assert answer.status_code == 401
    assert visit.line.calls == []


async def test_no_other_site_can_sign_its_visitors_in(visit: Visit) -> None:
    account = {"email": "mallory@b.example", "password": "right"}
    assert (await visit.send("sign-in", **account)).status_code == 403
    form = (await visit.page()).forms[f"{PATH}/sign-in"]
    mine = visit.cookies.pop(FORM_COOKIE)
    assert (await visit.send("sign-in", **form | account)).status_code == 403, "without the cookie"
    visit.cookies[FORM_COOKIE] = "A" * 22
    assert (await visit.send("sign-in", **form | account)).status_code == 403, "with another's"
    visit.cookies[FORM_COOKIE] = mine + "x"
    assert (await visit.send("sign-in", **form | account)).status_code == 403
    assert visit.line.checked == [], "not even the password was looked at"
    visit.cookies[FORM_COOKIE] = mine
    assert (await visit.send("sign-in", **form | account)).status_code == 303, "control: one's own works"


async def test_the_form_cookie_is_kept_and_is_as_safe_as_the_session(visit: Visit) -> None:
    first = await visit.ask("GET")
    for part in (f"{FORM_COOKIE}=", "Secure", "HttpOnly", "SameSite=lax", "Path=/"):
        assert part in first.headers["set-cookie"]
    again = await visit.ask("GET")
    assert "set-cookie" not in again.headers, "two tabs share it"


async def test_wrong_passwords_are_said_and_addresses_shown_again(visit: Visit) -> None:
    form = (await visit.page()).forms[f"{PATH}/sign-in"]
    wrong = await visit.send("sign-in", **form | {"email": NASTY, "password": "wrong"})
    assert wrong.status_code == 401
    page = Page(wrong.text)
    assert "password is wrong" in page.words
    assert page.forms[f"{PATH}/sign-in"]["email"] == NASTY
    assert page.forms[f"{PATH}/sign-in"]["password"] == ""
    busy = await visit.send("sign-in", **form | {"email": "a@b.example", "password": "busy"})
    assert (busy.status_code, busy.headers["retry-after"]) == (429, "30")
    for missing in ({"email": "a@b.example"}, {"password": "right"}, {}):
        before = len(visit.line.checked)
        assert (await visit.send("sign-in", **form | {"email": "", "password": ""} | missing)).status_code == 401
        assert len(visit.line.checked) == before


@pytest.mark.parametrize(
    ("refusal", "status", "words"),
    [
        (Conflict("not_your_turn", "x", position=5, serving=1), 409, "not your turn"),
        (Conflict("line_full", "x", retry_after=2), 409, "about to fall free"),
        (Conflict("line_paused", "x", retry_after=2), 409, "place is kept"),
        (Conflict("not_in_line", "x"), 409, "Join first"),
        (Conflict("place_used", "x"), 409, "join again"),
        (Conflict("sold_out", "x"), 409, "Sold out"),
        (Conflict("line_closed", "x"), 409, "sale is over"),
        (Conflict("line_draining", "x"), 409, "Nobody new"),
        (Conflict("lobby_not_open", "x"), 409, "not open yet"),
        (Forbidden("x", code="captcha_failed"), 403, "needs JavaScript"),
        (RateLimited(7), 429, "Too many requests"),
        (Unavailable("x", code="rebuilding", retry_after=1), 503, "being restored"),
        (ValkeyAway("x"), 503, "Your place is kept"),
        (Conflict("a_code_of_next_year", "x"), 409, "did not work"),
        (RuntimeError("secret detail"), 500, "did not work"),
    ],
)
async def test_every_refusal_is_said_in_the_page(visit: Visit, refusal: Exception, status: int, words: str) -> None:
    csrf = visit.sign_in()
    visit.line.refusal = refusal
    visit.line.entry = Entry("x", NOW, "x")
    answer = await visit.send("enter", csrf=csrf)
    page = Page(answer.text)
    assert (answer.status_code, words in page.words) == (status, True), page.words
    assert "Winter concert" in page.words, "with the state of the line below"
    assert "secret detail" not in answer.text
    assert "set-cookie" not in answer.headers
    if isinstance(refusal, Problem) and "retry_after" in refusal.extra:
        assert answer.headers["retry-after"] == str(refusal.extra["retry_after"])


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b'{"csrf": "x"}', {"content-type": "application/json"}, 415),
        (b"csrf=x", {"content-type": "text/plain"}, 415),
        (b"csrf=x", {}, 415),
        (b"csrf=x", {"content-type": "multipart/form-data; boundary=x"}, 415),
        (b"csrf=a&csrf=b", FORM, 400),
        (b"&".join(b"f%d=1" % i for i in range(17)), FORM, 400),
        ("csrf=é".encode(), FORM, 400),
        (b"csrf=%ff%fe", FORM, 400),
        (b"csrf=" + b"x" * 20_000, FORM, 413),
        (b"", FORM, 403),
    ],
)
async def test_what_is_no_form(visit: Visit, content: bytes, headers: dict[str, str], status: int) -> None:
    visit.sign_in()
    answer = await visit.ask("POST", f"{PATH}/join", content=content, headers=headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert visit.line.calls == []


async def test_the_address_of_a_form_leads_to_the_page(visit: Visit) -> None:
    answer = await visit.ask("GET", f"{PATH}/join")
    assert (answer.status_code, answer.headers["location"]) == (303, PATH)


async def test_an_unknown_form_is_not_found(visit: Visit) -> None:
    assert (await visit.send("steal", csrf=visit.sign_in())).status_code == 404


# Waiting in place of work ------------------------------------------------------------------------------------------


async def test_who_cannot_compute_waits_once(visit: Visit) -> None:
    visit.line.bits = 18
    csrf = visit.sign_in()
    answer = await visit.send("join", csrf=csrf)
    page = Page(answer.text)
    form = page.forms[f"{PATH}/join"]
    assert "in 20 seconds" in page.words
    assert page.refresh is None, "renewing would begin the wait again"
    assert visit.limiter.taken == [(WAITS.name, "203.0.113.7")]

    visit.line.clock.advance(5)
    early = Page((await visit.send("join", **form)).text)
    assert "in 15 seconds" in early.words
    assert early.forms[f"{PATH}/join"] == form, "the same wait goes on"
    assert len(visit.limiter.taken) == 1

    visit.line.clock.advance(WAIT_MS / 1000)
    assert (await visit.send("join", **form)).status_code == 303
    assert visit.line.calls == [f"join {ANNA}"] * 2, "the early try was not passed on"


async def test_a_wait_of_somebody_else_or_of_yesterday_is_worth_nothing(visit: Visit) -> None:
    visit.line.bits = 18
    csrf = visit.sign_in()
    foreign = visit.line.work.wait(EVENT, "acc_bbbbbbbbbbbbbbbb").challenge
    old = visit.line.work.wait(EVENT, ANNA).challenge
    visit.line.clock.advance(301)
    for challenge in (foreign, old, "", "x" * 600):
        answer = await visit.send("join", csrf=csrf, challenge=challenge)
        assert answer.status_code == 200
        assert Page(answer.text).forms[f"{PATH}/join"]["challenge"] != challenge
    assert isinstance(visit.line.place, NotFound), "nobody got a place"


async def test_waits_are_few_for_one_address(visit: Visit) -> None:
    visit.line.bits = 18
    csrf = visit.sign_in()
    visit.limiter.full = True
    answer = await visit.send("join", csrf=csrf)
    assert answer.status_code == 429
    assert "challenge" not in Page(answer.text).forms[f"{PATH}/join"]


async def test_where_a_captcha_is_asked_for_the_page_says_that_it_needs_scripts(visit: Visit) -> None:
    visit.line.bits, visit.line.captcha = 18, {"kind": "turnstile", "site_key": "x"}
    answer = await visit.send("join", csrf=visit.sign_in())
    assert answer.status_code == 403
    assert "needs JavaScript" in Page(answer.text).words
    assert visit.limiter.taken == []
