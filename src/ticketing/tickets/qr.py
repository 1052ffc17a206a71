"""The ticket code as a QR symbol: error correction M, four modules of quiet zone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

import segno

MASK = 3
"""Which of the standard's eight masks is laid over the modules; a reader is told in the symbol. To choose the one
with the fewest ugly patterns takes five times as long as all the rest, and signed codes look like noise under each."""

QUIET = 4  # modules of white on every side; the standard asks for it and hurried scanners need it


@dataclass(frozen=True, slots=True)
class Symbol:
    """The modules of a QR code. `side` counts the modules along one side, without the quiet zone."""

    side: int
    rows: tuple[bytes, ...]

    def runs(self) -> Iterator[tuple[int, int, int]]:
        """Dark stretches as (x, y, length) in modules, left to right, top to bottom."""
        for y, row in enumerate(self.rows):
            x = row.find(1)
            while x >= 0:
                end = row.find(0, x)
                end = self.side if end < 0 else end
                yield x, y, end - x
                x = row.find(1, end)


def symbol(code: str) -> Symbol:
    """The smallest symbol that holds the code at error correction M or, where that costs no size, better.

    Raises:
        ValueError: the text is empty or does not fit in any QR code.
    """
    if not code:
        raise ValueError("a QR code of nothing")
    made = segno.make_qr(code, error="m", mask=MASK)
    rows = tuple(bytes(1 if module else 0 for module in row) for row in made.matrix)
    return Symbol(len(rows), rows)


def svg(code: str, label: str = "QR") -> str:
    """A standalone SVG document, 4 px a module unless the page scales it; `label` is read out by screen readers.

    Black on a white ground of its own, never the page's colours: in dark mode it must still scan.

    Raises:
        ValueError: the text is empty or does not fit in any QR code.
    """
    drawn = symbol(code)
    size = drawn.side + 2 * QUIET
    path = "".join(f"M{x + QUIET} {y + QUIET}h{length}v1h-{length}z" for x, y, length in drawn.runs())
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{4 * size}" height="{4 * size}" viewBox="0 0 {size} {size}"'
        f' role="img" shape-rendering="crispEdges"><title>{escape(label)}</title>'
        f'<path fill="#fff" d="M0 0h{size}v{size}H0z"/><path fill="#000" d="{path}"/></svg>'
    )
