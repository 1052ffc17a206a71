"""Breaches that direct writes to the database make."""

from __future__ import annotations

from tests.rooms.admin.house import PRICE, House, order_id
from tests.rooms.admin.plants import Plant, ids, of_order, of_person, of_seat, of_seat_of, sql


async def _foreign_seat(house: House) -> None:
    event_id = house.event.id
    await house.open()
    other = house.event.id
    house.event = type(house.event)(**{f: getattr(house.event, f) for f in house.event.__slots__} | {"id": event_id})
    await house.sql("UPDATE order_seats SET event_id = :e WHERE order_id = :o", e=other, o=order_id("inside"))


async def _cap(house: House) -> None:
    await house.sql("UPDATE orders SET account_id = 'acc_seated' WHERE id = :o", o=order_id("twice"))
    await house.sql("UPDATE tickets SET account_id = 'acc_seated' WHERE order_id = :o", o=order_id("twice"))
    await house.sql("UPDATE events SET max_per_person = 2 WHERE id = :e", e=house.event.id)
    await house.sql("DELETE FROM event_people WHERE account_id = 'acc_twice'")
    await house.sql("UPDATE event_people SET seats = 3 WHERE account_id = 'acc_seated'")


_NOTHING_MOVES = [
    Plant("I2", "nothing_moves_it", sql(f"DELETE FROM outbox WHERE topic = '{topic}'"), of_order(name), True, name=name)  # noqa: S608
    for topic, name in (("capture", "paying"), ("issue", "paid"), ("refund", "cancelled"), ("refund", "closing"))
]

