"""The QR symbol, read back by an independent decoder from what the SVG paints."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest
import zxingcpp
from PIL import Image, ImageDraw

from ticketing.tickets import qr
from ticketing.tickets.code import TicketSigner
from ticketing.tickets.model import Ticket

SVG = "{http://www.w3.org/2000/svg}"


def painted(svg: str, ground: str, scale: int = 4) -> Image.Image:
    """The SVG as a page of some colour would show it: each path with its own fill, nothing added."""
    root = ET.fromstring(svg)  # noqa: S314  our own output
    size = int(root.attrib["viewBox"].split()[2])
    image = Image.new("RGB", (size * scale + 40, size * scale + 40), ground)
    pen = ImageDraw.Draw(image)
    for path in root.iter(f"{SVG}path"):
        for x, y, length, height in re.findall(r"M(\d+) (\d+)h(\d+)v(\d+)", path.attrib["d"]):
            left, top = 20 + int(x) * scale, 20 + int(y) * scale
            box = (left, top, left + int(length) * scale - 1, top + int(height) * scale - 1)
            pen.rectangle(box, fill=path.attrib["fill"])
    return image


@pytest.mark.parametrize("page", ["#ffffff", "#000000", "#191530"])
def test_it_scans_on_a_light_and_on_a_dark_page(signer: TicketSigner, ticket: Ticket, page: str) -> None:
    code = signer.sign(ticket)
    (found,) = zxingcpp.read_barcodes(painted(qr.svg(code), page))
    assert found.text == code
    assert found.format == zxingcpp.BarcodeFormat.QRCode


def test_error_correction_survives_a_thumb(signer: TicketSigner, ticket: Ticket) -> None:
    code = signer.sign(ticket)
    image = painted(qr.svg(code), "#ffffff", scale=6)
    middle = image.width // 2
    ImageDraw.Draw(image).ellipse((middle - 28, middle - 28, middle + 28, middle + 28), fill="#d0a080")
    (found,) = zxingcpp.read_barcodes(image)
    assert found.text == code
    assert found.ec_level in {"M", "Q", "H"}


def test_the_code_is_small_and_has_its_quiet_zone(signer: TicketSigner, ticket: Ticket) -> None:
    symbol = qr.symbol(signer.sign(ticket))
    assert symbol.side <= 45  # version 7: alphanumeric mode was used, byte mode would need 57
    svg = qr.svg(signer.sign(ticket))
    xs = [int(x) for x in re.findall(r"M(\d+) \d+h", svg.split("#000")[1])]
    assert min(xs) == qr.QUIET
    assert f'viewBox="0 0 {symbol.side + 8} {symbol.side + 8}"' in svg


def test_the_label_is_escaped(signer: TicketSigner, ticket: Ticket) -> None:
    svg = qr.svg(signer.sign(ticket), label='<script>"A"&')
    assert "<script>" not in svg
    assert ET.fromstring(svg)[0].text == '<script>"A"&'  # noqa: S314  our own output
    assert "currentColor" not in svg


def test_what_no_qr_can_hold_is_an_error() -> None:
    for text in ("", "X" * 5000):
        with pytest.raises(ValueError):
            qr.svg(text)
