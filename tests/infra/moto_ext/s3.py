"""S3: bucket policies with conditions, and event delivery to EventBridge."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.iam.access_control import IAMPolicyStatement, PermissionResult
from moto.s3.models import FakeBucket
from moto.s3.responses import S3Response

from .patch import extends


def _is_for_plain_http(statement: dict[str, Any]) -> bool:
    """Is this the usual statement that denies whatever does not come by TLS?"""
    condition = statement.get("Condition") or {}
    asked = {key.lower(): value for key, value in (condition.get("Bool") or {}).items()}
    return statement.get("Effect") == "Deny" and str(asked.get("aws:securetransport", "")).lower() == "false"


@extends(IAMPolicyStatement)
class _Statement:
    def is_action_permitted(self: Any, *given: Any, **named: Any) -> Any:
        """A test server speaks plain HTTP and stands for one that speaks TLS."""
        if _is_for_plain_http(self._statement):
            return PermissionResult.NEUTRAL
        return self.moto_is_action_permitted(*given, **named)


@extends(FakeBucket)
class _Bucket:
    def _log_permissions_enabled_policy(self: Any, target_bucket: Any, target_prefix: str | None) -> bool:
        """Does a policy let the logging service write? Principals may be `"*"`, which is no mapping."""
        if not target_bucket.policy:
            return False
        return b"logging.s3.amazonaws.com" in target_bucket.policy


@extends(S3Response)
class _Notifications:
    def get_bucket_notification(self: Any) -> Any:
        kept = self.backend.get_bucket_notification_configuration(self.bucket_name)
        if kept is None or kept.event_bridge is None or kept.topic or kept.queue or kept.cloud_function:
            return self.moto_get_bucket_notification()
        self.data["Action"] = "GetBucketNotificationConfiguration"
        status, headers, body = self.serialized(ActionResult({"EventBridgeConfiguration": {}}))
        text = body.decode() if isinstance(body, bytes) else body
        if "EventBridgeConfiguration" not in text:
            # An element without content is left out by the serializer, and here it is the message.
            text = text.replace(
                "</NotificationConfiguration>", "<EventBridgeConfiguration/></NotificationConfiguration>"
            )
        return status, headers, text
