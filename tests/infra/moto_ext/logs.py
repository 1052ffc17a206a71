"""CloudWatch Logs: saved queries and data protection policies."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

from moto.logs.responses import LogsResponse

from .patch import extends, shelf


@extends(LogsResponse)
class _Queries:
    def put_query_definition(self: Any) -> str:
        id_ = self._get_param("queryDefinitionId") or str(uuid.uuid4())
        shelf(self.logs_backend, "query_definitions")[id_] = {
            "queryDefinitionId": id_,
            "name": self._get_param("name"),
            "queryString": self._get_param("queryString"),
            "logGroupNames": self._get_param("logGroupNames") or [],
            "queryLanguage": self._get_param("queryLanguage") or "CWLI",
            "lastModified": int(time.time() * 1000),
        }
        return json.dumps({"queryDefinitionId": id_})

    def describe_query_definitions(self: Any) -> str:
        prefix = self._get_param("queryDefinitionNamePrefix") or ""
        found = shelf(self.logs_backend, "query_definitions").values()
        return json.dumps({"queryDefinitions": [one for one in found if one["name"].startswith(prefix)]})

    def delete_query_definition(self: Any) -> str:
        gone = shelf(self.logs_backend, "query_definitions").pop(self._get_param("queryDefinitionId"), None)
        return json.dumps({"success": gone is not None})


@extends(LogsResponse)
class _DataProtection:
    def put_data_protection_policy(self: Any) -> str:
        name = self._get_param("logGroupIdentifier")
        shelf(self.logs_backend, "data_protection")[name] = self._get_param("policyDocument")
        return self.get_data_protection_policy()  # type: ignore[no-any-return]

    def get_data_protection_policy(self: Any) -> str:
        name = self._get_param("logGroupIdentifier")
        answer = {"logGroupIdentifier": name, "policyDocument": shelf(self.logs_backend, "data_protection").get(name)}
        return json.dumps({key: value for key, value in answer.items() if value is not None})

    def delete_data_protection_policy(self: Any) -> str:
        shelf(self.logs_backend, "data_protection").pop(self._get_param("logGroupIdentifier"), None)
        return "{}"
