"""SQS: who may use a queue for its dead letters, and redrive policies as AWS writes them."""

from __future__ import annotations

import json
from typing import Any

from moto.sqs.models import Queue

from .patch import extends

_BY_MOTO = Queue.attributes.fget
Queue.BASE_ATTRIBUTES = [*Queue.BASE_ATTRIBUTES, "RedriveAllowPolicy"]
Queue.redrive_allow_policy = None


@extends(Queue)
class _Queue:
    @property
    def attributes(self: Any) -> dict[str, Any]:
        found: dict[str, Any] = _BY_MOTO(self)  # type: ignore[misc]
        # An emptied policy is none.
        found = {key: value for key, value in found.items() if not (key == "RedriveAllowPolicy" and not value)}
        if self.redrive_policy:
            # AWS answers without blanks, and Terraform compares texts.
            found["RedrivePolicy"] = json.dumps(self.redrive_policy, separators=(",", ":"))
        return found

    def _set_attributes(self: Any, attributes: dict[str, Any], now: float | None = None) -> None:
        """What is not mentioned stays: moto forgets the policy whenever anything else is set."""
        policy = getattr(self, "policy", None)
        self.moto__set_attributes(attributes, now)
        if "Policy" not in attributes:
            self.policy = policy
