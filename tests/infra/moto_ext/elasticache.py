"""ElastiCache: parameter groups, user groups, and replication groups whose member clusters can be seen."""

from __future__ import annotations

from inspect import signature
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.elasticache import models
from moto.elasticache.models import CacheCluster, ElastiCacheBackend
from moto.elasticache.responses import ElastiCacheResponse

from .patch import error, extends, get_or_raise, shelf

# The newest patch of each line that is on offer, by engine and the version that one asks for.
_PATCHES = {
    "redis": {"6.2": "6.2.6", "7.0": "7.0.7", "7.1": "7.1.0"},
    "valkey": {"7.2": "7.2.6", "8.0": "8.0.1", "8.1": "8.1.0"},
}
_NEWEST = {"redis": "7.1", "valkey": "8.1"}
# Settings that a replication group has and Modify may change, under the name that Describe gives them.
_MODIFIABLE = {
    "ReplicationGroupDescription": "Description",
    "CacheNodeType": "CacheNodeType",
    "SnapshotRetentionLimit": "SnapshotRetentionLimit",
    "SnapshotWindow": "SnapshotWindow",
    "TransitEncryptionMode": "TransitEncryptionMode",
    "AutoMinorVersionUpgrade": "AutoMinorVersionUpgrade",
    "Engine": "Engine",
    "ClusterMode": "ClusterMode",
    "TransitEncryptionEnabled": "TransitEncryptionEnabled",
}
# Settings of the member clusters.
_OF_MEMBERS = {
    "CacheParameterGroupName": "cache_parameter_group_name",
    "PreferredMaintenanceWindow": "preferred_maintenance_window",
    "NotificationTopicArn": "notification_topic_arn",
    "SecurityGroupIds": "security_group_ids",
    "SnapshotWindow": "snapshot_window",
    "SnapshotRetentionLimit": "snapshot_retention_limit",
    "CacheNodeType": "cache_node_type",
    "AutoMinorVersionUpgrade": "auto_minor_version_upgrade",
}


def _status(enabled: Any) -> str:
    return "enabled" if enabled else "disabled"


def _full_version(engine: str, version: str | None) -> str:
    offered = _PATCHES.get(engine)
    if offered is None:
        raise error("InvalidParameterValue", f"{engine} is not an engine for replication groups")
    asked = version or _NEWEST[engine]
    if asked in offered.values():
        return asked
    if asked not in offered:
        raise error("InvalidParameterCombination", f"Cannot find version {asked} for {engine}")
    return offered[asked]


