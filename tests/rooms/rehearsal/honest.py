"""A rehearsal that went well, small and made by hand, for tests to spoil."""

from __future__ import annotations

from typing import Any

from ticketing.rehearsal.client import Answer
from ticketing.rehearsal.conduct import Played
from ticketing.rehearsal.plan import Mix, Plan
from ticketing.rehearsal.record import Record

CAP = 2
CLEAN: dict[str, Any] = {"breaches": [], "exit_code": 0}


def plan(**other: Any) -> Plan:
    """Three fans in a line."""
    given: dict[str, Any] = {
        "target": ("127.0.0.1", 1), "host": "here", "event_id": "evt_1", "line": True, "first": 0, "stride": 1,
        "fans": 3, "begin": 100.0, "opens_at": 110.0, "end": 150.0, "close": 200.0, "accounts": "", "mix": Mix(bot=0.1),
    }  # fmt: skip
    return Plan(**given | other)


def played(**other: Any) -> Played:
    """Two of them buy, one after the other; the third comes in for the rest; a bot is refused."""
    record = Record(110.0)
    history = record.history
    history.claims += [(1, 0.2, 0.3, "in"), (2, 0.2, 0.3, "in"), (3, 0.2, 0.3, "full"), (3, 5.0, 5.1, "in")]
    history.visits += [(0.3, 4.0), (0.3, 4.5), (5.1, 9.0)]
    history.holds += [(0, "hld_1", ["A-1", "A-2"], 2.0), (1, "hld_2", ["A-3"], 2.1)]
    history.orders += [
        (0, "key-0", "ord_1", 4.0, 4.1),
        (0, "key-0", "ord_1", 4.0, 4.2),
        (1, "key-1", "ord_2", 4.5, 4.6),
    ]
    history.looks += [
        (0, "ord_1", "placed", [], [], 4.2),
        (0, "ord_1", "ticketed", ["A-1", "A-2"], ["tkt_1", "tkt_2"], 5.0),
        (1, "ord_2", "reserved", ["A-3"], [], 4.8),
        (1, "ord_2", "declined", ["A-3"], [], 5.5),
    ]
    history.tickets += [(0, "tkt_1", "A-1", "ord_1")]
    history.bots += [("no pass", 403, "pass_required"), ("no session", 401, "unauthenticated")]
    record.seats += [(0.5, 3, 0, 0), (5.0, 0, 1, 2)]
    for n in range(1000):
        record.answered("hold, chosen", Answer(201, b"", 110.0 + n / 100, 110.0 + n / 100, 110.005 + n / 100), "")
    made = Played(plan(**other), record, load=[[(float(n), 0.3) for n in range(20)]], cores=2)
    made.late.add(0.001)
    return made
