"""I6, holds: seats end bought, released or expired, and what Valkey says of seats and people is true.

The database and Valkey are never read at the same instant, so a difference is believed only when it is there, the
same, in several looks. What a waiting message will put right is under way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from ticketing.admin.fsck.books import Books
from ticketing.admin.fsck.look import Look, take_look
from ticketing.admin.fsck.plans import Plan, Plans
from ticketing.admin.fsck.report import Breach, Cure, Report, Tell
from ticketing.base.db import Database
from ticketing.base.valkey import Valkey

LOOKS = 3
_SOLD = 0x33
_STATES = frozenset(b"01234")
# The worker sweeps and mends shows until half a day after they began.
_AFTER_START_MS = 12 * 3600 * 1000

_Found = dict[tuple[object, ...], Breach]


async def check_holds(db: Database, valkey: Valkey, plans: Plans, report: Report, tell: Tell) -> None:
    """All events that are not over. Raises ValkeyAway, DatabaseAway."""
    current = [
        event.event_id
        for event in plans.events.values()
        if report.scope.event_id is not None or event.starts_at > report.at - _AFTER_START_MS
    ]
    for done, event_id in enumerate(current):
        tell("seats in Valkey", done, len(current))
        await _check_event(db, valkey, plans, event_id, report)
    report.checked.append("holds")


async def _check_event(db: Database, valkey: Valkey, plans: Plans, event_id: str, report: Report) -> None:
    async with db.read() as conn:
        plan = await plans.plan(Books(conn), event_id)
    if plan is None:
        return
    believed: _Found = {}
    for number in range(LOOKS):
        if number:
            await asyncio.sleep(report.scope.look_seconds)
        # A connection of its own for each look: on one and the same, SQLite would go on showing the old moment.
        async with db.read() as conn:
            look = await take_look(Books(conn), valkey, event_id)
        found = _compare(look, event_id, plan, report)
        believed = found if number == 0 else {k: breach for k, breach in found.items() if k in believed}
        if not believed:
            break
    report.breaches.extend(believed.values())
    _note_moving(look, event_id, report)


def _note_moving(look: Look, event_id: str, report: Report) -> None:
    if look.state != "ready":
        report.figures["events_not_in_valkey"] += 1
        return
    report.figures["holds"] += len(look.holds)
    for hold_id, since in look.news.holds.items():
        report.moving("seats_on_their_way_to_valkey", hold_id or event_id, since)


def _compare(look: Look, event_id: str, plan: Plan, report: Report) -> _Found:
    """Every difference of one look, by what makes it the same difference in the next."""
    if look.state != "ready":
        # Lost, or never asked for: the next hold or the worker's sweep rebuilds it from the books.
        return {}
    if len(look.seats) != len(plan.seats):
        detail = f"Valkey has {len(look.seats)} seats, the plan {len(plan.seats)}"
        return {("size",): Breach("I6", "seat_string_wrong", detail, {"event_id": event_id})}
    found: _Found = {}
    for breaches in (
        _seat_states(look, event_id, plan, report),
        _unowned(look, event_id, plan),
        _hold_ends(look, event_id, report),
        _held_seats(look, event_id, plan),
        _counts(look, event_id, report),
    ):
        found.update(breaches)
    return found


def _seat_states(look: Look, event_id: str, plan: Plan, report: Report) -> Iterator[tuple[tuple[object, ...], Breach]]:
    for ordinal, state in enumerate(look.seats):
        ids = {"event_id": event_id, "seat_id": plan.seats[ordinal], "ordinal": ordinal}
        if state not in _STATES:
            detail = f"nobody knows the seat state {bytes([state])!r}"
            yield ("state", ordinal, state), Breach("I6", "seat_state_unknown", detail, ids)
            continue
        sold = ordinal in look.sold
        if (state == _SOLD) == sold:
            continue
        since = look.news.ordinals.get(ordinal)
        if since is not None and not report.overdue(since):
            continue
        late = "" if since is None else f"; the message that would tell it has waited {(report.at - since) // 1000} s"
        if sold:
            detail = f"sold by the books, {chr(state)!r} in Valkey: people may be sent after it in vain{late}"
            yield ("sold", ordinal, state), Breach("I6", "sold_seat_not_marked", detail, ids, Cure.MARK)
        else:
            detail = f"marked sold in Valkey, nobody owns it by the books: it cannot be bought{late}"
            yield ("unsold", ordinal), Breach("I6", "unsold_seat_marked_sold", detail, ids, Cure.MARK)


def _unowned(look: Look, event_id: str, plan: Plan) -> Iterator[tuple[tuple[object, ...], Breach]]:
    for ordinal in look.unowned():
        if ordinal in look.sold:
            continue  # reported as sold and not marked, if nothing is on its way
        ids = {"event_id": event_id, "seat_id": plan.seats[ordinal], "ordinal": ordinal, "epoch": look.epoch}
        detail = "the seat is grey and belongs to no hold: it would never come free"
        yield ("grey", ordinal), Breach("I6", "grey_seat", detail, ids, Cure.HOLDS)


def _hold_ends(look: Look, event_id: str, report: Report) -> Iterator[tuple[tuple[object, ...], Breach]]:
    for hold_id, hold in look.holds.items():
        ids = {"event_id": event_id, "hold_id": hold_id, "account_id": hold.account_id}
        if report.overdue(hold.expires):
            seconds = (report.at - hold.expires) // 1000
            detail = f"the hold should have ended {seconds} s ago: is a worker running?"
            yield ("overdue", hold_id), Breach("I6", "hold_overdue", detail, ids, Cure.SWEEP)
    for hold_id, hold in look.endless.items():
        ids = {"event_id": event_id, "hold_id": hold_id, "account_id": hold.account_id}
        ids["epoch"] = look.epoch
        detail = "the hold is not in the index of ends: it would never end"
        yield ("endless", hold_id), Breach("I6", "hold_without_end", detail, ids, Cure.HOLDS)


def _held_seats(look: Look, event_id: str, plan: Plan) -> Iterator[tuple[tuple[object, ...], Breach]]:
    holders: dict[int, str] = {}
    for hold_id, hold in look.holds.items():
        for ordinal in hold.ordinals:
            if ordinal in look.sold or not 0 <= ordinal < len(look.seats):
                continue
            ids = {"event_id": event_id, "seat_id": plan.seats[ordinal], "ordinal": ordinal}
            other = holders.setdefault(ordinal, hold_id)
            if other != hold_id:
                both = {**ids, "hold_ids": sorted((other, hold_id))}
                detail = "two holds have the same seat; the database will refuse one of them"
                yield ("twice", ordinal), Breach("I6", "seat_held_twice", detail, both)
            if look.seats[ordinal : ordinal + 1] == b"0":
                mine = {**ids, "hold_id": hold_id, "epoch": look.epoch}
                detail = "the seat is in a hold and looks free"
                yield ("free", ordinal), Breach("I6", "held_seat_looks_free", detail, mine, Cure.HOLDS)


def _counts(look: Look, event_id: str, report: Report) -> Iterator[tuple[tuple[object, ...], Breach]]:
    held: dict[str, int] = {}
    for hold in look.holds.values():
        held[hold.account_id] = held.get(hold.account_id, 0) + len(hold.ordinals)
    for account_id in sorted(held.keys() | look.people.keys()):
        noted, counted = look.people.get(account_id, 0), held.get(account_id, 0)
        if noted != counted:
            ids = {"event_id": event_id, "account_id": account_id, "epoch": look.epoch}
            detail = f"holds {counted} seats, Valkey counts {noted}: the cap per person is judged by a wrong number"
            yield (
                ("people", account_id, noted, counted),
                Breach("I6", "held_count_wrong", detail, ids, Cure.HOLDS),
            )
    for account_id in sorted(look.owned.keys() | look.bought.keys()):
        noted, counted = look.bought.get(account_id, 0), look.owned.get(account_id, 0)
        since = look.news.accounts.get(account_id)
        if noted != counted and (since is None or report.overdue(since)):
            ids = {"event_id": event_id, "account_id": account_id}
            detail = f"owns {counted} seats, Valkey counts {noted}: the cap per person is judged by a wrong number"
            yield (
                ("bought", account_id, noted, counted),
                Breach("I6", "bought_count_wrong", detail, ids, Cure.BOUGHT),
            )
