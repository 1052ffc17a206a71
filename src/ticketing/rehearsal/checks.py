"""Is what the fans saw possible in an honest sale? Judged from their history alone; nothing here knows the platform.

Each check gives what is wrong, a line each; nothing when all is well.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from ticketing.rehearsal.overtaking import Claim, overtakings
from ticketing.rehearsal.record import History

FINAL = {"ticketed", "refused", "declined", "expired", "cancelled", "refunded"}
_OWNS = {"paid", "ticketed"}
_AFTER = {
    "": {"placed", "reserved", "paid"} | FINAL,
    "placed": {"reserved", "paid"} | FINAL,
    "reserved": {"paid"} | FINAL,
    "paid": {"ticketed", "cancelled", "refunded"},
    "declined": {"refunded", "paid", "ticketed"},
    "expired": {"refunded", "paid", "ticketed"},
}


def double_sales(history: History) -> list[str]:
    """A seat with two owners, a ticket with two seats, or a ticket in two orders."""
    wrong = []
    owners: dict[str, set[str]] = defaultdict(set)
    for _, order, state, seats, _, _ in history.looks:
        if state in _OWNS:
            for seat in seats:
                owners[seat].add(order)
    for seat, orders in owners.items():
        if len(orders) > 1:
            wrong.append(f"seat {seat} was sold {len(orders)} times: orders {', '.join(sorted(orders))}")
    issued: dict[str, set[str]] = defaultdict(set)
    for _, order, _, _, tickets, _ in history.looks:
        for ticket in tickets:
            issued[ticket].add(order)
    wrong += [f"ticket {ticket} is in {len(orders)} orders" for ticket, orders in issued.items() if len(orders) > 1]
    shown: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for _, ticket, seat, order in history.tickets:
        shown[ticket].add((seat, order))
        if seat not in owners or order not in owners[seat]:
            wrong.append(f"ticket {ticket} is for seat {seat}, which order {order} does not have")
    wrong += [f"ticket {ticket} showed {len(faces)} seats" for ticket, faces in shown.items() if len(faces) > 1]
    return wrong


def lost_orders(history: History) -> list[str]:
    """An order that was accepted and has no final state, a key that made two orders, or a state after its end."""
    wrong = []
    by_key: dict[tuple[int, str], set[str]] = defaultdict(set)
    accepted = set()
    for fan, key, order, _, _ in history.orders:
        by_key[fan, key].add(order)
        accepted.add(order)
    for (fan, key), orders in by_key.items():
        if len(orders) > 1:
            wrong.append(f"fan {fan}'s key {key} made {len(orders)} orders: {', '.join(sorted(orders))}")
    states: dict[str, list[tuple[float, str]]] = defaultdict(list)
    tickets: dict[str, int] = {}
    seats_of: dict[str, int] = {}
    for _, order, state, seats, issued, at in history.looks:
        states[order].append((at, state))
        if state == "ticketed":
            tickets[order], seats_of[order] = len(issued), len(seats)
    for order in accepted:
        seen = [state for _, state in sorted(states[order])]
        if not seen or seen[-1] not in FINAL:
            wrong.append(f"order {order} was accepted and is {seen[-1] if seen else 'never seen'} at the end")
        before = ""
        for state in seen:
            if state not in _AFTER.get(before, set()):
                wrong.append(f"order {order} went from {before} to {state}")
            before = state
    wrong += [
        f"order {order} has {seats_of[order]} seats and {count} tickets"
        for order, count in tickets.items()
        if count != seats_of[order] or not count
    ]
    return wrong


def refused_orders(history: History) -> list[str]:
    """Orders that lost their seats after the hold: no harm to truth, but no buyer likes it."""
    return [order for _, order, state, _, _, _ in history.looks if state == "refused"]


def inversions(history: History) -> int:
    """How often somebody was let in past somebody who stood at the door all the while, in vain."""
    return overtakings(Claim(*claim) for claim in history.claims).inversions


def early_entries(history: History) -> list[str]:
    """Places that were let in twice."""
    times: dict[int, int] = defaultdict(int)
    for place, _, _, outcome in history.claims:
        if outcome == "in":
            times[place] += 1
    return [f"place {place} was let in {count} times" for place, count in times.items() if count > 1]


def most_inside(visits: Iterable[tuple[float, float]]) -> int:
    """The most people who were inside at one instant for certain: from the answer that let them in to the moment when
    their visit may have ended. The platform's own count can only be higher.
    """
    ends: list[float] = []
    most = 0
    for begin, end in sorted(visits):
        while ends and ends[0] <= begin:
            heapq.heappop(ends)
        heapq.heappush(ends, end)
        most = max(most, len(ends))
    return most


_REFUSALS = {
    "before the sale": {(409, "not_on_sale"), (403, "pass_required")},
    "no session": {(401, "unauthenticated")},
    "forged session": {(401, "unauthenticated")},
    "no pass": {(403, "pass_required")},
    "invented pass": {(403, "pass_invalid")},
    "stolen pass": {(403, "pass_invalid")},
}
_PASS_TRIES = ("no pass", "invented pass", "stolen pass")
_FOR_NOBODY = (429, 503)


@dataclass
class BotTries:
    """How bots fared.

    Attributes:
        refused: by what was tried. undecided: put off like anybody else (429, 503), which proves nothing.
        wrong: neither, a line each.
    """

    refused: Counter[str] = field(default_factory=Counter)
    undecided: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def passes_tried(self) -> bool:
        """Whether the check of the pass has refused anybody."""
        return any(self.refused[what] for what in _PASS_TRIES)


def bot_tries(history: History) -> BotTries:
    """Judge every try of a bot: only the refusal that is about what it lacks is one. To be told that the seat is taken
    or not there means to have come past the guard.
    """
    found = BotTries()
    for what, status, code in history.bots:
        if (status, code) in _REFUSALS[what]:
            found.refused[what] += 1
        elif status in _FOR_NOBODY:
            found.undecided += 1
        else:
            found.wrong.append(f"{what}: answered {status} {code}")
    return found
