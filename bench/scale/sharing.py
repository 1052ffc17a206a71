"""Processors shared out by weight, as a kernel does."""

from __future__ import annotations

from collections.abc import Mapping


def share_out(capacity: float, asked: Mapping[str, float], weights: Mapping[str, float]) -> dict[str, float]:
    """What each gets of so many CPU seconds, by weight: never more than it asks for, and what it leaves goes to others.

    >>> share_out(4.0, {"a": 1.0, "b": 9.0}, {"a": 1.0, "b": 1.0})
    {'a': 1.0, 'b': 3.0}
    """
    given = dict.fromkeys(asked, 0.0)
    hungry, left = {name for name, much in asked.items() if much > 0}, capacity
    while hungry:
        each = left / sum(weights[name] for name in hungry)
        content = {name for name in hungry if asked[name] <= each * weights[name]}
        for name in content:
            given[name] = asked[name]
            left -= asked[name]
        if not content:
            return given | {name: each * weights[name] for name in hungry}
        hungry -= content
    return given
