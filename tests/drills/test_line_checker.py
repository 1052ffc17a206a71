"""The checker of line drills finds each kind of breach, and nothing in a sale that went well."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.drills.line_checker import Evidence, Told, check


def told(kind: str, at: float, who: str, status: int = 200, **body: object) -> Told:
    """An answer that took a tenth of a second."""
    if kind == "status":
        body["at"] = f"2026-11-22T11:00:{int(at):02d}Z"
    return Told(at - 0.1, at, who, kind, status, dict(body))


def sale() -> list[Told]:
    """Three people, of whom two may be inside."""
    return [
        *(told("join", n, who, index=n) for n, who in enumerate("abc", 1)),
        *(told("me", 10 + n, who, index=n, position=(0, 3, 1, 2)[n]) for n, who in enumerate("abc", 1)),
        told("status", 11, "", serving=0),
        told("status", 20, "", serving=2),
        told("claim", 20.5, "b"),
        told("claim", 20.6, "c"),
        told("status", 21, "", serving=3),
        told("claim", 22, "a", 409, code="line_full"),
        told("leave", 23, "b", 204),
        told("claim", 24, "a"),
        told("leave", 25, "c", 204),
        told("leave", 26, "a", 204),
    ]  # fmt: skip


GOOD = Evidence(sale(), cap=2, rate=10, visits=[(1, None), (2, None), (3, None)])


def broken(rule: str) -> Evidence:
    """The same sale with one thing wrong."""
    answers, e = sale(), GOOD
    if rule == "twice":
        answers[1] = told("join", 2, "b", index=1)
    elif rule == "moved":
        answers.append(told("join", 30, "a", index=9))
    elif rule == "place":
        answers.append(told("me", 30, "a", index=1, position=4))
    elif rule == "early":
        answers = [t for t in answers if t.body.get("serving") != 3]
    elif rule == "over-cap":
        answers = [t for t in answers if (t.kind, t.account) != ("leave", "b")] + [told("leave", 40, "b", 204)]
    elif rule == "over-rate":
        e = replace(e, rate=2)
    elif rule == "overtaken":
        answers += [told("join", 3, "d", index=4), told("me", 14, "d", index=4, position=4)]
        answers += [told("status", 21.5, "", serving=4), told("claim", 23.5, "d"), told("leave", 23.8, "d", 204)]
        answers.append(told("claim", 23.9, "a", 409, code="line_full"))
        e = replace(e, visits=[*GOOD.visits, (4, None)])
    elif rule == "backwards":
        answers.append(told("status", 30, "", serving=1))
    elif rule == "left-out":
        answers.append(told("join", 5, "z", index=7))
    elif rule == "books":
        e = replace(e, visits=[(1, None), (2, None)])
    return replace(e, told=answers)


def test_a_good_sale_has_no_breach() -> None:
    assert check(GOOD) == []


@pytest.mark.parametrize(
    "rule",
    ["twice", "moved", "place", "early", "over-cap", "over-rate", "overtaken", "backwards", "left-out", "books"],
)  # fmt: skip
def test_each_breach_is_found(rule: str) -> None:
    assert rule in {breach.rule for breach in check(broken(rule))}
