"""Budgets: subscribers of notifications, changes, tags."""

from __future__ import annotations

import json
from typing import Any

from moto.budgets.responses import BudgetsResponse

from .patch import error, extends, shelf


@extends(BudgetsResponse)
class _Subscribers:
    def found_budget(self: Any) -> Any:
        budget = self.backend.budgets[self._get_param("AccountId")].get(self._get_param("BudgetName"))
        if budget is None:
            raise error("NotFoundException", "Unable to get budget: it doesn't exist.")
        return budget

    def create_budget(self: Any) -> str:
        answer: str = self.moto_create_budget()
        name = self._get_param("Budget")["BudgetName"]
        self.tags_of(name).update({tag["Key"]: tag["Value"] for tag in self._get_param("ResourceTags") or []})
        return answer

    def update_budget(self: Any) -> str:
        new = self._get_param("NewBudget")
        self.backend.budgets[self._get_param("AccountId")][new["BudgetName"]].budget.update(new)
        return "{}"

    def describe_subscribers_for_notification(self: Any) -> str:
        wanted = self._get_param("Notification")
        for one in self.found_budget().notifications:
            if all(one.details.get(key) == value for key, value in wanted.items() if key != "NotificationState"):
                return json.dumps({"Subscribers": one.subscribers})
        raise error("NotFoundException", "Unable to get subscribers: the notification doesn't exist.")

    def tags_of(self: Any, name: str) -> dict[str, str]:
        found: dict[str, str] = shelf(self.backend, "tags").setdefault(name, {})
        return found

    def list_tags_for_resource(self: Any) -> str:
        tags = self.tags_of(self._get_param("ResourceARN").rpartition("/")[2])
        return json.dumps({"ResourceTags": [{"Key": key, "Value": value} for key, value in tags.items()]})

    def tag_resource(self: Any) -> str:
        tags = {tag["Key"]: tag["Value"] for tag in self._get_param("ResourceTags")}
        self.tags_of(self._get_param("ResourceARN").rpartition("/")[2]).update(tags)
        return "{}"
