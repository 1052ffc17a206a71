"""The provider's books: one SQLite file, every change one transaction, so that a kill -9 loses nothing it said.

Calls are synchronous and short (tens of microseconds): the event loop runs them one after another, and `BEGIN
IMMEDIATE` does the same for a second process on the same file. WAL with `synchronous=NORMAL` survives the death of the
process, which is what rehearsals need; only the death of the machine could lose the last moments.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ticketing.base.clock import Clock, SystemClock
from ticketing.base.ids import new_id
from ticketing.payments.sandbox.behaviour import Behaviour, Decision

_SCHEMA = """
CREATE TABLE IF NOT EXISTS captures (
    order_id TEXT PRIMARY KEY,
    status TEXT NOT NULL CHECK (status IN ('captured', 'declined', 'pending', 'voided')),
    amount INTEGER NOT NULL,
    currency TEXT NOT NULL,
    token TEXT NOT NULL,
    reference TEXT,
    code TEXT,
    callback_url TEXT,
    decide_at_ms INTEGER
);
CREATE INDEX IF NOT EXISTS captures_due ON captures (decide_at_ms) WHERE decide_at_ms IS NOT NULL;
CREATE TABLE IF NOT EXISTS refunds (
    refund_id TEXT PRIMARY KEY,
    order_id TEXT NOT NULL REFERENCES captures (order_id),
    amount INTEGER NOT NULL CHECK (amount > 0),
    reference TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS refunds_order ON refunds (order_id);
CREATE TABLE IF NOT EXISTS movements (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL CHECK (kind IN ('capture', 'refund')),
    order_id TEXT NOT NULL,
    reference TEXT NOT NULL,
    refund_id TEXT,
    amount INTEGER NOT NULL,
    currency TEXT NOT NULL,
    at_ms INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS tries (subject TEXT PRIMARY KEY, n INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS callbacks (
    delivery INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id TEXT NOT NULL,
    order_id TEXT NOT NULL,
    url TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_at_ms INTEGER,
    state TEXT NOT NULL DEFAULT 'due' CHECK (state IN ('due', 'delivered', 'given_up'))
);
CREATE INDEX IF NOT EXISTS callbacks_due ON callbacks (next_at_ms) WHERE next_at_ms IS NOT NULL;
"""


class AmountConflict(Exception):
    """The id was used before, for another amount, currency or order."""


class RefundNotAllowed(Exception):
    """The refund will not be made; `args[0]` is the code."""


@dataclass(frozen=True, slots=True)
class CaptureRecord:
    """One order's capture. `status`: captured, declined, pending or voided."""

    order_id: str
    status: str
    amount: int
    currency: str
    token: str
    reference: str | None
    code: str | None
    callback_url: str | None


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of the statement."""

    seq: int
    kind: str
    order_id: str
    reference: str
    refund_id: str | None
    amount: int
    currency: str
    at_ms: int


class Books:
    """Everything the provider remembers. Open once per process; `close` when done."""

    def __init__(self, file: Path, clock: Clock | None = None) -> None:
        """Open or create the file; its folder is created too."""
        file.parent.mkdir(parents=True, exist_ok=True)
        self.clock = clock or SystemClock()
        self.db = sqlite3.connect(file, isolation_level=None, timeout=10, check_same_thread=False)
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = NORMAL")
        self.db.execute("PRAGMA foreign_keys = ON")
        self.db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self.db.close()

    @contextmanager
    def change(self) -> Iterator[None]:
        """One transaction, with the write lock from its first moment."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        self.db.execute("COMMIT")

    def count_try(self, subject: str) -> int:
        """How often this was tried, this time included."""
        with self.change():
            row = self.db.execute(
                "INSERT INTO tries VALUES (?, 1) ON CONFLICT (subject) DO UPDATE SET n = n + 1 RETURNING n", (subject,)
            ).fetchone()
        return int(row[0])

    def find(self, order_id: str) -> CaptureRecord | None:
        """The order's capture, if the provider has heard of it."""
        row = self.db.execute(
            "SELECT order_id, status, amount, currency, token, reference, code, callback_url"
            " FROM captures WHERE order_id = ?",
            (order_id,),
        ).fetchone()
        return CaptureRecord(*row) if row else None

    def capture(self, wanted: CaptureRecord, behaviour: Behaviour, pending_ms: int) -> CaptureRecord:
        """Decide once per order; afterwards give the first decision back.

        `wanted` carries the request (its status is ignored). Raises `AmountConflict` when the order was captured
        before for something else. A voided order stays voided, whatever is asked.
        """
        with self.change():
            known = self.find(wanted.order_id)
            if known is None:
                self._decide_first(wanted, behaviour, pending_ms)
            elif known.status != "voided" and (known.amount, known.currency) != (wanted.amount, wanted.currency):
                raise AmountConflict(wanted.order_id)
            return self._must_find(wanted.order_id)

    def _decide_first(self, wanted: CaptureRecord, behaviour: Behaviour, pending_ms: int) -> None:
        declined = behaviour.decision is Decision.DECLINE
        status = "pending" if behaviour.pending else "declined" if declined else "captured"
        reference = new_id("cap") if status == "captured" else None
        self.db.execute(
            "INSERT INTO captures VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                wanted.order_id,
                status,
                wanted.amount,
                wanted.currency,
                wanted.token,
                reference,
                behaviour.code if status == "declined" else None,
                wanted.callback_url,
                self.clock.now_ms() + pending_ms if behaviour.pending else None,
            ),
        )
        if reference is not None:
            self._book("capture", wanted.order_id, reference, None, wanted.amount, wanted.currency)

    def settle_pending(self, order_id: str, behaviour: Behaviour) -> CaptureRecord | None:
        """Decide a pending capture and queue its callbacks. None when it is pending no longer."""
        with self.change():
            known = self.find(order_id)
            if known is None or known.status != "pending":
                return None
            if behaviour.decision is Decision.DECLINE:
                new: tuple[str, str | None, str | None] = ("declined", None, behaviour.code)
            else:
                new = ("captured", new_id("cap"), None)
            self.db.execute(
                "UPDATE captures SET status = ?, reference = ?, code = ?, decide_at_ms = NULL WHERE order_id = ?",
                (*new, order_id),
            )
            if new[1] is not None:
                self._book("capture", order_id, new[1], None, known.amount, known.currency)
            if known.callback_url:
                event_id, now = new_id("cbk"), self.clock.now_ms()
                self.db.executemany(
                    "INSERT INTO callbacks (event_id, order_id, url, next_at_ms) VALUES (?, ?, ?, ?)",
                    [(event_id, order_id, known.callback_url, now)] * behaviour.callbacks,
                )
            return self._must_find(order_id)

    def void(self, order_id: str) -> CaptureRecord:
        """Close the order for ever, heard of or not, unless it is decided; give its record back."""
        with self.change():
            self.db.execute(
                "INSERT INTO captures VALUES (?, 'voided', 0, '', '', NULL, 'voided', NULL, NULL)"
                " ON CONFLICT (order_id) DO UPDATE SET status = 'voided', code = 'voided', decide_at_ms = NULL"
                " WHERE status = 'pending'",
                (order_id,),
            )
            return self._must_find(order_id)

    def refund(self, order_id: str, refund_id: str, amount: int) -> str:
        """Give money back once per refund id; the provider's reference of it.

        Raises `AmountConflict` for a refund id used for something else, and `RefundNotAllowed` (`not_captured`,
        `exceeds_captured`) otherwise.
        """
        with self.change():
            before = self.db.execute(
                "SELECT order_id, amount, reference FROM refunds WHERE refund_id = ?", (refund_id,)
            ).fetchone()
            if before is not None:
                if (before[0], before[1]) != (order_id, amount):
                    raise AmountConflict(refund_id)
                return str(before[2])
            capture = self.find(order_id)
            if capture is None or capture.status != "captured":
                raise RefundNotAllowed("not_captured")
            given = self.db.execute("SELECT coalesce(sum(amount), 0) FROM refunds WHERE order_id = ?", (order_id,))
            if given.fetchone()[0] + amount > capture.amount:
                raise RefundNotAllowed("exceeds_captured")
            reference = new_id("rfd")
            self.db.execute("INSERT INTO refunds VALUES (?, ?, ?, ?)", (refund_id, order_id, amount, reference))
            self._book("refund", order_id, reference, refund_id, amount, capture.currency)
            return reference

    def statement(self, after: int, limit: int) -> list[Movement]:
        """Up to `limit` movements after a sequence number, oldest first."""
        rows = self.db.execute("SELECT * FROM movements WHERE seq > ? ORDER BY seq LIMIT ?", (after, limit))
        return [Movement(*row) for row in rows]

    def _book(
        self, kind: str, order_id: str, reference: str, refund_id: str | None, amount: int, currency: str
    ) -> None:
        self.db.execute(
            "INSERT INTO movements (kind, order_id, reference, refund_id, amount, currency, at_ms)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (kind, order_id, reference, refund_id, amount, currency, self.clock.now_ms()),
        )

    def _must_find(self, order_id: str) -> CaptureRecord:
        record = self.find(order_id)
        if record is None:  # cannot happen inside the transaction that wrote it; said for the type checker's sake
            raise LookupError(order_id)
        return record
