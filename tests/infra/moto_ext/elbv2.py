"""Elastic Load Balancing: capacity that is reserved ahead of a known peak."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.elbv2.responses import ELBV2Response

from .patch import extends, shelf


@extends(ELBV2Response)
class _CapacityReservations:
    def modify_capacity_reservation(self: Any) -> ActionResult:
        arn = self._get_param("LoadBalancerArn")
        kept = shelf(self.elbv2_backend, "reserved_capacity")
        wanted = self._get_param("MinimumLoadBalancerCapacity") or {}
        if self._get_param("ResetCapacityReservation") or not wanted:
            kept.pop(arn, None)
        else:
            kept[arn] = int(wanted["CapacityUnits"])
        return self.describe_capacity_reservation()  # type: ignore[no-any-return]

    def describe_capacity_reservation(self: Any) -> ActionResult:
        units = shelf(self.elbv2_backend, "reserved_capacity").get(self._get_param("LoadBalancerArn"))
        answer: dict[str, Any] = {"CapacityReservationState": [], "DecreaseRequestsRemaining": 2}
        if units:
            answer["MinimumLoadBalancerCapacity"] = {"CapacityUnits": units}
            answer["CapacityReservationState"] = [
                {
                    "AvailabilityZone": f"{self.region}a",
                    "EffectiveCapacityUnits": float(units),
                    "State": {"Code": "provisioned"},
                }
            ]
        return ActionResult(answer)
