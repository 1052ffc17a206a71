"""Make this folder's font files again: `python -m ticketing.tickets.fonts.subset FOLDER_WITH_NANUM_GOTHIC`.

Three files, so that a common ticket pays for a small font: fpdf2 reads every glyph of a font that it is given.
The text fonts hold KS X 1001 Hangul, Latin, Greek, Cyrillic, kana and signs; the rare font holds the other 8,822
syllables and the Hanja, for a name that needs them, and is opened only then.
"""

from __future__ import annotations

import sys
from pathlib import Path

from fontTools import subset  # type: ignore[import-untyped]
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

FAMILY = "Ticket Sans KR"  # "Nanum" is a reserved font name: a modified version may not carry it
_LICENCE = "This Font Software is licensed under the SIL Open Font License, Version 1.1."
_BLOCKS = (
    (0x20, 0x7F),
    (0xA0, 0x250),
    (0x370, 0x460),
    (0x2000, 0x2600),
    (0x3000, 0x3190),
    (0xFF00, 0xFFEF),
)


def _ks_x_1001(first: int, last: int) -> set[int]:
    """Characters of the standard between two lead bytes of its EUC form."""
    pairs = (bytes((lead, trail)) for lead in range(first, last + 1) for trail in range(0xA1, 0xFF))
    return {ord(text) for pair in pairs if (text := pair.decode("euc-kr", "ignore"))}


def common() -> set[int]:
    """What nearly every ticket is set in."""
    blocks = {code for start, end in _BLOCKS for code in range(start, end)}
    return blocks | _ks_x_1001(0xA1, 0xAC) | _ks_x_1001(0xB0, 0xC8)


def rare() -> set[int]:
    """The rest of the Hangul syllables, and the Hanja."""
    wanted = {*range(0xAC00, 0xD7A4), *range(0x3400, 0xA000), *range(0xF900, 0xFB00)}
    return wanted - common()


def make(source: Path, target: Path, style: str, characters: set[int]) -> None:
    """Write a renamed subset without hints and layout tables, which the PDF writer does not use."""
    options = subset.Options(hinting=False, notdef_outline=True, glyph_names=False, name_IDs=[0])
    options.drop_tables += ["GSUB", "GPOS", "vhea", "vmtx", "VORG", "TSI0", "TSI1", "TSI2", "TSI3", "TSI5"]
    font = TTFont(source, recalcTimestamp=False)  # the same input gives the same bytes
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=characters)
    subsetter.subset(font)
    postscript = f"{FAMILY.replace(' ', '')}-{style}"
    names = {
        1: FAMILY,
        2: style,
        3: postscript,
        4: f"{FAMILY} {style}",
        5: "Version 3.021",
        6: postscript,
        13: _LICENCE,
    }
    names[10] = "A subset of a font by NAVER Corporation and Sandoll Communications Inc., see NOTICE"
    names[14] = "https://openfontlicense.org"
    for name_id, text in names.items():
        font["name"].setName(text, name_id, 3, 1, 0x409)
    font.save(target)


def main() -> None:
    """Write the three files beside this one."""
    source, target = Path(sys.argv[1]), Path(__file__).parent
    make(source / "NanumGothic.ttf", target / "ticket-sans-kr-regular.ttf", "Regular", common())
    make(source / "NanumGothicBold.ttf", target / "ticket-sans-kr-bold.ttf", "Bold", common())
    make(source / "NanumGothic.ttf", target / "ticket-sans-kr-rare.ttf", "Rare", rare())


if __name__ == "__main__":
    main()