@extends(ElastiCacheBackend)
class _Backend:
    def arn(self: Any, kind: str, name: str) -> str:
        return f"arn:aws:elasticache:{self.region_name}:{self.account_id}:{kind}:{name}"

    def list_tags_for_resource(self: Any, arn: str) -> dict[str, list[dict[str, str]]]:
        found: dict[str, list[dict[str, str]]] = self.tagging_service.list_tags_for_resource(arn)
        return found

    def delete_cache_subnet_group(self: Any, name: str) -> None:
        get_or_raise(self.cache_subnet_groups, name, "CacheSubnetGroupNotFoundFault")
        del self.cache_subnet_groups[name]

    def members_of(self: Any, group: dict[str, Any]) -> list[CacheCluster]:
        return [self.cache_clusters[name] for name in group["MemberClusters"]]

    def place_members(self: Any, group: dict[str, Any], count: int, params: dict[str, Any]) -> None:
        """Make the group have `count` nodes: makes the missing ones, removes the last ones."""
        group_id = group["ReplicationGroupId"]
        names = [f"{group_id}-{index:03d}" for index in range(1, count + 1)]
        for name in group["MemberClusters"]:
            if name not in names:
                del self.cache_clusters[name]
        for name in names:
            if name not in self.cache_clusters:
                self.cache_clusters[name] = self.new_member(name, group, params)
        group["MemberClusters"] = names
        host = f"{group_id}.x1y2z3.{self.region_name}.cache.amazonaws.com"
        port = group["Port"]
        group["NodeGroups"] = [
            {
                "NodeGroupId": "0001",
                "Status": "available",
                "PrimaryEndpoint": {"Address": f"master.{host}", "Port": port},
                "ReaderEndpoint": {"Address": f"replica.{host}", "Port": port},
                "NodeGroupMembers": [
                    {
                        "CacheClusterId": name,
                        "CacheNodeId": "0001",
                        "ReadEndpoint": {"Address": f"{name}.{host}", "Port": port},
                        "CurrentRole": "primary" if index == 0 else "replica",
                    }
                    for index, name in enumerate(names)
                ],
            }
        ]

    def new_member(self: Any, name: str, group: dict[str, Any], params: dict[str, Any]) -> CacheCluster:
        settings = [one for one in signature(CacheCluster).parameters if one != "self"]
        wanted: dict[str, Any] = dict.fromkeys(settings)
        wanted.update({ours: params[theirs] for theirs, ours in _OF_MEMBERS.items() if theirs in params})
        wanted.update(
            account_id=self.account_id,
            region_name=self.region_name,
            cache_cluster_id=name,
            replication_group_id=group["ReplicationGroupId"],
            engine=group["Engine"],
            engine_version=group["version"],
            cache_node_type=group["CacheNodeType"],
            cache_subnet_group_name=params.get("CacheSubnetGroupName"),
            port=group["Port"],
            transit_encryption_enabled=group["TransitEncryptionEnabled"],
        )
        member = CacheCluster(**wanted)
        member.num_cache_nodes = 1
        member.replication_group_id = group["ReplicationGroupId"]
        _describe_member(member, group)
        return member


def _describe_member(member: Any, group: dict[str, Any]) -> None:
    """Set what Describe answers and is made of other settings, or is the same for all of the group."""
    member.at_rest_encryption_enabled = group["AtRestEncryptionEnabled"]
    member.transit_encryption_enabled = group["TransitEncryptionEnabled"]
    member.transit_encryption_mode = group["TransitEncryptionMode"]
    member.auth_token_enabled = group["AuthTokenEnabled"]
    member.auto_minor_version_upgrade = group["AutoMinorVersionUpgrade"]
    member.snapshot_window = group["SnapshotWindow"]
    member.snapshot_retention_limit = group["SnapshotRetentionLimit"]
    member.preferred_maintenance_window = member.preferred_maintenance_window or "sun:18:00-sun:19:00"
    member.cache_parameter_group = {
        "CacheParameterGroupName": member.cache_parameter_group_name,
        "ParameterApplyStatus": "in-sync",
        "CacheNodeIdsToReboot": [],
    }
    member.security_groups = [{"SecurityGroupId": id_, "Status": "active"} for id_ in member.security_group_ids]
    if member.notification_topic_arn:
        member.notification_configuration = {"TopicArn": member.notification_topic_arn, "TopicStatus": "active"}
    else:
        member.notification_configuration = None
    endpoint = {"Address": f"{member.cache_cluster_id}.cache.amazonaws.com", "Port": member.port}
    member.cache_nodes = [{"CacheNodeId": "0001", "CacheNodeStatus": "available", "Endpoint": endpoint}]


def _log_deliveries(given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**one, "Status": "active"} for one in given if one.get("Enabled", True)]


