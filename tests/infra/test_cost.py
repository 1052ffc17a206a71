"""The table of costs: what it counts, what it marks, and that a missing price is an error and never nothing."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType
from typing import Any

import pytest

from tests.infra.double import ROOT


@pytest.fixture(scope="module")
def cost() -> ModuleType:
    spec = importlib.util.spec_from_file_location("cost", ROOT / "scripts" / "cost.py")
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    sys.modules["cost"] = found
    spec.loader.exec_module(found)
    return found


def plan(**changed: Any) -> dict[str, Any]:
    """What a plan of dev says, as far as it costs."""
    things: dict[str, list[dict[str, Any]]] = {
        "aws_autoscaling_group": [{"desired_capacity": 4}],
        "aws_launch_template": [
            {"instance_type": "t3.medium", "block_device_mappings": [{"ebs": [{"volume_size": 20}]}]}
        ],
        "aws_rds_cluster": [{}],
        "aws_rds_cluster_instance": [{"instance_class": "db.t3.medium"}] * 2,
        "aws_elasticache_replication_group": [{"num_cache_clusters": 2, "node_type": "cache.t3.micro"}],
        "aws_nat_gateway": [{}, {}],
        "aws_lb": [{"internal": False}],
        "aws_route_table_association": [{}] * 6,
    }
    things.update(changed)
    listed = [
        {"mode": "managed", "type": kind, "address": kind, "values": one}
        for kind, all_ in things.items()
        for one in all_
    ]
    return {"planned_values": {"root_module": {"child_modules": [{"resources": listed}]}}}


def test_each_row_of_the_promise_is_there(cost: ModuleType) -> None:
    prices = cost.Prices.read()
    said = cost.report(plan(), "dev", prices)
    for row, promised in prices.listed["promised"]["dev"].items():
        assert f"promised ~{promised}" in next(line for line in said.splitlines() if line.startswith(row))
    assert "promised ~365" in said


def test_the_sum_is_of_its_parts_and_every_difference_is_explained(cost: ModuleType) -> None:
    prices = cost.Prices.read()
    priced = cost.items(plan(), prices, "dev")
    assert cost.total(priced) == pytest.approx(sum(cost.total(priced, row) for row in cost.ROWS))
    assert set(prices.listed["differences"]) == set(cost.ROWS)
    machines = next(one for one in priced if one.key == "ec2:t3.medium")
    assert machines.month == pytest.approx(4 * 730 * prices.listed["prices"]["ec2:t3.medium"]["hour"])


def test_prices_that_nobody_verified_are_marked(cost: ModuleType) -> None:
    prices = cost.Prices.read()
    assert {one["source"] for one in prices.listed["prices"].values()} <= {"verified", "estimate"}
    lines = cost.report(plan(), "dev", prices).splitlines()
    assert any("* t3.medium, 4 always on" in line for line in lines)
    assert any("  2 gateways" in line and "*" not in line for line in lines)


def test_levers_save_what_they_take_away(cost: ModuleType) -> None:
    prices = cost.Prices.read()
    whole = cost.total(cost.items(plan(), prices, "dev"))
    saved = dict(cost.levers(plan(), cost.items(plan(), prices, "dev"), prices))
    without = cost.total(cost.items(plan(aws_nat_gateway=[]), prices, "dev"))
    assert saved["enable_nat_gateway = false (before the endpoints that boot then needs)"] == pytest.approx(
        whole - without
    )
    fewer = plan(aws_elasticache_replication_group=[{"num_cache_clusters": 1, "node_type": "cache.t3.micro"}])
    assert saved["redis_num_nodes = 1"] == pytest.approx(whole - cost.total(cost.items(fewer, prices, "dev")))


def test_a_missing_price_is_an_error(cost: ModuleType) -> None:
    odd = plan(aws_launch_template=[{"instance_type": "z9.huge", "block_device_mappings": []}])
    with pytest.raises(cost.PriceMissingError, match=r"z9\.huge"):
        cost.items(odd, cost.Prices.read(), "dev")
