"""A site is looked at before a crowd is sent to it."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.servers import require
from ticketing.rehearsal.loop import open_socket
from ticketing.rehearsal.remote import CannotRehearse, Remote, in_order, take_accounts

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
            self.wfile.write(body if isinstance(body, bytes) else json.dumps(body).encode())

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


@pytest.mark.parametrize(
    "answer", [b"<!doctype html><title>Tickets</title>", [], {"events": 3}, {"events": [{"name": "a"}]}, {"shows": []}]
)
def test_a_site_of_another_kind_is_named_as_one(site: tuple[Remote, dict[str, Any]], answer: Any) -> None:
    remote, says = site
    says["/api/events"] = answer
    with pytest.raises(CannotRehearse, match="this platform's API"):
        remote.event(None)
    says["/api/events/evt_1"] = answer
    with pytest.raises(CannotRehearse, match="this platform's API"):
        remote.event("evt_1")
    with pytest.raises(CannotRehearse, match="this platform's API"):
        remote.opens_at("evt_1")


def test_a_show_is_as_large_as_what_is_still_free(site: tuple[Remote, dict[str, Any]]) -> None:
    remote, says = site
    says["/api/events/evt_1/availability"] = {"free": 49_000, "sections": {}}
    assert remote.free("evt_1") == 49_000
    says["/api/events/evt_1/availability"] = {"free": 0, "sections": {}}
    with pytest.raises(CannotRehearse, match="sold out before"):
        remote.free("evt_1")


def test_a_name_is_looked_up_once_and_the_crowd_comes_from_many_addresses(site: tuple[Remote, dict[str, Any]]) -> None:
    port = site[0].target[1]
    named = Remote(f"http://localhost:{port}")
    assert (named.target, named.host) == (("127.0.0.1", port), f"localhost:{port}")
    with closing(open_socket(1, named.target)) as one, closing(open_socket(600, named.target)) as other:
        assert one.getsockname()[0] != other.getsockname()[0]


def test_of_a_name_with_both_kinds_of_addresses_ipv4_is_tried_first() -> None:
    assert in_order({"::1", "127.0.0.1", "10.0.1.7", "2001:db8::7"}) == ["10.0.1.7", "127.0.0.1", "2001:db8::7", "::1"]


def speaks_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


def test_the_address_that_answers_is_taken_be_it_ipv6() -> None:
    require("IPv6", speaks_ipv6())
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listener:
        port = listener.getsockname()[1]
        found = Remote(f"http://[::1]:{port}")
        assert (found.target, found.host) == (("::1", port), f"[::1]:{port}")
        with closing(open_socket(1, found.target)):
            pass


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://127.0.0.1:99999", "out of range"),
        ("http://[::1", "Invalid IPv6"),
        ("http://no-such-host.invalid", "cannot be found"),
        (f"http://{'a' * 70}.example", "cannot be found"),
        ("http://127.0.0.1:0", "does not answer"),
        ("http://127.0.0.1:9", "does not answer"),
        ("http://someone@127.0.0.1:9", "give an address such as"),
        ("http://127.0.0.1:9/?a=b", "give an address such as"),
        ("https://127.0.0.1:9", "plain HTTP"),
    ],
)
def test_an_address_that_cannot_be_used_says_why(url: str, says: str) -> None:
    with pytest.raises(CannotRehearse, match=says):
        Remote(url)


def test_accounts_are_taken_over_as_generators_read_them(tmp_path: Path) -> None:
    given, taken = tmp_path / "given", tmp_path / "taken"
    given.write_text(
        '\n{"token": "t1"}\n   \n\n{"email": "a@b.example", "password": "p", "age": 7}\r\n'
        '{"token": null, "email": "c@d.example", "password": "q"}\n{"token": "one too many"}\n'
    )
    take_accounts(given, 3, taken)
    assert [json.loads(line) for line in taken.read_text().splitlines()] == [
        {"token": "t1"}, {"email": "a@b.example", "password": "p"}, {"email": "c@d.example", "password": "q"},
    ]  # fmt: skip
    with pytest.raises(CannotRehearse, match="4 accounts for 5 fans"):
        take_accounts(given, 5, taken)


@pytest.mark.parametrize(
    "line",
    [
        "7", "null", "[]", '"token"', '"a token as a string"', "{}", '{"token": 7}', '{"token": ""}', "{", "not json",
        '{"token": "a\\r\\nb"}', '{"token": "\\ud800"}', '{"email": "a@b.example"}',
        '{"email": "a@b.example", "password": null}',
    ],
)  # fmt: skip
def test_a_line_that_is_no_account_is_named_by_its_number(tmp_path: Path, line: str) -> None:
    given = tmp_path / "given"
    given.write_text(f'{{"token": "t1"}}\n\n{line}\n')
    with pytest.raises(CannotRehearse, match="given, line 3: "):
        take_accounts(given, 1, tmp_path / "taken")
    assert not (tmp_path / "taken").exists()


def test_accounts_that_cannot_be_read_are_said(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(CannotRehearse, match="cannot be read"):
            take_accounts(path, 1, tmp_path / "taken")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(CannotRehearse, match="cannot be read"):
        take_accounts(tmp_path / "binary", 1, tmp_path / "taken")
