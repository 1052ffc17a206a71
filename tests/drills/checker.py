"""Judges a drill from the outside: what buyers were told, our books, the provider's books. All three must agree.

It shares no code with what it judges. Each rule is a function that names the breaches it finds:

- kept: what was accepted is in exactly one final state, and its buyer sees that state
- money: at the provider, per order, taken − given back = live tickets + kept fees; nothing is taken twice
- seats: a seat has one owner and one live ticket; nobody owns more than the cap
- answers: no failure but an honest 503
- rest: no work is left over
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tests.drills.books import Database, Row
from tests.drills.history import Exchange, History

FINAL = frozenset({"ticketed", "refused", "declined", "expired", "cancelled", "refunded"})
_AFTER_CANCELLING = {("ticketed", "cancelled"), ("ticketed", "refunded"), ("cancelled", "refunded")}


@dataclass(frozen=True)
class Breach:
    """One broken promise. `rule` is a stable word, `subject` the id it is about."""

    rule: str
    subject: str
    what: str

    def __str__(self) -> str:
        return f"[{self.rule}] {self.subject}: {self.what}"


@dataclass(frozen=True)
class Evidence:
    """All that is known after a drill. `cap` is the most seats a person may own of the event."""

    history: History
    database: Database
    statement: Sequence[Row]
    cap: int
    dead_letters: int = 0
    may_hang_up: bool = False


@dataclass
class Verdict:
    """What the checker found. `facts` are counts that show that there was something to find."""

    breaches: list[Breach] = field(default_factory=list)
    facts: Counter[str] = field(default_factory=Counter)

    @property
    def clean(self) -> bool:
        """No promise was broken."""
        return not self.breaches

    def rules(self) -> set[str]:
        """The rules that were broken."""
        return {breach.rule for breach in self.breaches}

    def __str__(self) -> str:
        facts = ", ".join(f"{name} {count}" for name, count in sorted(self.facts.items()))
        if self.clean:
            return f"clean: {facts}"
        lines = [str(breach) for breach in self.breaches[:40]]
        more = [f"… and {len(self.breaches) - 40} more"] if len(self.breaches) > 40 else []
        return "\n".join([f"{len(self.breaches)} breaches ({facts})", *lines, *more])


def check(evidence: Evidence) -> Verdict:
    """Apply every rule."""
    verdict = Verdict()
    for rule in (_kept, _seen, _once_per_key, _as_held, _money, _ledger, _seats, _tickets, _answers, _rest):
        verdict.breaches += rule(evidence)
    verdict.facts["accepted"] = len(evidence.history.accepted())
    verdict.facts.update(order["state"] for order in evidence.database.orders)
    verdict.facts["captures"] = sum(line["kind"] == "capture" for line in evidence.statement)
    verdict.facts["refunds"] = sum(line["kind"] == "refund" for line in evidence.statement)
    return verdict


def _kept(e: Evidence) -> Iterator[Breach]:
    accepted = e.history.accepted()
    states = {order["id"]: order["state"] for order in e.database.orders}
    for order_id, promise in accepted.items():
        state = states.get(order_id)
        if state is None:
            yield Breach("vanished", order_id, f"was accepted from {promise.account} and is in no book")
        elif state not in FINAL:
            yield Breach("not-final", order_id, f"was accepted and is still {state}")
    for order_id in states.keys() - accepted.keys():
        yield Breach("unasked", order_id, f"is {states[order_id]}, but nobody was told that it was accepted")


def _seen(e: Evidence) -> Iterator[Breach]:
    states = {order["id"]: order["state"] for order in e.database.orders}
    cancelled = {x.path.split("/")[3] for x in e.history.answers("POST", "/api/orders/") if x.path.endswith("/cancel")}
    views: dict[str, list[str]] = defaultdict(list)
    for exchange in e.history.exchanges:
        for view in _views(exchange):
            views[view["order_id"]].append(view["status"])
    for order_id, told in views.items():
        finals = [status for status in told if status in FINAL]
        for before, after in itertools.pairwise(finals):
            allowed = order_id in cancelled and (before, after) in _AFTER_CANCELLING
            if before != after and not allowed:
                yield Breach("changed-its-mind", order_id, f"its buyer saw {before}, a final state, and then {after}")
    for order_id in e.history.accepted():
        last = views[order_id][-1] if views[order_id] else "nothing"
        if order_id in states and last != states[order_id]:
            yield Breach("not-shown", order_id, f"is {states[order_id]}; its buyer was last shown {last}")


def _views(exchange: Exchange) -> list[Row]:
    """Orders as an answer shows them to their buyer."""
    if exchange.status not in (200, 202) or not exchange.path.startswith("/api/orders/"):
        return []
    return [exchange.answer] if exchange.answer else []


def _once_per_key(e: Evidence) -> Iterator[Breach]:
    orders: dict[tuple[str, str], set[str]] = defaultdict(set)
    keys: dict[str, set[str]] = defaultdict(set)
    for exchange in e.history.placed():
        if exchange.status == 202:
            orders[exchange.account, exchange.key].add(exchange.answer["order_id"])
            keys[exchange.answer["order_id"]].add(exchange.key)
    for (account, key), ids in orders.items():
        if len(ids) > 1:
            yield Breach("key-made-two", account, f"Idempotency-Key {key} gave the orders {', '.join(sorted(ids))}")
    for order_id, used in keys.items():
        if len(used) > 1:
            yield Breach("keys-made-one", order_id, f"answers to {len(used)} different keys")


def _as_held(e: Evidence) -> Iterator[Breach]:
    """The order in the books is what the buyer had in hand."""
    holds = {
        x.answer["token"]: x.answer
        for x in e.history.answers("POST")
        if x.status == 201 and x.path.endswith("/holds") and x.answer
    }
    orders = {order["id"]: order for order in e.database.orders}
    seats: dict[str, set[str]] = defaultdict(set)
    for seat in e.database.seats:
        seats[seat["order_id"]].add(seat["seat_id"])
    for order_id, promise in e.history.accepted().items():
        hold, order = holds.get((promise.request or {}).get("hold_token", "")), orders.get(order_id)
        if hold is None or order is None:
            continue
        if order["amount"] != hold["amount"] or seats[order_id] != set(hold["seats"]):
            yield Breach(
                "not-as-held",
                order_id,
                f"{hold['amount']} for {sorted(hold['seats'])} were held, "
                f"{order['amount']} for {sorted(seats[order_id])} ordered",
            )
        if order["account_id"] != promise.account:
            yield Breach("not-as-held", order_id, f"{promise.account} ordered it, {order['account_id']} has it")


def _money(e: Evidence) -> Iterator[Breach]:
    """The provider's books against what the buyers can use."""
    known = {order["id"] for order in e.database.orders}
    taken: dict[str, list[int]] = defaultdict(list)
    given: Counter[str] = Counter()
    for line in e.statement:
        if line["order_id"] not in known:
            owner = next((order_id for order_id in known if line["order_id"].startswith(order_id)), None)
            whose = f"order {owner} was charged once more under it" if owner else "no such order is in our books"
            yield Breach("charged-twice" if owner else "stray-money", line["order_id"], f"{line['amount']}: {whose}")
        elif line["kind"] == "capture":
            taken[line["order_id"]].append(line["amount"])
        else:
            given[line["order_id"]] += line["amount"]
    worth, fees = _worth(e), _fees(e)
    for order_id in sorted(known):
        if len(taken[order_id]) > 1:
            yield Breach("charged-twice", order_id, f"captured {len(taken[order_id])} times: {taken[order_id]}")
        kept = sum(taken[order_id]) - given[order_id]
        if kept != worth[order_id] + fees[order_id]:
            yield Breach(
                "money",
                order_id,
                f"the provider keeps {kept} of it; its live tickets are worth {worth[order_id]}, "
                f"kept fees {fees[order_id]}",
            )


