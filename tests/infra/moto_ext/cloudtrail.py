"""CloudTrail: trails that are asked for by name or ARN."""

from __future__ import annotations

import json
from typing import Any

from moto.cloudtrail.responses import CloudTrailResponse

from .patch import extends


@extends(CloudTrailResponse)
class _Trails:
    def delete_trail(self: Any) -> str:
        # By ARN as well as by name.
        self.cloudtrail_backend.delete_trail(self._get_param("Name").rpartition("/")[2])
        return "{}"

    def describe_trails(self: Any) -> str:
        wanted = self._get_param("trailNameList") or []
        listed = json.loads(self.moto_describe_trails())["trailList"]
        found = [one for one in listed if not wanted or one["Name"] in wanted or one["TrailARN"] in wanted]
        return json.dumps({"trailList": found})
