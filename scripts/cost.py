#!/usr/bin/env python3
"""What an environment costs in a month, from what Terraform would make and a dated list of prices.

    scripts/cost.py dev                      makes the plan itself, without an AWS account
    scripts/cost.py prod --plan plan.json    takes `terraform show -json FILE`

Prices and the usage that is assumed: scripts/prices.json. Prices that nobody has verified are marked.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
EC2, ALB, RDS, CACHE = "EC2", "ALB", "RDS Aurora", "ElastiCache"
NAT, LOGS, EDGE = "NAT Gateway", "S3 + CloudWatch", "Security and edge"
ROWS = (EC2, ALB, RDS, CACHE, NAT, LOGS, EDGE)


class PriceMissingError(KeyError):
    """The price list knows nothing of this; add it to scripts/prices.json."""


@dataclass(frozen=True)
class Item:
    """So much of something: `amount` units of `price`, in US dollars a month."""

    row: str
    what: str
    key: str
    amount: float
    month: float
    verified: bool


class Prices:
    """The price list."""

    def __init__(self, listed: Mapping[str, Any]) -> None:
        self.listed = listed

    @classmethod
    def read(cls) -> Prices:
        """The committed one."""
        return cls(json.loads((ROOT / "scripts" / "prices.json").read_text()))

    def item(self, row: str, what: str, key: str, amount: float) -> Item:
        """Price an amount: of things that cost by the hour or by the month, of GB, or of GB a month."""
        if key not in self.listed["prices"]:
            raise PriceMissingError(f"scripts/prices.json has no price {key!r}")
        price = self.listed["prices"][key]
        unit = next(unit for unit in ("hour", "month", "gb", "gb_month") if unit in price)
        each = price[unit] * (self.listed["hours_per_month"] if unit == "hour" else 1)
        return Item(row, what, key, amount, each * amount, price["source"] == "verified")

    def usage(self, name: str, environment: str) -> float:
        """What is assumed of use."""
        return float(self.listed["usage"][name][environment])


def resources(module: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """All managed resources of a plan's or state's root module."""
    yield from (one for one in module.get("resources", []) if one["mode"] == "managed")
    for child in module.get("child_modules", []):
        yield from resources(child)


def found(plan: Mapping[str, Any]) -> dict[str, list[Mapping[str, Any]]]:
    """Type → values of all resources of it."""
    values: dict[str, list[Mapping[str, Any]]] = {}
    for one in resources(plan["planned_values"]["root_module"]):
        values.setdefault(one["type"], []).append(one.get("values", {}))
    return values


def _machines(there: Mapping[str, list[Mapping[str, Any]]], prices: Prices) -> Iterator[Item]:
    for group in there.get("aws_autoscaling_group", []):
        template = there["aws_launch_template"][0]
        count = group["desired_capacity"]
        kind = template["instance_type"]
        yield prices.item(EC2, f"{kind}, {count} always on", f"ec2:{kind}", count)
        disks = template.get("block_device_mappings") or []
        size = sum(float(disk["ebs"][0].get("volume_size") or 8) for disk in disks)
        yield prices.item(EC2, f"their disks, {size:g} GB each", "ebs:gp3", count * size)
    for machine in there.get("aws_instance", []):
        kind = machine["instance_type"]
        yield prices.item(EC2, f"payment sandbox ({kind})", f"ec2:{kind}", 1)


def _stores(there: Mapping[str, list[Mapping[str, Any]]], prices: Prices, environment: str) -> Iterator[Item]:
    for kind in sorted({one["instance_class"] for one in there.get("aws_rds_cluster_instance", [])}):
        count = sum(1 for one in there["aws_rds_cluster_instance"] if one["instance_class"] == kind)
        yield prices.item(RDS, f"{kind}, {count}", f"rds:{kind}", count)
    if there.get("aws_rds_cluster"):
        size = prices.usage("rds_gb", environment)
        yield prices.item(RDS, f"storage, {size:g} GB", "rds:storage", size)
    for group in there.get("aws_elasticache_replication_group", []):
        count, kind = group["num_cache_clusters"], group["node_type"]
        yield prices.item(CACHE, f"{kind}, {count} nodes", f"cache:{kind}", count)


def _network(there: Mapping[str, list[Mapping[str, Any]]], prices: Prices, environment: str) -> Iterator[Item]:
    for balancer in there.get("aws_lb", []):
        yield prices.item(ALB, "load balancer", "alb:hour", 1)
        reserved = (balancer.get("minimum_load_balancer_capacity") or [{}])[0].get("capacity_units") or 0
        units = max(prices.usage("alb_lcus", environment), float(reserved))
        yield prices.item(ALB, f"{units:g} capacity units", "alb:lcu", units)
        zones = len(there.get("aws_route_table_association", [])) and 2
        if not balancer.get("internal"):
            yield prices.item(ALB, "its public addresses", "ipv4:hour", zones)
    gateways = len(there.get("aws_nat_gateway", []))
    if gateways:
        size = prices.usage("nat_gb", environment)
        yield prices.item(NAT, f"{gateways} gateways", "nat:hour", gateways)
        yield prices.item(NAT, "their addresses", "ipv4:hour", gateways)
        yield prices.item(NAT, f"{size:g} GB through them", "nat:gb", size)
    interfaces = [one for one in there.get("aws_vpc_endpoint", []) if one.get("vpc_endpoint_type") == "Interface"]
    if interfaces:
        zones = sum(len(one.get("subnet_ids") or [None]) for one in interfaces)
        yield prices.item(NAT, f"{len(interfaces)} endpoints instead", "endpoint:hour", zones)


def _rest(there: Mapping[str, list[Mapping[str, Any]]], prices: Prices, environment: str) -> Iterator[Item]:
    for name, key, what in (
        ("s3_gb", "s3:gb", "kept in S3"),
        ("logs_gb", "logs:gb", "of logs taken in"),
        ("transfer_gb", "transfer:gb", "out to the internet"),
    ):
        size = prices.usage(name, environment)
        yield prices.item(LOGS, f"{size:g} GB {what}", key, size)
    for kind, key, row, what in (
        ("aws_cloudwatch_metric_alarm", "alarm", LOGS, "alarms"),
        ("aws_cloudwatch_dashboard", "dashboard", LOGS, "dashboard"),
        ("aws_kms_key", "kms:key", EDGE, "keys"),
        ("aws_secretsmanager_secret", "secret", EDGE, "secrets"),
        ("aws_wafv2_web_acl", "waf:acl", EDGE, "web firewall"),
        ("aws_route53_zone", "zone", EDGE, "zone"),
    ):
        if count := len(there.get(kind, [])):
            yield prices.item(row, f"{count} {what}", key, count)
    if rules := sum(len(one.get("rule") or []) for one in there.get("aws_wafv2_web_acl", [])):
        yield prices.item(EDGE, f"{rules} rules of it", "waf:rule", rules)


def items(plan: Mapping[str, Any], prices: Prices, environment: str) -> list[Item]:
    """All that costs."""
    there = found(plan)
    return [
        *_machines(there, prices),
        *_stores(there, prices, environment),
        *_network(there, prices, environment),
        *_rest(there, prices, environment),
    ]


def total(priced: Sequence[Item], row: str | None = None) -> float:
    """Dollars a month, of a row or of all."""
    return sum(one.month for one in priced if row in (None, one.row))


def levers(plan: Mapping[str, Any], priced: Sequence[Item], prices: Prices) -> Iterator[tuple[str, float]]:
    """What one may set, and what it saves in a month."""
    there = found(plan)
    gateways = len(there.get("aws_nat_gateway", []))
    if gateways:
        yield "enable_nat_gateway = false (before the endpoints that boot then needs)", total(priced, NAT)
    if gateways > 1:
        one = prices.item(NAT, "", "nat:hour", 1).month + prices.item(NAT, "", "ipv4:hour", 1).month
        yield "single_nat_gateway = true", one * (gateways - 1)
    machine = next((one for one in priced if one.row == EC2 and one.key.startswith("ec2:") and one.amount > 1), None)
    if machine:
        each = machine.month / machine.amount
        yield "asg_min_size = 1, asg_desired_capacity = 1", each * (machine.amount - 1)
        yield "asg_desired_capacity = 2", each * max(0.0, machine.amount - 2)
    nodes = next((one for one in priced if one.row == CACHE), None)
    if nodes and nodes.amount > 1:
        yield "redis_num_nodes = 1", nodes.month / nodes.amount * (nodes.amount - 1)
    databases = next((one for one in priced if one.row == RDS and one.key != "rds:storage"), None)
    if databases and databases.amount > 1:
        yield "db_instance_count = 1", databases.month / databases.amount * (databases.amount - 1)
    if total(priced, EDGE) and there.get("aws_wafv2_web_acl"):
        yield "enable_cdn = false", sum(one.month for one in priced if one.key.startswith("waf:"))
    yield "scripts/destroy.sh while it is not in use", total(priced)


def report(plan: Mapping[str, Any], environment: str, prices: Prices) -> str:
    """The table, what differs from what was promised, and what each lever saves."""
    priced = items(plan, prices, environment)
    promised = prices.listed["promised"].get(environment, {})
    lines = [f"{environment}, {prices.listed['region']}, US dollars a month, prices of {prices.listed['dated']}", ""]
    for row in ROWS:
        if not (own := [one for one in priced if one.row == row]):
            continue
        beside = f"   promised ~{promised[row]}" if row in promised else ""
        lines.append(f"{row:<20} {total(priced, row):>8.2f}{beside}")
        lines += [f"    {one.month:>8.2f}{' ' if one.verified else '*'} {one.what}" for one in own]
    lines.append(
        f"{'total':<20} {total(priced):>8.2f}" + (f"   promised ~{sum(promised.values())}" if promised else "")
    )
    lines.append("* a price that nobody has verified; see scripts/prices.json")
    if promised:
        lines += ["", "Why it differs from what was promised:"]
        for row in ROWS:
            more = total(priced, row) - promised.get(row, 0)
            if abs(more) >= 1:
                lines.append(f"  {more:>+8.2f}  {row}: {prices.listed['differences'][row]}")
    lines += ["", "What saves (not all of it adds up):"]
    lines += [f"  {saved:>8.2f}  {what}" for what, saved in levers(plan, priced, prices) if saved >= 0.5]
    return "\n".join(lines)


def make_plan(environment: str) -> Any:
    """A plan of the environment's own values, made before AWS's stand-in."""
    sys.path.insert(0, str(ROOT))
    from tests.infra.planned import plan_of

    with tempfile.TemporaryDirectory(prefix="cost-") as folder:
        return plan_of(environment, Path(folder))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("environment", choices=["dev", "prod"], help="whose values to take (envs/)")
    parser.add_argument("--plan", type=Path, help="a plan as JSON, instead of making one")
    parser.add_argument("--json", action="store_true", help="for machines")
    given = parser.parse_args(arguments)
    plan = json.loads(given.plan.read_text()) if given.plan else make_plan(given.environment)
    prices = Prices.read()
    if given.json:
        priced = items(plan, prices, given.environment)
        print(
            json.dumps({"total": round(total(priced), 2), "rows": {row: round(total(priced, row), 2) for row in ROWS}})
        )
        return 0
    try:
        print(report(plan, given.environment, prices))
    except PriceMissingError as error:
        print(f"cost: {re.sub(r'^.|.$', '', str(error))}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
