"""deploy.sh, run among stand-ins: what it does, in which order, and what it refuses."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.infra.checkout import NEW, OLD, OLDEST, OUTPUTS, REPOSITORY, Checkout, in_order

pytestmark = pytest.mark.infra


def test_a_deployment_does_everything_in_order(checkout: Checkout) -> None:
    done = checkout.deploy()
    assert done.returncode == 0, done.stdout + done.stderr
    in_order(
        checkout.programs.lines(),
        "sts get-caller-identity", "terraform init", "terraform validate", "docker build --platform linux/arm64",
        "docker push", r"terraform plan .*-out=.*-var-file=envs/dev.tfvars -var=image_uri=.*@" + NEW,
        r"terraform apply .*plan\.tfplan$", "describe-instance-refreshes", "http://alb.example/health",
        "https://site.example/health", "docker cp c1:/srv/web", "s3 sync .*/assets", "s3 sync .*--exclude assets",
        "create-invalidation",
    )  # fmt: skip
    assert "InProgress 50 %" in done.stdout
    assert re.search(r"\[\d+m\d\ds\] Deployed dev: https://site.example", done.stdout)


def test_the_tag_is_the_commit_or_the_moment(checkout: Checkout) -> None:
    checkout.deploy()
    assert f"{REPOSITORY}:0123456789ab" in checkout.programs.lines("docker push")[0]
    checkout.programs.forget()
    checkout.all_is_well()
    checkout.programs.answers("git status", " M src/x.py\n")
    checkout.deploy()
    assert re.search(r":0123456789ab-\d{8}T\d{6}Z$", checkout.programs.lines("docker push")[0])


def test_an_image_that_is_pushed_already_is_not_built_again(checkout: Checkout) -> None:
    checkout.programs.answers(
        "aws ecr describe-images --region ap-northeast-2 --repository-name ticketing-dev --image-ids", NEW
    )
    assert checkout.deploy().returncode == 0
    assert checkout.programs.lines("docker build") == []


def test_the_first_deployment_leaves_the_image_to_terraform(checkout: Checkout) -> None:
    for name in OUTPUTS:
        now = {"out": OUTPUTS[name]}
        # The state has nothing until the apply: the first question finds none.
        checkout.programs.answers(
            f"terraform output -raw {name}",
            *([{"code": 1}, now] if name in ("image_uri", "ecr_repository_url", "aws_region") else [now]),
        )
    done = checkout.deploy()
    assert done.returncode == 0, done.stdout + done.stderr
    assert checkout.programs.lines("docker build") == []
    assert "image_uri" not in checkout.programs.lines("terraform plan")[0]


def test_nothing_to_change_is_no_apply(checkout: Checkout) -> None:
    checkout.programs.answers("terraform plan -input=false -detailed-exitcode", {"code": 0})
    checkout.programs.answers("aws autoscaling describe-instance-refreshes", "None\tNone\n")
    done = checkout.deploy("--image", f"{REPOSITORY}@{OLD}", "--no-web")
    assert (done.returncode, checkout.changed) == (0, [])
    assert "nothing to change" in done.stdout


def test_plan_only_changes_nothing(checkout: Checkout) -> None:
    assert checkout.deploy("--plan-only", "--image", f"{REPOSITORY}@{NEW}").returncode == 0
    assert checkout.changed == []


@pytest.mark.parametrize(
    ("tool", "words"),
    [
        ("terraform", "Install Terraform"),
        ("aws", "Install the AWS CLI"),
        ("docker", "Install Docker"),
        ("curl", "curl"),
    ],
)
def test_a_missing_tool_is_named(checkout: Checkout, tool: str, words: str) -> None:
    checkout.programs.remove(tool)
    done = checkout.deploy()
    assert (done.returncode, checkout.changed) == (1, [])
    assert f"there is no {tool} on PATH" in done.stderr
    assert words in done.stderr


@pytest.mark.parametrize(
    ("prefix", "answer", "words"),
    [
        ("terraform version", "Terraform v1.5.7\n", "too old"),
        ("terraform version", {"code": 1}, "does not run"),
        ("aws sts get-caller-identity", {"code": 255, "err": "ExpiredToken"}, "aws configure"),
        ("terraform init", {"code": 1, "err": "Failed to install provider"}, "Failed to install provider"),
        ("terraform validate", {"code": 1, "err": "Unsupported argument"}, "not valid"),
        ("terraform workspace show", "staging\n", "neither dev nor prod"),
        ("docker info", {"code": 1}, "daemon does not answer"),
        ("docker push", {"code": 1, "err": "denied"}, "denied"),
        ("terraform plan -input=false -detailed-exitcode", {"code": 1}, "the plan failed"),
    ],
)
def test_what_is_not_right_stops_it_before_anything_changes(
    checkout: Checkout, prefix: str, answer: str | dict[str, Any], words: str
) -> None:
    checkout.programs.answers(prefix, answer)
    done = checkout.deploy()
    assert done.returncode == 1, done.stdout
    assert words in done.stderr
    assert [line for line in checkout.changed if not line.startswith("docker push")] == []


def test_values_that_were_not_filled_in_are_refused(checkout: Checkout) -> None:
    values = checkout.root / "terraform.tfvars"
    values.write_text('db_password = "YourSecurePassword123!" # 필수 변경\n')
    assert "still the example's" in checkout.deploy().stderr
    values.unlink()
    assert "cp terraform.tfvars.example" in checkout.deploy().stderr
    assert checkout.changed == []
    # In CI the password may come from the environment.
    assert checkout.deploy(TF_VAR_db_password="A1b2c3d4!").returncode == 0


@pytest.mark.parametrize(
    "arguments",
    [["--enviroment", "dev"], ["--environment"], ["--environment", "staging"], ["--image", "x:latest"],
     ["--rollback", "--image", f"x/y@{NEW}"]],
)  # fmt: skip
def test_wrong_usage_is_code_2_and_asks_nothing(checkout: Checkout, arguments: list[str]) -> None:
    done = checkout.deploy(*arguments)
    assert (done.returncode, checkout.programs.asked) == (2, [])
    assert "--help" in done.stderr


def test_workspaces_are_guarded(checkout: Checkout) -> None:
    done = checkout.deploy("--environment", "prod", TF_WORKSPACE="dev")
    assert done.returncode == 1
    checkout.remote_state()
    done = checkout.deploy("--environment", "prod", TF_WORKSPACE="dev")
    assert (done.returncode, checkout.changed) == (1, [])
    assert "TF_WORKSPACE is dev" in done.stderr
    checkout.deploy("--environment", "prod", "--yes")
    assert checkout.programs.lines("terraform workspace select") == ["terraform workspace select -or-create prod"]
    assert "-var-file=envs/prod.tfvars" in checkout.programs.lines("terraform plan")[-1]


def test_dev_that_began_without_workspaces_stays_where_it_is(checkout: Checkout) -> None:
    assert checkout.deploy("--environment", "dev").returncode == 0
    assert checkout.programs.lines("terraform workspace select") == []
    # From prod's workspace back to dev: to `default` where dev's state is there, else to `dev`.
    checkout.all_is_well()
    checkout.programs.answers("terraform workspace show", "prod\n")
    checkout.deploy("--environment", "dev")
    assert checkout.programs.lines("terraform workspace select")[-1].endswith("default")
    checkout.all_is_well()
    checkout.programs.answers("terraform workspace show", "prod\n")
    checkout.programs.answers("terraform state list", "")
    checkout.deploy("--environment", "dev")
    assert checkout.programs.lines("terraform workspace select")[-1].endswith("dev")


def test_prod_needs_remote_state_and_gets_it_by_one_option(checkout: Checkout) -> None:
    done = checkout.deploy("--environment", "prod", "--yes")
    assert (done.returncode, checkout.changed) == (1, [])
    assert "--bootstrap-state" in done.stderr
    bootstrap = checkout.root / "scripts" / "bootstrap-state.sh"
    bootstrap.write_text("#!/bin/sh\ntouch backend_override.tf\n")
    bootstrap.chmod(0o755)
    assert checkout.deploy("--environment", "prod", "--yes", "--bootstrap-state").returncode == 0


@pytest.mark.parametrize(("typed", "goes"), [("prod\n", True), ("yes\n", False), ("", False), ("PROD\n", False)])
def test_prod_is_asked_about(checkout: Checkout, typed: str, goes: bool) -> None:
    checkout.remote_state()
    done = checkout.deploy("--environment", "prod", stdin=typed, TICKETING_ASSUME_TTY="1")
    assert bool(checkout.programs.lines("terraform apply")) is goes
    assert done.returncode == (0 if goes else 1)
    checkout.all_is_well()
    nobody = checkout.deploy("--environment", "prod")
    assert (nobody.returncode, "nobody is there to ask" in nobody.stderr) == (1, True)


@pytest.mark.parametrize(
    ("line", "refused"),
    [("# module.database.aws_rds_cluster.this must be replaced", True),
     ("# module.storage.aws_s3_bucket.tickets will be destroyed", True),
     ("# module.database.aws_rds_cluster_instance.this[\"2\"] will be destroyed", False),
     ("# module.compute.terraform_data.image[0] will be destroyed", False)],
)  # fmt: skip
def test_a_plan_that_would_lose_prods_data_is_not_applied(checkout: Checkout, line: str, refused: bool) -> None:
    checkout.remote_state()
    checkout.programs.answers("terraform show -no-color", f"  {line}\n")
    done = checkout.deploy("--environment", "prod", "--yes")
    assert line.split()[1] in done.stdout
    assert bool(checkout.programs.lines("terraform apply")) is not refused
    assert done.returncode == int(refused)


def test_a_failed_apply_is_said_and_nothing_follows(checkout: Checkout) -> None:
    checkout.programs.answers("terraform apply", {"code": 1, "err": "InsufficientInstanceCapacity"})
    done = checkout.deploy()
    assert done.returncode == 1
    assert "run the same command again" in done.stderr
    assert checkout.programs.lines("aws s3 sync") == []


@pytest.mark.parametrize("state", ["Failed", "RollbackSuccessful", "Cancelled"])
def test_a_replacement_that_fails_brings_the_old_image_back(checkout: Checkout, state: str) -> None:
    checkout.programs.answers("aws autoscaling describe-instance-refreshes", "InProgress\t10\n", f"{state}\t10\n")
    done = checkout.deploy()
    assert done.returncode == 3
    back = checkout.programs.lines("terraform apply")[-1]
    assert f"-var=image_uri={REPOSITORY}@{OLD}" in back
    assert checkout.programs.lines("aws s3 sync") == [], "pages of a version that does not run"


@pytest.mark.parametrize(
    ("address", "answer"),
    [("http://alb.example/health", {"code": 7}), ("https://site.example/health", {"code": 22}),
     ("https://site.example/", {"out": "<Error><Code>AccessDenied</Code></Error>"})],
)  # fmt: skip
def test_a_site_that_does_not_answer_brings_the_old_image_back(
    checkout: Checkout, address: str, answer: dict[str, Any]
) -> None:
    checkout.programs.answers(f"curl -fsSL --max-time 10 {address}", answer)
    done = checkout.deploy()
    assert done.returncode == 3, done.stdout + done.stderr
    assert f"{REPOSITORY}@{OLD} runs again" in done.stderr


def test_where_there_is_nothing_to_go_back_to_it_says_so(checkout: Checkout) -> None:
    checkout.programs.answers("curl -fsSL --max-time 10 http://alb.example/health", {"code": 7})
    done = checkout.deploy("--image", f"{REPOSITORY}@{OLD}")
    assert done.returncode == 1
    assert "none before it to go back to" in done.stderr


def test_a_question_that_fails_is_asked_again(checkout: Checkout) -> None:
    checkout.programs.answers("aws autoscaling describe-instance-refreshes", {"code": 255}, "Successful\t100\n")
    assert checkout.deploy().returncode == 0


def test_rollback_takes_the_image_before(checkout: Checkout) -> None:
    done = checkout.deploy("--rollback")
    assert done.returncode == 0, done.stderr
    assert f"-var=image_uri={REPOSITORY}@{OLDEST}" in checkout.programs.lines("terraform plan")[0]
    assert checkout.programs.lines("docker build") == []
    checkout.all_is_well()
    checkout.programs.answers(
        "aws ecr describe-images --region ap-northeast-2 --repository-name ticketing-dev --query", f"{NEW}\n{OLD}\n"
    )
    nothing = checkout.deploy("--rollback")
    assert (nothing.returncode, "no image before" in nothing.stderr) == (1, True)