def _worth(e: Evidence) -> Counter[str]:
    """Order id → what its live tickets cost."""
    price = {(seat["order_id"], seat["seat_id"]): seat["amount"] for seat in e.database.seats}
    worth: Counter[str] = Counter()
    for ticket in e.database.tickets:
        if ticket["live"]:
            worth[ticket["order_id"]] += price.get((ticket["order_id"], ticket["seat_id"]), 0)
    return worth


def _fees(e: Evidence) -> Counter[str]:
    fees: Counter[str] = Counter()
    for entry in e.database.ledger:
        if entry["kind"] == "fee_kept":
            fees[entry["order_id"]] += entry["amount"]
    return fees


def _ledger(e: Evidence) -> Iterator[Breach]:
    """Our ledger tells of the same money as the provider's books."""
    for kind, ours in (("capture", "captured"), ("refund", "refunded")):
        theirs: Counter[str] = Counter()
        for line in e.statement:
            if line["kind"] == kind:
                theirs[line["order_id"]] += line["amount"]
        booked: Counter[str] = Counter()
        for entry in e.database.ledger:
            if entry["kind"] == ours:
                booked[entry["order_id"]] += entry["amount"]
        for order in e.database.orders:
            order_id = order["id"]
            if theirs[order_id] != booked[order_id]:
                yield Breach("ledger", order_id, f"{ours} {booked[order_id]} here, {theirs[order_id]} at the provider")


