"""The simulator loses nobody, scales as worked out by hand, agrees with known queues and reads the real modules."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from pathlib import Path

import pytest

from bench.scale import planned, queueing, report
from bench.scale.capacity import Constants
from bench.scale.planned import NotUnderstoodError, Planned
from bench.scale.scaling import METRIC_DELAY, Group
from bench.scale.simulate import Played, Sale, play

PLAN = Planned("c5.large", 2, 4, 20, 180.0, 60.0, 360.0, 50.0, 12_000.0, 20, 0, "db.r5.large", "cache.t3.medium")
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
        next(m.instances for m in play(replace(NO_LINE, prescale=on), PLAN, constants).moments if m.second == 0)
        for on in (True, False)
    )
    assert with_it == 20
    assert without == 4


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


def test_a_plan_says_the_same() -> None:
    def of(kind: str, **values: object) -> dict[str, object]:
        return {"mode": "managed", "type": kind, "values": values}

    def policy(kind: str, target: float) -> dict[str, object]:
        how = {"target_value": target, "predefined_metric_specification": [{"predefined_metric_type": kind}]}
        return of("aws_autoscaling_policy", target_tracking_configuration=[how])

    group = of(
        "aws_autoscaling_group", min_size=2, desired_capacity=4, max_size=20, default_instance_warmup=180,
        default_cooldown=60, health_check_grace_period=360,
    )  # fmt: skip
    made = [
        group, policy("ASGAverageCPUUtilization", 50), policy("ALBRequestCountPerTarget", 12_000), of("aws_lb"),
        of("aws_launch_template", instance_type="c5.large"),
        of("aws_rds_cluster_instance", instance_class="db.r5.large"),
        of("aws_elasticache_replication_group", node_type="cache.t3.medium"),
    ]  # fmt: skip
    plan = {"planned_values": {"root_module": {"resources": made}}}
    assert planned.from_plan(plan) == PLAN == planned.from_modules("prod")
    made.append(of("aws_autoscaling_schedule", desired_capacity=12))
    assert planned.from_plan(plan).on_sale_capacity == 12


def test_the_report_stands_alone(constants: Constants) -> None:
    page = report.page([play(Sale(3_000, seats=500), PLAN, constants)], constants)
    assert page.count("<svg") == page.count("</svg>") == 7
    assert "prefers-color-scheme:dark" in page
    assert "http" not in page
    assert "nan" not in page
