"""The client and its loop against a server that answers late, hangs up or says nothing."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from ticketing.rehearsal import client as clients
from ticketing.rehearsal.client import Answer, Ask, Client, Journey
from ticketing.rehearsal.loop import Loop
from ticketing.rehearsal.wire import Site

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Serve = Callable[[socket.socket, int], None]


@contextlib.contextmanager
def server(serve: Serve) -> Iterator[Site]:
    """Hands each connection, with its number, to `serve`."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            count = 0
            while True:
                try:
                    made, _ = listener.accept()
                except OSError:
                    return
                count += 1
                threading.Thread(target=serve, args=(made, count), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield Site(listener.getsockname(), "here")
        listener.shutdown(socket.SHUT_RDWR)


def answer_each(made: socket.socket, _: int) -> None:
    with made:
        while made.recv(4096):
            made.sendall(OK)


class Noted:
    def __init__(self) -> None:
        self.answers: list[tuple[str, Answer, str]] = []
        self.surprises: list[tuple[str, str]] = []

    def answered(self, step: str, answer: Answer, why: str) -> None:
        self.answers.append((step, answer, why))

    def surprised(self, step: str, what: str) -> None:
        self.surprises.append((step, what))


def play(site: Site, *journeys: Journey, seconds: float = 5.0) -> tuple[Noted, Loop]:
    loop, noted = Loop(), Noted()
    made = [Client(loop, site, noted, n, journey) for n, journey in enumerate(journeys)]
    for client in made:
        loop.at(time.monotonic(), client)

    class Ender:
        def wake(self, when: float) -> None:
            for client in made:
                client.check(time.monotonic())
            if all(client.over for client in made):
                loop.stop()
            else:
                loop.at(when + 0.02, self)

        def ready(self) -> None: ...

    loop.at(time.monotonic(), Ender())
    loop.run(time.monotonic() + seconds)
    return noted, loop


def ask(count: int, pause: float = 0.0) -> Journey:
    for _ in range(count):
        answer = yield Ask("step", b"GET / HTTP/1.1\r\n\r\n")
        assert answer is not None
        if pause:
            yield answer.at + pause


def test_many_people_are_served_over_a_connection_each() -> None:
    with server(answer_each) as site:
        noted, loop = play(site, *(ask(5, 0.01) for _ in range(50)))
    assert [answer.status for _, answer, _ in noted.answers] == [200] * 250
    assert loop.connections == []


def test_latency_counts_from_the_instant_that_was_meant() -> None:
    """Somebody else keeps the generator busy for 0.3 s: the request that was due meanwhile is charged with it."""

    def blocker() -> Journey:
        yield time.monotonic() + 0.1
        time.sleep(0.3)
        yield time.monotonic()

    def victim() -> Journey:
        yield time.monotonic() + 0.15
        yield from ask(1)

    with server(answer_each) as site:
        noted, loop = play(site, blocker(), victim())
    (_, answer, _) = noted.answers[0]
    assert answer.at - answer.due > 0.24
    assert answer.at - answer.sent < 0.2
    assert loop.late.largest > 0.24


def test_control_without_the_blocker_it_is_quick() -> None:
    def alone() -> Journey:
        yield time.monotonic() + 0.05
        yield from ask(1)

    with server(answer_each) as site:
        noted, _ = play(site, alone())
    (_, answer, _) = noted.answers[0]
    assert answer.at - answer.due < 0.24


def test_a_connection_that_idled_out_is_made_anew() -> None:
    def once(made: socket.socket, _: int) -> None:
        with made:
            made.recv(4096)
            made.sendall(OK)

    with server(once) as site:
        noted, _ = play(site, ask(3, 0.1))
    assert [(answer.status, why) for _, answer, why in noted.answers] == [(200, "")] * 3


def test_hanging_up_without_an_answer_is_a_failure() -> None:
    def hang_up(made: socket.socket, _: int) -> None:
        with made:
            made.recv(4096)

    with server(hang_up) as site:
        noted, _ = play(site, ask(1))
    assert [(answer.status, why) for _, answer, why in noted.answers] == [(0, "connection lost")]


def test_silence_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "TIMEOUT_SECONDS", 0.2)

    def silent(made: socket.socket, _: int) -> None:
        with made:
            time.sleep(2)

    with server(silent) as site:
        noted, _ = play(site, ask(1))
    assert [answer.status for _, answer, _ in noted.answers] == [0]
    assert "no answer" in noted.answers[0][2]


def test_an_answer_in_pieces_is_put_together() -> None:
    def slowly(made: socket.socket, _: int) -> None:
        with made:
            made.recv(4096)
            for n in range(len(OK)):
                made.sendall(OK[n : n + 1])
                time.sleep(0.001)

    with server(slowly) as site:
        noted, _ = play(site, ask(1))
    assert [(answer.status, answer.body) for _, answer, _ in noted.answers] == [(200, b"ok")]


def test_nobody_there_is_a_failure_of_its_own() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    noted, _ = play(Site(("127.0.0.1", port), "here"), ask(1))
    assert noted.answers[0][1].status == 0
    assert "cannot connect" in noted.answers[0][2]


def answer_with(answer: bytes) -> Serve:
    def serve(made: socket.socket, _: int) -> None:
        with made:
            made.recv(4096)
            made.sendall(answer)

    return serve


def test_a_body_in_chunks_is_put_together() -> None:
    chunks = b"4\r\nseat\r\n2;x=y\r\ns!\r\n0\r\nTrailer: 1\r\n\r\n"
    with server(answer_with(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)) as site:
        noted, _ = play(site, ask(1))
    assert [(answer.status, answer.body) for _, answer, _ in noted.answers] == [(200, b"seats!")]


def test_a_body_of_unsaid_length_ends_with_the_connection() -> None:
    with server(answer_with(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it")) as site:
        noted, _ = play(site, ask(2))
    assert [(answer.status, answer.body) for _, answer, _ in noted.answers] == [(200, b"all of it")] * 2


def test_a_body_that_is_cut_short_is_a_failure() -> None:
    with server(answer_with(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf")) as site:
        noted, _ = play(site, ask(1))
    assert [(answer.status, why) for _, answer, why in noted.answers] == [(0, "connection lost")]


def test_what_is_not_http_is_a_failure_and_told() -> None:
    with server(answer_with(b"SSH-2.0-x\r\n\r\n")) as site:
        noted, _ = play(site, ask(1))
    assert [(answer.status, why) for _, answer, why in noted.answers] == [(0, "not HTTP")]
    assert [step for step, _ in noted.surprises] == ["step"]


def test_a_journey_that_an_answer_breaks_ends_alone() -> None:
    def naive() -> Journey:
        answer = yield Ask("naive", b"GET / HTTP/1.1\r\n\r\n")
        assert answer is not None
        yield float(answer.body)

    with server(answer_each) as site:
        noted, loop = play(site, naive(), ask(5, 0.05))
    assert [answer.status for _, answer, _ in noted.answers] == [200] * 6
    ((step, what),) = noted.surprises
    assert (step, "ValueError" in what) == ("naive", True)
    assert loop.connections == []
