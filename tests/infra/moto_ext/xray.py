"""X-Ray: sampling rules, groups, encryption configuration, tags."""

from __future__ import annotations

import json
import time
from typing import Any

from moto.xray import urls
from moto.xray.responses import XRayResponse

from .patch import shelf

Answer = str | tuple[str, dict[str, int]]

for _path in (
    "CreateSamplingRule",
    "GetSamplingRules",
    "UpdateSamplingRule",
    "DeleteSamplingRule",
    "CreateGroup",
    "GetGroup",
    "Groups",
    "UpdateGroup",
    "DeleteGroup",
    "ListTagsForResource",
    "TagResource",
    "UntagResource",
    "PutEncryptionConfig",
    "EncryptionConfig",
):
    urls.url_paths[f"{{0}}/{_path}$"] = XRayResponse.dispatch

from .patch import extends  # noqa: E402


@extends(XRayResponse)
class _SamplingRules:
    def rules(self: Any) -> dict[str, Any]:
        return shelf(self.xray_backend, "sampling_rules")

    def arn(self: Any, kind: str, name: str) -> str:
        return f"arn:aws:xray:{self.region}:{self.current_account}:{kind}/{name}"

    def keep_tags(self: Any, arn: str) -> None:
        tags = shelf(self.xray_backend, "tags").setdefault(arn, {})
        tags.update({tag["Key"]: tag["Value"] for tag in self._get_param("Tags") or []})

    def refused(self: Any, message: str) -> Answer:
        answer: Answer = self._error("InvalidRequestException", message)
        return answer

    def create_sampling_rule(self: Any) -> Answer:
        rule = dict(self._get_param("SamplingRule"))
        name = rule["RuleName"]
        if name in self.rules():
            return self.refused("Sampling rule already exists")
        rule["RuleARN"] = self.arn("sampling-rule", name)
        rule.setdefault("Attributes", {})
        now = int(time.time())
        self.rules()[name] = {"SamplingRule": rule, "CreatedAt": now, "ModifiedAt": now}
        self.keep_tags(rule["RuleARN"])
        return json.dumps({"SamplingRuleRecord": self.rules()[name]})

    def get_sampling_rules(self: Any) -> Answer:
        return json.dumps({"SamplingRuleRecords": list(self.rules().values())})

    def update_sampling_rule(self: Any) -> Answer:
        change = self._get_param("SamplingRuleUpdate")
        record = self.rules().get(change.get("RuleName") or change["RuleARN"].rpartition("/")[2])
        if record is None:
            return self.refused("Sampling rule does not exist")
        record["SamplingRule"].update({key: value for key, value in change.items() if value is not None})
        return json.dumps({"SamplingRuleRecord": record})

    def delete_sampling_rule(self: Any) -> Answer:
        name = self._get_param("RuleName") or self._get_param("RuleARN").rpartition("/")[2]
        record = self.rules().pop(name, None)
        return json.dumps({"SamplingRuleRecord": record}) if record else self.refused("Sampling rule does not exist")


@extends(XRayResponse)
class _Groups:
    def found_group(self: Any) -> dict[str, Any] | None:
        name, arn = self._get_param("GroupName"), self._get_param("GroupARN")
        groups = shelf(self.xray_backend, "groups").values()
        return next((one for one in groups if one["GroupName"] == name or one["GroupARN"] == arn), None)

    def create_group(self: Any) -> Answer:
        name = self._get_param("GroupName")
        if self.found_group():
            return self.refused("Group already exists")
        insights = self._get_param("InsightsConfiguration") or {}
        group = {
            "GroupName": name,
            "GroupARN": self.arn("group", f"{name}/A1B2C3"),
            "FilterExpression": self._get_param("FilterExpression"),
            "InsightsConfiguration": {
                "InsightsEnabled": insights.get("InsightsEnabled", False),
                "NotificationsEnabled": insights.get("NotificationsEnabled", False),
            },
        }
        shelf(self.xray_backend, "groups")[name] = group
        self.keep_tags(group["GroupARN"])
        return json.dumps({"Group": group})

    def get_group(self: Any) -> Answer:
        group = self.found_group()
        return json.dumps({"Group": group}) if group else self.refused("Group not found")

    def groups(self: Any) -> Answer:
        return json.dumps({"Groups": list(shelf(self.xray_backend, "groups").values())})

    def update_group(self: Any) -> Answer:
        group = self.found_group()
        if group is None:
            return self.refused("Group not found")
        for key in ("FilterExpression", "InsightsConfiguration"):
            if self._get_param(key) is not None:
                group[key] = self._get_param(key)
        return json.dumps({"Group": group})

    def delete_group(self: Any) -> Answer:
        group = self.found_group()
        if group is None:
            return self.refused("Group not found")
        del shelf(self.xray_backend, "groups")[group["GroupName"]]
        return "{}"

    def list_tags_for_resource(self: Any) -> Answer:
        tags = shelf(self.xray_backend, "tags").get(self._get_param("ResourceARN"), {})
        return json.dumps({"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]})

    def tag_resource(self: Any) -> Answer:
        self.keep_tags(self._get_param("ResourceARN"))
        return "{}"

    def untag_resource(self: Any) -> Answer:
        tags = shelf(self.xray_backend, "tags").get(self._get_param("ResourceARN"), {})
        for key in self._get_param("TagKeys"):
            tags.pop(key, None)
        return "{}"

    def put_encryption_config(self: Any) -> Answer:
        config = shelf(self.xray_backend, "encryption")
        config.clear()
        config.update(Type=self._get_param("Type"), KeyId=self._get_param("KeyId"), Status="ACTIVE")
        return json.dumps({"EncryptionConfig": config})

    def encryption_config(self: Any) -> Answer:
        config = shelf(self.xray_backend, "encryption") or {"Type": "NONE", "Status": "ACTIVE"}
        return json.dumps({"EncryptionConfig": config})
