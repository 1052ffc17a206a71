"""I6, people: nobody owns more seats than the event allows, and the counts that enforce it are right."""

from __future__ import annotations

from ticketing.admin.fsck.books import Books
from ticketing.admin.fsck.report import Cure, Report


async def check_people(books: Books, report: Report) -> None:
    """Count everybody's seats and compare with the cap and with what is noted."""
    # Whoever owns seats: the database groups them, only what is wrong comes over.
    wrong = await books.rows(
        "SELECT c.event_id, c.account_id, c.owned, p.seats AS noted, e.max_per_person AS cap FROM"
        " (SELECT o.event_id, o.account_id, COUNT(*) AS owned FROM order_seats s JOIN orders o ON o.id = s.order_id"
        " WHERE s.live IS NOT NULL /*AND o.event_id*/ GROUP BY o.event_id, o.account_id) c"
        " LEFT JOIN event_people p ON p.event_id = c.event_id AND p.account_id = c.account_id"
        " LEFT JOIN events e ON e.id = c.event_id"
        " WHERE p.seats IS NULL OR p.seats <> c.owned OR c.owned > e.max_per_person"
    )
    # Whoever is noted with seats and owns none.
    phantoms = await books.rows(
        "SELECT p.event_id, p.account_id, 0 AS owned, p.seats AS noted, NULL AS cap FROM event_people p"
        " WHERE p.seats <> 0 /*AND p.event_id*/ AND NOT EXISTS"
        " (SELECT 1 FROM orders o JOIN order_seats s ON s.order_id = o.id AND s.live IS NOT NULL"
        " WHERE o.event_id = p.event_id AND o.account_id = p.account_id)"
    )
    for row in (*wrong, *phantoms):
        ids = {"event_id": row.event_id, "account_id": row.account_id}
        if row.noted != row.owned:
            noted = "nothing" if row.noted is None else row.noted
            detail = f"owns {row.owned} seats, {noted} is noted: the cap per person is judged by a wrong number"
            report.breach("I6", "people_count_wrong", detail, cure=Cure.PEOPLE, **ids)
        if row.cap is not None and row.owned > row.cap:
            report.breach("I6", "cap_exceeded", f"owns {row.owned} seats, at most {row.cap} are allowed", **ids)
    report.checked.append("people")
