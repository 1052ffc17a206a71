"""CloudFormation: users of ElastiCache, and references to secrets that only AWS resolves."""

# ruff: noqa: ARG003 the arguments are CloudFormationModel's
from __future__ import annotations

import json
import re
from typing import Any

from moto.core.common_models import CloudFormationModel
from moto.elasticache.models import elasticache_backends
from moto.secretsmanager.models import secretsmanager_backends

_REFERENCE = re.compile(
    r"\{\{resolve:secretsmanager:(?P<secret>arn:[^:]+:secretsmanager:[^:]+:[^:]+:secret:[^:}]+|[^:}]+)"
    r":SecretString:(?P<key>[^:}]*)(?::(?P<stage>[^:}]*))?(?::(?P<version>[^:}]*))?\}\}"
)


def resolve(text: str, account_id: str, region: str) -> str:
    """The text with each dynamic reference replaced by what the secret holds."""

    def value(found: re.Match[str]) -> str:
        secret = secretsmanager_backends[account_id][region].get_secret_value(
            secret_id=found["secret"], version_id=found["version"] or "", version_stage=found["stage"] or ""
        )
        whole = str(secret["SecretString"])
        return str(json.loads(whole)[found["key"]]) if found["key"] else whole

    return _REFERENCE.sub(value, text)


class ElastiCacheUser(CloudFormationModel):
    """AWS::ElastiCache::User."""

    def __init__(self, user: Any) -> None:
        self.user = user

    @property
    def physical_resource_id(self) -> str:
        return str(self.user.id)

    @staticmethod
    def cloudformation_name_type() -> str:
        return "UserId"

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::ElastiCache::User"

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        return attr in ("Arn", "Status")

    def get_cfn_attribute(self, attribute_name: str) -> Any:
        return self.user.arn if attribute_name == "Arn" else self.user.status

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **kwargs: Any
    ) -> ElastiCacheUser:
        wanted = cloudformation_json["Properties"]
        mode = wanted.get("AuthenticationMode") or {}
        passwords = mode.get("Passwords") or wanted.get("Passwords") or []
        user = elasticache_backends[account_id][region_name].create_user(
            user_id=wanted["UserId"],
            user_name=wanted["UserName"],
            engine=wanted["Engine"],
            passwords=[resolve(one, account_id, region_name) for one in passwords],
            access_string=wanted.get("AccessString", ""),
            no_password_required=mode.get("Type") == "no-password-required",
            authentication_type=mode.get("Type", "password"),
        )
        return cls(user)

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Any,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> ElastiCacheUser:
        elasticache_backends[account_id][region_name].users.pop(original_resource.user.id, None)
        return cls.create_from_cloudformation_json(new_resource_name, cloudformation_json, account_id, region_name)

    @classmethod
    def delete_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str
    ) -> None:
        elasticache_backends[account_id][region_name].users.pop(resource_name, None)
