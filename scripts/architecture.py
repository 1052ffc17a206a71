#!/usr/bin/env python3
"""Draws the picture and the table of docs/architecture.md from the Terraform code.

    scripts/architecture.py            writes
    scripts/architecture.py --check    only tells whether the document is out of date, and fails then

A box is a resource that a newcomer would look for. A thin arrow means that the one's configuration names the other,
directly or through the root module, local values and small resources between them. A thick one is a rule of a security
group with its port. A box lies in the subnets that its resource names. What stands between the
markers is made here.
"""

from __future__ import annotations

import argparse
import functools
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import hcl2

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- BEGIN_ARCHITECTURE -->", "<!-- END_ARCHITECTURE -->"

# Type of resource → what stands in its box. All of a type share a box, but for those of KEYED.
BOXES = {
    "aws_acm_certificate": "ACM",
    "aws_autoscaling_group": "Auto Scaling group<br>EC2: api, worker, collector",
    "aws_cloudfront_distribution": "CloudFront",
    "aws_cloudtrail": "CloudTrail",
    "aws_cloudwatch_dashboard": "CloudWatch dashboard",
    "aws_cloudwatch_log_group": "CloudWatch Logs",
    "aws_cloudwatch_metric_alarm": "CloudWatch alarms",
    "aws_ecr_repository": "ECR",
    "aws_elasticache_replication_group": "ElastiCache Redis",
    "aws_instance": "sandbox payment provider",
    "aws_lb": "Application Load Balancer",
    "aws_nat_gateway": "NAT gateways",
    "aws_rds_cluster": "Aurora MySQL",
    "aws_route53_record": "Route 53",
    "aws_s3_bucket": "S3",
    "aws_secretsmanager_secret": "Secrets Manager",
    "aws_sns_topic": "SNS",
    "aws_sqs_queue": "SQS",
    "aws_wafv2_web_acl": "WAF",
    "aws_xray_group": "X-Ray",
}
KEYED = ("aws_s3_bucket", "aws_sqs_queue")
# Where a box goes that lies in no subnet, by its module.
EDGE, AWS, WATCH = "edge", "aws", "watch"
PLACES = {"cdn": EDGE, "dns": EDGE, "monitoring": WATCH, "audit": WATCH}
TITLES = {
    EDGE: "At the edge",
    "public": "Public subnets",
    "private": "Private subnets",
    "database": "Database subnets, no route out",
    AWS: "Services of the region",
    WATCH: "Watching",
}
# Arguments that say how, and not with whom; and the application's own address, an arrow back to the start.
SKIPPED = {"depends_on", "lifecycle", "description", "tags", "tag", "count", "TICKETING_PUBLIC_URL"}
_REFERENCE = re.compile(
    r"(?<![\w.])(?:module\.(\w+)(?:\[0\])?\.(\w+)|(var|local)\.(\w+)(?:\.(\w+))?|(aws_\w+)\.(\w+)(?:\[\"(\w+)\"\])?)"
)


class Box(NamedTuple):
    """A type of resource, and its name or key where those of a type differ."""

    kind: str
    name: str = ""


def bare(value: Any) -> str:
    """A name without HCL's quotation marks."""
    return str(value).strip('"')


def texts(value: Any) -> Iterator[str]:
    """All expressions of a body."""
    if isinstance(value, Mapping):
        for key, one in value.items():
            if bare(key) not in SKIPPED:
                yield from texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from texts(one)
    elif isinstance(value, str):
        yield value


class Module:
    """A folder of Terraform files, parsed."""

    def __init__(self, folder: Path) -> None:
        self.blocks: dict[str, list[dict[str, Any]]] = {}
        for path in sorted(folder.glob("*.tf")):
            for kind, found in hcl2.loads(path.read_text(encoding="utf-8")).items():
                self.blocks.setdefault(kind, []).extend(found)
        self.locals = {bare(key): value for block in self.blocks.get("locals", []) for key, value in block.items()}

    def named(self, kind: str) -> dict[str, Any]:
        """Name → body of blocks with one label."""
        found = self.blocks.get(kind, [])
        return {bare(name): body for block in found for name, body in block.items() if name != "__is_block__"}

    def resources(self) -> dict[tuple[str, str], Any]:
        """Type and name → body."""
        found: dict[tuple[str, str], Any] = {}
        for block in self.blocks.get("resource", []):
            for kind, inner in block.items():
                if isinstance(inner, Mapping):
                    found |= {(bare(kind), bare(name)): body for name, body in inner.items()}
        return found


