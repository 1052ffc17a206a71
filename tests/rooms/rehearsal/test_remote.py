"""A site is looked at before a crowd is sent to it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from ticketing.rehearsal.remote import CannotRehearse, Remote

EVENT = {"id": "evt_1", "status": "on_sale", "on_sale_at": "2026-11-27T11:00:00Z", "waiting_room": True}


@pytest.fixture
def site() -> Iterator[tuple[Remote, dict[str, Any]]]:
    """A site that answers what the dictionary says, by path."""
    says: dict[str, Any] = {"/api/events": {"events": [EVENT]}, "/api/events/evt_1": EVENT}

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = says.get(self.path)
            self.send_response(200 if body is not None else 404)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Remote(f"http://127.0.0.1:{server.server_port}"), says
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("named", [None, "evt_1"])
def test_a_line_whose_places_cost_work_is_refused_before_anybody_comes(
    site: tuple[Remote, dict[str, Any]], named: str | None
) -> None:
    remote, says = site
    says["/api/events/evt_1/queue/about"] = {"work_bits": 18}
    with pytest.raises(CannotRehearse, match="18 bits of work"):
        remote.event(named)
    says["/api/events/evt_1/queue/about"] = {"work_bits": 0}
    assert remote.event(named)["id"] == "evt_1"


def test_an_event_without_a_line_is_not_asked_for_its_price(site: tuple[Remote, dict[str, Any]]) -> None:
    remote, says = site
    says["/api/events"] = {"events": [EVENT | {"waiting_room": False}]}
    assert remote.event(None)["id"] == "evt_1"


def test_a_site_without_a_sale_says_what_to_do(site: tuple[Remote, dict[str, Any]]) -> None:
    remote, says = site
    says["/api/events"] = {"events": [EVENT | {"status": "closed"}]}
    with pytest.raises(CannotRehearse, match="create one"):
        remote.event(None)
