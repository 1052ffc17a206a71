"""The simulator loses nobody, scales as worked out by hand, agrees with known queues and reads the real modules."""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.arrivals import arrivals
from bench.scale import command, planned, queueing, rehearsed, report
from bench.scale.capacity import COMMITTED, Constants
from bench.scale.planned import NotUnderstoodError, Planned
from bench.scale.rehearsed import NotRehearsedError
from bench.scale.scaling import METRIC_DELAY, Group
from bench.scale.sharing import share_out
from bench.scale.simulate import Played, Sale, needed, play
from ticketing.rehearsal.policy import draw_span

PLAN = Planned("c5.large", 2, 4, 20, 180.0, 60.0, 360.0, 50.0, 12_000.0, 20, 0, "db.r5.large", 1000, "cache.t3.medium")
NO_LINE = Sale(200_000, cap=10**6, rate=10**7, visit=20.0, prescale=False)


@pytest.fixture(scope="module")
def constants() -> Constants:
    return Constants.read()


def lost(played: Played) -> float:
    return max(abs(moment.people - played.sale.fans) for moment in played.moments)


@pytest.mark.parametrize("sale", [Sale(10_000), NO_LINE, Sale(3_000, seats=500, no_show=0.5)], ids=str)
def test_nobody_is_lost(sale: Sale, constants: Constants) -> None:
    played = play(sale, PLAN, constants)
    assert lost(played) < 1e-3
    assert played.moments[-1].served + played.moments[-1].gone == pytest.approx(sale.fans, abs=1)
    assert played.moments[-1].served <= sale.seats / sale.seats_each + 1e-6


def test_a_lost_fan_would_be_seen(constants: Constants) -> None:
    played = play(Sale(3_000, seats=500), PLAN, constants)
    played.moments[500].waiting -= 1
    assert lost(played) == pytest.approx(1, abs=1e-3)


def worst(played: Played) -> tuple[float, float, float]:
    return (
        sum(m.refused for m in played.moments),
        max(max(m.p99.values(), default=0.0) for m in played.moments),
        float(played.sold_out or math.inf),
    )


def test_more_instances_are_never_worse(constants: Constants) -> None:
    seen = [
        worst(play(NO_LINE, replace(PLAN, least=n, desired=n, most=n), constants, longest=1_200))
        for n in (1, 2, 4, 8, 16)
    ]
    for fewer, more in itertools.pairwise(seen):
        assert all(b <= a + 1e-9 for a, b in zip(fewer, more, strict=True)), seen
    assert seen[0] > seen[-1], "the crowd is too small to tell"


def test_prescale_is_there_when_doors_open(constants: Constants) -> None:
    with_it, without = (
        next(
            m.instances
            for m in play(replace(NO_LINE, sign_in=0.0, prescale=on), PLAN, constants).moments
            if m.second == 0
        )
        for on in (True, False)
    )
    assert with_it == 20
    assert without == 4


def peak(played: Played, name: str) -> float:
    return max(m.ends[name] for m in played.moments)


def test_limits_are_the_constants_and_the_plan_s(constants: Constants) -> None:
    sale = Sale(10_000, prescale=False)
    before = play(sale, PLAN, constants)
    half = replace(constants.limits, orders=constants.limits.orders / 2, commits=constants.limits.commits / 2)
    after = play(sale, PLAN, replace(constants, limits=half))
    for one, other in zip(before.moments, after.moments, strict=True):
        assert other.ends["Aurora writes"] == pytest.approx(2 * one.ends["Aurora writes"])
    small = replace(PLAN, connections=planned.connections_of("db.t3.medium"))
    assert small.connections == 90
    assert peak(play(sale, small, constants), "Aurora connections") > peak(before, "Aurora connections")


