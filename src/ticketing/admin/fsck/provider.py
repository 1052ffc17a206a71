"""I3, provider: every capture and refund there has its ledger row here with the same amount, and the reverse."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from ticketing.admin.fsck.books import Books, Case, Piece
from ticketing.admin.fsck.money import add_up
from ticketing.admin.fsck.outbox import Messages, check_outbox
from ticketing.admin.fsck.report import Cure, Report
from ticketing.admin.fsck.statement import Line, Statement

_OURS = {"captured": "capture", "refunded": "refund"}
_PIECE = 500


class ProviderCheck:
    """Compares piece by piece.

    The statement is read after the snapshot of the books was taken. What our books have and the provider has not is
    therefore certain at once; what only the provider has may be news, and is looked up again by `confirm`.
    """

    def __init__(self, statement: Statement, messages: Messages, report: Report) -> None:
        self._statement = statement
        self._messages = messages
        self._report = report
        self._news: dict[str, list[Line]] = defaultdict(list)

    def check(self, piece: Piece) -> None:
        """Compare the orders of one piece."""
        lines: dict[str, list[Line]] = defaultdict(list)
        for line in self._statement.between(piece.after, piece.upto):
            lines[line.order_id].append(line)
        for order_id, case in piece.cases.items():
            self._check_order(case, lines.pop(order_id, []))
        if self._report.scope.event_id is None:
            # The provider does not know of events: in a narrowed check these may be other events' orders.
            self._news.update(lines)

    def _check_order(self, case: Case, lines: list[Line]) -> None:
        ours = _ours(case)
        theirs = {(line.kind, line.name): line for line in lines}
        ids = {"event_id": case.order.event_id, "order_id": case.order.id}
        for key, entry in ours.items():
            line = theirs.get(key)
            if line is None:
                detail = f"{entry.kind} {entry.amount} {entry.currency} as {key[1]}: the provider has no such movement"
                self._report.breach("I3", "not_at_provider", detail, reference=key[1], ledger_id=entry.id, **ids)
            elif (line.amount, line.currency) != (entry.amount, entry.currency):
                detail = (
                    f"{entry.kind} {key[1]}: {entry.amount} {entry.currency} here,"
                    f" {line.amount} {line.currency} at the provider"
                )
                self._report.breach("I3", "provider_amount_differs", detail, reference=key[1], **ids)
        self._check_once(lines, ids)
        missing = [line for line in lines if (line.kind, line.name) not in ours]
        for line in missing:
            if not self._moving(case, line, self._messages):
                self._news[case.order.id].append(line)

    def _check_once(self, lines: list[Line], ids: dict[str, Any]) -> None:
        for (kind, name), count in Counter((line.kind, line.name) for line in lines).items():
            if count > 1:
                detail = f"the provider lists {kind} {name} {count} times"
                self._report.breach("I3", "provider_moved_twice", detail, reference=name, **ids)

    def _moving(self, case: Case, line: Line, messages: Messages) -> bool:
        """Whether the message that will write this movement into the ledger is on its way."""
        order = case.order
        if line.kind == "capture":
            under_way = order.state == "reserved" and messages.moves(order.id, "capture")
        else:
            under_way = line.name in add_up(case.entries).open_refunds and messages.moves(order.id, "refund")
        if under_way:
            kind = "taken_not_booked" if line.kind == "capture" else "given_back_not_booked"
            self._report.moving(kind, order.id, line.at_ms, line.amount, line.currency)
        return under_way

    async def confirm(self, books: Books) -> None:
        """Look up again what only the provider had. `books` must read a moment after the statement was read."""
        suspects = iter(sorted(self._news))
        # Only to know what is waiting now: what is wrong with messages was reported from the snapshot.
        messages = await check_outbox(books, Report(self._report.scope, self._report.at)) if self._news else Messages()
        while ids := list(islice(suspects, _PIECE)):
            cases = await books.some(ids)
            for order_id in ids:
                self._judge(order_id, cases.get(order_id), self._news[order_id], messages)
        self._report.checked.append("provider")

    def _judge(self, order_id: str, case: Case | None, lines: Iterable[Line], messages: Messages) -> None:
        for line in lines:
            what = f"the provider's books have a {line.kind} {line.name} of {line.amount} {line.currency}"
            if case is None:
                detail = f"{what} for an order that we do not know"
                self._report.breach(
                    "I3", "provider_knows_more", detail, order_id=order_id, reference=line.name, kind=line.kind
                )
            elif (line.kind, line.name) not in _ours(case) and not self._moving(case, line, messages):
                self._report.breach(
                    "I3",
                    "provider_knows_more",
                    f"{what}, our ledger has not (the order is {case.order.state})",
                    cure=_cure(case, line),
                    event_id=case.order.event_id,
                    order_id=order_id,
                    reference=line.name,
                    kind=line.kind,
                )


def _cure(case: Case, line: Line) -> Cure | None:
    """The normal path can book it only while the order waits for just this movement."""
    if line.kind == "capture":
        return Cure.CAPTURE if case.order.state == "reserved" else None
    return Cure.REFUND if line.name in add_up(case.entries).open_refunds else None


def _ours(case: Case) -> Mapping[tuple[str, str], Any]:
    # Nothing was ever asked of the provider for an amount of 0.
    return {
        (_OURS[entry.kind], entry.reference): entry
        for entry in case.entries
        if entry.kind in _OURS and entry.amount != 0
    }
