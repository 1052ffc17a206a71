"""The whole platform, dev and prod, applied with the real provider to AWS's stand-in, planned again, destroyed.

The tests run in the order in which they stand here: one apply of each environment serves them all.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.infra import values
from tests.infra.double import (
    PASSWORD,
    REGION,
    STATE_BUCKET,
    AwsDouble,
    Stack,
    TerraformError,
    changes,
    resources,
)
from tests.infra.rules import RULES, broken, protected
from tests.infra.steps import step
from tests.infra.values import COMMON, PROD, UNPROTECTED
from ticketing.base.alerts import Alert
from ticketing.base.blobs import S3Blobs
from ticketing.base.queue.sqs import SqsConfig, SqsQueue
from ticketing.notices.sns import SnsChannel

pytestmark = pytest.mark.infra

ENVIRONMENTS = ("dev", "prod")
ARTEFACTS = Path(__file__).with_name("moto_artefacts.json")


class Applied:
    """One environment, and what was seen while it came up."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.plan: Any = None
        self.second: Any = None
        self.state: Any = None

    def go(self) -> Applied:
        stack, name = self.stack, self.stack.workspace
        with step(f"{name}: init"):
            stack.init()
        with step(f"{name}: plan"):
            self.plan = stack.plan()
        with step(f"{name}: apply"):
            stack.apply()
        with step(f"{name}: second plan"):
            self.second = stack.plan()
        self.state = stack.state()
        return self

    @property
    def found(self) -> list[dict[str, Any]]:
        """All resources with all values."""
        return list(resources(self.state["values"]["root_module"]))