def test_a_fifth_come_within_two_seconds_of_the_opening() -> None:
    shares = arrivals(600.0, 600.0)
    assert sum(shares.values()) == pytest.approx(1)
    # The lobby's own last seconds and the first late ones come on top.
    assert sum(shares[second] for second in range(-2, 2)) == pytest.approx(0.2, abs=0.01)
    assert sum(share for second, share in shares.items() if second < -2) == pytest.approx(0.7, abs=0.01)
    assert shares[-10] > 1.5 * shares[-300]


def test_the_draw_is_looked_at_over_the_policy_s_span(constants: Constants) -> None:
    played = play(Sale(100_000, rate=1, sign_in=0.0, prescale=False), PLAN, constants, longest=60)
    before, at_open = (next(m for m in played.moments if m.second == second) for second in (-1, 0))
    # Who joined in the second before looks as well, at once.
    assert at_open.looks - before.answered["join"] == pytest.approx(before.waiting / draw_span(100_000))
    assert draw_span(1_000_000) == draw_span(100_000) == 20
    assert draw_span(1_000) == pytest.approx(2)


def test_signing_in_is_what_keeps_a_crowd_standing(constants: Constants) -> None:
    with_it, without = (play(Sale(100_000, sign_in=share), PLAN, constants, longest=300) for share in (0.5, 0.0))
    assert max(m.stood for m in without.moments) == 0
    assert max(m.stood for m in with_it.moments) > 2
    assert max(m.busy for m in with_it.moments) == 1
    # The hashes' threads leave the event loops their share: nobody else waits for them.
    at_open = next(m for m in with_it.moments if m.second == 2)
    assert at_open.p50["join"] < 0.1 < at_open.p50["sign_in"]


def test_who_finds_the_queue_for_hashes_full_is_refused(constants: Constants) -> None:
    one = replace(PLAN, least=1, desired=1, most=1)
    played = play(Sale(100_000, sign_in=1.0, prescale=False), one, constants, longest=60)
    assert sum(m.refused for m in played.moments) > 1_000
    assert lost(played) < 1e-3


def test_the_needed_instances_are_enough_and_one_fewer_are_not(constants: Constants) -> None:
    sale = Sale(20_000, prescale=False)
    count = needed(sale, PLAN, constants)
    assert count is not None
    assert count > 1
    stood = [
        max(m.stood for m in play(sale, replace(PLAN, least=n, desired=n, most=n), constants, longest=600).moments)
        for n in (count, count - 1)
    ]
    assert stood[0] <= 5 < stood[1]
    assert needed(sale, PLAN, constants, most=1) is None


def test_processors_are_shared_by_weight_and_nothing_is_left_over() -> None:
    weights = {"a": 1.0, "b": 2.0, "c": 1.0}
    assert share_out(8.0, {"a": 1.0, "b": 1.0, "c": 1.0}, weights) == {"a": 1.0, "b": 1.0, "c": 1.0}
    assert share_out(4.0, {"a": 9.0, "b": 9.0, "c": 9.0}, weights) == {"a": 1.0, "b": 2.0, "c": 1.0}
    assert share_out(4.0, {"a": 0.4, "b": 9.0, "c": 0.6}, weights) == {"a": 0.4, "b": 3.0, "c": 0.6}
    assert share_out(4.0, {"a": 0.0, "b": 0.0}, weights) == {"a": 0.0, "b": 0.0}


ASKED = rehearsed.Asked(1_000, 1_200, 500, 15.0, 45.0)
VERDICT = {
    "fans": 1_000,
    "line": True,
    "sold_out_seconds": 20.0,
    "steps": {
        "join": {"count": 900, "p50_ms": 2.0, "p99_ms": 20.0},
        "hold, best": {"count": 300, "p50_ms": 5.0, "p99_ms": 50.0},
        "hold, chosen": {"count": 400, "p50_ms": 4.0, "p99_ms": 60.0},
        "bot": {"count": 100, "p50_ms": 1.0, "p99_ms": 1.0},
    },
    "processes": {"API 1": {"cpu_seconds": 3.0}, "API 2": {"cpu_seconds": 4.0}, "worker": {"cpu_seconds": 2.0}},
}