@extends(ElastiCacheResponse)
class _ReplicationGroups:
    def create_replication_group(self: Any) -> ActionResult:
        backend, params = self.elasticache_backend, self.params
        group_id = params["ReplicationGroupId"]
        groups = shelf(backend, "described_groups")
        if group_id in groups:
            raise error("ReplicationGroupAlreadyExists", f"Replication group {group_id} already exists.")
        if params.get("CacheSubnetGroupName"):
            get_or_raise(backend.cache_subnet_groups, params["CacheSubnetGroupName"], "CacheSubnetGroupNotFoundFault")
        if params.get("CacheParameterGroupName"):
            get_or_raise(
                shelf(backend, "parameter_groups"), params["CacheParameterGroupName"], "CacheParameterGroupNotFound"
            )
        engine = params.get("Engine") or "redis"
        multi_az, failover = params.get("MultiAZEnabled"), params.get("AutomaticFailoverEnabled")
        count = int(params.get("NumCacheClusters") or 1)
        if (multi_az or failover) and count < 2:
            raise error("InvalidParameterCombination", "Automatic failover and Multi-AZ need a replica")
        encrypted_in_transit = bool(params.get("TransitEncryptionEnabled"))
        group: dict[str, Any] = {
            "ReplicationGroupId": group_id,
            "Description": params["ReplicationGroupDescription"],
            "ARN": backend.arn("replicationgroup", group_id),
            "Status": "available",
            "Engine": engine,
            "CacheNodeType": params.get("CacheNodeType"),
            "AutomaticFailover": _status(failover),
            "MultiAZ": _status(multi_az),
            "ClusterEnabled": False,
            "ClusterMode": params.get("ClusterMode") or "disabled",
            "SnapshotRetentionLimit": int(params.get("SnapshotRetentionLimit") or 0),
            "SnapshotWindow": params.get("SnapshotWindow") or "16:00-17:00",
            "AtRestEncryptionEnabled": bool(params.get("AtRestEncryptionEnabled", engine == "valkey")),
            "TransitEncryptionEnabled": encrypted_in_transit,
            "TransitEncryptionMode": (params.get("TransitEncryptionMode") or "required")
            if encrypted_in_transit
            else None,
            "AuthTokenEnabled": bool(params.get("AuthToken")),
            "KmsKeyId": params.get("KmsKeyId"),
            "UserGroupIds": params.get("UserGroupIds") or [],
            "LogDeliveryConfigurations": _log_deliveries(params.get("LogDeliveryConfigurations") or []),
            "AutoMinorVersionUpgrade": params.get("AutoMinorVersionUpgrade", True),
            "NetworkType": params.get("NetworkType") or "ipv4",
            "IpDiscovery": params.get("IpDiscovery") or "ipv4",
            "DataTiering": "disabled",
            "MemberClusters": [],
            "Port": int(params.get("Port") or 6379),
            "version": _full_version(engine, params.get("EngineVersion")),
        }
        backend.place_members(group, count, params)
        groups[group_id] = group
        backend.tagging_service.tag_resource(group["ARN"], params.get("Tags") or [])
        return ActionResult({"ReplicationGroup": group})

    def describe_replication_groups(self: Any) -> ActionResult:
        groups = shelf(self.elasticache_backend, "described_groups")
        wanted = self.params.get("ReplicationGroupId")
        found = [get_or_raise(groups, wanted, "ReplicationGroupNotFoundFault")] if wanted else list(groups.values())
        return ActionResult({"ReplicationGroups": found})

    def modify_replication_group(self: Any) -> ActionResult:
        backend, params = self.elasticache_backend, self.params
        group = get_or_raise(
            shelf(backend, "described_groups"), params["ReplicationGroupId"], "ReplicationGroupNotFoundFault"
        )
        group.update({ours: params[theirs] for theirs, ours in _MODIFIABLE.items() if theirs in params})
        if "AutomaticFailoverEnabled" in params:
            group["AutomaticFailover"] = _status(params["AutomaticFailoverEnabled"])
        if "MultiAZEnabled" in params:
            group["MultiAZ"] = _status(params["MultiAZEnabled"])
        if params.get("AuthToken"):
            group["AuthTokenEnabled"] = params.get("AuthTokenUpdateStrategy") != "DELETE"
        gone = set(params.get("UserGroupIdsToRemove") or [])
        group["UserGroupIds"] = [id_ for id_ in group["UserGroupIds"] if id_ not in gone]
        group["UserGroupIds"] += params.get("UserGroupIdsToAdd") or []
        if changed := params.get("LogDeliveryConfigurations"):
            types = {one["LogType"] for one in changed}
            kept = [one for one in group["LogDeliveryConfigurations"] if one["LogType"] not in types]
            group["LogDeliveryConfigurations"] = kept + _log_deliveries(changed)
        if params.get("EngineVersion") or params.get("Engine"):
            group["version"] = _full_version(group["Engine"], params.get("EngineVersion"))
        for member in backend.members_of(group):
            member.engine, member.engine_version = group["Engine"], group["version"]
            for theirs, ours in _OF_MEMBERS.items():
                if theirs in params:
                    setattr(member, ours, params[theirs])
            _describe_member(member, group)
        return ActionResult({"ReplicationGroup": group})

    def increase_replica_count(self: Any) -> ActionResult:
        backend, params = self.elasticache_backend, self.params
        group = get_or_raise(
            shelf(backend, "described_groups"), params["ReplicationGroupId"], "ReplicationGroupNotFoundFault"
        )
        first = backend.members_of(group)[0]
        settings = {theirs: getattr(first, ours) for theirs, ours in _OF_MEMBERS.items()}
        settings["CacheSubnetGroupName"] = first.cache_subnet_group_name
        backend.place_members(group, int(params["NewReplicaCount"]) + 1, settings)
        return ActionResult({"ReplicationGroup": group})

    decrease_replica_count = increase_replica_count

    def delete_replication_group(self: Any) -> ActionResult:
        backend = self.elasticache_backend
        groups = shelf(backend, "described_groups")
        group = get_or_raise(groups, self.params["ReplicationGroupId"], "ReplicationGroupNotFoundFault")
        backend.place_members(group, 0, {})
        backend.tagging_service.delete_all_tags_for_resource(group["ARN"])
        return ActionResult({"ReplicationGroup": {**groups.pop(group["ReplicationGroupId"]), "Status": "deleting"}})


