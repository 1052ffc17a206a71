"""EC2: descriptions of rules for prefix lists, tags of launch templates, addresses that instances do not have."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.security_groups import SecurityGroupBackend, SecurityGroupRule
from moto.ec2.responses.launch_templates import LaunchTemplates

from .patch import extends

_create_rule = SecurityGroupRule.__init__


def _init_rule(self: Any, *given: Any, **named: Any) -> None:
    _create_rule(self, *given, **named)
    prefix_list = named.get("prefix_list_id") or (given[7] if len(given) > 7 else None) or {}
    self.prefix_list_description = prefix_list.get("Description")


SecurityGroupRule.__init__ = _init_rule  # type: ignore[method-assign]


_association = NetworkInterface.association.fget  # type: ignore[attr-defined]


@extends(NetworkInterface)
class _Address:
    @property
    def association(self: Any) -> Any:
        """None where there is no public address: an empty answer reads as if there was one."""
        return _association(self) or None


@extends(SecurityGroupRule)
class _Rule:
    @property
    def description(self: Any) -> str | None:
        for source in (self.ip_range, self.source_group, {"Description": self.prefix_list_description}):
            if source.get("Description") is not None:
                return str(source["Description"])
        return None


@extends(SecurityGroupBackend)
class _Rules:
    def modify_security_group_rules(self: Any, group_id: str, rules: dict[str, dict[str, Any]]) -> None:
        self.moto_modify_security_group_rules(group_id, rules)
        group = self.get_security_group_by_name_or_id(group_id)
        for rule in (*group.ingress_rules, *group.egress_rules):
            if rule.prefix_list_id and rule.id in rules:
                rule.prefix_list_description = rules[rule.id].get("Description")


@extends(LaunchTemplates)
class _LaunchTemplates:
    def create_launch_template(self: Any) -> ActionResult:
        """Tags of the template itself are not part of what it launches."""
        answer: ActionResult = self.moto_create_launch_template()
        for version in self.ec2_backend.get_launch_template_by_name(self._get_param("LaunchTemplateName")).versions:
            kept = [
                one for one in version.data.get("TagSpecifications") or [] if one["ResourceType"] != "launch-template"
            ]
            version.data["TagSpecifications"] = kept
        return answer