def test_a_rehearsal_is_compared_with_the_same_sale_played(constants: Constants) -> None:
    lines = {line.what: line for line in rehearsed.compare(ASKED, VERDICT, constants)}
    assert lines["CPU seconds of the API"].measured == 7
    assert lines["requests a second, on average"].measured == pytest.approx(1_600 / 60)
    assert lines["hold: requests"].measured == 700
    assert lines["hold: p99 ms"].measured == 60
    assert lines["join: requests"].predicted == pytest.approx(1_000, rel=0.01)
    # Constants that are twice as dear give a prediction that is twice as high: it is the simulator that is compared.
    dear = {name: replace(route, cpu_us=2 * route.cpu_us) for name, route in constants.routes.items()}
    twice = {line.what: line for line in rehearsed.compare(ASKED, VERDICT, replace(constants, routes=dear))}
    before, after = (made["CPU seconds of the API"].predicted for made in (lines, twice))
    assert after == pytest.approx(2 * (before or 0), rel=0.02)
    assert "-" in rehearsed.table(list(lines.values()))


def test_a_verdict_of_something_else_is_refused(tmp_path: Path, constants: Constants) -> None:
    with pytest.raises(NotRehearsedError, match="2,000 fans"):
        rehearsed.compare(ASKED, VERDICT | {"fans": 2_000}, constants)
    written = tmp_path / "verdict.json"
    for text in ("", "[]", "{}", json.dumps(VERDICT | {"line": False})):
        written.write_text(text)
        with pytest.raises(NotRehearsedError, match=r"verdict\.json"):
            rehearsed.read(written)
    written.write_text(json.dumps(VERDICT))
    assert rehearsed.read(written) == VERDICT


