"""One person in line: arrives, joins, looks now and then, claims when called, stays a while, leaves."""

from __future__ import annotations

import json
import random
import time
from typing import TYPE_CHECKING, Any

from ticketing.rehearsal.loop import open_socket
from ticketing.rehearsal.policy import CLAIM_SPREAD, RENEW_SECONDS, jitter, lobby_delay, poll_delay
from ticketing.rehearsal.wire import read_answer

if TYPE_CHECKING:
    from socket import socket

    from bench.line.crowd import Crowd

_RETRY = 2.0


class Person:
    """A small state machine. `step` is what comes next; `asked` whether an answer is awaited; `due` since when."""

    __slots__ = (
        "_crowd",
        "_host",
        "_partial",
        "_sent",
        "_token",
        "asked",
        "due",
        "index",
        "leave_at",
        "number",
        "place",
        "socket",
        "step",
        "ticket",
    )

    def __init__(self, crowd: Crowd, number: int, token: str, host: str) -> None:
        self._crowd = crowd
        self.number = number
        self._token = token
        self._host = host
        self.step = "connect"
        self.index = 0
        self.due = 0.0
        self.leave_at = 0.0
        self.place: int | None = None
        self.ticket = ""
        self.asked = False
        self._sent = 0.0
        self._partial = b""
        self.socket: socket = None  # type: ignore[assignment]

    def wake(self, when: float) -> None:
        """Do the next step; `when` is the instant that it was meant for."""
        self.due = when
        if self.step == "connect":
            self._connect()
            return
        self.asked = True
        self._sent = time.monotonic()
        try:
            self.socket.send(self._request())
        except OSError:
            self._broken("connection lost when sending")

    def _connect(self) -> None:
        crowd = self._crowd
        try:
            self.socket = open_socket(self.number, crowd.plan.target)
        except OSError as error:
            crowd.errors[f"connecting: {error.strerror}"] += 1
            crowd.at(time.monotonic() + _RETRY, self)
            return
        crowd.watch(self.socket.fileno(), self, connected=False)

    def _request(self) -> bytes:
        if self.step == "look":
            return self._crowd.status_request
        event = f"/api/events/{self._crowd.plan.event_id}"
        method, path = {
            "join": ("POST", "/queue"),
            "claim": ("POST", "/admission"),
            "renew": ("POST", "/admission"),
            "leave": ("DELETE", "/queue"),
        }[self.step]
        body = f'{{"ticket":"{self.ticket}"}}' if path == "/admission" else ""
        length = "" if method == "DELETE" else f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        head = f"{method} {event}{path} HTTP/1.1\r\n{self._host}Authorization: Bearer {self._token}\r\n{length}\r\n"
        return (head + body).encode()

    def ready(self) -> None:
        """Something has come, or the connection stands, or it is lost."""
        if self.step == "connect":
            self._connected()
            return
        try:
            data = self.socket.recv(16_384)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._broken("connection lost")
            return
        if self._partial:
            data = self._partial + data
        answer = read_answer(data)
        if answer is None:
            self._partial = data
            return
        self._partial = b""
        self._crowd.received += len(data)
        self._crowd.answers += 1
        self._answered(*answer)

    def _connected(self) -> None:
        import socket as sockets

        crowd = self._crowd
        problem = self.socket.getsockopt(sockets.SOL_SOCKET, sockets.SO_ERROR)
        if problem:
            self._broken(f"connecting: error {problem}")
            return
        now = time.monotonic()
        crowd.measure("connect", now - self.due)
        crowd.watch(self.socket.fileno(), self, connected=True)
        if self.index:
            self._next("look", now)
        elif crowd.plan.only_look:
            self._look_on(now)
        else:
            # The page loads, then it joins.
            self._next("join", now + 0.5 + random.random())

    def _next(self, step: str, when: float) -> None:
        self.step = step
        self._crowd.at(when, self)

    def _broken(self, why: str) -> None:
        crowd = self._crowd
        waiting = self.step != "gone"
        crowd.forget(self.socket.fileno())
        self.socket.close()
        if not waiting:
            return
        crowd.errors[why] += 1
        if not self.asked and self.step != "connect":
            # Something is scheduled already: that wakes a dead socket otherwise.
            self.step = "connect"
            return
        self.asked = False
        self._next("connect", time.monotonic() + _RETRY)

    def _answered(self, status: int, body: bytes) -> None:
        crowd, now = self._crowd, time.monotonic()
        if not self.asked:
            crowd.errors["an answer that nobody asked for"] += 1
            return
        self.asked = False
        crowd.measure(self._kind(), now - self.due)
        if self.step == "look":
            if status != 200:
                self._refused(status, body)
                return
            crowd.seen.take(body)
            self._look_on(self.due)
        elif self.step == "join":
            self._joined(status, body)
        elif self.step == "claim":
            self._claimed(status, body, now)
        elif self.step == "renew" and status == 200:
            self._stay(now)
        elif self.step == "renew":
            self._refused(status, body)
        else:
            crowd.outcomes["left" if status == 204 else f"leave {status}"] += 1
            self.step = "gone"

    def _kind(self) -> str:
        since = self.due - self._crowd.plan.draw_at
        if self.step == "claim":
            return "claim, first 12 s" if since < 12 else "claim, later"
        if self.step != "look":
            return self.step
        return "status, lobby" if since < 0 else "status, first 12 s" if since < 12 else "status, open"

    def _refused(self, status: int, body: bytes) -> None:
        """What should not happen: counted by kind, and tried again."""
        try:
            problem = json.loads(body)
            code = problem["code"]
            if code == "not_your_turn":
                code += f" (index {self.index}, place {self.place}; told {problem['position']}, {problem['serving']})"
        except (ValueError, KeyError):
            code = "?"
        self._crowd.errors[f"{self.step}: {status} {code}"] += 1
        self._crowd.at(time.monotonic() + _RETRY, self)

    def _joined(self, status: int, body: bytes) -> None:
        if status != 200:
            self._refused(status, body)
            return
        document: dict[str, Any] = json.loads(body)
        self.index, self.ticket = document["index"], document["ticket"]
        self._crowd.indexes.append(self.index)
        self._crowd.outcomes["joined"] += 1
        self._look_on(self.due)

    def _look_on(self, asked_at: float) -> None:
        """When to look again, or to claim: counted from when this look was due, so that nothing is left out."""
        crowd = self._crowd
        plan, seen = crowd.plan, crowd.seen
        if plan.only_look:
            # Everybody has a place of their own in a line that takes so many seconds in all.
            self._next("look", asked_at + poll_delay(int(plan.only_look * (self.number * 0.618 % 1)), 60))
            return
        if self.place is None:
            self.place = seen.position(self.index)
        position = self.place
        if position is None or seen.phase != "open":
            self._next("look", asked_at + lobby_delay((plan.draw_at - asked_at) * plan.speed, plan.of) / plan.speed)
        elif position > seen.serving:
            self._next("look", asked_at + poll_delay(position - seen.serving, seen.rate) / plan.speed)
        elif self.number % 100 < plan.no_show * 100:
            crowd.outcomes["did not come"] += 1
            self.step = "gone"
        else:
            self._next("claim", time.monotonic() + CLAIM_SPREAD * random.random() / plan.speed)

    def _claimed(self, status: int, body: bytes, now: float) -> None:
        crowd = self._crowd
        position = self.place or 0
        document = json.loads(body)
        if status == 200:
            crowd.claims.append((position, self._sent, now, "in"))
            crowd.outcomes["admitted"] += 1
            self.leave_at = now + crowd.plan.visit_seconds * (0.5 + random.random()) / crowd.plan.speed
            self._stay(now)
        elif status == 409 and document["code"] == "line_full":
            crowd.claims.append((position, self._sent, now, "full"))
            crowd.outcomes["told to wait at the door"] += 1
            self._next("claim", now + jitter(document["retry_after"]) / crowd.plan.speed)
        else:
            self._refused(status, body)

    def _stay(self, now: float) -> None:
        """Inside: a sign of life now and then, until it is time to go."""
        renew_at = now + RENEW_SECONDS / self._crowd.plan.speed
        if renew_at < self.leave_at:
            self._next("renew", renew_at)
        else:
            self._next("leave", self.leave_at)