@functools.cache
def code() -> dict[str, Module]:
    """The root ("") and its modules."""
    root = Module(ROOT)
    return {"": root} | {name: Module(ROOT / "modules" / name) for name in sorted(root.named("module"))}


def references(scope: str, value: Any, seen: set[tuple[str, ...]] | None = None) -> Iterator[tuple[str, str, str, str]]:
    """Module, type, name and key of every resource that an expression leads to, up to the next box on each way."""
    seen = set() if seen is None else seen
    modules = code()
    for found in (one for text in texts(value) for one in _REFERENCE.finditer(text)):
        module, output, sort, name, inner, kind, resource, key = found.groups()
        mark = (scope, found.group())
        if mark in seen:
            continue
        seen.add(mark)
        if kind:
            yield scope, kind, resource, key or ""
            body = modules[scope].resources().get((kind, resource))
            if body is not None and kind not in BOXES:
                yield from references(scope, body, seen)
        elif module:
            yield from references(module, modules[module].named("output").get(output), seen)
        elif sort == "var" and scope:
            yield from references("", modules[""].named("module")[scope].get(name), seen)
        elif sort == "local":
            target = modules[scope].locals.get(name)
            # one(module.cdn[*]): the module itself under another name.
            alias = re.fullmatch(r"\$\{one\(module\.(\w+)\[\*\]\)\}", str(target))
            again = f"module.{alias[1]}.{inner}" if alias else target
            yield from references(scope, again, seen)


def box(kind: str, name: str, key: str) -> Box:
    """The box that a resource is drawn in."""
    return Box(kind, key or name) if kind in KEYED else Box(kind)


def boxes() -> dict[Box, list[tuple[str, Any]]]:
    """Each box with the modules and bodies of its resources."""
    found: dict[Box, list[tuple[str, Any]]] = {}
    for scope, module in code().items():
        for (kind, name), body in module.resources().items():
            if kind in BOXES:
                each = re.fullmatch(r"\$\{local\.(\w+)\}", str(body.get("for_each", "")))
                keys = list(module.locals[each[1]]) if each and kind in KEYED else [""]
                for key in keys:
                    found.setdefault(box(kind, name, bare(key)), []).append((scope, body))
    return found


def place(members: Sequence[tuple[str, Any]]) -> str:
    """The subnets that a box lies in, or the part of the picture for its module."""
    for scope, body in members:
        keys = ("subnet_id", "subnets", "vpc_zone_identifier", "db_subnet_group_name", "subnet_group_name")
        named = {key: body[key] for key in keys if key in body}
        tiers = {name for _, kind, name, _ in references(scope, named) if kind == "aws_subnet"}
        for tier in ("public", "private", "database"):
            if tier in tiers:
                return tier
    return PLACES.get(members[0][0], AWS)


def rules() -> Iterator[tuple[str, str, str]]:
    """From which group (or from "users") to which, and on which port, by the rules that let connections in."""
    security = code()["security"]
    for (kind, name), body in security.resources().items():
        if kind != "aws_vpc_security_group_ingress_rule":
            continue
        to = re.findall(r"aws_security_group\.(\w+)", str(body["security_group_id"]))[0]
        origin = re.findall(r"aws_security_group\.(\w+)", str(body.get("referenced_security_group_id", "")))
        variable = re.findall(r"var\.(\w+_port)\b", str(body.get("to_port")))
        port = str(security.named("variable")[variable[0]].get("default", "")) if variable else ""
        if origin and origin[0] != to:
            yield origin[0], to, port
        elif bare(body.get("cidr_ipv4", "")) == "0.0.0.0/0":
            yield "users", to, "where alb_ingress is public"
        elif name == "alb_cloudfront":
            yield "aws_cloudfront_distribution", to, "where it is cloudfront"


