"""Fitting words into a width: which characters can be drawn, how wide they are, where lines break.

Done here and not by the PDF library, whose fall-back from one font to another loses track of the font in use
(fpdf2 2.8.9: the text after a fallen-back run comes out in the wrong letters).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import groupby
from pathlib import Path

from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

from ticketing.tickets.fonts import BOLD, RARE, REGULAR

MISSING = "□"  # as any typesetter shows a character that he has no type for
MM_PER_PT = 25.4 / 72
_INVISIBLE = {"Cf", "Mn", "Me", "Cc", "Cs"}  # joiners, variation selectors, stray marks and controls leave no gap
_LONGEST = 400  # characters; more would not fit on a ticket in any size, and need not cost us time
_STEP = 0.5  # points between two sizes that are tried


@cache
def _advances(font: Path) -> dict[str, float]:
    """Every character that a font file can draw, with its width in ems."""
    with TTFont(font, lazy=True) as opened:
        metrics, em = opened["hmtx"].metrics, opened["head"].unitsPerEm
        return {chr(code): metrics[glyph][0] / em for code, glyph in opened.getBestCmap().items()}


def _font_of(char: str, bold: bool) -> Path:
    return (BOLD if bold else REGULAR) if char in _advances(REGULAR) else RARE


def runs(text: str, bold: bool = False) -> Iterator[tuple[Path, str]]:
    """Stretches of a drawable text, each with the font file that draws it."""
    for font, chars in groupby(text, lambda char: _font_of(char, bold)):
        yield font, "".join(chars)


def width(text: str, size: float, bold: bool = False) -> float:
    """Width in mm of a drawable text at a size in points."""
    return sum(sum(map(_advances(font).__getitem__, run)) for font, run in runs(text, bold)) * size * MM_PER_PT


def drawable(text: str) -> str:
    """The text on one line with only characters that we have: composed, else without its accent, else `□`.

    `홍길동` typed on a Mac arrives in pieces and is put together; `Nguyễn` becomes `Nguyen`; an emoji of several
    joined characters becomes a single `□`.
    """
    out = ""
    for char in unicodedata.normalize("NFC", " ".join(text.split())):
        drawn = char if _has(char) else _plain(char)
        if not (drawn == MISSING and out.endswith(MISSING)):
            out += drawn
    return " ".join(out.split())


def fit(text: str, room: float, sizes: tuple[float, float], most: int, bold: bool = False) -> tuple[float, list[str]]:
    """Break a text into lines and choose its size.

    As few lines as a fifth less in size can achieve, then as large as they allow; when even the smallest size
    needs too many lines, the last one ends with an ellipsis.

    Args:
        text: any text; what cannot be drawn is replaced.
        room: mm from margin to margin.
        sizes: the largest and the smallest size in points.
        most: lines at most.
        bold: with the bold face.
    """
    text = drawable(text[:_LONGEST])
    largest, smallest = sizes
    for allowed in range(1, most + 1):
        least = smallest if allowed == most else max(smallest, largest * 0.8)
        size = largest
        while size >= least:
            lines = _wrap(text, room, size, bold)
            if len(lines) <= allowed:
                return size, lines
            size -= _STEP
    lines = _wrap(text, room, smallest, bold)
    last = lines[most - 1]
    while last and width(last + "…", smallest, bold) > room:
        last = last[:-1]
    return smallest, [*lines[: most - 1], last.rstrip() + "…"]


def _wrap(text: str, room: float, size: float, bold: bool) -> list[str]:
    """Lines broken at spaces, as Korean reads best; within a word only when it alone is too wide."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if width(longer, size, bold) <= room:
            lines[-1] = longer
            continue
        pieces = list(_pieces(word, room, size, bold))
        lines[-1:] = [lines[-1], *pieces] if lines[-1] else pieces
    return lines


def _pieces(word: str, room: float, size: float, bold: bool) -> Iterator[str]:
    piece = ""
    for char in word:
        if piece and width(piece + char, size, bold) > room:
            yield piece
            piece = ""
        piece += char
    yield piece


def _has(char: str) -> bool:
    return char in _advances(REGULAR) or char in _advances(RARE)


def _plain(char: str) -> str:
    if unicodedata.category(char) in _INVISIBLE:
        return ""
    bare = "".join(part for part in unicodedata.normalize("NFKD", char) if not unicodedata.combining(part))
    bare = unicodedata.normalize("NFC", bare)
    return bare if bare and all(map(_has, bare)) else MISSING
