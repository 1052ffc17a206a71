"""Reading a code off the screen, as a gate's camera does."""

from __future__ import annotations

import io

import zxingcpp
from PIL import Image
from playwright.async_api import Locator


async def read(ticket: Locator) -> list[str]:
    """The text of every QR code in the picture of an element."""
    picture = Image.open(io.BytesIO(await ticket.screenshot()))
    return [found.text for found in zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode)]
