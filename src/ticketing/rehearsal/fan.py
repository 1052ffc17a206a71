"""A fan's way from the front page to the ticket, as a story that the loop plays."""

from __future__ import annotations

import json
import uuid
from collections.abc import Generator
from typing import Any

from ticketing.rehearsal.checkout import Checkout
from ticketing.rehearsal.client import Answer, Ask, Journey
from ticketing.rehearsal.plan import lognormal
from ticketing.rehearsal.policy import CLAIM_SPREAD, RENEW_SECONDS, jitter, lobby_delay, poll_delay
from ticketing.rehearsal.record import code_of
from ticketing.rehearsal.seatmap import Wish
from ticketing.rehearsal.world import World

Told = Generator["float | Ask", "Answer | None", str]
"""Ends with what became of the fan."""

QUANTITIES = (1, 2, 3, 4)
QUANTITY_SHARES = (15, 55, 15, 15)
_MAP_POLL = 2.0


class Fan:
    """One fan. `habit` is one of `HABITS`."""

    def __init__(self, world: World, number: int, account: dict[str, str]) -> None:
        self.world = world
        self.number = number
        self.habit = world.plan.mix.habit(number)
        self.account = account
        self.token = account.get("token", "")
        self.pass_token = ""
        self.pause = world.plan.pace * (3 if self.habit == "slow" else 1)
        self.stage = ""
        self._ticket = ""
        self._index = 0
        self._etag = b""
        self._entered = 0.0
        self._seen_alive = 0.0
        # Closers shut the tab in line, inside, with seats held, or while their order is under way.
        self.closes_at = world.rng.choice(("line", "inside", "held", "ordered")) if self.habit == "closer" else ""

    def headers(self) -> dict[str, str]:
        """Who asks."""
        passed = {"X_Queue_Pass": self.pass_token} if self.pass_token else {}
        return {"Authorization": f"Bearer {self.token}"} | passed

    def request(self, method: str, path: str, body: Any = None, **headers: str) -> bytes:
        """A request of this fan."""
        return self.world.site.request(method, path, body, **self.headers(), **headers)

    def journey(self) -> Journey:
        """From arriving to leaving."""
        self._to("lobby")
        try:
            outcome = yield from self._story()
        except Exception:
            self._over("met an answer that made no sense")
            raise
        self._over(outcome)

    def _over(self, outcome: str) -> None:
        self.world.record.outcomes[outcome] += 1
        self._to("done")

    def _to(self, stage: str) -> None:
        self.world.record.move(self.stage, stage)
        self.stage = stage

    def _story(self) -> Told:
        world, plan = self.world, self.world.plan
        arrived = yield from world.ask("event", world.site.request("GET", world.event))
        world.record.count("arrived", arrived.due)
        if world.rng.random() < plan.plan_share:
            yield from world.ask("plan", world.site.request("GET", f"{world.event}/plan", Accept_Encoding="gzip"))
        if not self.token and not (yield from self.sign_in()):
            return "could not sign in"
        if plan.line:
            refused = yield from self._wait_in_line()
            if refused:
                return refused
        else:
            # Everybody watches the same clock; fingers differ.
            yield max(plan.opens_at, arrived.at) + min(5.0, world.rng.expovariate(0.8))
        self._to("inside")
        return (yield from self._inside())

    def sign_in(self) -> Generator[float | Ask, Answer | None, bool]:
        """Get a session by the real route; whether there is one now."""
        site = self.world.site
        body = {"email": self.account["email"], "password": self.account["password"]}
        answer = yield from self.world.ask("sign in", site.request("POST", "/api/sessions", body))
        if answer.status != 201:
            return False
        self.token = json.loads(answer.body)["token"]
        return True

    # The line -----------------------------------------------------------------------------------------------------

    def _wait_in_line(self) -> Told:
        """Join and wait; ends with "" inside, else with why not."""
        world, plan, rng = self.world, self.world.plan, self.world.rng
        joined = yield from world.ask("join", self.request("POST", f"{world.event}/queue"))
        if joined.status != 200:
            return f"could not join: {code_of(joined)}"
        self._to("waiting")
        document = json.loads(joined.body)
        self._ticket, self._index = document["ticket"], document["index"]
        if document.get("pass"):
            self._enter(document["pass"], document["position"], joined)
            return ""
        gives_up = joined.at + rng.uniform(5, 40) if self.habit == "leaver" and rng.random() < 0.5 else None
        status = world.site.request("GET", f"/status/{plan.event_id}.json")
        due = joined.due
        place: int | None = None
        while due < plan.end:
            if gives_up is not None and due > gives_up:
                yield from world.ask("leave", self.request("DELETE", f"{world.event}/queue"))
                return "left the line"
            if self.closes_at == "line" and due > plan.opens_at:
                return "closed the tab"
            looked = yield from world.ask("line", status)
            world.see_line(looked)
            due = max(due, looked.at)
            board = world.board
            if place is None:
                place = board.place(self._index)
            if board.phase in ("sold_out", "closed"):
                return "sold out before their turn"
            if place is None or board.phase != "open":
                due += lobby_delay(plan.opens_at - due, plan.fans)
            elif place > board.serving:
                due += poll_delay(place - board.serving, board.rate)
            else:
                refused = yield from self._claim(place)
                if refused is None:
                    return ""
                if refused:
                    return refused
                due = max(due, looked.at) + jitter(2.0)
            yield due
        return "still in line at the end"

    def _claim(self, place: int) -> Generator[float | Ask, Answer | None, str | None]:
        """Go in: None when inside, "" when it was not yet one's turn, else why not."""
        world, rng = self.world, self.world.rng
        yield self.world.loop.now() + CLAIM_SPREAD * rng.random()
        while True:
            body = {"ticket": self._ticket}
            answer = yield from world.ask("claim", self.request("POST", f"{world.event}/admission", body))
            if answer.status == 200:
                self._enter(json.loads(answer.body)["pass"], place, answer)
                return None
            code = code_of(answer)
            if code != "line_full" or answer.at > world.plan.end:
                return "" if code == "not_your_turn" else f"could not go in: {code}"
            self._claimed(place, answer, "full")
            yield answer.at + jitter(float(json.loads(answer.body)["retry_after"]))

    def _enter(self, pass_token: str, place: int, answer: Answer) -> None:
        self.pass_token = self.world.stolen = pass_token
        self._claimed(place, answer, "in")
        self._entered = self._seen_alive = answer.at
        self.world.record.count("entered", answer.at)

    def _claimed(self, place: int, answer: Answer, outcome: str) -> None:
        record = self.world.record
        record.history.claims.append((place, record.since(answer.sent), record.since(answer.at), outcome))

    def gone(self, last_certain: float) -> None:
        """The visit may be over from here on: an order was sent, or the leave, or nothing more will be."""
        if self._entered:
            record = self.world.record
            record.history.visits.append((record.since(self._entered), record.since(last_certain)))
            self._entered = 0.0

    # Inside -------------------------------------------------------------------------------------------------------

    def _inside(self) -> Told:
        world, plan = self.world, self.world.plan
        if self.closes_at == "inside":
            self.gone(self.world.loop.now())
            return "closed the tab"
        tries = 0
        for _ in range(3):
            held = yield from self._choose(tries)
            if isinstance(held, str):
                yield from self._leave()
                return held
            tries += 2
            if self.habit == "leaver":
                yield from self._away_from(held)
                yield from self._leave()
                return "changed their mind"
            if self.closes_at == "held":
                self.gone(self.world.loop.now())
                return "closed the tab"
            thought = held.at + lognormal(world.rng, 8.0 * self.pause)
            yield min(thought, max(held.at, plan.end) + 3.0 * world.rng.random())
            checkout = Checkout(self, held, str(uuid.UUID(int=world.rng.getrandbits(128), version=4)))
            self._to("paying")
            outcome = yield from checkout.run()
            if outcome != "declined" or world.rng.random() < 0.5 or self.world.loop.now() > plan.end:
                if outcome == "declined":
                    yield from self._leave()
                return outcome
            self._to("inside")
        return "gave up after declined cards"

    def _choose(self, tries: int) -> Generator[float | Ask, Answer | None, Answer | str]:
        """The hold's answer, or why there is none."""
        world, rng = self.world, self.world.rng
        quantity = rng.choices(QUANTITIES, QUANTITY_SHARES)[0]
        self._etag = yield from world.look_at_map(self._etag)
        patience = self.world.loop.now() + rng.uniform(5, 40) * min(1.0, self.pause)
        think = lognormal(rng, 4.0 * self.pause)
        while (began := self.world.loop.now()) < world.plan.end:
            yield from self._watch_map(began, began + think)
            wish = world.map.wish(rng, quantity, best=tries > 1 or rng.random() < 0.4)
            if wish is None:
                if quantity > 1:
                    quantity -= 1
                    think = 0.2
                elif world.map.free or self.world.loop.now() < patience:
                    think = rng.uniform(1.5, 3.0)  # somebody's hold may fall free
                else:
                    return "sold out"
                continue
            answer = yield from self._hold(wish)
            if answer.status == 201:
                return answer
            code = code_of(answer)
            if code not in ("seats_taken", "no_seats_left"):
                return f"could not hold: {code}"
            tries += 1
            self._etag = yield from world.look_at_map(self._etag)
            think = lognormal(rng, min(1.5, 1.5 * self.pause))
        return "the rehearsal ended"

    def _watch_map(self, since: float, until: float) -> Generator[float | Ask, Answer | None, None]:
        """Think; meanwhile the page looks what is still free, and shows a sign of life now and then."""
        world, look = self.world, since
        while (look := look + _MAP_POLL * world.rng.uniform(0.9, 1.1)) < until:
            yield look
            self._etag = yield from world.look_at_map(self._etag)
            look = world.loop.now()
            if self._entered and look - self._seen_alive > RENEW_SECONDS:
                body = {"ticket": self._ticket}
                alive = yield from world.ask("renew", self.request("POST", f"{world.event}/admission", body))
                self._seen_alive = alive.at
        yield max(until, world.loop.now())

    def _hold(self, wish: Wish) -> Generator[float | Ask, Answer | None, Answer]:
        world, record = self.world, self.world.record
        step = "hold, chosen" if wish.seats else "hold, best"
        answer = yield from world.ask(step, self.request("POST", f"{world.event}/holds", wish.document()))
        if answer.status == 201:
            held = json.loads(answer.body)
            record.history.holds.append((self.number, held["hold_id"], held["seats"], record.since(answer.at)))
        return answer

    def _away_from(self, held: Answer) -> Generator[float | Ask, Answer | None, None]:
        yield held.at + lognormal(self.world.rng, 3.0)
        yield from self.world.ask("release", self.request("DELETE", f"/api/holds/{json.loads(held.body)['hold_id']}"))

    def _leave(self) -> Generator[float | Ask, Answer | None, None]:
        if self.pass_token and self._entered:
            self.gone(self.world.loop.now())
            yield from self.world.ask("leave", self.request("DELETE", f"{self.world.event}/queue"))
