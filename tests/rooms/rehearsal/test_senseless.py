"""Fans before a site whose answers make no sense: the crowd goes on, and the verdict says what was wrong."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.rooms.rehearsal.honest import plan
from ticketing.rehearsal.conduct import Played
from ticketing.rehearsal.fan import Fan
from ticketing.rehearsal.loop import Loop
from ticketing.rehearsal.plan import Mix
from ticketing.rehearsal.verdict import Criterion, Targets, judge
from ticketing.rehearsal.world import World

HELD_FOR = ("2026-11-27T11:00:00Z", "2026-11-27T11:01:00Z")
TICKET = {"ticket_id": "tkt_1", "url": "/api/tickets/tkt_1", "svg_url": "/api/tickets/tkt_1.svg"}
TICKETED = {"status": "ticketed", "items": [{"seat": "A_1"}], "tickets": [TICKET]}
STATUS = {"at": "1", "phase": "open", "rate": 60, "last": 2, "serving": 2, "seed": "c2VlZA", "n": 2}
SITE: dict[str, tuple[int, Any]] = {
    "GET /api/events/evt_1": (200, {"status": "on_sale"}),
    "GET /api/events/evt_1/plan": (200, {"sections": []}),
    "GET /api/events/evt_1/availability": (
        200, {"version": 1, "free": 9, "sections": {"F": {"free": 9, "held": 0, "sold": 0}}},
    ),
    "POST /api/events/evt_1/queue": (200, {"ticket": "t", "index": 1}),
    "GET /status/evt_1.json": (200, STATUS),
    "POST /api/events/evt_1/admission": (200, {"pass": "p"}),
    "POST /api/events/evt_1/holds": (
        201,
        {"token": "h", "hold_id": "hld_1", "seats": ["A_1"], "server_time": HELD_FOR[0], "expires_at": HELD_FOR[1]},
    ),
    "POST /api/orders": (202, {"order_id": "ord_1"}),
    "GET /api/orders/ord_1": (200, TICKETED),
    "GET /api/tickets/tkt_1": (200, {"ticket_id": "tkt_1", "seat": "A_1", "order_id": "ord_1"}),
    "GET /api/tickets/tkt_1.svg": (200, {}),
}  # fmt: skip


ONCE = {
    "join": "POST /api/events/evt_1/queue",
    "status": "GET /status/evt_1.json",
    "claim": "POST /api/events/evt_1/admission",
    "map": "GET /api/events/evt_1/availability",
    "order": "POST /api/orders",
    "order_page": "GET /api/orders/ord_1",
}


@contextlib.contextmanager
def site(says: dict[str, tuple[int, Any]]) -> Iterator[tuple[str, int]]:
    """A server that answers by method and path: bytes in chunks, everything else as JSON. What `says` has is
    answered once, then what `SITE` has; each fan has an order, a seat and a ticket of their own.
    """

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", "0")))
            who = self.headers.get("authorization", "Bearer 1").removeprefix("Bearer ")
            asked = f"{self.command} {self.path.replace(who, '1')}"
            status, said = says.pop(asked, None) or SITE[asked]
            self.send_response(status)
            if isinstance(said, bytes):
                self.send_header("Transfer-Encoding", "chunked")
                body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(said), said)
            else:
                body = json.dumps(said).replace("_1", f"_{who}").encode()
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = answer  # noqa: N815 - names of the library's

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield ("127.0.0.1", server.server_port)
    server.shutdown()
    server.server_close()


def play(line: bool = False, **says: tuple[int, Any]) -> dict[str, Criterion]:
    """The verdict on a sale to two plain fans, one of whom is answered what `says` has, by the key of `ONCE`."""
    now = time.monotonic()
    with site({ONCE[name]: answer for name, answer in says.items()}) as target:
        given = plan(
            target=target, line=line, fans=2, begin=now, opens_at=now, end=now + 6, close=now + 8, pace=0.02,
            mix=Mix(0, 0, 0, 0, 0),
        )  # fmt: skip
        loop = Loop()
        world = World(given, loop)
        world.map.read_plan(b'{"sections": [{"id": "F", "kind": "standing"}]}')
        for number in range(2):
            world.begin(number, Fan(world, number, {"token": f"fan{number}"}).journey(), now)

        def every_second(_: float) -> None:
            if not world.playing():
                loop.stop()

        loop.run(given.close, every_second)
    assert world.playing() == 0
    assert world.record.outcomes.total() == 2
    assert world.record.outcomes["ticketed"] >= 1, "the other went on"
    verdict = judge(Played(given, world.record), Targets(sold_out=None), None)
    return {criterion.name: criterion for criterion in verdict.criteria}


@pytest.mark.parametrize("line", [False, True])
def test_control_a_site_that_makes_sense(line: bool) -> None:
    verdict = play(line)
    assert verdict["unexpected answers"].passed
    assert verdict["availability"].passed
    assert verdict["lost orders"].passed


def test_a_ticketed_order_without_a_ticket_is_named() -> None:
    verdict = play(order_page=(200, TICKETED | {"tickets": []}))
    (lost,) = verdict["lost orders"].details
    assert lost in {f"order ord_fan{n} has 1 seats and 0 tickets" for n in range(2)}
    assert verdict["unexpected answers"].passed


@pytest.mark.parametrize(
    ("line", "step", "answer", "what"),
    [
        (True, "claim", (200, {}), "claim: after 200: KeyError('pass')"),
        (True, "claim", (409, {"code": "line_full"}), "claim: after 409: KeyError('retry_after')"),
        (True, "join", (200, []), "join: after 200: TypeError("),
        (True, "status", (200, {"at": "1"}), "line: after 200: KeyError("),
        (False, "map", (200, {"version": 1}), "map: after 200: KeyError("),
        (False, "order", (202, "yes"), "order: after 202: TypeError("),
        (False, "order", (202, b"<html>"), "order: after 202: JSONDecodeError("),
        (False, "order", (409, {"code": "hold_expired"}), "order: hold_expired 60 s before the hold's end"),
    ],
)
def test_an_answer_without_sense_ends_one_journey_and_is_told(
    line: bool, step: str, answer: tuple[int, Any], what: str
) -> None:
    wrong = play(line, **{step: answer})["unexpected answers"]
    assert (wrong.value, wrong.passed) == (1, False)
    assert wrong.details[0].startswith(what)


def test_an_answer_in_chunks_makes_sense() -> None:
    assert play(order=(202, b'{"order_id": "ord_1"}'))["unexpected answers"].passed
