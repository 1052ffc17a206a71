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
    """Scaling as planned. Seconds, instances; `cpu_target` in percent, `requests_target` per instance and minute;
    `connections`: that the database takes; `processors` of an instance, where its type does not say.
    """

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
    connections: int
    cache: str
    processors: int | None = None

    @property
    def cores(self) -> int:
        """API processes of an instance: one for each processor, as user data starts them.

        Raises NotUnderstoodError.
        """
        if self.processors:
            return self.processors
        size = self.instance_type.partition(".")[2]
        if match := re.fullmatch(r"(\d+)xlarge", size):
            return 4 * int(match[1])
        if size not in _CORES:
            raise NotUnderstoodError(f"how many processors has {self.instance_type}? Add its size to {__name__}")
        return _CORES[size]


def connections_of(instance_class: str, root: Path = ROOT) -> int:
    """Connections that a database of this class takes, as `locals.tf` has it. Raises NotUnderstoodError."""
    text = (root / "locals.tf").read_text(encoding="utf-8")
    table = re.search(r"db_connections = lookup\(\{(.*?)\}, var\.db_instance_class, (\d+)\)", text, re.DOTALL)
    if table is None:
        raise NotUnderstoodError("locals.tf: db_connections is no table by the class of the database any more")
    known = dict(re.findall(r'"(db\.[\w.]+)"\s*= (\d+)', table[1]))
    return int(known.get(instance_class) or table[2])


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
    database = str(there["aws_rds_cluster_instance"][0]["instance_class"])
    return Planned(
        str(there["aws_launch_template"][0]["instance_type"]),
        int(group["min_size"]),
        int(group["desired_capacity"]),
        int(group["max_size"]),
        float(group["default_instance_warmup"]),
        float(group["default_cooldown"]),
        float(group["health_check_grace_period"]),
        targets["ASGAverageCPUUtilization"],
        targets["ALBRequestCountPerTarget"],
        int(max(raised, default=group["max_size"])),
        int((balancer.get("minimum_load_balancer_capacity") or [{}])[0].get("capacity_units") or 0),
        database,
        connections_of(database),
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
        connections_of(str(given["db_instance_class"]), root),
        str(given["redis_node_type"]),
    )


def read(environment: str, plan: Path | None = None) -> Planned:
    """Out of a plan where there is one.

    Raises:
        OSError: it cannot be read.
        NotUnderstoodError: it is no plan of this module, or says something that the simulator cannot use.
    """
    if plan is None:
        made = from_modules(environment)
    else:
        try:
            made = from_plan(json.loads(plan.read_text(encoding="utf-8")))
        except NotUnderstoodError:
            raise
        except json.JSONDecodeError as error:
            raise NotUnderstoodError(f"{plan} is no JSON ({error}): make it by `terraform show -json`") from None
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            raise NotUnderstoodError(f"{plan} is no plan of these modules: {error!r} is missing or odd") from None
    if not 0 < made.least <= made.most or made.cores < 1:
        raise NotUnderstoodError(f"a group of {made.least} to {made.most} instances cannot be played")
    if min(made.cpu_target, made.requests_target) <= 0:
        raise NotUnderstoodError("the targets of the scaling policies must be above 0")
    return made
