"""A show on a running stack, and the requests of people who hold its seats and order them."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Callable

from bench.line.crowd import session_token
from bench.load import cpu_seconds, request
from bench.openloop import Outcome, run
from tests.stack import Stack
from ticketing.base.tokens import Signer
from ticketing.catalog.model import SeatPlan
from ticketing.rehearsal.machine import children_of

PEOPLE = 4_000


def signed_in(stack: Stack) -> Callable[[int], dict[str, str]]:
    """Gives the headers of account `acc_bench…` of a number."""
    keys = stack.settings.signing_keys
    signer, now = Signer(keys, next(iter(keys))), time.time_ns() // 1_000_000
    return lambda number: {"Authorization": f"Bearer {session_token(signer, number, now)}"}


class Shop:
    """Seats that nobody has, and the holds that can be ordered. Each run gives the outcome and the CPU seconds that
    API, stores and generator together took per request; raises RuntimeError for any other answer than the one expected.
    """

    def __init__(self, stack: Stack, plan: SeatPlan) -> None:
        self.stack = stack
        self.plan = plan
        self.event = stack.add_event(plan, max_per_person=10)
        self.free = [seat for section in plan.sections if not section.grade for seat in section.seat_ids()]
        random.Random(7).shuffle(self.free)
        as_person = signed_in(stack)
        self.people = [as_person(n) for n in range(PEOPLE)]
        self.used = 0
        self.held: list[tuple[dict[str, str], str]] = []
        api = stack.children["api"].pid
        self.api = children_of(api) or [api]
        self.pids = [api, *children_of(api), stack.cache.pid or 0, stack.queue.pid or 0]

    def holds(self, count: int, **how: float | int) -> tuple[Outcome, float]:
        """One seat each, no seat twice."""
        owners, requests = [], []
        for _ in range(count):
            owners.append(self.people[self.used % PEOPLE])
            body = json.dumps({"seats": [self.free[self.used]]}).encode()
            requests.append(request("POST", f"/api/events/{self.event.id}/holds", owners[-1], body))
            self.used += 1
        outcome, cpu = self.go(requests, 201, **how)
        self.held += [(owners[n], json.loads(body)["token"]) for n, body in outcome.bodies.items()]
        return outcome, cpu

    def hold_one(self, seat: str, person: int) -> None:
        """A seat by its id. Raises RuntimeError when it is refused."""
        body = json.dumps({"seats": [seat]}).encode()
        path = f"/api/events/{self.event.id}/holds"
        self.go([request("POST", path, self.people[person % PEOPLE], body)], 201, connections=1)

    def orders(self, count: int, **how: float | int) -> tuple[Outcome, float]:
        """Orders of seats that were held before, as far as there are any."""
        requests = []
        for _ in range(min(count, len(self.held))):
            owner, token = self.held.pop()
            body = json.dumps({"hold_token": token, "payment": {"method": "card", "token": "tok_ok"}}).encode()
            headers = owner | {"Idempotency-Key": f"bench-{len(self.held):08d}-{self.used}"}
            requests.append(request("POST", "/api/orders", headers, body))
        return self.go(requests, 202, **how)

    def go(self, requests: list[bytes], expected: int, **how: float | int) -> tuple[Outcome, float]:
        """One run of prepared requests."""
        before, own = cpu_seconds(self.pids), time.process_time()
        outcome = asyncio.run(run(self.stack.port, requests, **how))  # type: ignore[arg-type]
        used = cpu_seconds(self.pids) - before + time.process_time() - own
        if wrong := {status: n for status, n in outcome.statuses.items() if status != expected}:
            raise RuntimeError(f"unexpected answers {wrong}: {next(iter(outcome.bodies.values()))[:200]!r}")
        return outcome, used / len(requests)
