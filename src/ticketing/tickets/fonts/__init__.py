"""The fonts that tickets are set in; licence in OFL.txt and NOTICE. Regular and bold draw the same characters."""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).parent
REGULAR = _FOLDER / "ticket-sans-kr-regular.ttf"
BOLD = _FOLDER / "ticket-sans-kr-bold.ttf"
RARE = _FOLDER / "ticket-sans-kr-rare.ttf"
