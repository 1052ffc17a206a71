"""The gate on real stores: what lets in, what ends a visit, and what a hold keeps open."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.rooms.waiting.line_bench import LOBBY_MS, Bench, step
from ticketing.accounts.model import Role, Session
from ticketing.base.errors import Forbidden, Problem, Unavailable
from ticketing.waiting.gate import HEADER
from ticketing.waiting.tokens import PassClaims


@pytest.fixture
async def inside(bench: Bench) -> tuple[Bench, str]:
    """A line with one person in it, who is inside: the token of the pass."""
    leader = bench.candidate()
    await step(leader)
    await bench.join("acc_a")
    bench.clock.advance(LOBBY_MS / 1000)
    for _ in range(3):
        await step(leader)
        bench.clock.advance(1)
    return bench, (await bench.claim("acc_a")).token


async def check(bench: Bench, token: str | None, account: str = "acc_a", **how: bool) -> PassClaims | str | None:
    """What the gate says: claims, None, or the code of the refusal."""
    session = Session(f"ses_{account}", account, Role.FAN, bench.now + 1, True)
    request = SimpleNamespace(headers={HEADER: token} if token else {}, cookies={})
    try:
        return await bench.api.gate.check(cast(Any, request), bench.event, session, **how)
    except Problem as problem:
        return problem.code


async def alive(bench: Bench, claims: PassClaims | str | None, until: int = 0) -> str:
    """Whether the visit goes on."""
    assert isinstance(claims, PassClaims)
    try:
        await bench.api.gate.alive(claims, until)
    except (Forbidden, Unavailable) as problem:
        return problem.code
    return "alive"


async def test_a_pass_is_good_for_its_owner_alone(inside: tuple[Bench, str]) -> None:
    bench, token = inside
    assert isinstance(await check(bench, token), PassClaims)
    assert await check(bench, token, "acc_b") == "pass_invalid"
    assert await check(bench, None) == "pass_required"
    assert await check(bench, token + "x") == "pass_invalid"


async def test_a_pass_ends_with_the_hard_limit(inside: tuple[Bench, str]) -> None:
    bench, token = inside
    bench.clock.advance(bench.rules.hard_ms / 1000 - 1)
    assert isinstance(await check(bench, token), PassClaims)
    bench.clock.advance(1)
    assert await check(bench, token) == "pass_expired"
    assert isinstance(await check(bench, token, over_is_fine=True), PassClaims)


async def test_a_visit_that_was_left_or_slept_through_holds_no_seats(inside: tuple[Bench, str]) -> None:
    bench, token = inside
    claims = await check(bench, token)
    assert await alive(bench, claims) == "alive"
    bench.clock.advance(bench.rules.idle_ms / 1000)
    assert await alive(bench, claims) == "pass_expired"
    # Claiming again brings the same visit back, and the pass with it.
    await bench.claim("acc_a")
    assert await alive(bench, claims) == "alive"
    await bench.leave("acc_a")
    assert await alive(bench, claims) == "pass_expired"


async def test_holding_seats_keeps_the_slot_until_the_hold_ends(inside: tuple[Bench, str]) -> None:
    bench, token = inside
    claims = await check(bench, token)
    assert await alive(bench, claims, bench.now + 400_000) == "alive"
    bench.clock.advance(390)
    await step(bench.leader)
    assert await alive(bench, claims) == "alive"
    assert len(await bench.inside()) == 1


async def test_while_the_line_is_lost_nobody_holds_seats_by_it(inside: tuple[Bench, str]) -> None:
    bench, token = inside
    claims = await check(bench, token)
    await bench.valkey.execute("DEL", f"w:{{{bench.event.id}}}:meta")
    assert await alive(bench, claims) == "rebuilding"
    await step(bench.leader)
    assert await alive(bench, claims) == "alive"


async def test_break_glass_opens_the_gate_for_as_long_as_was_said(bench: Bench) -> None:
    await step(bench.candidate())
    assert await check(bench, None) == "pass_required"
    await bench.controls.break_glass(bench.event.id, "acc_op", 5, "the line's page is away")
    assert await check(bench, None) is None
    bench.clock.advance(5 * 60)
    assert await check(bench, None) == "pass_required"
    await bench.controls.break_glass(bench.event.id, "acc_op", 5, "the line's page is away")
    await bench.controls.end_break_glass(bench.event.id, "acc_op")
    assert await check(bench, None) == "pass_required"
    actions = await bench.rows("SELECT action FROM line_actions WHERE event_id = :e")
    assert sorted(row[0] for row in actions) == ["break_glass", "break_glass", "end_break_glass"]


async def test_staff_hear_of_break_glass(bench: Bench) -> None:
    await step(bench.candidate())
    await bench.controls.break_glass(bench.event.id, "acc_op", 5, "the line's page is away")
    await bench.controls.end_break_glass(bench.event.id, "acc_op")
    told = await bench.rows("SELECT payload FROM outbox WHERE topic = 'alert' AND :e <> ''")
    assert [bench.event.id in bytes(row[0]).decode() for row in told] == [True]
