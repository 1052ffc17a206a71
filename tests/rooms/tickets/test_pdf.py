"""The PDF ticket, looked at as a reader does: its text taken out, its pixels scanned."""

from __future__ import annotations

import io
from dataclasses import replace

import pypdf
import pypdfium2
import pytest
import zxingcpp
from PIL import Image

from ticketing.tickets import pdf
from ticketing.tickets.code import TicketSigner
from ticketing.tickets.model import Ticket, TicketEvent, TicketStatus

LONG = "세상에서 가장 긴 이름을 가진 오케스트라와 함께하는 송년 특별 공연 "


def texts(document: bytes) -> list[str]:
    return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(document)).pages]


def picture(document: bytes, page: int = 0) -> Image.Image:
    with pypdfium2.PdfDocument(document) as opened:
        return opened[page].render(scale=3).to_pil()


def codes(image: Image.Image) -> list[str]:
    return [found.text for found in zxingcpp.read_barcodes(image)]


def test_it_says_what_where_when_and_which_seat_in_both_languages(
    signer: TicketSigner, ticket: Ticket, event: TicketEvent
) -> None:
    (text,) = texts(pdf.render([(ticket, signer.sign(ticket))], event))
    for words in (
        "겨울밤 콘서트", "Winter Night Concert", "한빛 아레나", "Hanbit Arena", "서울특별시 송파구 올림픽로 424",
        "2026년 11월 22일 (일) 20:00", "Sun, 22 Nov 2026, 20:00 (Asia/Seoul: KST, UTC+09:00)", "Doors open 18:30",
        "구역 Section", "열 Row", "번호 Seat", "VIP", "198,000원", "김하늘", ticket.ticket_id, "Admits one person",
    ):  # fmt: skip
        assert words in text
    assert "12" in text.split()


def test_the_qr_of_every_page_is_the_code_of_its_ticket(
    signer: TicketSigner, ticket: Ticket, event: TicketEvent
) -> None:
    second = replace(ticket, ticket_id="tkt_bbbbbbbbbbbbbbbb", seat_id="A-3-13", number="13")
    document = pdf.render([(each, signer.sign(each)) for each in (ticket, second)], event)
    assert len(texts(document)) == 2
    assert codes(picture(document, 0)) == [signer.sign(ticket)]
    assert codes(picture(document, 1)) == [signer.sign(second)]


def test_the_qr_is_vector_and_the_fonts_are_embedded_subsets(
    signer: TicketSigner, ticket: Ticket, event: TicketEvent
) -> None:
    document = pdf.render([(ticket, signer.sign(ticket))], event)
    resources = pypdf.PdfReader(io.BytesIO(document)).pages[0]["/Resources"]
    assert "/XObject" not in resources or not resources["/XObject"]
    names = {font.get_object()["/BaseFont"] for font in resources["/Font"].values()}
    assert len(names) == 2  # the rare font stays out of a common ticket
    assert all("+TicketSansKR" in name for name in names)
    assert len(document) < 60_000


def test_the_same_ticket_gives_the_same_bytes(signer: TicketSigner, ticket: Ticket, event: TicketEvent) -> None:
    pages = [(ticket, signer.sign(ticket))]
    assert pdf.render(pages, event) == pdf.render(pages, event)


def test_a_standing_place_has_an_entry_number_and_no_row(
    signer: TicketSigner, ticket: Ticket, event: TicketEvent
) -> None:
    standing = replace(ticket, row="", section="스탠딩 가", number="1234", seat_id="F-1234")
    (text,) = texts(pdf.render([(standing, signer.sign(standing))], event))
    assert "입장 번호 Entry no." in text
    assert "Row" not in text


def test_a_void_ticket_has_no_code_to_try(signer: TicketSigner, ticket: Ticket, event: TicketEvent) -> None:
    document = pdf.render([(replace(ticket, status=TicketStatus.VOID), signer.sign(ticket))], event)
    assert codes(picture(document)) == []
    assert "VOID" in texts(document)[0]


def test_the_longest_names_leave_the_stub_alone(signer: TicketSigner, ticket: Ticket, event: TicketEvent) -> None:
    wide = replace(
        ticket, section=LONG, row="백이십삼", number="1234567890", grade=LONG, holder=LONG * 9, amount=999_999_999_999
    )
    long = {"ko": LONG * 5, "en": "A Very Long Name " * 20}
    crowded = replace(event, name=long, venue=long, address=long, time_zone="America/Argentina/ComodRivadavia")
    document = pdf.render([(wide, signer.sign(wide))], crowded)
    page = picture(document)
    assert codes(page) == [signer.sign(wide)]
    scale = page.height / pdf.HEIGHT
    # Above the tear line and between it and the symbol the paper is blank: nothing ran over.
    for top, bottom in ((134.3, 135.6), (136.4, 140.5)):
        strip = page.crop((0, int(top * scale), page.width, int(bottom * scale))).convert("L")
        assert strip.getextrema() == (255, 255)
    edge = page.crop((page.width - int(4 * scale), int(70 * scale), page.width, page.height)).convert("L")
    assert edge.getextrema() == (255, 255)


@pytest.mark.parametrize(
    ("holder", "printed"),
    [("똠방각하 뷁 가나다", "똠방각하 뷁 가나다"), ("田中 さくら", "田中 さくら"), ("이모지 👍🏽 셋", "이모지 □ 셋"),
     ("العربية", "□"), ("<b>&amp;\x00", "<b>&amp;"), ("", "Holder")],
)  # fmt: skip
def test_any_name_can_be_printed(
    signer: TicketSigner, ticket: Ticket, event: TicketEvent, holder: str, printed: str
) -> None:
    named = replace(ticket, holder=holder)
    assert printed in texts(pdf.render([(named, signer.sign(named))], event))[0]


def test_an_event_with_few_facts_is_enough(signer: TicketSigner, ticket: Ticket) -> None:
    bare = TicketEvent(ticket.event_id, {"ko": "공연"}, {"ko": "극장"}, {}, "Asia/Seoul", 1_795_345_200_000)
    (text,) = texts(pdf.render([(ticket, signer.sign(ticket))], bare))
    assert text.count("공연") == 1
    assert "Doors" not in text


def test_no_ticket_or_one_of_another_event_is_an_error(
    signer: TicketSigner, ticket: Ticket, event: TicketEvent
) -> None:
    with pytest.raises(ValueError, match="at least one"):
        pdf.render([], event)
    with pytest.raises(ValueError, match="another event"):
        pdf.render([(replace(ticket, event_id="evt_elsewhere"), "")], event)