def members_of(group: str, found: Mapping[Box, list[tuple[str, Any]]]) -> list[Box]:
    """The boxes that a security group is put on."""
    if group in ("users", "aws_cloudfront_distribution"):
        return [Box(group)]
    there = []
    for one, members in found.items():
        for scope, body in members:
            # The sandbox shares the application's group, but nobody but the application calls it.
            if one.kind != "aws_instance" and ("security", "aws_security_group", group, "") in references(scope, body):
                there.append(one)
    return there


def arrows(found: Mapping[Box, list[tuple[str, Any]]], places: Mapping[Box, str]) -> list[str]:
    """Every arrow, in a fixed order."""
    drawn = set()
    for one, members in found.items():
        for scope, body in members:
            for _, kind, name, key in references(scope, body):
                other = box(kind, name, key)
                watched = places[one] == WATCH and other.kind not in ("aws_sns_topic", "aws_s3_bucket")
                if kind in BOXES and other in found and other != one and not watched:
                    drawn.add(f"{identifier(one)} --> {identifier(other)}")
    thick = set()
    for origin, to, port in rules():
        for start in members_of(origin, found):
            for end in members_of(to, found):
                thick.add(f'{identifier(start)} ==>|"{port}"| {identifier(end)}')
                drawn.discard(f"{identifier(start)} --> {identifier(end)}")
    drawn.add("users --> aws_cloudfront_distribution")
    return sorted(thick) + sorted(drawn)


def identifier(one: Box) -> str:
    """A name that Mermaid takes."""
    return f"{one.kind}_{one.name}" if one.name else one.kind


def picture() -> str:
    """The Mermaid block."""
    found = boxes()
    places = {one: place(members) for one, members in found.items()}
    lines = ["```mermaid", "flowchart TB", '    users(["people"])']
    for where, title in TITLES.items():
        lines.append(f'    subgraph {where}["{title}"]')
        for one in sorted(found):
            if places[one] == where:
                which = one.name.replace("this", "orders").replace("_", " ")
                label = f"{BOXES[one.kind]}: {which}" if which else BOXES[one.kind]
                lines.append(f'        {identifier(one)}["{label}"]')
        lines.append("    end")
    lines += [f"    {arrow}" for arrow in arrows(found, places)]
    return "\n".join([*lines, "```"])


def table() -> str:
    """Each module: whose outputs it is given, and what it is made of."""
    modules = code()
    lines = ["| module | is given outputs of | resource blocks |", "|---|---|---|"]
    for name, body in sorted(modules[""].named("module").items()):
        given: set[str] = set()
        todo = list(texts(body))
        while todo:
            text = todo.pop()
            given |= set(re.findall(r"module\.(\w+)", text))
            todo += [one for local in re.findall(r"local\.(\w+)", text) for one in texts(modules[""].locals[local])]
        kinds = Counter(kind for kind, _ in modules[name].resources())
        listed = ", ".join(f"`{kind}`" + (f" × {count}" if count > 1 else "") for kind, count in sorted(kinds.items()))
        givers = ", ".join(sorted(given - {name})) or "–"
        lines.append(f"| [{name}](../modules/{name}/README.md) | {givers} | {listed} |")
    return "\n".join(lines)


def drawn_into(text: str) -> str:
    """The document with what is made here between its markers."""
    before, after = text.partition(BEGIN)[0], text.partition(END)[2]
    return f"{before}{BEGIN}\n{picture()}\n\n{table()}\n{END}{after}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the document, or check it; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the document is out of date")
    check = parser.parse_args(arguments).check
    now = DOCUMENT.read_text(encoding="utf-8")
    wanted = drawn_into(now)
    if check and now != wanted:
        print("docs/architecture.md is out of date: run scripts/architecture.py", file=sys.stderr)
        return 1
    if not check:
        DOCUMENT.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
