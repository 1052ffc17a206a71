"""Arguments that are checked where they are read: argparse says what is wrong and exits with 2."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable


def whole(least: int, most: int | None = None) -> Callable[[str], int]:
    """A whole number from `least` to `most`."""

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None
        if value < least or (most is not None and value > most):
            raise argparse.ArgumentTypeError(f"must be {_range(least, most)}, not {value}")
        return value

    return read


def number(least: float, most: float | None = None) -> Callable[[str], float]:
    """A number from `least` to `most`."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is no number") from None
        if not math.isfinite(value) or value < least or (most is not None and value > most):
            raise argparse.ArgumentTypeError(f"must be {_range(least, most)}, not {text}")
        return value

    return read


def _range(least: float, most: float | None) -> str:
    return f"at least {least:,}" if most is None else f"{least:,} to {most:,}"
