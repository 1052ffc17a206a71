"""Arguments that are checked where they are read: argparse says what is wrong and exits with 2."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from typing import TypeVar

N = TypeVar("N", int, float)


def whole(least: int, most: int | None = None) -> Callable[[str], int]:
    """A whole number from `least` to `most`."""
    return _within(int, "whole number", least, most)


def number(least: float, most: float | None = None) -> Callable[[str], float]:
    """A number from `least` to `most`."""
    return _within(float, "number", least, most)


def _within(kind: Callable[[str], N], name: str, least: N, most: N | None) -> Callable[[str], N]:
    def read(text: str) -> N:
        try:
            value = kind(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is no {name}") from None
        if not math.isfinite(value) or value < least or (most is not None and value > most):
            raise argparse.ArgumentTypeError(f"must be {_range(least, most)}, not {text}")
        return value

    return read


def _range(least: float, most: float | None) -> str:
    return f"at least {least:,}" if most is None else f"{least:,} to {most:,}"
