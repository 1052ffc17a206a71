"""How a file here adds to moto's classes."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from moto.core.exceptions import ServiceException

Extension = TypeVar("Extension", bound=type)


def extends(target: type) -> Callable[[Extension], Extension]:
    """Class decorator: give `target` the members of the decorated class; those of the same name are replaced.

    A replaced method stays reachable as `target.moto_NAME`, for extensions that add to what it does.
    """

    def add(extension: Extension) -> Extension:
        for name, member in vars(extension).items():
            if name.startswith("__"):
                continue
            before = getattr(target, name, None)
            if callable(before):
                setattr(target, f"moto_{name}", before)
            setattr(target, name, member)
        return extension

    return add


def shelf(backend: object, name: str) -> dict[str, Any]:
    """A dictionary that belongs to this backend, so to one account and region, and is emptied with it."""
    found: dict[str, Any] = backend.__dict__.setdefault(name, {})
    return found


def get_or_raise(things: Mapping[str, Any], key: str, code: str) -> Any:
    """The thing of that key. Raises the AWS error `code`, which is what Terraform looks at to see that one is gone."""
    if key not in things:
        raise error(code, f"{key} was not found")
    return things[key]


def error(code: str, message: str) -> ServiceException:
    """An AWS error, to be raised."""

    class Refused(ServiceException):
        pass

    Refused.code = code
    return Refused(message)


def etag() -> str:
    """As CloudFront gives them."""
    return "E" + uuid.uuid4().hex[:13].upper()


def tag_map(tags: Sequence[Mapping[str, str]] | None) -> dict[str, str]:
    """[{Key, Value}] as a dictionary."""
    return {tag["Key"]: tag["Value"] for tag in tags or []}
