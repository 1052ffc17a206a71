"""Switches pass, move, refuse and fall silent; Valkey stands behind them."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as NoConnection
from redis.exceptions import TimeoutError as NoAnswer

from tests.drills.switch import PASS, REFUSE, SILENT, Board
from ticketing.base.valkey_server import ValkeyServer


@pytest.fixture
def board() -> Iterator[Board]:
    board = Board()
    yield board
    board.close()


@pytest.fixture(scope="module")
def servers(short_folder: Path) -> Iterator[tuple[ValkeyServer, ValkeyServer]]:
    pair = ValkeyServer(short_folder / "s1"), ValkeyServer(short_folder / "s2")
    for number, server in enumerate(pair):
        server.start()
        with Redis.from_url(server.url) as client:
            client.set("who", number)
    yield pair
    for server in pair:
        server.kill()


def test_a_switch_moves_and_ends_old_connections(board: Board, servers: tuple[ValkeyServer, ValkeyServer]) -> None:
    switch = board.add(servers[0].socket)
    with (
        Redis(port=switch.port, socket_timeout=2, retry=None) as client,
        socket.create_connection(("127.0.0.1", switch.port), 5) as old,
    ):
        old.sendall(b"PING\r\n")
        assert old.recv(64) == b"+PONG\r\n"
        assert client.get("who") == b"0"
        switch.move(servers[1].socket)
        with contextlib.suppress(ConnectionResetError):
            assert old.recv(64) == b""
        assert client.get("who") == b"1"


def test_refused_is_told_at_once_and_silence_is_not_told(
    board: Board, servers: tuple[ValkeyServer, ValkeyServer]
) -> None:
    switch = board.add(servers[0].socket)
    with Redis(port=switch.port, socket_timeout=0.5, retry=None) as client:
        assert client.ping()
        switch.set(REFUSE)
        with pytest.raises(NoConnection):
            client.ping()
        switch.set(PASS)
        assert client.ping()
        switch.set(SILENT)
        with pytest.raises(NoAnswer):
            client.ping()
        switch.set(PASS)
        assert client.ping()