@pytest.mark.parametrize(
    ("text", "says"),
    [("{}", "limits|routes"), ("no json", "no output"), ('{"routes": {}, "limits": 1}', "no output"), ("[]", "no out")],
)
def test_constants_that_are_none(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "constants.json"
    path.write_text(text)
    with pytest.raises(NotUnderstoodError, match=says):
        Constants.read(path)


@pytest.mark.parametrize("spoil", [lambda c: c["routes"].pop("sign_in"), lambda c: c["limits"].update(orders=0)])
def test_constants_that_are_not_whole(tmp_path: Path, spoil: Callable[[Any], None]) -> None:
    document = json.loads(COMMITTED.read_text())
    path = tmp_path / "constants.json"
    path.write_text(json.dumps(document))
    assert Constants.read(path) == Constants.read()
    spoil(document)
    path.write_text(json.dumps(document))
    with pytest.raises(NotUnderstoodError, match=r"sign_in|above 0"):
        Constants.read(path)


def run_group(group: Group, seconds: int, cpu: float, requests: float = 0.0, start: int = 0) -> None:
    for second in range(start, start + seconds):
        group.tick(second, cpu, requests)


def test_three_minutes_above_the_target_start_instances_that_answer_after_their_warmup() -> None:
    group = Group(PLAN)
    alarm = 179 + int(METRIC_DELAY)
    run_group(group, alarm, 100.0)
    assert group.desired == 4
    run_group(group, 1, 100.0, start=alarm)
    assert group.desired == 8, "4 × 100 % / 50 %"
    assert group.in_service(alarm + 179) == 4
    assert group.in_service(alarm + 180) == 8
    run_group(group, 120, 100.0, start=alarm + 1)
    assert group.desired == 8, "those that warm up count"


def test_at_the_target_nothing_starts() -> None:
    group = Group(PLAN)
    run_group(group, 600, 50.0)
    assert group.desired == 4


def test_two_minutes_are_not_three() -> None:
    group = Group(PLAN)
    run_group(group, 120, 100.0)
    run_group(group, 300, 10.0, start=120)
    assert group.desired == 4


def test_the_largest_wish_counts_up_to_the_maximum() -> None:
    group = Group(PLAN)
    run_group(group, 300, 60.0, 700.0)
    assert group.desired == 14, "4 × 42,000 / 12,000 by requests, 5 by CPU"
    group = Group(PLAN)
    run_group(group, 300, 60.0, 2_000.0)
    assert group.desired == 20


def test_quarter_of_an_hour_of_rest_shrinks_to_the_floor() -> None:
    group = Group(PLAN)
    run_group(group, 899, 1.0)
    assert group.desired == 4
    run_group(group, 120, 1.0, start=899)
    assert group.desired == 2
    held = Group(PLAN)
    held.schedule(0, 20)
    run_group(held, 2_000, 1.0)
    assert held.desired == 20


def test_known_queues() -> None:
    # M/M/1 at 80 %: W = ρ / (1 - ρ) services; M/D/1 half of it. Erlang's table: C(2, 1) = 1/3, C(10, 8) = 0.4092.
    assert queueing.mean_wait(1, 8, 0.1) == pytest.approx(0.4)
    assert queueing.mean_wait(1, 8, 0.1, 0.0) == pytest.approx(0.2)
    assert queueing.erlang_c(2, 1.0) == pytest.approx(1 / 3)
    assert queueing.erlang_c(10, 8.0) == pytest.approx(0.4092, abs=1e-4)
    # M/M/1: P(wait > t) = ρ e^(-(1 - ρ) t / s); at 99 %: t = s / (1 - ρ) ln 80.
    assert queueing.percentile(1, 8, 0.1, 0.99) == pytest.approx(0.1 + 0.5 * math.log(80))
    assert queueing.percentile(1, 11, 0.1, 0.99) == math.inf
    assert queueing.mean_wait(2, 8, 0.1) < queueing.mean_wait(1, 8, 0.1)


def test_the_modules_are_read(tmp_path: Path, constants: Constants) -> None:
    own = planned.from_modules("prod")
    assert (own.least, own.desired, own.most, own.cores) == (2, 4, 20, 2)
    assert (own.warmup, own.grace, own.cpu_target) == (180.0, 360.0, 50.0)
    given = tmp_path / "more.tfvars"
    given.write_text("asg_max_size = 6\n")
    fewer = planned.from_modules("prod", values=given)
    assert fewer == replace(own, most=6, on_sale_capacity=6)
    at_open = [
        report.summary(play(Sale(3_000, seats=500), one, constants))["instances_at_open"] for one in (own, fewer)
    ]
    assert at_open == [20, 6]


def test_what_cannot_be_worked_out_is_said(tmp_path: Path) -> None:
    for name in (
        "main.tf",
        "locals.tf",
        "variables.tf",
        "envs/prod.tfvars",
        "modules/compute/asg.tf",
        "modules/compute/variables.tf",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        text = (planned.ROOT / name).read_text()
        (tmp_path / name).write_text(text.replace("= var.asg_max_size", "= max(var.asg_max_size, 3)"))
    with pytest.raises(NotUnderstoodError, match="asg_max_size"):
        planned.from_modules("prod", tmp_path)
    with pytest.raises(NotUnderstoodError, match=r"t3\.nano"):
        _ = replace(PLAN, instance_type="t3.nano").cores


def of(kind: str, **values: object) -> dict[str, Any]:
    return {"mode": "managed", "type": kind, "values": values}


def policy(kind: str, target: float) -> dict[str, Any]:
    how = {"target_value": target, "predefined_metric_specification": [{"predefined_metric_type": kind}]}
    return of("aws_autoscaling_policy", target_tracking_configuration=[how])


def resources() -> list[dict[str, Any]]:
    group = of(
        "aws_autoscaling_group", min_size=2, desired_capacity=4, max_size=20, default_instance_warmup=180,
        default_cooldown=60, health_check_grace_period=360,
    )  # fmt: skip
    return [
        group, policy("ASGAverageCPUUtilization", 50), policy("ALBRequestCountPerTarget", 12_000), of("aws_lb"),
        of("aws_launch_template", instance_type="c5.large"),
        of("aws_rds_cluster_instance", instance_class="db.r5.large"),
        of("aws_elasticache_replication_group", node_type="cache.t3.medium"),
    ]  # fmt: skip


def plan_of(made: list[dict[str, Any]]) -> dict[str, Any]:
    return {"planned_values": {"root_module": {"resources": made}}}


def test_a_plan_says_the_same() -> None:
    made = resources()
    assert planned.from_plan(plan_of(made)) == PLAN == planned.from_modules("prod")
    made.append(of("aws_autoscaling_schedule", desired_capacity=12))
    assert planned.from_plan(plan_of(made)).on_sale_capacity == 12


def spoiled(number: int, **values: object) -> str:
    made = resources()
    made[number]["values"].update(values)
    return json.dumps(plan_of(made))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no JSON"),
        ("{", "no JSON"),
        ("[]", "no plan"),
        ("{}", "no plan"),
        (json.dumps(plan_of(resources()[1:])), "aws_autoscaling_group"),
        (json.dumps(plan_of([*resources(), of("aws_autoscaling_policy", step_scaling="?")])), "no plan"),
        (spoiled(1, target_tracking_configuration=[]), "no plan"),
        (spoiled(1, target_tracking_configuration=7), "no plan"),
        (spoiled(0, min_size="?"), "no plan|cannot be played"),
        (spoiled(0, max_size=0), "cannot be played"),
        (spoiled(4, instance_type="x1.nano"), r"x1\.nano"),
        (spoiled(4, instance_type=None), "no plan|processors"),
    ],
)
def test_a_bad_plan_is_told_and_not_traced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, says: str
) -> None:
    path = tmp_path / "plan.json"
    path.write_text(text)
    assert command.main("scale", ["--plan", str(path), "--fans", "100"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert re.search(says, said.err), said.err
    path.write_text(json.dumps(plan_of(resources())))
    assert command.main("scale", ["--plan", str(path), "--fans", "100"]) == 0


@pytest.mark.parametrize(
    "given",
    [
        "scale --fans 0", "scale --fans -5", "scale --fans x", "scale --seats 0", "scale --visit 0", "scale --speed 0",
        "scale --speed nan", "scale --visit inf", "scale --rate 0", "scale --cap 0", "scale --sign-in 1.5",
        "scale --lobby 0", "scale:check --fans 0", "scale:check --lobby 0", "capacity --rounds 0", "capacity --scale 0",
    ],
)  # fmt: skip
def test_arguments_out_of_bounds_are_told(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    name, option, value = given.split()
    with pytest.raises(SystemExit) as stopped:
        command.main(name, [option, value])
    assert stopped.value.code == 2
    assert f"argument {option}" in capsys.readouterr().err


def test_files_that_are_not_there_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for option in ("--plan", "--constants"):
        assert command.main("scale", ["--fans", "100", option, str(tmp_path / "none.json")]) == 2
        assert "none.json" in capsys.readouterr().err
    assert command.main("scale:check", ["--part", "sale", "--verdict", str(tmp_path / "none.json")]) == 2


@pytest.mark.parametrize("given", ["--seats 2", "--visit 1", "--cap 1", "--rate 1", "--speed 100", "--sign-in 0"])
def test_arguments_at_their_bounds_can_be_played(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main("scale", ["--fans", "300", "--json", *given.split()]) == 0
    for row in json.loads(capsys.readouterr().out)["runs"]:
        assert 0 <= row["served"] + row["gone"] <= 301


def test_the_report_stands_alone(constants: Constants) -> None:
    page = report.page([play(Sale(3_000, seats=500), PLAN, constants)], constants)
    assert page.count("<svg") == page.count("</svg>") == 13
    for what in ("Aurora writes", "Aurora connections", "Valkey core", "ALB units", "CDN quota"):
        assert f">{what}: share of its end<" in page
    assert "prefers-color-scheme:dark" in page
    assert "http" not in page
    assert "nan" not in page
