"""What our mail says, in Korean and in English, as plain text and as simple HTML.

Nothing that a buyer typed goes into a mail: a sign-up with somebody else's address must not become a way of sending
them words of one's choice. Names of events and venues come from promoters; they are escaped and kept on one line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from html import escape

from ticketing.notices.model import Message
from ticketing.tickets import wording
from ticketing.tickets.wording import Locale


class Notice(StrEnum):
    """What happened, and so which mail goes out."""

    TICKETS_ISSUED = "tickets_issued"
    ORDER_REFUSED = "order_refused"
    PAYMENT_DECLINED = "payment_declined"
    ORDER_CANCELLED = "order_cancelled"
    ORDER_REFUNDED = "order_refunded"


@dataclass(frozen=True, slots=True)
class SeatLine:
    """One seat of the order; `ticket_url` once there is a ticket. A standing place has an empty `row`."""

    section: str
    row: str
    number: str
    grade: str
    ticket_url: str | None = None


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What the mails are made from. Money in minor units of `currency`, `starts_at` in milliseconds."""

    order_id: str
    order_url: str
    event_name: Mapping[str, str]
    venue: Mapping[str, str]
    time_zone: str
    starts_at: int
    seats: tuple[SeatLine, ...]
    amount: int
    currency: str
    refund_amount: int | None = None


@dataclass(frozen=True, slots=True)
class _Words:
    subject: str
    heading: str
    paragraphs: tuple[str, ...]


_WORDS: Mapping[tuple[Notice, Locale], _Words] = {
    (Notice.TICKETS_ISSUED, "ko"): _Words(
        "[예매 완료] {event} 티켓이 발급되었습니다",
        "티켓이 발급되었습니다",
        ("입장할 때 아래 링크의 QR 코드를 보여 주세요. QR 코드 하나로 한 번만 입장할 수 있으니 공유하지 마세요.",),
    ),
    (Notice.TICKETS_ISSUED, "en"): _Words(
        "Your tickets for {event}",
        "Your tickets are ready",
        ("Show the QR code behind each link at the gate. Each code admits once, so please do not share it.",),
    ),
    (Notice.ORDER_REFUSED, "ko"): _Words(
        "[예매 실패] {event} 좌석을 확보하지 못했습니다",
        "좌석을 확보하지 못했습니다",
        (
            "같은 좌석을 다른 분이 먼저 예매하여 주문이 성립되지 않았습니다. 결제는 이루어지지 않았습니다.",
            "다른 좌석이 남아 있으면 다시 예매할 수 있습니다.",
        ),
    ),
    (Notice.ORDER_REFUSED, "en"): _Words(
        "Your order for {event} did not go through",
        "Someone else got these seats first",
        (
            "The seats of your order were sold to another buyer a moment earlier. You have not been charged.",
            "You can order again if other seats are left.",
        ),
    ),
    (Notice.PAYMENT_DECLINED, "ko"): _Words(
        "[결제 거절] {event} 결제가 승인되지 않았습니다",
        "결제가 승인되지 않았습니다",
        (
            "카드사에서 결제를 승인하지 않아 주문이 취소되었고 좌석은 다시 판매됩니다. 결제된 금액은 없습니다.",
            "다른 결제 수단으로 다시 예매할 수 있습니다.",
        ),
    ),
    (Notice.PAYMENT_DECLINED, "en"): _Words(
        "Payment declined for {event}",
        "Your payment was declined",
        (
            "Your card issuer did not approve the payment. You have not been charged, and the seats are on sale again.",
            "You can order again with another means of payment.",
        ),
    ),
    (Notice.ORDER_CANCELLED, "ko"): _Words(
        "[예매 취소] {event} 예매가 취소되었습니다",
        "예매가 취소되었습니다",
        ("이 주문의 티켓으로는 더 이상 입장할 수 없습니다.",),
    ),
    (Notice.ORDER_CANCELLED, "en"): _Words(
        "Your order for {event} is cancelled",
        "Your order is cancelled",
        ("The tickets of this order no longer admit anyone.",),
    ),
    (Notice.ORDER_REFUNDED, "ko"): _Words(
        "[환불 완료] {event} 결제 금액을 환불했습니다",
        "환불이 완료되었습니다",
        ("이 주문의 티켓으로는 입장할 수 없습니다.",),
    ),
    (Notice.ORDER_REFUNDED, "en"): _Words(
        "Your refund for {event}",
        "Your refund is done",
        ("The tickets of this order admit nobody.",),
    ),
}
_REFUND: Mapping[tuple[Notice, Locale], str] = {
    (Notice.ORDER_CANCELLED, "ko"): "{refund} 환불을 진행합니다. 완료되면 다시 알려 드립니다.",
    (Notice.ORDER_CANCELLED, "en"): "Your refund of {refund} is on its way. We will tell you when it is done.",
    (Notice.ORDER_REFUNDED, "ko"): (
        "{refund} 환불을 처리했습니다. 결제하신 수단으로 환불되며, 확인까지 영업일 기준 3~7일이 걸릴 수 있습니다."
    ),
    (Notice.ORDER_REFUNDED, "en"): (
        "We have refunded {refund} to your means of payment. It may take your bank 3 to 7 working days to show it."
    ),
}
_NO_REFUND: Mapping[Locale, str] = {
    "ko": "구매 당시의 환불 규정에 따라 환불되는 금액은 없습니다.",
    "en": "Under the refund terms at the time of purchase, no amount is refunded.",
}
_LABELS: Mapping[Locale, tuple[str, str, str, str, str]] = {
    "ko": ("공연", "일시", "장소", "금액", "주문 번호"),
    "en": ("Event", "Date", "Venue", "Amount", "Order"),
}
_SEATS: Mapping[Locale, str] = {"ko": "좌석", "en": "Seats"}
_TICKET: Mapping[Locale, str] = {"ko": "티켓 보기", "en": "Open the ticket"}
_ORDER: Mapping[Locale, str] = {"ko": "주문 내역 보기", "en": "See the order"}
_FOOT: Mapping[Locale, str] = {
    "ko": "이 메일은 예매 결과를 알리기 위해 자동으로 발송되었습니다.",
    "en": "This message was sent automatically to tell you about your order.",
}