@extends(ElastiCacheResponse)
class _ParameterGroups:
    def create_cache_parameter_group(self: Any) -> ActionResult:
        backend, params = self.elasticache_backend, self.params
        name = params["CacheParameterGroupName"]
        groups = shelf(backend, "parameter_groups")
        if name in groups:
            raise error("CacheParameterGroupAlreadyExists", f"Cache parameter group {name} already exists.")
        groups[name] = {
            "CacheParameterGroupName": name,
            "CacheParameterGroupFamily": params["CacheParameterGroupFamily"],
            "Description": params["Description"],
            "IsGlobal": False,
            "ARN": backend.arn("parametergroup", name),
            "values": {},
        }
        backend.tagging_service.tag_resource(groups[name]["ARN"], params.get("Tags") or [])
        return ActionResult({"CacheParameterGroup": groups[name]})

    def describe_cache_parameter_groups(self: Any) -> ActionResult:
        groups = shelf(self.elasticache_backend, "parameter_groups")
        wanted = self.params.get("CacheParameterGroupName")
        found = [get_or_raise(groups, wanted, "CacheParameterGroupNotFound")] if wanted else list(groups.values())
        return ActionResult({"CacheParameterGroups": found})

    def describe_cache_parameters(self: Any) -> ActionResult:
        group = self.parameter_group()
        parameters = [
            {"ParameterName": name, "ParameterValue": value, "Source": "user", "IsModifiable": True}
            for name, value in sorted(group["values"].items())
        ]
        return ActionResult({"Parameters": parameters, "CacheNodeTypeSpecificParameters": []})

    def modify_cache_parameter_group(self: Any) -> ActionResult:
        group = self.parameter_group()
        for one in self.params["ParameterNameValues"]:
            group["values"][one["ParameterName"]] = one["ParameterValue"]
        return ActionResult({"CacheParameterGroupName": group["CacheParameterGroupName"]})

    def reset_cache_parameter_group(self: Any) -> ActionResult:
        group = self.parameter_group()
        for one in self.params.get("ParameterNameValues") or []:
            group["values"].pop(one["ParameterName"], None)
        if self.params.get("ResetAllParameters"):
            group["values"].clear()
        return ActionResult({"CacheParameterGroupName": group["CacheParameterGroupName"]})

    def delete_cache_parameter_group(self: Any) -> ActionResult:
        group = self.parameter_group()
        del shelf(self.elasticache_backend, "parameter_groups")[group["CacheParameterGroupName"]]
        return EmptyResult()

    def parameter_group(self: Any) -> Any:
        groups = shelf(self.elasticache_backend, "parameter_groups")
        return get_or_raise(groups, self.params["CacheParameterGroupName"], "CacheParameterGroupNotFound")

    def delete_cache_subnet_group(self: Any) -> ActionResult:
        self.elasticache_backend.delete_cache_subnet_group(self.params["CacheSubnetGroupName"])
        return EmptyResult()

    def modify_cache_subnet_group(self: Any) -> ActionResult:
        groups = self.elasticache_backend.cache_subnet_groups
        old = get_or_raise(groups, self.params["CacheSubnetGroupName"], "CacheSubnetGroupNotFoundFault")
        group = models.CacheSubnetGroup(
            account_id=self.elasticache_backend.account_id,
            region_name=self.elasticache_backend.region_name,
            cache_subnet_group_name=old.cache_subnet_group_name,
            cache_subnet_group_description=self.params.get("CacheSubnetGroupDescription")
            or old.cache_subnet_group_description,
            subnet_ids=self.params.get("SubnetIds") or old.subnet_ids,
            tags=old.tags,
        )
        groups[group.cache_subnet_group_name] = group
        return ActionResult({"CacheSubnetGroup": group})


