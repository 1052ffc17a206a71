"""What must hold of every resource that a plan or a state lists. Each rule yields what breaks it, in words."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

Resource = Mapping[str, Any]
Rule = Callable[[Sequence[Resource]], Iterator[str]]
_EVERYWHERE = ("0.0.0.0/0", "::/0")
# Actions on `*` that AWS offers no narrower resource for.
_UNSCOPED = (
    "ecr:GetAuthorizationToken",
    "xray:",
    "cloudwatch:PutMetricData",
    "ec2:Describe",
    "logs:DescribeLogGroups",
    "autoscaling:Describe",
    "elasticloadbalancing:Describe",
    "sns:Publish",  # an SMS goes to a number, not to a topic; the policy has a condition
    "ssmmessages:",
    "ec2messages:",
    "ssm:UpdateInstanceInformation",
    "cloudfront:CreateInvalidation",
    "sts:GetCallerIdentity",
)
_UNTAGGED = (
    "aws_autoscaling_group",  # has its own kind of tags, see `names_of_instances`
    "aws_default_route_table",
)


def of(found: Iterable[Resource], *types: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Address and values of the resources of these types."""
    for one in found:
        if one["type"] in types:
            yield one["address"], one["values"]


def as_list(value: Any) -> list[Any]:
    """A policy's one-or-many."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def statements(values: Mapping[str, Any], key: str = "policy") -> list[Mapping[str, Any]]:
    """The statements of a policy that is known; none of one that is not."""
    document = json.loads(values.get(key) or '{"Statement": []}')
    return [dict(one) for one in as_list(document.get("Statement"))]


def open_to_the_world(found: Sequence[Resource]) -> Iterator[str]:
    """Only the load balancer takes connections from everywhere, on 80 and 443."""
    for address, values in of(found, "aws_vpc_security_group_ingress_rule"):
        everywhere = values.get("cidr_ipv4") in _EVERYWHERE or values.get("cidr_ipv6") in _EVERYWHERE
        public = "alb" in address and values.get("from_port") in (80, 443) and values["from_port"] == values["to_port"]
        if everywhere and not public:
            yield f"{address} lets everybody in"
    for address, values in of(found, "aws_security_group", "aws_default_security_group"):
        if "default" in address and (values.get("ingress") or values.get("egress")):
            yield f"{address} has rules of its own"


def stores_are_reached_by_groups_only(found: Sequence[Resource]) -> Iterator[str]:
    """Rules into the database and the cache name security groups, never addresses."""
    for address, values in of(found, "aws_vpc_security_group_ingress_rule"):
        to_store = "database" in address or "cache" in address
        if to_store and (values.get("cidr_ipv4") or values.get("cidr_ipv6") or values.get("prefix_list_id")):
            yield f"{address} admits addresses instead of a group"


def everything_is_encrypted(found: Sequence[Resource]) -> Iterator[str]:
    """All that keeps data encrypts it."""
    wanted = {
        "aws_rds_cluster": ("storage_encrypted",),
        "aws_elasticache_replication_group": ("at_rest_encryption_enabled", "transit_encryption_enabled"),
    }
    for kind, keys in wanted.items():
        for address, values in of(found, kind):
            for key in keys:
                if str(values.get(key)).lower() != "true":
                    yield f"{address}: {key} is not true"
    for address, values in of(found, "aws_sqs_queue"):
        if not values.get("kms_master_key_id") and not values.get("sqs_managed_sse_enabled"):
            yield f"{address} is not encrypted"


def disks_are_encrypted(found: Sequence[Resource]) -> Iterator[str]:
    """So do all disks of machines."""
    for address, values in of(found, "aws_launch_template"):
        for disk in values.get("block_device_mappings") or []:
            for volume in disk.get("ebs") or []:
                if str(volume.get("encrypted")).lower() != "true":
                    yield f"{address} has a disk that is not encrypted"
    for address, values in of(found, "aws_instance"):
        for disk in values.get("root_block_device") or []:
            if disk.get("encrypted") is False:
                yield f"{address} has a disk that is not encrypted"


def buckets_are_shut(found: Sequence[Resource]) -> Iterator[str]:
    """Each bucket blocks the public, encrypts and keeps versions."""
    beside = {
        "aws_s3_bucket_public_access_block": "a public access block",
        "aws_s3_bucket_server_side_encryption_configuration": "encryption",
        "aws_s3_bucket_versioning": "versioning",
        "aws_s3_bucket_ownership_controls": "an owner of its objects",
    }
    buckets = sum(1 for _ in of(found, "aws_s3_bucket"))
    for kind, what in beside.items():
        count = sum(1 for _ in of(found, kind))
        if count != buckets:
            yield f"{buckets} buckets, but {count} with {what}"
    for address, values in of(found, "aws_s3_bucket_public_access_block"):
        keys = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
        if not all(values.get(key) for key in keys):
            yield f"{address} leaves something open"


def nothing_is_public(found: Sequence[Resource]) -> Iterator[str]:
    """No database and no instance has an address on the internet."""
    for address, values in of(found, "aws_rds_cluster_instance", "aws_db_instance"):
        if values.get("publicly_accessible"):
            yield f"{address} is public"
    for address, values in of(found, "aws_instance", "aws_subnet"):
        key = "associate_public_ip_address" if values.get("subnet_id") else "map_public_ip_on_launch"
        if values.get(key) and "public" not in address:
            yield f"{address} takes a public address"


def metadata_wants_a_token(found: Sequence[Resource]) -> Iterator[str]:
    """IMDSv2 on every machine."""
    for address, values in of(found, "aws_launch_template", "aws_instance"):
        options = values.get("metadata_options") or []
        if not options or options[0].get("http_tokens") != "required":
            yield f"{address} answers metadata requests without a token"


def _scoped(action: str) -> bool:
    return not any(action.startswith(allowed) for allowed in _UNSCOPED)


def no_star_on_star(found: Sequence[Resource]) -> Iterator[str]:
    """No role may do everything, and none may do to everything what could be narrowed."""
    for address, values in of(found, "aws_iam_role_policy", "aws_iam_policy"):
        for statement in statements(values):
            actions = as_list(statement.get("Action"))
            if statement.get("Effect") != "Allow":
                continue
            if any(action == "*" or action.endswith(":*") for action in actions):
                yield f"{address} allows {actions}"
            if "*" in as_list(statement.get("Resource")):
                wide = [action for action in actions if _scoped(action)]
                if wide and not statement.get("Condition"):
                    yield f"{address} allows {wide} on everything"


def every_queue_has_dead_letters(found: Sequence[Resource]) -> Iterator[str]:
    """A queue names where its dead letters go, or is where they go."""
    for address, values in of(found, "aws_sqs_queue"):
        is_dead = "dead" in address or "dead" in (values.get("name") or "") or "dlq" in (values.get("name") or "")
        if not is_dead and "redrive_policy" in values and not values["redrive_policy"]:
            yield f"{address} has no dead-letter queue"


def every_alarm_acts(found: Sequence[Resource]) -> Iterator[str]:
    """An alarm tells somebody, and says so when it is over."""
    for address, values in of(found, "aws_cloudwatch_metric_alarm", "aws_cloudwatch_composite_alarm"):
        if "alarm_actions" in values and not values["alarm_actions"]:
            yield f"{address} has no action"
        if not values.get("alarm_description"):
            yield f"{address} does not say what it means"


def everything_is_tagged(found: Sequence[Resource]) -> Iterator[str]:
    """All that can be tagged says which project and environment it belongs to, and that Terraform owns it."""
    for one in found:
        values = one["values"]
        if "tags_all" not in values or one["type"] in _UNTAGGED:
            continue
        missing = [key for key in ("Project", "Environment", "ManagedBy") if key not in (values["tags_all"] or {})]
        if missing:
            yield f"{one['address']} lacks the tags {missing}"


def names_of_instances(found: Sequence[Resource]) -> Iterator[str]:
    """Instances are found by the name that the documents tell people to look for."""
    for address, values in of(found, "aws_autoscaling_group"):
        names = [tag["value"] for tag in values.get("tag") or [] if tag["key"] == "Name" and tag["propagate_at_launch"]]
        if not any("web-instance" in (name or "") for name in names):
            yield f"{address} does not name its instances *web-instance*"


def logs_end(found: Sequence[Resource]) -> Iterator[str]:
    """Logs are kept for a time that somebody chose."""
    for address, values in of(found, "aws_cloudwatch_log_group"):
        if not values.get("retention_in_days"):
            yield f"{address} keeps logs for ever"


def trail_is_whole(found: Sequence[Resource]) -> Iterator[str]:
    """The audit trail covers all regions and shows tampering."""
    for address, values in of(found, "aws_cloudtrail"):
        for key in ("is_multi_region_trail", "enable_log_file_validation", "include_global_service_events"):
            if not values.get(key):
                yield f"{address}: {key} is not true"


def tls_is_new(found: Sequence[Resource]) -> Iterator[str]:
    """HTTPS means TLS 1.2 or newer."""
    for address, values in of(found, "aws_lb_listener"):
        if values.get("protocol") == "HTTPS" and "TLS13" not in (values.get("ssl_policy") or ""):
            yield f"{address} takes old TLS ({values.get('ssl_policy')})"
    for address, values in of(found, "aws_cloudfront_distribution"):
        for behaviour in (values.get("default_cache_behavior") or []) + (values.get("ordered_cache_behavior") or []):
            if behaviour.get("viewer_protocol_policy") not in ("redirect-to-https", "https-only"):
                yield f"{address} serves {behaviour.get('path_pattern', 'the rest')} in the clear"


def policies_ask_for_tls(found: Sequence[Resource]) -> Iterator[str]:
    """Policies of buckets, queues and topics refuse plain HTTP."""
    kinds = {"aws_s3_bucket_policy": "policy", "aws_sqs_queue_policy": "policy", "aws_sns_topic_policy": "policy"}
    for kind, key in kinds.items():
        for address, values in of(found, kind):
            if values.get(key) and "aws:SecureTransport" not in values[key]:
                yield f"{address} does not ask for TLS"


def keys_rotate(found: Sequence[Resource]) -> Iterator[str]:
    """Our keys change by themselves."""
    for address, values in of(found, "aws_kms_key"):
        if not values.get("enable_key_rotation"):
            yield f"{address} is never rotated"


RULES: tuple[Rule, ...] = (
    open_to_the_world,
    stores_are_reached_by_groups_only,
    everything_is_encrypted,
    disks_are_encrypted,
    buckets_are_shut,
    nothing_is_public,
    metadata_wants_a_token,
    no_star_on_star,
    every_queue_has_dead_letters,
    every_alarm_acts,
    everything_is_tagged,
    names_of_instances,
    logs_end,
    trail_is_whole,
    tls_is_new,
    policies_ask_for_tls,
    keys_rotate,
)


def protected(found: Sequence[Resource]) -> Iterator[str]:
    """In production nothing that holds tickets goes by a slip."""
    for address, values in of(found, "aws_rds_cluster"):
        if not values.get("deletion_protection") or values.get("skip_final_snapshot"):
            yield f"{address} can be deleted, or without a last snapshot"
        if (values.get("backup_retention_period") or 0) < 7:
            yield f"{address} keeps backups for less than a week"
    for address, values in of(found, "aws_lb"):
        if not values.get("enable_deletion_protection"):
            yield f"{address} can be deleted"
    for address, values in of(found, "aws_s3_bucket"):
        if values.get("force_destroy"):
            yield f"{address} goes with what is in it"
    for address, values in of(found, "aws_secretsmanager_secret"):
        if (values.get("recovery_window_in_days") or 0) < 7:
            yield f"{address} cannot be recovered"


def broken(found: Sequence[Resource], rules: Iterable[Rule] = RULES) -> list[str]:
    """Everything that breaks a rule."""
    return [f"{rule.__name__}: {what}" for rule in rules for what in rule(found)]
