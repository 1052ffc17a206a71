"""The line without scripts: what the page says in each state, and that nothing foreign is in it."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import AsyncIterator

import pytest

from tests.rooms.waiting.visitor import EVENT, NASTY, NOW, PATH, Page, Visit, at, visiting
from ticketing.base.clock import rfc3339
from ticketing.base.errors import Conflict, NotFound, Unavailable
from ticketing.base.valkey import ValkeyAway
from ticketing.waiting.model import Phase
from ticketing.waiting.plain_words import WORDS, choose_language, wait_text


@pytest.fixture
async def visit() -> AsyncIterator[Visit]:
    async with visiting() as visit:
        yield visit


# What it says ------------------------------------------------------------------------------------------------------


async def test_a_waiting_visitor_sees_place_people_ahead_estimate_and_stock(visit: Visit) -> None:
    visit.sign_in()
    visit.line.place = at(7235)
    page = await visit.page()
    for words in ("Winter concert", "Big arena", "7,235", "People ahead 6,000", "about 10 min", "Your place is kept"):
        assert words in page.words, page.words
    for words in ("VIP seat plenty", "R seat few", "S seat none"):
        assert words in " ".join(page.words.split())
    assert set(page.forms) == {f"{PATH}/leave"}
    assert page.refresh == f"60;url={PATH}", "a wait of ten minutes by 8 is 75 seconds: the most is 60"


async def test_korean_unless_english_is_preferred(visit: Visit) -> None:
    visit.sign_in()
    visit.line.place = at(7235)
    for header in ("", "ko", "fr-FR,fr", "ko;q=0.9,en;q=0.8"):
        visit.language = header
        answer = await visit.ask("GET")
        page = Page(answer.text)
        assert "겨울 콘서트" in page.words
        assert "앞에 있는 사람 6,000명" in " ".join(page.words.split())
        assert page.all("html")[0]["lang"] == answer.headers["content-language"] == "ko"
    assert "2026. 12. 24. 19:00 KST" in page.words
    visit.language = "en-GB,ko;q=0.5"
    english = await visit.page()
    assert english.all("html")[0]["lang"] == "en"
    assert "24 Dec 2026, 19:00 KST" in english.words


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "ko"), ("en", "en"), ("EN-us", "en"), ("en;q=0", "ko"), ("de, en;q=0.3", "en"), ("ko-KR,en", "ko"),
        ("en;q=x", "ko"), ("*", "ko"), (",;,", "ko"), ("en;q=nan", "ko"), ("x" * 9999 + ",en", "ko"),
    ],
)  # fmt: skip
def test_language_headers(header: str | None, language: str) -> None:
    assert choose_language(header) == language


def test_both_languages_say_everything() -> None:
    assert WORDS["ko"].keys() == WORDS["en"].keys()
    for key, text in WORDS["ko"].items():
        assert text, key
        assert text.count("{}") == WORDS["en"][key].count("{}"), key
    assert all(phase.value in WORDS["ko"] for phase in Phase)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "not known yet"), (0, "less than a minute"), (59, "less than a minute"), (61, "about 1 min"),
     (600, "about 10 min"), (5399, "about 90 min"), (5400, "about 2 h"), (36_000, "about 10 h")],
)  # fmt: skip
def test_estimates(seconds: float | None, text: str) -> None:
    assert wait_text(seconds, "en") == text


async def test_a_visitor_before_the_draw_has_a_number_and_no_place(visit: Visit) -> None:
    visit.sign_in()
    visit.line.status = {"phase": "lobby", "seed": None, "t0": "2026-11-22T11:30:00Z"}
    visit.line.place = at(None)
    page = await visit.page()
    text = " ".join(page.words.split())
    assert "Entry number 42" in text
    assert "Sale begins 22 Nov 2026, 20:30 KST" in text
    assert "Your place " not in text.replace("Your place is", "")
    assert set(page.forms) == {f"{PATH}/leave"}


async def test_called_inside_sold_out_paused_closed(visit: Visit) -> None:
    visit.sign_in()
    visit.line.place = at(1234)
    called = await visit.page()
    assert "It is your turn" in called.words
    assert set(called.forms) == {f"{PATH}/enter", f"{PATH}/leave"}

    visit.line.place = at(1000, inside=True)
    inside = await visit.page()
    assert f"/events/{EVENT}/seats" in inside.links
    assert "Good until" in inside.words
    assert set(inside.forms) == {f"{PATH}/leave"}
    assert inside.refresh is None

    visit.line.place = at(5000)
    visit.line.status = {"phase": "sold_out"}
    sold_out = await visit.page()
    assert "Sold out." in sold_out.words
    assert "Estimated" not in sold_out.words
    assert f"/events/{EVENT}/seats" not in sold_out.links

    visit.line.status = {"paused": True}
    paused = await visit.page()
    assert "Nobody goes in at this moment" in paused.words
    assert "Estimated" not in paused.words, "an estimate would be a lie"

    visit.line.status = {"phase": "closed"}
    closed = await visit.page()
    assert "The sale is over" in closed.words
    assert closed.forms == {}
    assert closed.refresh is None


async def test_message_break_glass_and_old_news(visit: Visit) -> None:
    visit.sign_in()
    visit.line.place = at(5000)
    visit.line.about = {"message": {"ko": "비가 옵니다", "en": "It rains"}}
    visit.line.status = {"open_until": rfc3339(NOW + 60_000), "at": rfc3339(NOW - 11_000)}
    page = await visit.page()
    assert "It rains" in page.words
    assert "without waiting" in page.words
    assert f"/events/{EVENT}/seats" in page.links
    assert "Reconnecting" in page.words
    visit.line.status = {"open_until": rfc3339(NOW - 1), "at": rfc3339(NOW - 9_000)}
    page = await visit.page()
    assert "without waiting" not in page.words
    assert "Reconnecting" not in page.words
    assert f"/events/{EVENT}/seats" not in page.links


async def test_signed_out_there_is_a_form_and_nothing_renews_under_the_fingers(visit: Visit) -> None:
    page = await visit.page()
    assert set(page.forms) == {f"{PATH}/sign-in"}
    assert page.refresh is None
    visit.line.status = {"phase": "closed"}
    assert (await visit.page()).forms == {}


@pytest.mark.parametrize(
    ("phase", "forms"), [("announced", []), ("lobby", ["join"]), ("drawing", ["join"]), ("open", ["join"]),
                         ("sold_out", []), ("closed", [])],
)  # fmt: skip
async def test_when_one_can_join(visit: Visit, phase: str, forms: list[str]) -> None:
    visit.sign_in()
    visit.line.status = {"phase": phase}
    page = await visit.page()
    assert list(page.forms) == [f"{PATH}/{form}" for form in forms]


# When parts are away -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("failure", [Unavailable("away"), ValkeyAway("away"), RuntimeError("a bug")])
async def test_without_a_status_the_place_is_still_promised(visit: Visit, failure: Exception) -> None:
    visit.sign_in()
    visit.line.board_fails = failure
    visit.line.place = at(5000)
    answer = await visit.ask("GET")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "10"
    page = Page(answer.text)
    assert "Your place is kept" in page.words
    assert page.refresh is not None
    assert page.forms == {}


@pytest.mark.parametrize("failure", [Unavailable("away"), ValkeyAway("away"), RuntimeError("a bug")])
async def test_without_the_own_place_the_rest_is_shown(visit: Visit, failure: Exception) -> None:
    visit.sign_in()
    visit.line.place = failure
    page = await visit.page()
    assert "Winter concert" in page.words
    assert "Your place is kept" in page.words
    assert page.forms == {}, "nobody is asked to join again because a store is away"
    assert page.refresh is not None


async def test_no_such_event_and_an_event_without_a_line(visit: Visit) -> None:
    visit.line.board_fails = NotFound("none")
    missing = await visit.ask("GET")
    assert (missing.status_code, "no such event" in missing.text) == (404, True)
    visit.line.board_fails = Conflict("no_waiting_room", "none")
    elsewhere = await visit.ask("GET")
    assert (elsewhere.status_code, elsewhere.headers["location"]) == (303, f"/events/{EVENT}")


# Nothing foreign in it ---------------------------------------------------------------------------------------------


async def test_everything_is_escaped(visit: Visit) -> None:
    visit.sign_in()
    visit.line.place = at(5000)
    nasty = {"ko": NASTY, "en": NASTY}
    visit.line.about = {
        "name": nasty,
        "venue": nasty,
        "message": nasty,
        "time_zone": f"../{NASTY}",
        "grades": [{"grade": "x", "name": nasty}] * 3,
    }
    for phase in Phase:
        visit.line.status = {"phase": phase.value}
        answer = await visit.ask("GET")
        page = Page(answer.text)
        assert page.all("script") == []
        assert NASTY in page.words, "shown, as text"
        assert "<script" not in answer.text.lower()
        assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]


async def test_an_address_with_markup_in_it(visit: Visit) -> None:
    path = "/line/%22%3E%3Cscript%3Ealert(1)%3C"
    visit.sign_in()
    visit.line.place = at(5000)
    for failure, status in ((None, 200), (Unavailable("away"), 503), (NotFound("none"), 404)):
        visit.line.board_fails = failure
        answer = await visit.ask("GET", path)
        assert answer.status_code == status
        assert "<script" not in answer.text.lower()
        assert Page(answer.text).all("script") == []
    visit.line.board_fails = Conflict("no_waiting_room", "none")
    assert '"' not in (await visit.ask("GET", path)).headers["location"]


async def test_the_policy_allows_the_page_and_nothing_else(visit: Visit) -> None:
    for answer in (await visit.ask("GET"), await visit.send("join"), await visit.send("sign-in")):
        policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
        assert policy["default-src"] == "'none'"
        assert policy["form-action"] == "'self'"
        assert policy["base-uri"] == policy["frame-ancestors"] == "'none'"
        assert "script-src" not in policy
        (style,) = re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(html.unescape(style).encode()).digest()).decode()
        assert policy["style-src"] == f"'sha256-{digest}'"
        page = Page(answer.text)
        assert not [a for _, a in page.tags if "style" in a or "src" in a]
        assert page.all("link") == page.all("img") == page.all("iframe") == []
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_the_page_is_small(visit: Visit) -> None:
    visit.sign_in()
    visit.line.place = at(5000)
    assert len((await visit.ask("GET")).content) < 6_000
