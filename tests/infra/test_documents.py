"""The documents about AWS say what the Terraform code says: picture, alarms, outputs, variables, costs."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import hcl2
import pytest

ROOT = Path(__file__).resolve().parents[2]
READMES = ("README.md", "README.ko.md")
DOCUMENTS = [*READMES, "docs/architecture.md"]
DOCUMENTS += sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs" / "runbooks").glob("*.md"))


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def script(name: str) -> ModuleType:
    """A program of scripts/ as a module."""
    spec = importlib.util.spec_from_file_location(f"documents_{name}", ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = found
    spec.loader.exec_module(found)
    return found


def names(path: str, kind: str) -> set[str]:
    """Names of a file's blocks of a kind."""
    found: dict[str, Any] = hcl2.loads(read(path))
    return {name.strip('"') for block in found[kind] for name in block if name != "__is_block__"}


def code(text: str) -> list[str]:
    """Lines of code blocks, and code in the text."""
    fenced = re.findall(r"^ *```\w*\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
    return [line for block in fenced for line in block.splitlines()] + re.findall(r"`([^`\n]+)`", text)


@pytest.fixture(scope="module")
def architecture() -> ModuleType:
    return script("architecture")


def test_the_picture_is_of_this_code(architecture: ModuleType) -> None:
    assert read("docs/architecture.md") == architecture.drawn_into(read("docs/architecture.md")), (
        "run scripts/architecture.py"
    )


def test_control_another_picture_is_noticed(architecture: ModuleType) -> None:
    now = read("docs/architecture.md")
    for gone in ('==>|"3306"|', '"SQS: orders"', "`aws_rds_cluster`"):
        assert gone in now
        assert architecture.drawn_into(now.replace(gone, "")) == now


def test_the_picture_shows_what_the_platform_is_known_for(architecture: ModuleType) -> None:
    found = architecture.boxes()
    tiers = {architecture.identifier(box): architecture.place(members) for box, members in found.items()}
    assert tiers["aws_lb"] == "public"
    assert tiers["aws_autoscaling_group"] == "private"
    assert tiers["aws_rds_cluster"] == tiers["aws_elasticache_replication_group"] == "database"
    assert {kind for kind, _ in found} == set(architecture.BOXES), "a box without a resource, or a resource gone"
    modules = {path.name for path in (ROOT / "modules").iterdir() if path.is_dir()}
    assert set(architecture.code()) - {""} == modules


def alarms() -> set[str]:
    """What the monitoring module calls its alarms, without the prefix."""
    text = read("modules/monitoring/alarms.tf")
    values = {name.strip('"'): value for block in hcl2.loads(text)["locals"] for name, value in block.items()}
    plain = {name.strip('"') for table in ("broken", "expressions") for name in values[table]}
    per_node = re.findall(r'"\$\{node\}-([\w-]+)"', text)
    return plain | {f"NODE-{name}" for name in per_node}


def test_every_alarm_has_its_section_and_no_other() -> None:
    sections = re.findall(r"^## (.+)$", read("docs/runbooks/alarms.md"), re.MULTILINE)
    assert len(sections) == len(set(sections))
    assert set(sections) == alarms()
    assert len(sections) > 20


@pytest.mark.parametrize("document", DOCUMENTS)
def test_outputs_and_variables_exist(document: str) -> None:
    outputs, variables = names("outputs.tf", "output"), names("variables.tf", "variable")
    text = read(document)
    asked = {found for line in code(text) for found in re.findall(r"terraform output -raw (\w+)", line)}
    assert asked - outputs == set()
    blocks = re.findall(r"^ *```hcl\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
    given = {found for block in blocks for found in re.findall(r"^ *(\w+) +=", block, re.MULTILINE)}
    assert given - variables == set()


def unknown_options(text: str) -> list[str]:
    """Uses of our scripts with options that they do not have."""
    wrong = []
    for line in code(text):
        used = re.match(r"(?:\./)?(scripts/[\w-]+\.(?:sh|py))(.*)", line.strip())
        if used is not None:
            options = re.findall(r"(?<![\w-])--[a-z-]+", used[2].partition("#")[0])
            wrong += [line.strip()] * any(option not in read(used[1]) for option in options)
    return wrong


@pytest.mark.parametrize("document", DOCUMENTS)
def test_options_of_scripts_exist(document: str) -> None:
    assert unknown_options(read(document)) == []


# Word for word what the project was promised with: clone, fill in, init, plan, apply, open the site.
PROMISED = (
    "cp terraform.tfvars.example terraform.tfvars",
    "nano terraform.tfvars",
    "terraform init",
    "terraform plan",
    "chmod +x scripts/deploy.sh",
    "./scripts/deploy.sh",
    "terraform apply",
    "terraform output",
    "terraform output -raw alb_dns_name",
    "curl http://$(terraform output -raw alb_dns_name)",
    "curl http://$(terraform output -raw alb_dns_name)/health",
    "rm -rf .terraform .terraform.lock.hcl",
    "terraform destroy",
    "sudo cat /var/log/user-data.log",
    'aws ec2 describe-instances --filters "Name=tag:Name,Values=*web-instance*"',
)
ROWS = (
    "Auto Scaling", "Application Load Balancer", "NAT Gateway", "Aurora MySQL 8.0", "Redis 7.0", "S3", "SQS", "SNS",
    "VPC", "Security Groups", "CloudFront", "WAF", "ACM", "CloudWatch", "CloudTrail", "X-Ray", "Route 53", "IAM",
)  # fmt: skip


@pytest.mark.parametrize("readme", READMES)
def test_the_promised_commands_and_systems_are_there(readme: str) -> None:
    text = read(readme)
    lines = {line.partition("#")[0].strip() for line in code(text)}
    assert [command for command in PROMISED if command not in lines] == []
    table = [line for line in text.splitlines() if re.match(r"\| .+\| .*`(modules|scripts|envs|bootstrap|src)/", line)]
    assert [row for row in ROWS if not any(row in line for line in table)] == []


def test_both_readmes_give_the_same_commands_about_aws() -> None:
    def bare(readme: str) -> list[str]:
        fenced = re.findall(r"^```(?:bash|hcl)\n(.*?)^```$", read(readme), re.MULTILINE | re.DOTALL)
        return [re.sub(r" *#.*", "", block).strip() for block in fenced]

    assert bare(READMES[0]) == bare(READMES[1])
    assert len(bare(READMES[0])) >= 10


def alarms_of_dev() -> int:
    """How many alarms dev has: those of the cache once for each of its two nodes."""
    return sum(2 if name.startswith("NODE-") else 1 for name in alarms())


@pytest.mark.parametrize(("readme", "word"), [("README.md", "{} alarms"), ("README.ko.md", "알람 {}")])
def test_the_number_of_alarms_is_told(readme: str, word: str) -> None:
    assert word.format(alarms_of_dev()) in read(readme)


def dev_plan() -> dict[str, Any]:
    """What `terraform plan` of dev's defaults says, as far as it costs."""
    things: dict[str, list[dict[str, Any]]] = {
        "aws_autoscaling_group": [{"desired_capacity": 4}],
        "aws_cloudwatch_dashboard": [{}],
        "aws_cloudwatch_metric_alarm": [{}] * alarms_of_dev(),
        "aws_elasticache_replication_group": [{"num_cache_clusters": 2, "node_type": "cache.t3.micro"}],
        "aws_instance": [{"instance_type": "t3.micro"}],
        "aws_kms_key": [{}] * 2,
        "aws_launch_template": [
            {"instance_type": "t3.medium", "block_device_mappings": [{"ebs": [{"volume_size": 20}]}]}
        ],
        "aws_lb": [{"internal": False}],
        "aws_nat_gateway": [{}] * 2,
        "aws_rds_cluster": [{}],
        "aws_rds_cluster_instance": [{"instance_class": "db.t3.medium"}] * 2,
        "aws_route_table_association": [{}] * 6,
        "aws_secretsmanager_secret": [{}] * 6,
        "aws_wafv2_web_acl": [{"rule": [{}] * 9}],
    }
    listed = [
        {"mode": "managed", "type": kind, "address": kind, "values": one}
        for kind, all_ in things.items()
        for one in all_
    ]
    return {"planned_values": {"root_module": {"resources": listed}}}


@pytest.mark.parametrize("readme", READMES)
def test_the_costs_are_those_of_the_price_list(readme: str) -> None:
    cost = script("cost")
    prices = cost.Prices.read()
    priced = cost.items(dev_plan(), prices, "dev")
    told = {
        row: int(now)
        for row, now in re.findall(r"^\| ([^|]+?) \| [^|]* \| [^|]* \| \$(\d+) \|", read(readme), re.MULTILINE)
    }
    wanted = {row: round(cost.total(priced, row)) for row in cost.ROWS}
    assert {row: told.get(row) for row in wanted} == wanted
    assert f"**${round(cost.total(priced))}**" in read(readme)
    assert prices.listed["dated"] in read(readme)


def test_the_script_says_whether_the_picture_is_of_today(architecture: ModuleType, tmp_path: Path) -> None:
    copy = tmp_path / "architecture.md"
    copy.write_text(read("docs/architecture.md").replace("aws_rds_cluster", ""), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(architecture, "DOCUMENT", copy)
        assert architecture.main(["--check"]) == 1
        assert architecture.main([]) == 0
        assert architecture.main(["--check"]) == 0
    assert copy.read_text(encoding="utf-8") == read("docs/architecture.md")


def test_control_commands_and_names_that_do_not_exist_are_noticed() -> None:
    text = "```sh\nterraform output -raw nothing\nscripts/deploy.sh --nowhere\n```\n`terraform output -raw name`"
    asked = {found for line in code(text) for found in re.findall(r"terraform output -raw (\w+)", line)}
    assert asked - names("outputs.tf", "output") == {"nothing"}
    assert unknown_options(text) == ["scripts/deploy.sh --nowhere"]
