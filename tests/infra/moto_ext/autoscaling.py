"""Auto Scaling: the settings of groups, policies and hooks that moto forgets, and notifications."""

from __future__ import annotations

import uuid
from typing import Any

from moto.autoscaling.models import FakeAutoScalingGroup, FakeScalingPolicy
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult, EmptyResult

from .patch import extends, shelf

_REMEMBERED = {
    "DefaultInstanceWarmup": "default_instance_warmup",
    "MaxInstanceLifetime": "max_instance_lifetime",
    "InstanceMaintenancePolicy": "instance_maintenance_policy",
    "DefaultCooldown": "default_cooldown",
    "CapacityRebalance": "capacity_rebalance",
    "TerminationPolicies": "termination_policies",
    "Context": "context",
    "DesiredCapacityType": "desired_capacity_type",
}
for _name in ("default_instance_warmup", "max_instance_lifetime", "instance_maintenance_policy", "context"):
    setattr(FakeAutoScalingGroup, _name, None)
FakeScalingPolicy.enabled = True


@extends(AutoScalingResponse)
class _Groups:
    def remember(self: Any) -> None:
        group = self.autoscaling_backend.autoscaling_groups[self.params["AutoScalingGroupName"]]
        for theirs, ours in _REMEMBERED.items():
            if self.params.get(theirs) is not None:
                setattr(group, ours, self.params[theirs])

    def create_auto_scaling_group(self: Any) -> ActionResult:
        answer: ActionResult = self.moto_create_auto_scaling_group()
        self.remember()
        return answer

    def update_auto_scaling_group(self: Any) -> ActionResult:
        answer: ActionResult = self.moto_update_auto_scaling_group()
        self.remember()
        return answer

    def put_scaling_policy(self: Any) -> ActionResult:
        answer: ActionResult = self.moto_put_scaling_policy()
        policy = self.autoscaling_backend.policies[self.params["PolicyName"]]
        policy.enabled = self.params.get("Enabled", True)
        policy.predictive_scaling_configuration = self.params.get("PredictiveScalingConfiguration")
        return answer


@extends(AutoScalingResponse)
class _Refreshes:
    """Instance refreshes, each done at once."""

    def start_instance_refresh(self: Any) -> ActionResult:
        refresh = {
            "InstanceRefreshId": str(uuid.uuid4()),
            "AutoScalingGroupName": self.params["AutoScalingGroupName"],
            "Status": "Successful",
            "PercentageComplete": 100,
        }
        shelf(self.autoscaling_backend, "refreshes")[refresh["InstanceRefreshId"]] = refresh
        return ActionResult({"InstanceRefreshId": refresh["InstanceRefreshId"]})

    def describe_instance_refreshes(self: Any) -> ActionResult:
        wanted = self.params.get("InstanceRefreshIds")
        found = [
            refresh
            for refresh in shelf(self.autoscaling_backend, "refreshes").values()
            if refresh["AutoScalingGroupName"] == self.params["AutoScalingGroupName"]
            and (not wanted or refresh["InstanceRefreshId"] in wanted)
        ]
        return ActionResult({"InstanceRefreshes": found})


@extends(AutoScalingResponse)
class _HooksAndNotifications:
    def put_lifecycle_hook(self: Any) -> ActionResult:
        self.moto_put_lifecycle_hook()
        name = f"{self.params['AutoScalingGroupName']}_{self.params['LifecycleHookName']}"
        hook = self.autoscaling_backend.lifecycle_hooks[name]
        hook.role_arn = self.params.get("RoleARN")
        hook.notification_target_arn = self.params.get("NotificationTargetARN")
        hook.notification_metadata = self.params.get("NotificationMetadata")
        return EmptyResult()

    def put_notification_configuration(self: Any) -> ActionResult:
        key = (self.params["AutoScalingGroupName"], self.params["TopicARN"])
        shelf(self.autoscaling_backend, "notifications")[key] = list(self.params["NotificationTypes"])
        return EmptyResult()

    def describe_notification_configurations(self: Any) -> ActionResult:
        wanted = self.params.get("AutoScalingGroupNames")
        found = [
            {"AutoScalingGroupName": group, "TopicARN": topic, "NotificationType": kind}
            for (group, topic), kinds in shelf(self.autoscaling_backend, "notifications").items()  # type: ignore[misc]
            for kind in kinds
            if not wanted or group in wanted
        ]
        return ActionResult({"NotificationConfigurations": found})

    def delete_notification_configuration(self: Any) -> ActionResult:
        key = (self.params["AutoScalingGroupName"], self.params["TopicARN"])
        shelf(self.autoscaling_backend, "notifications").pop(key, None)  # type: ignore[call-overload]
        return EmptyResult()
