"""JSON from strangers: typed reading that collects complaints, and the line on which each thing stands."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from .check_plan import MAX_LENGTH
from .problems import SHOWN, ImportFailed, PlanProblem

Path = tuple[str | int, ...]

_BLANK = re.compile(r"[ \t\r\n]*")
_MISSING = object()


class LineFinder:
    """Which line of a (valid) JSON text a path is on. Reads each container at most once, and only when asked."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._decoder = json.JSONDecoder()
        self._offsets: dict[int, dict[str | int, int]] = {}

    def line(self, path: Path) -> int:
        """The line of a path, or of its nearest ancestor that exists."""
        offset = self._skip(0)
        for key in path:
            child = self._children(offset).get(key)
            if child is None:
                break
            offset = child
        return self._text.count("\n", 0, offset) + 1

    def _skip(self, offset: int) -> int:
        found = _BLANK.match(self._text, offset)
        return found.end() if found else offset

    def _children(self, offset: int) -> dict[str | int, int]:
        if offset not in self._offsets:
            self._offsets[offset] = self._scan(offset)
        return self._offsets[offset]

    def _scan(self, offset: int) -> dict[str | int, int]:
        opening = self._text[offset]
        found: dict[str | int, int] = {}
        if opening not in "{[":
            return found
        at = self._skip(offset + 1)
        while self._text[at] not in "}]":
            key: str | int = len(found)
            if opening == "{":
                key, at = self._decoder.raw_decode(self._text, at)
                at = self._skip(self._skip(at) + 1)  # the colon
            found[key] = at
            _, at = self._decoder.raw_decode(self._text, at)
            at = self._skip(at)
            if self._text[at] == ",":
                at = self._skip(at + 1)
        return found


def path_text(path: Path) -> str:
    """`$.sections[0].rows[2].x`."""
    return "$" + "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)


class JsonSource:
    """One JSON file: its content, and the complaints about it so far."""

    def __init__(self, file: str, text: str) -> None:
        """Parse. Raises ImportFailed with the line and column of a syntax error."""
        self.file = file
        self._finder = LineFinder(text)
        self._complaints: list[tuple[Path, str, str]] = []
        self._unseen = 0
        try:
            self.root: Any = json.loads(text)
        except json.JSONDecodeError as error:
            where = f"{file}:{error.lineno} column {error.colno}"
            raise ImportFailed([PlanProblem(where, f"not JSON: {error.msg}", "Correct the syntax there")]) from None
        except RecursionError:
            what = "nested too deeply to be a plan"
            raise ImportFailed([PlanProblem(f"{file}:1", what, "Export the plan again")]) from None
        except ValueError as error:
            what = f"not usable JSON: {error}"
            raise ImportFailed([PlanProblem(f"{file}:1", what, "Shorten that number")]) from None

    def where(self, path: Path) -> str:
        """`file:line $.path`."""
        return f"{self.file}:{self._finder.line(path)} {path_text(path)}"

    def complain(self, path: Path, what: str, cure: str) -> None:
        """Note a problem; the reading goes on."""
        if len(self._complaints) < SHOWN:
            self._complaints.append((path, what, cure))
        else:
            self._unseen += 1

    def settle(self) -> None:
        """Raises ImportFailed if there was any complaint."""
        if self._complaints:
            problems = [PlanProblem(self.where(path), what, cure) for path, what, cure in self._complaints]
            raise ImportFailed(problems, unseen=self._unseen)

    def text(self, parent: Mapping[str, Any], path: Path, key: str, default: str | None = None) -> str:
        """A string member; `default` makes it optional."""
        value = parent.get(key, _MISSING)
        if isinstance(value, str):
            return value
        if default is not None and value is _MISSING:
            return default
        self._wrong(path, key, value, "a text in quotes")
        return ""

    def number(self, parent: Mapping[str, Any], path: Path, key: str, default: float | None = None) -> float:
        """A finite number member; `default` makes it optional."""
        value = parent.get(key, _MISSING)
        if is_number(value):
            return float(value)
        if default is not None and value is _MISSING:
            return default
        self._wrong(path, key, value, f"a number between -{MAX_LENGTH:.0f} and {MAX_LENGTH:.0f}")
        return 0.0

    def array(self, parent: Mapping[str, Any], path: Path, key: str, *, optional: bool = False) -> list[Any]:
        """A list member; empty when it is optional and left out."""
        value = parent.get(key, _MISSING)
        if isinstance(value, list):
            return value
        if not (optional and value is _MISSING):
            self._wrong(path, key, value, "a list in [ ]")
        return []

    def member(self, parent: Mapping[str, Any], path: Path, key: str) -> dict[str, Any]:
        """An object member; empty when it is left out."""
        value = parent.get(key, _MISSING)
        if isinstance(value, dict):
            return self.object_at(value, (*path, key))
        if value is not _MISSING:
            self._wrong(path, key, value, "an object in { }")
        return {}

    def object_at(self, value: Any, path: Path) -> dict[str, Any]:
        """An object that is an item of a list; its members that are null are dropped: null means left out."""
        if isinstance(value, dict):
            for key in [key for key, member in value.items() if member is None]:
                del value[key]
            return value
        self.complain(path, f"expected an object in {{ }}, found {_shown(value)}", "Correct or remove it")
        return {}

    def _wrong(self, path: Path, key: str, value: Any, wanted: str) -> None:
        if value is _MISSING:
            self.complain(path, f"{key!r} is missing", f"Add {key!r}: {wanted}")
        else:
            self.complain((*path, key), f"expected {wanted}, found {_shown(value)}", "Correct it")


def is_number(value: object) -> bool:
    """A finite number of usable size (NaN and infinity, which Python's JSON lets through, are not)."""
    # bool is an int to isinstance, and NaN fails every comparison.
    return isinstance(value, (int, float)) and type(value) is not bool and -MAX_LENGTH <= value <= MAX_LENGTH


def _shown(value: object) -> str:
    if isinstance(value, (dict, list)):
        return "a list" if isinstance(value, list) else "an object"
    return repr(value)[:60]
