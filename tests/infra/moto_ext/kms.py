"""KMS: how often a key is rotated."""

from __future__ import annotations

import json
from typing import Any

from moto.kms.responses import KmsResponse

from .patch import extends, shelf

_USUAL_DAYS = 365


@extends(KmsResponse)
class _Rotation:
    def periods(self: Any) -> tuple[dict[str, int], str]:
        return shelf(self.kms_backend, "rotation_days"), self.kms_backend.get_key_id(self._get_param("KeyId"))

    def enable_key_rotation(self: Any) -> str:
        answer: str = self.moto_enable_key_rotation()
        periods, key_id = self.periods()
        periods[key_id] = self._get_param("RotationPeriodInDays") or periods.get(key_id, _USUAL_DAYS)
        return answer

    def get_key_rotation_status(self: Any) -> str:
        status = json.loads(self.moto_get_key_rotation_status())
        periods, key_id = self.periods()
        if status["KeyRotationEnabled"]:
            status.update(KeyId=key_id, RotationPeriodInDays=periods.get(key_id, _USUAL_DAYS))
        return json.dumps(status)
