"""What Terraform would make, as far as scale goes: out of a plan, or out of the modules and an environment's values."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hcl2

from scripts.cost import found

ROOT = Path(__file__).resolve().parents[2]
_VARIABLE = re.compile(r"\$\{var\.(\w+)(?: \* (\d+))?\}")
_CORES = {"medium": 2, "large": 2, "xlarge": 4}


class NotUnderstoodError(ValueError):
    """The plan or a module says something that the simulator cannot read."""


@dataclass(frozen=True)
class Planned:
    """Scaling as planned. Seconds, instances; `cpu_target` in percent, `requests_target` per instance and minute."""

    instance_type: str
    least: int
    desired: int
    most: int
    warmup: float
    cooldown: float
    grace: float
    cpu_target: float
    requests_target: float
    on_sale_capacity: int
    reserved_lcus: int
    database: str
    cache: str

    @property
    def cores(self) -> int:
        """API processes of an instance: one for each processor, as user data starts them."""
        size = self.instance_type.partition(".")[2]
        if match := re.fullmatch(r"(\d+)xlarge", size):
            return 4 * int(match[1])
        if size not in _CORES:
            raise NotUnderstoodError(f"how many processors has {self.instance_type}? Add its size to {__name__}")
        return _CORES[size]


def from_plan(plan: Mapping[str, Any]) -> Planned:
    """Out of `terraform show -json FILE`. Without a scheduled action a pre-scale would go to the maximum."""
    there = found(plan)
    group = there["aws_autoscaling_group"][0]
    targets = {}
    for policy in there["aws_autoscaling_policy"]:
        tracking = policy["target_tracking_configuration"][0]
        kind = tracking["predefined_metric_specification"][0]["predefined_metric_type"]
        targets[kind] = float(tracking["target_value"])
    raised = [
        one["desired_capacity"] for one in there.get("aws_autoscaling_schedule", []) if one["desired_capacity"] > 0
    ]
    balancer = there["aws_lb"][0]
    return Planned(
        there["aws_launch_template"][0]["instance_type"],
        group["min_size"],
        group["desired_capacity"],
        group["max_size"],
        float(group["default_instance_warmup"]),
        float(group["default_cooldown"]),
        float(group["health_check_grace_period"]),
        targets["ASGAverageCPUUtilization"],
        targets["ALBRequestCountPerTarget"],
        max(raised, default=group["max_size"]),
        int((balancer.get("minimum_load_balancer_capacity") or [{}])[0].get("capacity_units") or 0),
        there["aws_rds_cluster_instance"][0]["instance_class"],
        there["aws_elasticache_replication_group"][0]["node_type"],
    )


def _load(path: Path) -> dict[str, Any]:
    return dict(hcl2.loads(path.read_text()))


def _plain(value: Any) -> Any:
    return value.strip('"') if isinstance(value, str) else value


def _defaults(path: Path) -> dict[str, Any]:
    return {
        name.strip('"'): _plain(one.get("default")) for block in _load(path)["variable"] for name, one in block.items()
    }


class _Module:
    def __init__(self, root: Path, values: Mapping[str, Any]) -> None:
        calls = {k.strip('"'): v for block in _load(root / "main.tf")["module"] for k, v in block.items()}
        self.values = _defaults(root / "modules/compute/variables.tf")
        for name, expression in calls["compute"].items():
            if (match := _VARIABLE.fullmatch(str(expression))) and values.get(match[1]) not in (None, "null"):
                self.values[name] = values[match[1]]

    def number(self, expression: Any) -> float:
        """A number, a variable, or a variable times a number: all that the module uses here."""
        if isinstance(expression, int | float):
            return float(expression)
        match = _VARIABLE.fullmatch(str(expression))
        if not match or match[1] not in self.values:
            raise NotUnderstoodError(f"modules/compute: cannot work out {expression!r}; give a plan with --plan")
        return float(self.values[match[1]]) * int(match[2] or 1)


def from_modules(environment: str, root: Path = ROOT, values: Path | None = None) -> Planned:
    """Out of the HCL: what the resources say, worked out with the environment's values.

    Raises:
        NotUnderstoodError: an expression that is more than a variable; take a plan then.
    """
    given = _defaults(root / "variables.tf")
    for path in filter(None, (root / "envs" / f"{environment}.tfvars", values)):
        given |= {name: _plain(value) for name, value in _load(path).items()}
    module = _Module(root, given)
    kinds: dict[str, dict[str, Any]] = {}
    for block in _load(root / "modules/compute/asg.tf")["resource"]:
        for kind, named in block.items():
            kinds.setdefault(kind.strip('"'), {}).update({k.strip('"'): v for k, v in named.items()})
    group, policies = kinds["aws_autoscaling_group"]["this"], kinds["aws_autoscaling_policy"]
    target = {name: policies[name]["target_tracking_configuration"][0]["target_value"] for name in ("cpu", "requests")}
    most = int(module.number(group["max_size"]))
    wish = module.values["on_sale_capacity"]
    return Planned(
        str(module.values["instance_type"]),
        int(module.number(group["min_size"])),
        int(module.number(group["desired_capacity"])),
        most,
        module.number(group["default_instance_warmup"]),
        module.number(group["default_cooldown"]),
        module.number(group["health_check_grace_period"]),
        module.number(target["cpu"]),
        module.number(target["requests"]),
        most if wish in (None, "null") else int(wish),
        int(module.values["alb_reserved_lcus"]),
        str(given["db_instance_class"]),
        str(given["redis_node_type"]),
    )


def read(environment: str, plan: Path | None = None) -> Planned:
    """Out of a plan where there is one."""
    return from_plan(json.loads(plan.read_text())) if plan else from_modules(environment)