def _seats(e: Evidence) -> Iterator[Breach]:
    owners: dict[str, list[str]] = defaultdict(list)
    owned: Counter[str] = Counter()
    orders = {order["id"]: order for order in e.database.orders}
    for seat in e.database.seats:
        if seat["live"]:
            owners[seat["seat_id"]].append(seat["order_id"])
            owner = orders.get(seat["order_id"])
            owned[owner["account_id"] if owner else f"(nobody: {seat['order_id']})"] += 1
            if owner and owner["state"] in FINAL and owner["state"] != "ticketed":
                yield Breach("grey-seat", seat["seat_id"], f"belongs to {owner['id']}, which is {owner['state']}")
    for seat_id, ids in owners.items():
        if len(ids) > 1:
            yield Breach("two-owners", seat_id, f"belongs to {', '.join(ids)}")
    counted = {person["account_id"]: person["seats"] for person in e.database.people}
    for account, count in owned.items():
        if count > e.cap:
            yield Breach("over-cap", account, f"owns {count} seats of at most {e.cap}")
    for account in owned.keys() | counted.keys():
        if owned[account] != counted.get(account, 0):
            yield Breach("miscounted", account, f"owns {owned[account]} seats, counted {counted.get(account, 0)}")


def _tickets(e: Evidence) -> Iterator[Breach]:
    holders: dict[str, list[str]] = defaultdict(list)
    by_order: dict[str, set[str]] = defaultdict(set)
    for ticket in e.database.tickets:
        if ticket["live"]:
            holders[ticket["seat_id"]].append(ticket["id"])
            by_order[ticket["order_id"]].add(ticket["seat_id"])
    for seat_id, ids in holders.items():
        if len(ids) > 1:
            yield Breach("two-tickets", seat_id, f"admits with {', '.join(ids)}")
    seats: dict[str, set[str]] = defaultdict(set)
    for seat in e.database.seats:
        seats[seat["order_id"]].add(seat["seat_id"])
    for order in e.database.orders:
        due = seats[order["id"]] if order["state"] == "ticketed" else set()
        if by_order[order["id"]] != due:
            have = sorted(by_order[order["id"]])
            yield Breach("tickets", order["id"], f"is {order['state']} with live tickets for {have}, not {sorted(due)}")


def _answers(e: Evidence) -> Iterator[Breach]:
    for exchange in e.history.exchanges:
        where = f"{exchange.method} {exchange.path}"
        if exchange.status is None:
            if not e.may_hang_up:
                yield Breach("no-answer", where, "the connection ended without an answer")
        elif exchange.status >= 500:
            code = (exchange.answer or {}).get("code")
            honest = exchange.status == 503 and exchange.media_type.startswith("application/problem+json") and code
            if not honest:
                yield Breach("server-error", where, f"answered {exchange.status} {exchange.answer}")


def _rest(e: Evidence) -> Iterator[Breach]:
    for row in e.database.outbox:
        state = "dead" if row["dead"] else "still to do"
        yield Breach("left-over", f"outbox {row['topic']}", f"{state} after {row['attempts']} attempts")
    if e.dead_letters:
        yield Breach("left-over", "queue", f"{e.dead_letters} dead letters")
