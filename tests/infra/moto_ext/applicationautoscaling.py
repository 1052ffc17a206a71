"""Application Auto Scaling: tags of scalable targets."""

from __future__ import annotations

import json
from typing import Any

from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse

from .patch import extends, shelf


@extends(ApplicationAutoScalingResponse)
class _Tags:
    def tags_of(self: Any, arn: str) -> dict[str, str]:
        found: dict[str, str] = shelf(self.applicationautoscaling_backend, "tags").setdefault(arn, {})
        return found

    def register_scalable_target(self: Any) -> str:
        answer: str = self.moto_register_scalable_target()
        self.tags_of(json.loads(answer)["ScalableTargetARN"]).update(self._get_param("Tags") or {})
        return answer

    def list_tags_for_resource(self: Any) -> str:
        return json.dumps({"Tags": self.tags_of(self._get_param("ResourceARN"))})

    def tag_resource(self: Any) -> str:
        self.tags_of(self._get_param("ResourceARN")).update(self._get_param("Tags"))
        return "{}"

    def untag_resource(self: Any) -> str:
        for key in self._get_param("TagKeys"):
            self.tags_of(self._get_param("ResourceARN")).pop(key, None)
        return "{}"
