"""What the mails say."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ticketing.notices.mailbox import MailboxTransport, list_messages
from ticketing.notices.templates import Notice, OrderFacts, SeatLine, render
from ticketing.tickets.wording import Locale

FACTS = OrderFacts(
    order_id="ord_5wt6efwg6paurtop",
    order_url="https://tickets.example/orders/ord_5wt6efwg6paurtop",
    event_name={"ko": "겨울밤 콘서트", "en": "Winter Night Concert"},
    venue={"ko": "한빛 아레나", "en": "Hanbit Arena"},
    time_zone="Asia/Seoul",
    starts_at=1_795_345_200_000,
    seats=(
        SeatLine("A", "3", "12", "VIP", "https://tickets.example/tickets/tkt_a?x=1&y=2"),
        SeatLine("A", "3", "13", "VIP", "https://tickets.example/tickets/tkt_b"),
    ),
    amount=396_000,
    currency="KRW",
)
EVIL = '<img src=x onerror="alert(1)">&{facts}\r\nBcc: all@example.com'


class Reader(HTMLParser):
    """Collects tags, links and words as a mail program would find them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.links: list[str] = []
        self.words = ""
        self.lang = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        if tag not in {"meta", "br"}:
            self.open.append(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]
        self.lang = self.lang or dict(attrs).get("lang") or ""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


@pytest.mark.parametrize("locale", ["ko", "en"])
@pytest.mark.parametrize("notice", list(Notice))
def test_every_notice_in_every_language_is_whole(notice: Notice, locale: Locale) -> None:
    message = render(notice, FACTS, "fan@example.com", locale)
    assert message.message_id == f"{notice.value}-ord_5wt6efwg6paurtop"
    assert message.language == locale
    assert FACTS.event_name[locale] in message.subject
    assert message.html is not None
    page = Reader(message.html)
    assert page.open == []
    assert page.lang == locale
    assert page.seen.count("h1") == 1
    for said in (message.text, page.words):
        assert FACTS.order_id in said
        assert FACTS.venue[locale] in said
        assert "{" not in said
    assert FACTS.order_url in message.text
    assert FACTS.order_url in page.links


def test_issued_tickets_are_linked_and_dated_in_korean_and_in_english() -> None:
    ko = render(Notice.TICKETS_ISSUED, FACTS, "fan@example.com")
    assert "A구역 3열 12번 · VIP\n  https://tickets.example/tickets/tkt_a?x=1&y=2" in ko.text
    assert "2026년 11월 22일 (일) 20:00 (Asia/Seoul: KST, UTC+09:00)" in ko.text
    assert "396,000원" in ko.text
    en = render(Notice.TICKETS_ISSUED, FACTS, "fan@example.com", "en")
    assert "Section A, Row 3, Seat 13 · VIP" in en.text
    assert "Sun, 22 Nov 2026, 20:00" in en.text
    assert "₩396,000" in en.text
    assert Reader(en.html or "").links[:2] == [seat.ticket_url for seat in FACTS.seats]


def test_a_lost_order_says_that_nothing_was_charged() -> None:
    for notice in (Notice.ORDER_REFUSED, Notice.PAYMENT_DECLINED):
        assert "not been charged" in render(notice, FACTS, "fan@example.com", "en").text
    assert "결제는 이루어지지 않았습니다" in render(Notice.ORDER_REFUSED, FACTS, "fan@example.com").text
    assert "결제된 금액은 없습니다" in render(Notice.PAYMENT_DECLINED, FACTS, "fan@example.com").text


@pytest.mark.parametrize(
    ("notice", "refund", "locale", "said"),
    [
        (Notice.ORDER_CANCELLED, 350_000, "ko", "350,000원 환불을 진행합니다"),
        (Notice.ORDER_CANCELLED, 350_000, "en", "Your refund of ₩350,000 is on its way"),
        (Notice.ORDER_REFUNDED, 350_000, "ko", "350,000원 환불을 처리했습니다"),
        (Notice.ORDER_REFUNDED, 350_000, "en", "We have refunded ₩350,000"),
        (Notice.ORDER_CANCELLED, 0, "ko", "환불되는 금액은 없습니다"),
        (Notice.ORDER_CANCELLED, None, "en", "no amount is refunded"),
    ],
)
def test_a_cancelled_order_says_what_comes_back(notice: Notice, refund: int | None, locale: Locale, said: str) -> None:
    facts = replace(FACTS, refund_amount=refund)
    assert said in render(notice, facts, "fan@example.com", locale).text


@pytest.mark.parametrize("notice", list(Notice))
async def test_hostile_names_stay_words(notice: Notice, tmp_path: Path) -> None:
    evil = {"ko": EVIL}
    seat = SeatLine(EVIL, EVIL, EVIL, EVIL, "https://tickets.example/t")
    message = render(notice, replace(FACTS, event_name=evil, venue=evil, seats=(seat,)), "fan@example.com")
    page = Reader(message.html or "")
    assert "img" not in page.seen
    assert page.open == []
    assert '<img src=x onerror="alert(1)">' in page.words
    assert "\n" not in message.subject
    assert "\r" not in message.subject
    await MailboxTransport(tmp_path, "no-reply@tickets.example").send(message)
    assert list_messages(tmp_path)[0].subject == message.subject


@pytest.mark.parametrize("url", ["javascript:alert(1)", "https://x/ y", 'https://x/"onclick=', "/orders/1", ""])
def test_only_web_addresses_become_links(url: str) -> None:
    with pytest.raises(ValueError, match="not a link"):
        render(Notice.TICKETS_ISSUED, replace(FACTS, order_url=url), "fan@example.com")


def test_an_order_without_tickets_yet_lists_its_seats() -> None:
    facts = replace(FACTS, seats=(SeatLine("F", "", "7", "스탠딩"),))
    message = render(Notice.ORDER_REFUSED, facts, "fan@example.com")
    assert "- F구역 7번 · 스탠딩" in message.text
    assert Reader(message.html or "").links == [FACTS.order_url]
