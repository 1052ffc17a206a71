"""Each rule about resources finds what it is there to find: a resource that breaks it, and only that."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.infra.rules import RULES, broken, protected

GOOD: list[dict[str, Any]] = [
    {
        "address": "aws_vpc_security_group_ingress_rule.alb_http",
        "type": "aws_vpc_security_group_ingress_rule",
        "values": {"cidr_ipv4": "0.0.0.0/0", "from_port": 80, "to_port": 80},
    },
    {
        "address": "aws_vpc_security_group_ingress_rule.database",
        "type": "aws_vpc_security_group_ingress_rule",
        "values": {"referenced_security_group_id": "sg-1", "from_port": 3306, "to_port": 3306},
    },
    {"address": "aws_rds_cluster.this", "type": "aws_rds_cluster", "values": {"storage_encrypted": True}},
    {
        "address": "aws_elasticache_replication_group.this",
        "type": "aws_elasticache_replication_group",
        "values": {"at_rest_encryption_enabled": "true", "transit_encryption_enabled": True},
    },
    {
        "address": "aws_launch_template.this",
        "type": "aws_launch_template",
        "values": {"metadata_options": [{"http_tokens": "required"}], "block_device_mappings": []},
    },
    {
        "address": "aws_sqs_queue.this",
        "type": "aws_sqs_queue",
        "values": {"name": "orders", "kms_master_key_id": "key", "redrive_policy": "{}"},
    },
    {
        "address": "aws_cloudwatch_metric_alarm.this",
        "type": "aws_cloudwatch_metric_alarm",
        "values": {"alarm_actions": ["arn:aws:sns:::x"], "alarm_description": "Orders wait"},
    },
    {
        "address": "aws_vpc.this",
        "type": "aws_vpc",
        "values": {"tags_all": {"Project": "p", "Environment": "dev", "ManagedBy": "terraform"}},
    },
    {"address": "aws_kms_key.this", "type": "aws_kms_key", "values": {"enable_key_rotation": True}},
]


def policy(action: str, resource: str) -> str:
    return json.dumps({"Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}]})


# Rule → type and values of a resource that breaks it.
BAD: dict[str, tuple[str, dict[str, Any]]] = {
    "open_to_the_world": (
        "aws_vpc_security_group_ingress_rule",
        {"cidr_ipv4": "0.0.0.0/0", "from_port": 22, "to_port": 22},
    ),
    "stores_are_reached_by_groups_only": (
        "aws_vpc_security_group_ingress_rule",
        {"cidr_ipv4": "10.0.0.0/16", "from_port": 3306, "to_port": 3306},
    ),
    "everything_is_encrypted": ("aws_rds_cluster", {"storage_encrypted": False}),
    "disks_are_encrypted": (
        "aws_instance",
        {"metadata_options": [{"http_tokens": "required"}], "root_block_device": [{"encrypted": False}]},
    ),
    "buckets_are_shut": ("aws_s3_bucket", {"bucket": "b"}),
    "nothing_is_public": ("aws_rds_cluster_instance", {"publicly_accessible": True}),
    "metadata_wants_a_token": ("aws_launch_template", {"metadata_options": [{"http_tokens": "optional"}]}),
    "no_star_on_star": ("aws_iam_role_policy", {"policy": policy("s3:GetObject", "*")}),
    "every_queue_has_dead_letters": (
        "aws_sqs_queue",
        {"name": "orders", "sqs_managed_sse_enabled": True, "redrive_policy": ""},
    ),
    "every_alarm_acts": ("aws_cloudwatch_metric_alarm", {"alarm_actions": [], "alarm_description": "x"}),
    "everything_is_tagged": ("aws_vpc", {"tags_all": {"Project": "p"}}),
    "names_of_instances": (
        "aws_autoscaling_group",
        {"tag": [{"key": "Name", "value": "x", "propagate_at_launch": True}]},
    ),
    "logs_end": ("aws_cloudwatch_log_group", {"retention_in_days": 0}),
    "trail_is_whole": ("aws_cloudtrail", {"is_multi_region_trail": True, "enable_log_file_validation": False}),
    "tls_is_new": ("aws_lb_listener", {"protocol": "HTTPS", "ssl_policy": "ELBSecurityPolicy-2016-08"}),
    "policies_ask_for_tls": ("aws_s3_bucket_policy", {"policy": policy("s3:GetObject", "arn")}),
    "keys_rotate": ("aws_kms_key", {"enable_key_rotation": False}),
}


def test_a_good_house_breaks_no_rule() -> None:
    assert broken(GOOD) == []


def test_every_rule_has_something_that_breaks_it() -> None:
    assert sorted(BAD) == sorted(rule.__name__ for rule in RULES)


@pytest.mark.parametrize("name", sorted(BAD))
def test_a_rule_finds_what_breaks_it(name: str) -> None:
    kind, values = BAD[name]
    label = "database" if "stores" in name else "wrong"
    found = broken([*GOOD, {"address": f"{kind}.{label}", "type": kind, "values": values}])
    assert found
    assert {line.split(":")[0] for line in found} == {name}


@pytest.mark.parametrize("action", ["*", "s3:*"])
def test_no_action_may_be_a_star(action: str) -> None:
    bad = {
        "address": "aws_iam_role_policy.x",
        "type": "aws_iam_role_policy",
        "values": {"policy": policy(action, "arn:x")},
    }
    assert broken([bad])


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("aws_rds_cluster", {"deletion_protection": False, "backup_retention_period": 7}),
        ("aws_rds_cluster", {"deletion_protection": True, "backup_retention_period": 1}),
        ("aws_lb", {"enable_deletion_protection": False}),
        ("aws_s3_bucket", {"force_destroy": True}),
        ("aws_secretsmanager_secret", {"recovery_window_in_days": 0}),
    ],
)
def test_production_is_protected(kind: str, values: dict[str, Any]) -> None:
    assert list(protected([{"address": f"{kind}.x", "type": kind, "values": values}]))