def render(notice: Notice, facts: OrderFacts, to: str, locale: Locale = "ko") -> Message:
    """The mail for what happened to an order. The same order and notice give the same `message_id`.

    Raises:
        ValueError: a link is not an http(s) address.
        zoneinfo.ZoneInfoNotFoundError: the venue's zone does not exist.
    """
    for url in (facts.order_url, *(seat.ticket_url for seat in facts.seats if seat.ticket_url)):
        if not url.startswith(("https://", "http://")) or any(char.isspace() or char in '"<>' for char in url):
            raise ValueError(f"not a link for a mail: {url!r}")
    words = _WORDS[notice, locale]
    event = _one_line(wording.pick(facts.event_name, locale))
    paragraphs = list(words.paragraphs)
    if notice in (Notice.ORDER_CANCELLED, Notice.ORDER_REFUNDED):
        paragraphs.append(_about_refund(notice, facts, locale))
    rows = _rows(facts, event, locale)
    subject = words.subject.format(event=event)
    return Message(
        to=to,
        subject=subject,
        text=_text(words.heading, paragraphs, rows, facts, locale),
        html=_html(subject, words.heading, paragraphs, rows, facts, locale),
        message_id=f"{notice.value}-{facts.order_id}",
        language=locale,
    )


def _about_refund(notice: Notice, facts: OrderFacts, locale: Locale) -> str:
    if not facts.refund_amount:
        return _NO_REFUND[locale]
    return _REFUND[notice, locale].format(refund=wording.money(facts.refund_amount, facts.currency, locale))


def _rows(facts: OrderFacts, event: str, locale: Locale) -> list[tuple[str, str]]:
    when = wording.moment(facts.starts_at, facts.time_zone, locale)
    values = (
        event,
        f"{when} ({facts.time_zone}: {wording.zone(facts.starts_at, facts.time_zone)})",
        _one_line(wording.pick(facts.venue, locale)),
        wording.money(facts.amount, facts.currency, locale),
        facts.order_id,
    )
    return list(zip(_LABELS[locale], values, strict=True))


def _seat(seat: SeatLine, locale: Locale) -> str:
    return _one_line(f"{wording.seat(seat.section, seat.row, seat.number, locale)} · {seat.grade}")


def _text(heading: str, paragraphs: list[str], rows: list[tuple[str, str]], facts: OrderFacts, locale: Locale) -> str:
    lines = [heading, "", *paragraphs, "", *(f"{label}: {value}" for label, value in rows), "", f"{_SEATS[locale]}:"]
    for seat in facts.seats:
        lines.append(f"- {_seat(seat, locale)}")
        if seat.ticket_url:
            lines.append(f"  {seat.ticket_url}")
    return "\n".join([*lines, "", f"{_ORDER[locale]}: {facts.order_url}", "", _FOOT[locale], ""])


def _html(
    subject: str, heading: str, paragraphs: list[str], rows: list[tuple[str, str]], facts: OrderFacts, locale: Locale
) -> str:
    """Headings, paragraphs and lists that need no style sheet: readable by a screen reader, in dark mode, in 1998."""
    about = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in paragraphs)
    details = "".join(f"<dt><b>{escape(label)}</b></dt><dd>{escape(value)}</dd>" for label, value in rows)
    seats = "".join(f"<li>{escape(_seat(seat, locale))}{_link(seat, locale)}</li>" for seat in facts.seats)
    return (
        f'<!doctype html><html lang="{locale}"><head><meta charset="utf-8"><title>{escape(subject)}</title>'
        '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"></head>'
        '<body style="font-family:sans-serif;line-height:1.6;word-break:keep-all;'
        'max-width:36em;margin:1em auto;padding:0 1em">'
        f"<h1>{escape(heading)}</h1>{about}<dl>{details}</dl><h2>{_SEATS[locale]}</h2><ul>{seats}</ul>"
        f'<p><a href="{escape(facts.order_url)}">{_ORDER[locale]}</a></p><p><small>{_FOOT[locale]}</small></p>'
        "</body></html>"
    )


def _link(seat: SeatLine, locale: Locale) -> str:
    if not seat.ticket_url:
        return ""
    said = f"{_TICKET[locale]}: {_seat(seat, locale)}"  # links out of context must still say which ticket
    return f'<br><a href="{escape(seat.ticket_url)}" aria-label="{escape(said)}">{_TICKET[locale]}</a>'


def _one_line(text: str) -> str:
    """Without line breaks and control characters: fit for a header."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