IN_DATABASE = [
    # --- I1: seats
    Plant(
        "I1",
        "seat_not_owned",
        sql("UPDATE order_seats SET live = NULL WHERE order_id = :inside"),
        of_seat_of("inside", order_id=order_id("inside")),
    ),
    Plant(
        "I1",
        "seat_of_ended_order",
        sql("UPDATE order_seats SET live = 1 WHERE order_id = :declined"),
        of_seat_of("declined", order_id=order_id("declined")),
    ),
    Plant("I1", "order_without_seats", sql("DELETE FROM order_seats WHERE order_id = :declined"), of_order("declined")),
    Plant(
        "I1",
        "seat_without_order",
        sql("DELETE FROM orders WHERE id = :inside"),
        of_seat_of("inside", order_id=order_id("inside")),
    ),
    Plant(
        "I1",
        "seats_do_not_make_the_amount",
        sql("UPDATE order_seats SET amount = amount + 1 WHERE order_id = :declined"),
        of_order("declined"),
    ),
    Plant(
        "I1",
        "ordinal_wrong",
        sql("UPDATE order_seats SET ordinal = 599 WHERE order_id = :declined"),
        of_seat_of("declined", order_ids=[order_id("declined")]),
    ),
    Plant(
        "I1",
        "seat_not_in_plan",
        sql("UPDATE order_seats SET seat_id = 'Z-9-99' WHERE order_id = :declined"),
        lambda h: {"seat_id": "Z-9-99", "event_id": h.event.id, "order_ids": [order_id("declined")]},
    ),
    Plant("I1", "seat_of_another_event", _foreign_seat, of_seat_of("inside", order_id=order_id("inside"))),
    Plant(
        "I1",
        "order_of_unknown_event",
        sql("UPDATE orders SET event_id = 'evt_nowhere' WHERE id = :declined"),
        ids(order_id=order_id("declined"), event_id="evt_nowhere"),
    ),
    Plant(
        "I1",
        "live_flag_odd",
        sql("UPDATE order_seats SET live = 2 WHERE order_id = :inside"),
        of_seat_of("inside", order_id=order_id("inside"), table="order_seats"),
    ),
    Plant("I1", "plan_missing", sql("UPDATE events SET plan_version = 'none'"), lambda h: {"event_id": h.event.id}),
    # --- I1: tickets
    Plant(
        "I1",
        "ticket_missing",
        sql("DELETE FROM tickets WHERE order_id = :inside"),
        of_seat_of("inside", order_id=order_id("inside")),
    ),
    Plant(
        "I1",
        "ticket_of_unticketed_order",
        lambda h: h.ticket("cancelled", h.ordinals["cancelled"][0], id="tkt_again"),
        ids(ticket_id="tkt_again", order_id=order_id("cancelled")),
    ),
    Plant(
        "I1",
        "ticket_without_order",
        lambda h: h.ticket("nobody", 500),
        of_seat(500, ticket_id="tkt_nobody500", order_id=order_id("nobody")),
    ),
    Plant(
        "I1",
        "ticket_without_seat",
        lambda h: h.ticket("seated", 500),
        of_seat(500, ticket_id="tkt_seated500", order_id=order_id("seated")),
    ),
    Plant(
        "I1",
        "ticket_status_odd",
        sql("UPDATE tickets SET status = 'void' WHERE order_id = :inside"),
        of_seat_of("inside", order_id=order_id("inside")),
        name="void yet live",
    ),
    Plant(
        "I1",
        "ticket_status_odd",
        sql("UPDATE tickets SET admitted_at = NULL WHERE order_id = :inside"),
        of_seat_of("inside", order_id=order_id("inside")),
        name="used and never admitted",
    ),
    Plant(
        "I1",
        "ticket_of_somebody_else",
        sql("UPDATE tickets SET account_id = 'acc_thief' WHERE order_id = :inside"),
        of_seat_of("inside", order_id=order_id("inside")),
    ),
    # --- I3
    Plant(
        "I3",
        "money_does_not_add_up",
        sql("UPDATE ledger SET amount = amount - 1 WHERE order_id = :inside AND kind = 'captured'"),
        of_order("inside"),
        name="one won short",
    ),
    Plant(
        "I3",
        "money_does_not_add_up",
        sql("DELETE FROM ledger WHERE order_id = :refunded AND kind = 'fee_kept'"),
        of_order("refunded"),
        name="a fee that nobody noted",
    ),
    Plant(
        "I3",
        "money_does_not_add_up",
        lambda h: h.book("paying", "captured", 2 * PRICE, "cap_paying"),
        of_order("paying"),
        name="captured while reserved",
    ),
    Plant(
        "I3",
        "event_money_does_not_add_up",
        sql("UPDATE ledger SET amount = amount + 1 WHERE order_id = :inside AND kind = 'captured'"),
        lambda h: {"event_id": h.event.id, "difference": 1},
    ),
    Plant(
        "I3",
        "charged_twice",
        lambda h: h.capture("seated", 2 * PRICE, "cap_more"),
        ids(order_id=order_id("seated"), references=["cap_more", "cap_seated"]),
    ),
    Plant(
        "I3",
        "more_back_than_taken",
        lambda h: h.book("refunded", "refunded", 1, "more"),
        of_order("refunded"),
    ),
    Plant(
        "I3",
        "refund_not_requested",
        lambda h: h.book("seated", "refunded", 1, "more"),
        of_order("seated"),
    ),
    Plant(
        "I3",
        "ledger_without_order",
        lambda h: h.book("nobody", "captured", PRICE, "cap"),
        of_order("nobody"),
    ),
    Plant("I3", "ledger_kind_unknown", lambda h: h.book("declined", "gift", 0), of_order("declined")),
    Plant("I3", "ledger_amount_negative", lambda h: h.book("declined", "captured", -1), of_order("declined")),
    Plant(
        "I3", "ledger_currency_wrong", lambda h: h.book("declined", "voided", 0, currency="USD"), of_order("declined")
    ),
    Plant(
        "I3",
        "ledger_event_wrong",
        lambda h: h.book("declined", "voided", 0, event_id="evt_other"),
        of_order("declined"),
    ),
    # --- I6, in the database
    Plant(
        "I6",
        "people_count_wrong",
        sql("UPDATE event_people SET seats = 1 WHERE account_id = 'acc_seated'"),
        of_person("seated"),
        True,
        name="too few noted",
    ),
    Plant(
        "I6",
        "people_count_wrong",
        sql("DELETE FROM event_people WHERE account_id = 'acc_seated'"),
        of_person("seated"),
        True,
        name="nobody noted",
    ),
    Plant(
        "I6",
        "people_count_wrong",
        lambda h: h.add("event_people", {"event_id": h.event.id, "account_id": "acc_declined", "seats": 1}),
        of_person("declined"),
        True,
        name="seats that are not owned",
    ),
    Plant("I6", "cap_exceeded", _cap, of_person("seated")),
    # --- I2
    *_NOTHING_MOVES,
    Plant(
        "I2",
        "order_state_unknown",
        sql("UPDATE orders SET state = 'dreaming' WHERE id = :declined"),
        of_order("declined"),
    ),
    Plant(
        "I2",
        "message_dead",
        sql("UPDATE outbox SET dead = 1, attempts = 12, last_error = 'no' WHERE topic = 'issue'"),
        ids(order_id=order_id("paid"), topic="issue"),
        True,
        revive=True,
    ),
    Plant(
        "I2",
        "nothing_moves_it",
        sql("UPDATE outbox SET dead = 1, attempts = 12 WHERE topic = 'issue'"),
        of_order("paid"),
        name="only a dead message",
    ),
    Plant(
        "I2",
        "message_of_unknown_order",
        lambda h: h.message("issue", {"order_id": "ord_nobody"}),
        ids(order_id="ord_nobody", topic="issue"),
    ),
    Plant("I2", "message_unreadable", lambda h: h.message("issue", b"\x00\xff"), ids(topic="issue")),
    Plant(
        "I2",
        "message_topic_unknown",
        lambda h: h.message("dance", {"order_id": order_id("paid")}),
        ids(order_id=order_id("paid"), topic="dance"),
    ),
]
