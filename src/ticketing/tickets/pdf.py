"""The printed ticket: one page of 105 x 210 mm each, readable on a phone, two to a sheet of A4, Korean and English.

Takes some 100 ms of CPU for the first page and 25 ms for each further one, so call it in a thread. The same tickets
give the same bytes, so that a stored copy can be compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from fpdf import FPDF
from fpdf.drawing import PaintedPath

from ticketing.tickets import qr, wording
from ticketing.tickets.model import Ticket, TicketEvent, TicketStatus
from ticketing.tickets.typeset import MM_PER_PT, fit, runs, width

WIDTH, HEIGHT = 105.0, 210.0  # mm
_MARGIN = 9.0
_INNER = WIDTH - 2 * _MARGIN
_TEAR = 136.0  # where the stub with the QR begins
_QR_SIDE = 57.0  # with its quiet zone
_LEADING = 0.46  # mm from line to line for each point of size

_DARK, _GREY, _HAIR, _TINT = "#191530", "#625f73", "#d9d6e3", "#f5f3fa"
_ACCENT = "#7b42bc"
_TITLES = (22.0, 18.0, 15.0, 12.0)  # points; the last leaves room for the longest of everything else


@dataclass(frozen=True, slots=True)
class _Ink:
    """How a text is set, but for its size."""

    color: str
    bold: bool = False


_STRONG, _QUIET = _Ink(_DARK, bold=True), _Ink(_GREY)
_LABEL = _Ink(_GREY, bold=True)
_TITLE, _SUBTITLE, _CAPTION = _Ink("#ffffff", bold=True), _Ink("#cfc9e6"), _Ink("#cfc9e6", bold=True)

_TERMS = (
    "한 사람이 한 번만 입장할 수 있습니다. 코드를 다른 사람에게 보이거나 올리지 마세요.",
    "Admits one person, once. Do not share or post this code.",
)


def render(tickets: Sequence[tuple[Ticket, str]], event: TicketEvent, accent: str = _ACCENT) -> bytes:
    """A PDF with one page per ticket.

    Args:
        tickets: each ticket with its signed code.
        event: the event that all of them are for.
        accent: `#rrggbb`, the colour of the grade on the seat map.

    Raises:
        ValueError: no ticket at all, or one of another event.
        zoneinfo.ZoneInfoNotFoundError: the venue's zone does not exist.
    """
    if not tickets:
        raise ValueError("a ticket PDF needs at least one ticket")
    if strangers := [ticket.ticket_id for ticket, _ in tickets if ticket.event_id != event.event_id]:
        raise ValueError(f"tickets of another event than {event.event_id}: {', '.join(strangers)}")
    page = _Page(accent)
    for ticket, code in tickets:
        page.draw(ticket, code, event)
    return page.finish(tickets[0][0], event)


class _Page:
    """The pen over an fpdf2 document. Coordinates and sizes in mm, type sizes in points."""

    def __init__(self, accent: str) -> None:
        self._accent = accent
        self._dry = False
        self._pdf = FPDF(unit="mm", format=(WIDTH, HEIGHT))
        self._pdf.set_auto_page_break(False)

    def finish(self, first: Ticket, event: TicketEvent) -> bytes:
        pdf = self._pdf
        pdf.set_title(f"{wording.pick(event.name, 'ko')} · {first.order_id}")
        pdf.set_lang("ko")
        pdf.set_creation_date(datetime.fromtimestamp(first.issued_at / 1000, UTC))
        pdf.set_producer("ticketing")
        return bytes(pdf.output())

    def draw(self, ticket: Ticket, code: str, event: TicketEvent) -> None:
        """Long names take their room from the title's size; what is left over goes between the blocks."""
        self._pdf.add_page()
        room = _TEAR - 2
        self._dry = True
        largest = next((size for size in _TITLES if self._upper(ticket, event, size, 0) <= room), _TITLES[-1])
        gap = min(6.0, max(0.0, (room - self._upper(ticket, event, largest, 0)) / 5))
        self._dry = False
        self._upper(ticket, event, largest, gap)
        self._stub(ticket, code)

    def _upper(self, ticket: Ticket, event: TicketEvent, largest: float, gap: float) -> float:
        """All above the tear line; gives where it ends."""
        y = self._band(ticket, event, largest, gap)
        y = self._when(event, y + gap + 4.6)
        y = self._where(event, y + gap + 2.6)
        return self._seat(ticket, y + gap + 3.2)

    def _band(self, ticket: Ticket, event: TicketEvent, largest: float, gap: float) -> float:
        """The dark head with the names of the event; gives its lower edge."""
        ko, en = wording.pick(event.name, "ko"), wording.pick(event.name, "en")
        size, title = fit(ko, _INNER, (largest, _TITLES[-1]), 3, bold=True)
        sub_size, subtitle = fit(en, _INNER, (10, 8), 2) if en != ko else (8.0, [])
        height = 16.5 + gap + (len(title) * size + len(subtitle) * sub_size) * _LEADING + 5
        self._box(0, 0, WIDTH, height, _DARK)
        self._box(0, height, WIDTH, 1.4, self._accent)
        self._line("입장권 · ADMISSION TICKET", _MARGIN, 7.5, 7.5, _CAPTION)
        pill_size, pill = fit(ticket.grade, 34, (9, 6), 1, bold=True)
        span = width(pill[0], pill_size, bold=True) + 7
        self._box(WIDTH - _MARGIN - span, 5.5, span, 6.6, self._accent, 3)
        self._line(pill[0], WIDTH - _MARGIN - span + 3.5, 8.8 - pill_size * MM_PER_PT / 2, pill_size, _TITLE)
        y = self._lines(title, _MARGIN, 15.5 + gap / 2, size, _TITLE)
        self._lines(subtitle, _MARGIN, y + 1, sub_size, _SUBTITLE)
        return height + 1.4

    def _when(self, event: TicketEvent, y: float) -> float:
        at, zone = event.starts_at, event.time_zone
        y = self._label("일시", "Date", _MARGIN, y)
        y = self._lines([wording.moment(at, zone, "ko")], _MARGIN, y, 13, _STRONG)
        abroad = f"{wording.moment(at, zone, 'en')} ({zone}: {wording.zone(at, zone)})"
        y = self._fitted(abroad, _MARGIN, y + 0.4, (8, 6.5), 1, _QUIET)
        if event.doors_at is None:
            return y
        doors = wording.clock_time(event.doors_at, zone)
        return self._lines([f"입장 시작 {doors} · Doors open {doors}"], _MARGIN, y + 0.2, 8, _QUIET)

    def _where(self, event: TicketEvent, y: float) -> float:
        ko, en = wording.pick(event.venue, "ko"), wording.pick(event.venue, "en")
        y = self._label("장소", "Venue", _MARGIN, y)
        y = self._fitted(ko, _MARGIN, y, (12, 9), 2, _STRONG)
        if en != ko:
            y = self._fitted(en, _MARGIN, y + 0.4, (8, 6.5), 1, _QUIET)
        return self._fitted(wording.pick(event.address, "ko"), _MARGIN, y + 0.2, (8, 6.5), 1, _QUIET)

    def _seat(self, ticket: Ticket, y: float) -> float:
        """The tinted box that an usher reads from a metre away, and a line of price and holder under it."""
        last = ("번호", "Seat") if ticket.row else ("입장 번호", "Entry no.")
        cells = [("구역", "Section", ticket.section), ("열", "Row", ticket.row), (*last, ticket.number)]
        cells = [cell for cell in cells if cell[2]]
        self._box(_MARGIN, y, _INNER, 18, _TINT, 2.5)
        span = _INNER / len(cells)
        for index, (ko, en, value) in enumerate(cells):
            x = _MARGIN + index * span
            self._label(ko, en, x + 4, y + 2.4)
            size, lines = fit(value, span - 7, (23, 9), 1, bold=True)
            self._line(lines[0], x + 4, y + 11.4 - size * MM_PER_PT / 2, size, _STRONG)
            if index:
                self._box(x, y + 3.5, 0.25, 11, _HAIR)
        y += 21
        price = wording.money(ticket.amount, ticket.currency, "ko")
        self._fitted(price, _MARGIN, self._label("가격", "Price", _MARGIN, y), (10, 7), 1, _STRONG)
        x = _MARGIN + _INNER / 3
        return self._fitted(ticket.holder, x + 4, self._label("예매자", "Holder", x + 4, y), (10, 7), 2, _STRONG)

    def _stub(self, ticket: Ticket, code: str) -> None:
        self._pdf.set_draw_color(_GREY)
        self._pdf.set_line_width(0.3)
        self._pdf.set_dash_pattern(1.2, 1.6)
        self._pdf.line(_MARGIN - 3, _TEAR, WIDTH - _MARGIN + 3, _TEAR)
        top, left = _TEAR + 1, (WIDTH - _QR_SIDE) / 2
        if ticket.status is TicketStatus.VOID:
            self._void(left, top)
        else:
            self._qr(code, left, top)
        y = top + _QR_SIDE
        self._centred(ticket.ticket_id, y, 8.5, _STRONG)
        for line in _TERMS:
            y += 3.4
            self._centred(line, y + 1.6, 6.5, _QUIET)

    def _qr(self, code: str, left: float, top: float) -> None:
        """One path for all modules: drawn one by one, some viewers leave hairlines between neighbours."""
        symbol = qr.symbol(code)
        module = _QR_SIDE / (symbol.side + 2 * qr.QUIET)
        path = PaintedPath()
        for x, y, length in symbol.runs():
            path.rectangle(left + (x + qr.QUIET) * module, top + (y + qr.QUIET) * module, length * module, module)
        path.style.fill_color = "#000000"
        path.style.stroke_color = None
        with self._pdf.drawing_context() as context:
            context.add_item(path, clone=False)

    def _void(self, left: float, top: float) -> None:
        """A ticket given back carries no code that a hurried gate could try."""
        self._box(left, top + 10, _QR_SIDE, _QR_SIDE - 20, _TINT, 2.5)
        self._centred("무효", top + 21, 26, _STRONG)
        self._centred("VOID · 입장할 수 없습니다 · does not admit", top + 34, 7.5, _QUIET)

    def _label(self, ko: str, en: str, x: float, y: float) -> float:
        self._line(ko, x, y, 7, _LABEL)
        self._line(en, x + width(ko, 7, bold=True) + 1.2, y, 7, _QUIET)
        return y + 3.7

    def _fitted(self, text: str, x: float, y: float, sizes: tuple[float, float], most: int, ink: _Ink) -> float:
        """Text from `x` to the right margin, at the largest size for so many lines; gives where it ends."""
        size, lines = fit(text, WIDTH - _MARGIN - x, sizes, most, ink.bold)
        return self._lines(lines, x, y, size, ink)

    def _lines(self, lines: Sequence[str], x: float, y: float, size: float, ink: _Ink) -> float:
        for line in lines:
            self._line(line, x, y, size, ink)
            y += size * _LEADING
        return y

    def _line(self, text: str, x: float, y: float, size: float, ink: _Ink) -> None:
        """One line of drawable text whose letters reach down from `y`."""
        if self._dry:
            return
        self._pdf.set_text_color(ink.color)
        for font, run in runs(text, ink.bold):
            self._pdf.set_font(self._family(font), size=size)
            self._pdf.text(x, y + 0.85 * size * MM_PER_PT, run)
            x += width(run, size, ink.bold)

    def _family(self, font: Path) -> str:
        """Fonts join the document when they are needed: most tickets do without the rare one."""
        family = font.stem
        if family not in self._pdf.fonts:
            self._pdf.add_font(family, fname=font)
        return family

    def _centred(self, text: str, y: float, size: float, ink: _Ink) -> None:
        self._line(text, (WIDTH - width(text, size, ink.bold)) / 2, y, size, ink)

    def _box(self, x: float, y: float, w: float, h: float, color: str, radius: float = 0) -> None:
        if self._dry:
            return
        self._pdf.set_fill_color(color)
        self._pdf.rect(x, y, w, h, "F", round_corners=radius > 0, corner_radius=radius)
