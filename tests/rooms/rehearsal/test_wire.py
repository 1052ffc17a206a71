"""HTTP as bytes, the draw as a phone computes it, the map as people see it."""

from __future__ import annotations

import base64
import json
import random
from collections import Counter
from pathlib import Path

import pytest

from tests.rooms.rehearsal.honest import plan
from ticketing.rehearsal.draw import Draw
from ticketing.rehearsal.plan import HABITS, Mix, Plan
from ticketing.rehearsal.seatmap import SeatMap
from ticketing.rehearsal.wire import NotHttp, Site, header, read_answer

ANSWER = b'HTTP/1.1 409 Conflict\r\ncontent-type: application/json\r\nETag: "x"\r\nContent-Length: 5\r\n\r\nhello'
VECTORS = Path(__file__).parents[1] / "waiting" / "draw_vectors.json"


def test_an_answer_is_read_once_it_is_whole() -> None:
    assert read_answer(ANSWER) == (409, b"hello")
    assert all(read_answer(ANSWER[:n]) is None for n in range(len(ANSWER)))
    assert read_answer(b"HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n") == (304, b"")


CHUNKED = b"HTTP/1.1 200 OK\r\nTRANSFER-ENCODING: chunked\r\n\r\n3\r\nfan\r\nA;q\r\n0123456789\r\n0\r\n\r\n"


def test_chunks_are_read_once_the_last_has_come() -> None:
    assert read_answer(CHUNKED) == (200, b"fan0123456789")
    assert all(read_answer(CHUNKED[:n]) is None for n in range(len(CHUNKED)))
    # The end of the connection does not stand for the last chunk.
    assert read_answer(CHUNKED[:-4], ended=True) is None


def test_a_word_beforehand_is_not_the_answer() -> None:
    assert read_answer(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n") is None
    assert read_answer(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + ANSWER) == (409, b"hello")


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        CHUNKED.replace(b"3\r\nfan", b"-3\r\nfan"),
        CHUNKED.replace(b"3\r\nfan", b"2\r\nfan"),
    ],
)
def test_what_is_no_http_is_said(answer: bytes) -> None:
    with pytest.raises(NotHttp):
        read_answer(answer)


def test_headers_are_found_whatever_their_case() -> None:
    assert header(ANSWER, b"etag") == b'"x"'
    assert header(ANSWER, b"retry-after") == b""


def test_a_request_is_what_a_server_expects() -> None:
    made = Site(("127.0.0.1", 80), "here").request("POST", "/x", {"a": 1}, Idempotency_Key="k")
    assert made.startswith(b"POST /x HTTP/1.1\r\nHost: here\r\nIdempotency-Key: k\r\nContent-Length: 7\r\n")
    assert made.endswith(b'\r\n\r\n{"a":1}')


def test_the_draw_agrees_with_the_published_vectors() -> None:
    checked = 0
    for vector in json.loads(VECTORS.read_text())["samples"]:
        seed = base64.urlsafe_b64encode(bytes.fromhex(vector["seed"])).decode().rstrip("=")
        draw = Draw(seed, vector["n"])
        for index, place in vector["places"]:
            assert draw.place(index) == place
            checked += 1
        assert draw.place(vector["n"] + 1) == vector["n"] + 1
    assert checked > 10


PLAN = {
    "sections": [
        {"id": "A", "kind": "reserved", "rows": [
            {"name": "1", "numbers": ["1", "2", "3"]}, {"name": "2", "numbers": ["1", "2"], "ids": ["x", "y"]}]},
        {"id": "F", "kind": "standing", "rows": []},
    ]
}  # fmt: skip


def availability(taken: str, free: int, standing: int, version: int = 1) -> bytes:
    bits = sum((mark == "1") << n for n, mark in enumerate(taken))
    encoded = base64.b64encode(bits.to_bytes(1, "little")).decode()
    sections = {
        "A": {"free": free, "held": 0, "sold": 5 - free, "taken": encoded},
        "F": {"free": standing, "held": 1, "sold": 0},
    }
    return json.dumps({"version": version, "free": free + standing, "sections": sections}).encode()


@pytest.fixture
def seats() -> SeatMap:
    made = SeatMap()
    made.read_plan(json.dumps(PLAN).encode())
    return made


def test_people_click_on_neighbours_that_are_free(seats: SeatMap) -> None:
    assert seats.read_availability(availability("10000", 4, 0))
    rng = random.Random(1)
    pairs = Counter(wish.seats for _ in range(200) if (wish := seats.wish(rng, 2, best=False)))
    assert set(pairs) == {("A-1-2", "A-1-3"), ("x", "y")}


def test_where_there_are_no_neighbours_or_no_rows_the_platform_chooses(seats: SeatMap) -> None:
    seats.read_availability(availability("01010", 3, 0))
    wish = seats.wish(random.Random(1), 2, best=False)
    assert wish is not None
    assert wish.document() == {"section": "A", "quantity": 2}
    seats.read_availability(availability("11111", 0, 4, version=2))
    wish = seats.wish(random.Random(1), 2, best=False)
    assert wish is not None
    assert wish.document() == {"section": "F", "quantity": 2}


def test_a_bot_asks_for_what_the_house_has(seats: SeatMap) -> None:
    rng = random.Random(1)
    assert {seats.anything(rng).seats for _ in range(200)} == {(s,) for s in ("A-1-1", "A-1-2", "A-1-3", "x", "y")}
    standing = SeatMap()
    standing.read_plan(json.dumps({"sections": PLAN["sections"][1:]}).encode())
    assert standing.anything(rng).document() == {"section": "F", "quantity": 1}


def test_an_older_map_is_no_news_and_a_full_house_no_wish(seats: SeatMap) -> None:
    seats.read_availability(availability("11111", 0, 0, version=5))
    assert not seats.read_availability(availability("00000", 5, 5, version=4))
    assert (seats.free, seats.held, seats.sold) == (0, 1, 5)
    assert seats.wish(random.Random(1), 1, best=True) is None


def test_habits_come_in_their_shares_and_plans_survive_the_wire() -> None:
    mix = Mix()
    counted = Counter(mix.habit(n) for n in range(10_000))
    assert set(counted) == set(HABITS)
    assert counted["bot"] == pytest.approx(200, abs=20)
    assert counted["slow"] == pytest.approx(1500, abs=50)
    assert Plan.decode(plan().encode()) == plan()


def test_most_come_before_the_sale_and_many_at_its_very_moment() -> None:
    given, rng = plan(), random.Random(3)
    came = [given.arrival(rng) - given.opens_at for _ in range(5_000)]
    assert min(came) >= -10
    assert max(came) <= 40
    near = sum(-2 <= at <= 2 for at in came) / len(came)
    assert 0.15 < near < 0.4
    assert sum(at < -2 for at in came) / len(came) > 0.5