@pytest.fixture(scope="module")
def double() -> Iterator[AwsDouble]:
    with AwsDouble() as double:
        s3 = double.client("s3")
        s3.create_bucket(Bucket=STATE_BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_bucket_versioning(Bucket=STATE_BUCKET, VersioningConfiguration={"Status": "Enabled"})
        yield double


@pytest.fixture(scope="module")
def before(double: AwsDouble) -> Counter[str]:
    """What an account holds that nobody has used."""
    return inventory(double)


@pytest.fixture(scope="module")
def applied(double: AwsDouble, before: Counter[str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Applied]:
    """Both environments, brought up side by side in one account."""
    with ThreadPoolExecutor(2) as pool:
        started = {
            name: pool.submit(Applied(Stack(tmp_path_factory.mktemp(name), double, name, values.of(name))).go)
            for name in ENVIRONMENTS
        }
        return {name: one.result() for name, one in started.items()}


def inventory(double: AwsDouble) -> Counter[str]:
    """How many things of each kind there are, by what a client that knows nothing of Terraform is told."""
    counts: Counter[str] = Counter()
    asked: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
        ("ec2", "describe_vpcs", "Vpcs", {}),
        ("ec2", "describe_subnets", "Subnets", {}),
        ("ec2", "describe_security_groups", "SecurityGroups", {}),
        ("ec2", "describe_nat_gateways", "NatGateways", {"Filters": [{"Name": "state", "Values": ["available"]}]}),
        ("ec2", "describe_addresses", "Addresses", {}),
        ("ec2", "describe_vpc_endpoints", "VpcEndpoints", {}),
        ("ec2", "describe_flow_logs", "FlowLogs", {}),
        ("ec2", "describe_launch_templates", "LaunchTemplates", {}),
        (
            "ec2",
            "describe_instances",
            "Reservations",
            {"Filters": [{"Name": "instance-state-name", "Values": ["pending", "running", "stopped"]}]},
        ),
        ("elbv2", "describe_load_balancers", "LoadBalancers", {}),
        ("elbv2", "describe_target_groups", "TargetGroups", {}),
        ("autoscaling", "describe_auto_scaling_groups", "AutoScalingGroups", {}),
        ("autoscaling", "describe_policies", "ScalingPolicies", {}),
        ("rds", "describe_db_clusters", "DBClusters", {}),
        ("rds", "describe_db_instances", "DBInstances", {}),
        ("rds", "describe_db_subnet_groups", "DBSubnetGroups", {}),
        ("rds", "describe_db_cluster_parameter_groups", "DBClusterParameterGroups", {}),
        ("elasticache", "describe_replication_groups", "ReplicationGroups", {}),
        ("elasticache", "describe_cache_clusters", "CacheClusters", {}),
        ("elasticache", "describe_users", "Users", {}),
        ("elasticache", "describe_user_groups", "UserGroups", {}),
        ("elasticache", "describe_cache_subnet_groups", "CacheSubnetGroups", {}),
        ("elasticache", "describe_cache_parameter_groups", "CacheParameterGroups", {}),
        ("sqs", "list_queues", "QueueUrls", {}),
        ("sns", "list_topics", "Topics", {}),
        ("sns", "list_subscriptions", "Subscriptions", {}),
        ("s3", "list_buckets", "Buckets", {}),
        ("secretsmanager", "list_secrets", "SecretList", {}),
        ("iam", "list_roles", "Roles", {}),
        ("iam", "list_instance_profiles", "InstanceProfiles", {}),
        ("iam", "list_open_id_connect_providers", "OpenIDConnectProviderList", {}),
        ("logs", "describe_log_groups", "logGroups", {}),
        ("cloudwatch", "describe_alarms", "MetricAlarms", {}),
        ("cloudwatch", "list_dashboards", "DashboardEntries", {}),
        ("cloudtrail", "describe_trails", "trailList", {}),
        ("ecr", "describe_repositories", "repositories", {}),
        ("kms", "list_aliases", "Aliases", {}),
        ("xray", "get_sampling_rules", "SamplingRuleRecords", {}),
        ("xray", "get_groups", "Groups", {}),
        ("route53", "list_hosted_zones", "HostedZones", {}),
        ("acm", "list_certificates", "CertificateSummaryList", {}),
        ("cloudformation", "list_stacks", "StackSummaries", {"StackStatusFilter": ["CREATE_COMPLETE"]}),
    )
    for service, operation, key, arguments in asked:
        listed = getattr(double.client(service), operation)(**arguments).get(key) or []
        counts[f"{service} {key}"] = sum(
            not (isinstance(one, dict) and one.get("State") == "deleted") for one in listed
        )
    edge = "us-east-1"
    distributions = double.client("cloudfront", edge).list_distributions()["DistributionList"]
    counts["cloudfront distributions"] = len(distributions.get("Items") or [])
    counts["wafv2 WebACLs"] = len(double.client("wafv2", edge).list_web_acls(Scope="CLOUDFRONT")["WebACLs"])
    counts["acm at the edge"] = len(double.client("acm", edge).list_certificates()["CertificateSummaryList"])
    counts["logs at the edge"] = len(double.client("logs", edge).describe_log_groups()["logGroups"])
    return counts


def known_artefacts(environment: str) -> dict[str, str]:
    """Address → attributes that the stand-in reads back otherwise than they were written, each with its cause."""
    listed = json.loads(ARTEFACTS.read_text())
    return {one["address"]: one["cause"] for one in listed if environment in one["environments"]}


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_everything_is_made(applied: dict[str, Applied], name: str) -> None:
    planned = {address for address, actions in changes(applied[name].plan).items() if actions == ["create"]}
    there = {one["address"] for one in applied[name].found}
    assert planned == there
    assert len(there) >= 50, "about 50 resources is what a newcomer is told to expect at least"


def test_the_stand_in_lacks_nothing(applied: dict[str, Applied], double: AwsDouble) -> None:
    assert double.missing_operations() == []


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_the_second_plan_is_empty(applied: dict[str, Applied], name: str) -> None:
    assert sorted(changes(applied[name].second)) == sorted(known_artefacts(name))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_a_rule_holds_of_the_plan_and_of_what_is_there(applied: dict[str, Applied], name: str, rule: Any) -> None:
    planned = list(resources(applied[name].plan["planned_values"]["root_module"]))
    assert broken(applied[name].found, [rule]) == []
    # Of these a plan does not know all that they ask about: keys are made first.
    if rule.__name__ not in ("metadata_wants_a_token", "everything_is_encrypted"):
        assert broken(planned, [rule]) == []


def test_production_is_protected(applied: dict[str, Applied]) -> None:
    assert list(protected(applied["prod"].found)) == []


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_no_secret_lies_in_plan_or_state(applied: dict[str, Applied], double: AwsDouble, name: str) -> None:
    secrets = double.client("secretsmanager")
    held: set[str] = {PASSWORD, PROD["payment_secret"]}
    for one in secrets.list_secrets(MaxResults=100)["SecretList"]:
        value = secrets.get_secret_value(SecretId=one["ARN"]).get("SecretString", "")
        held.add(value)
        if value.startswith("{"):
            held.update(str(part) for part in json.loads(value).values())
    held = {value for value in held if len(value) >= 12 and not value.startswith(("mailbox:", "smtp://"))}
    texts = {
        "state": applied[name].stack.raw_state(),
        "plan": json.dumps(applied[name].plan),
        "what is shown": json.dumps(applied[name].state),
    }
    assert len(held) >= 6, "there must be secrets to look for"
    assert [where for where, text in texts.items() for value in held if value in text] == []


def test_the_two_environments_share_nothing(applied: dict[str, Applied]) -> None:
    keys = ("arn", "id")

    def ids(name: str) -> set[str]:
        values = [one["values"] for one in applied[name].found if one["type"].startswith("aws_")]
        return {str(value.get(key)) for value in values for key in keys if str(value.get(key)).startswith("arn:")}

    shared = ids("dev") & ids("prod")
    assert {one for one in shared if ":aws:policy/" not in one} == set()


def test_a_second_run_waits_for_the_lock(applied: dict[str, Applied], double: AwsDouble) -> None:
    stack = applied["dev"].stack
    lock = "env/dev/ticketing/terraform.tfstate.tflock"

    def locked() -> bool:
        kept = double.client("s3").list_objects_v2(Bucket=STATE_BUCKET).get("Contents") or []
        return any(one["Key"] == lock for one in kept)

    with step("dev: two runs at once"):
        first = stack.start("plan", "-no-color", "-var-file=envs/dev.tfvars")
        try:
            deadline = time.monotonic() + 60
            while not locked():
                assert time.monotonic() < deadline
                assert first.poll() is None
                time.sleep(0.05)
            with pytest.raises(TerraformError, match="Error acquiring the state lock") as refused:
                stack.run("plan", "-no-color", "-var-file=envs/dev.tfvars")
            assert "Who:" in str(refused.value), "it must say who holds the lock"
        finally:
            said, _ = first.communicate(timeout=300)
    assert first.returncode == 0, said
    assert not locked()


def test_one_variable_changes_what_it_should(applied: dict[str, Applied]) -> None:
    stack = applied["dev"].stack
    stack.set({**COMMON, "asg_max_size": 12})
    with step("dev: change one variable"):
        plan = stack.plan()
        changed = changes(plan)
        stack.apply()
        again = stack.plan()
    own = {address: actions for address, actions in changed.items() if address not in known_artefacts("dev")}
    assert set(map(tuple, own.values())) == {("update",)}
    assert "module.compute.aws_autoscaling_group.this" in own
    # The template too: more instances share the same database, so each may open fewer connections.
    group = r"compute\.aws_(autoscaling_group|launch_template)"
    watch = r"monitoring\.aws_cloudwatch_(metric_alarm|dashboard)"
    allowed = rf"module\.({group}|{watch})\..*"
    assert [address for address in own if not re.fullmatch(allowed, address)] == []
    assert sorted(changes(again)) == sorted(known_artefacts("dev"))


async def test_the_queue_that_was_made_carries_orders(applied: dict[str, Applied], double: AwsDouble) -> None:
    outputs = applied["dev"].stack.outputs()
    config = SqsConfig(
        queue_url=outputs["queue_url"],
        dead_letter_url=outputs["dead_letter_url"],
        region=REGION,
        endpoint_url=double.endpoint,
        visibility_seconds=30,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        queue = await SqsQueue.open(config)
        try:
            await queue.send([b"one", b"\x00two"])
            got = await queue.receive(10, 1)
            assert sorted(one.body for one in got) == [b"\x00two", b"one"]
            await queue.ack(got)
            await queue.send([b"poison"])
            for attempt in range(1, 50):
                taken = await queue.receive(1, 1)
                if not taken:
                    break
                assert taken[0].attempt == attempt
                await queue.release(taken, 0)
            stats = await queue.stats()
            assert (stats.depth, stats.dead) == (0, 1)
            assert [one.body for one in await queue.dead_letters(10)] == [b"poison"]
        finally:
            await queue.close()


async def test_the_bucket_that_was_made_keeps_tickets(applied: dict[str, Applied], double: AwsDouble) -> None:
    bucket = applied["dev"].stack.outputs()["tickets_bucket"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        blobs = await S3Blobs.open(bucket, region=REGION, endpoint=double.endpoint)
        try:
            await blobs.put("tickets/tkt_1.pdf", b"%PDF-1.7", "application/pdf")
            assert await blobs.get("tickets/tkt_1.pdf") == b"%PDF-1.7"
            assert await blobs.get("tickets/tkt_2.pdf") is None
        finally:
            await blobs.close()
    head = double.client("s3").head_object(Bucket=bucket, Key="tickets/tkt_1.pdf")
    assert head["ServerSideEncryption"] == "aws:kms"


async def test_the_topic_that_was_made_takes_the_applications_alerts(
    applied: dict[str, Applied], double: AwsDouble
) -> None:
    stack = applied["dev"].stack
    topic = stack.outputs()["alerts_topic_arn"]
    reader = double.client("sqs")
    queue = reader.create_queue(QueueName="hears-alerts")["QueueUrl"]
    arn = reader.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    heard = double.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        channel = await SnsChannel.open(topic, region=REGION, endpoint=double.endpoint)
        try:
            await channel.tell(Alert("Follow-up given up: refund", "Row 7 failed 12 times."), "alert-7-1")
        finally:
            await channel.close()
    told = json.loads(reader.receive_message(QueueUrl=queue)["Messages"][0]["Body"])
    assert (told["Subject"], told["Message"]) == ("Follow-up given up: refund", "Row 7 failed 12 times.")
    double.client("sns").unsubscribe(SubscriptionArn=heard["SubscriptionArn"])
    reader.delete_queue(QueueUrl=queue)
    # And the instances are told of it.
    assert f"TICKETING_ALERTS_URL={topic}" in user_data(applied["dev"].found)


def user_data(found: list[dict[str, Any]]) -> str:
    """What an instance runs at its first start."""
    template = next(one["values"] for one in found if one["address"] == "module.compute.aws_launch_template.this")
    raw = base64.b64decode(template["user_data"])
    return (gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw).decode()


def test_alarms_reach_the_people_who_were_named(applied: dict[str, Applied], double: AwsDouble) -> None:
    topic = applied["dev"].stack.outputs()["alerts_topic_arn"]
    sns = double.client("sns")
    listed = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert {(one["Protocol"], one["Endpoint"]) for one in listed} == {
        ("email", "operator@example.com"),
        ("sms", "+821012345678"),
    }
    assert sns.publish(TopicArn=topic, Subject="drill", Message="the queue is old")["MessageId"]
    alarms = double.client("cloudwatch").describe_alarms(AlarmNamePrefix="ticketing-dev")["MetricAlarms"]
    assert alarms
    assert {action for alarm in alarms for action in alarm["AlarmActions"] if ":sns:" in action} == {topic}


def test_production_is_not_destroyed_by_a_slip(applied: dict[str, Applied], double: AwsDouble) -> None:
    rds = double.client("rds")
    cluster = next(one for one in rds.describe_db_clusters()["DBClusters"] if "prod" in one["DBClusterIdentifier"])
    with pytest.raises(rds.exceptions.ClientError, match="protection"):
        rds.delete_db_cluster(DBClusterIdentifier=cluster["DBClusterIdentifier"], SkipFinalSnapshot=True)


def test_destroy_leaves_nothing(applied: dict[str, Applied], double: AwsDouble, before: Counter[str]) -> None:
    def end(name: str) -> None:
        stack = applied[name].stack
        if name == "prod":
            stack.set(UNPROTECTED)
            with step("prod: lift the protection"):
                stack.plan()
                stack.apply()
        with step(f"{name}: destroy"):
            stack.destroy()

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(end, name) for name in ENVIRONMENTS]:
            done.result()
    for name in ENVIRONMENTS:
        assert json.loads(applied[name].stack.raw_state())["resources"] == []
    left = inventory(double)
    assert {kind: left[kind] - before[kind] for kind in left if left[kind] != before[kind]} == {}
    assert double.missing_operations() == []
