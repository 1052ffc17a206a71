"""CloudWatch: composite alarms."""

from __future__ import annotations

from typing import Any

from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult, EmptyResult

from .patch import extends


@extends(CloudWatchResponse)
class _CompositeAlarms:
    def put_composite_alarm(self: Any) -> ActionResult:
        params = self.params
        nothing: dict[str, Any] = dict.fromkeys(
            (
                "namespace",
                "metric_name",
                "metric_data_queries",
                "comparison_operator",
                "evaluation_periods",
                "datapoints_to_alarm",
                "period",
                "threshold",
                "statistic",
                "extended_statistic",
                "unit",
                "treat_missing_data",
                "evaluate_low_sample_count_percentile",
                "threshold_metric_id",
            )
        )
        alarm = self.cloudwatch_backend.put_metric_alarm(
            **nothing,
            name=params["AlarmName"],
            description=params.get("AlarmDescription"),
            dimensions=[],
            alarm_actions=params.get("AlarmActions") or [],
            ok_actions=params.get("OKActions") or [],
            insufficient_data_actions=params.get("InsufficientDataActions") or [],
            actions_enabled=params.get("ActionsEnabled", True),
            tags=params.get("Tags") or [],
            rule=params["AlarmRule"],
        )
        alarm.alarm_rule = params["AlarmRule"]
        for name in ("ActionsSuppressor", "ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod"):
            setattr(alarm, name, params.get(name))
        return EmptyResult()