@extends(ElastiCacheResponse)
class _UserGroups:
    def create_user(self: Any) -> ActionResult:
        backend = self.elasticache_backend
        self.moto_create_user()
        user = backend.users[self.params["UserId"]]
        backend.tagging_service.tag_resource(user.arn, self.params.get("Tags") or [])
        return ActionResult(user)

    def modify_user(self: Any) -> ActionResult:
        params = self.params
        user = get_or_raise(self.elasticache_backend.users, params["UserId"], "UserNotFound")
        if "AccessString" in params:
            user.access_string = params["AccessString"]
        if appended := params.get("AppendAccessString"):
            user.access_string += f" {appended}"
        mode = params.get("AuthenticationMode") or {}
        if passwords := params.get("Passwords") or mode.get("Passwords"):
            user.passwords = passwords
        if mode.get("Type"):
            user.authentication_type = mode["Type"]
        return ActionResult(user)

    def create_user_group(self: Any) -> ActionResult:
        backend, params = self.elasticache_backend, self.params
        groups = shelf(backend, "user_groups")
        name = params["UserGroupId"]
        if name in groups:
            raise error("UserGroupAlreadyExists", f"User group {name} already exists.")
        members = params.get("UserIds") or []
        names = [get_or_raise(backend.users, user_id, "UserNotFound").name for user_id in members]
        if params["Engine"].lower() == "redis" and "default" not in names:
            raise error("DefaultUserRequired", "User group needs a user whose name is default")
        groups[name] = {
            "UserGroupId": name,
            "Status": "active",
            "Engine": params["Engine"].lower(),
            "UserIds": members,
            "ARN": backend.arn("usergroup", name),
        }
        backend.tagging_service.tag_resource(groups[name]["ARN"], params.get("Tags") or [])
        return ActionResult(groups[name])

    def describe_user_groups(self: Any) -> ActionResult:
        groups = shelf(self.elasticache_backend, "user_groups")
        wanted = self.params.get("UserGroupId")
        found = [get_or_raise(groups, wanted, "UserGroupNotFound")] if wanted else list(groups.values())
        return ActionResult({"UserGroups": found})

    def modify_user_group(self: Any) -> ActionResult:
        groups = shelf(self.elasticache_backend, "user_groups")
        group = get_or_raise(groups, self.params["UserGroupId"], "UserGroupNotFound")
        gone = set(self.params.get("UserIdsToRemove") or [])
        group["UserIds"] = [id_ for id_ in group["UserIds"] if id_ not in gone]
        group["UserIds"] += self.params.get("UserIdsToAdd") or []
        return ActionResult(group)

    def delete_user_group(self: Any) -> ActionResult:
        groups = shelf(self.elasticache_backend, "user_groups")
        group = get_or_raise(groups, self.params["UserGroupId"], "UserGroupNotFound")
        return ActionResult({**groups.pop(group["UserGroupId"]), "Status": "deleting"})
