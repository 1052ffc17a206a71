"""A ticket, its event and the key that signs it."""

from __future__ import annotations

import pytest

from ticketing.tickets.code import TicketSigner
from ticketing.tickets.model import Ticket, TicketEvent, TicketStatus

ON_NOV_22_AT_20_IN_SEOUL = 1_795_345_200_000


@pytest.fixture
def ticket() -> Ticket:
    return Ticket(
        ticket_id="tkt_oppjtdkn7ql5cofe",
        order_id="ord_5wt6efwg6paurtop",
        event_id="evt_aaaaaaaaaaaaaaab",
        seat_id="A-3-12",
        section="A",
        row="3",
        number="12",
        grade="VIP",
        amount=198_000,
        currency="KRW",
        holder="김하늘",
        status=TicketStatus.VALID,
        issued_at=1_790_000_000_000,
    )


@pytest.fixture
def event(ticket: Ticket) -> TicketEvent:
    return TicketEvent(
        event_id=ticket.event_id,
        name={"ko": "겨울밤 콘서트", "en": "Winter Night Concert"},
        venue={"ko": "한빛 아레나", "en": "Hanbit Arena"},
        address={"ko": "서울특별시 송파구 올림픽로 424", "en": "424 Olympic-ro, Seoul"},
        time_zone="Asia/Seoul",
        starts_at=ON_NOV_22_AT_20_IN_SEOUL,
        doors_at=ON_NOV_22_AT_20_IN_SEOUL - 5_400_000,
    )


@pytest.fixture
def signer() -> TicketSigner:
    return TicketSigner(bytes(range(32)))
