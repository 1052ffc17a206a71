"""Read our own plan JSON: the document of `document.py`, checked piece by piece.

Left out: `version` (computed), `capacity` of reserved sections, `outline`, `label`, `seat_size`, `shapes`, `grades`.
Names may be one text for both languages, numbers may be bare integers.
"""

from __future__ import annotations

import re
from typing import Any

from .document import decode_plan
from .geometry import completed, rectangle, turned
from .json_source import JsonSource, Path, is_number
from .model import SeatPlan, SectionKind, ShapeKind
from .problems import Spot

COLOR = re.compile(r"#[0-9a-fA-F]{3,8}|[a-zA-Z]{3,24}|(?:rgb|rgba|hsl|hsla)\([0-9., %]{1,40}\)")
"""CSS colours that cannot smuggle anything into a style."""

_FIELDS = {"seat_id": "ids", "number": "numbers", "row": "name"}


def read_json(source: JsonSource) -> SeatPlan:
    """The plan of our own JSON, completed. Raises ImportFailed with every structural problem."""
    root = source.object_at(source.root, ())
    source.text(root, (), "name")
    for key in ("width", "height"):
        source.number(root, (), key)
    if "seat_size" in root and source.number(root, (), "seat_size") <= 0:
        source.complain(("seat_size",), "the seats have no size", "Use a number above 0, or leave it out")
    for i, style in enumerate(source.array(root, (), "grades", optional=True)):
        path: Path = ("grades", i)
        checked = source.object_at(style, path)
        source.text(checked, path, "grade")
        _color(source, checked, path, required=True)
    for i, shape in enumerate(source.array(root, (), "shapes", optional=True)):
        _shape(source, source.object_at(shape, ("shapes", i)), ("shapes", i))
    for i, section in enumerate(source.array(root, (), "sections")):
        _section(source, source.object_at(section, ("sections", i)), ("sections", i))
    source.settle()
    return completed(decode_plan(root))


def locate(source: JsonSource, spot: Spot, field: str) -> str:
    """`file:line $.path` of a spot of a plan that `read_json` made."""
    if spot.shape is not None:
        return source.where(("shapes", spot.shape, field))
    path: Path = ()
    if spot.section is not None:
        path = ("sections", spot.section)
    if spot.row is not None:
        path = (*path, "rows", spot.row)
    if spot.row is not None:
        name = _FIELDS.get(field, field)
        row = source.root["sections"][spot.section]["rows"][spot.row]
        path = (*path, name if name in row else "numbers")
        return source.where(path if spot.seat is None else (*path, spot.seat))
    return source.where((*path, "id" if field == "seat_id" else field))


def _color(source: JsonSource, parent: dict[str, Any], path: Path, *, required: bool = False) -> None:
    color = source.text(parent, path, "color", None if required else "")
    if color and COLOR.fullmatch(color) is None:
        source.complain((*path, "color"), f"{color[:40]!r} is not a colour", "Use #rrggbb")


def _name(source: JsonSource, parent: dict[str, Any], path: Path) -> None:
    if isinstance(parent.get("name"), str):
        return
    names = source.member(parent, path, "name")
    if "name" not in parent:
        source.complain(path, "'name' is missing", 'Add "name": {"ko": "…", "en": "…"}')
        return
    for language in ("ko", "en"):
        source.text(names, (*path, "name"), language)


def _points(source: JsonSource, parent: dict[str, Any], path: Path, key: str) -> None:
    for i, point in enumerate(source.array(parent, path, key, optional=True)):
        if not (isinstance(point, list) and len(point) == 2 and all(map(is_number, point))):
            source.complain((*path, key, i), "expected [x, y]", "Write two finite numbers in [ ]")


def _shape(source: JsonSource, shape: dict[str, Any], path: Path) -> None:
    kind = source.text(shape, path, "kind")
    if isinstance(shape.get("kind"), str) and kind not in set(ShapeKind):
        source.complain((*path, "kind"), f"unknown shape {kind[:40]!r}", f"Use one of {', '.join(ShapeKind)}")
    for key in ("x", "y", "width", "height", "radius", "rotation"):
        source.number(shape, path, key, 0.0)
    source.text(shape, path, "text", "")
    _color(source, shape, path)
    _points(source, shape, path, "points")
    if kind == ShapeKind.RECT and is_number(shape.get("rotation")) and shape["rotation"]:
        # See Shape: only texts keep a rotation.
        x, y, width, height = (float(shape.get(key) or 0) for key in ("x", "y", "width", "height"))
        shape["points"] = [list(p) for p in turned(rectangle(x, y, width, height), (x, y), shape["rotation"])]
        shape["kind"] = ShapeKind.POLYGON.value
        for key in ("width", "height", "rotation"):
            shape.pop(key, None)


def _section(source: JsonSource, section: dict[str, Any], path: Path) -> None:
    source.text(section, path, "id")
    _name(source, section, path)
    kind = source.text(section, path, "kind")
    if isinstance(section.get("kind"), str) and kind not in set(SectionKind):
        source.complain((*path, "kind"), f"unknown kind {kind[:40]!r}", "Use reserved or standing")
    capacity = section.get("capacity", 0 if kind == SectionKind.STANDING else 1)
    if type(capacity) is not int or not 0 < capacity < 10**9:
        source.complain((*path, "capacity"), f"capacity is {str(capacity)[:40]}", "Use a whole number of 1 or more")
    source.text(section, path, "grade", "")
    _points(source, section, path, "outline")
    label = section.get("label")
    if label is not None and not (isinstance(label, list) and len(label) == 2 and all(map(is_number, label))):
        source.complain((*path, "label"), "expected [x, y]", "Write two finite numbers in [ ]")
    for i, row in enumerate(source.array(section, path, "rows", optional=True)):
        _row(source, source.object_at(row, (*path, "rows", i)), (*path, "rows", i))


def _row(source: JsonSource, row: dict[str, Any], path: Path) -> None:
    if type(row.get("name")) is not int:
        source.text(row, path, "name")
    source.text(row, path, "grade")
    source.text(row, path, "label", "")
    count = len(source.array(row, path, "numbers"))
    for key in ("x", "y"):
        values = source.array(row, path, key)
        if "numbers" in row and key in row and len(values) != count:
            source.complain((*path, key), f"{len(values)} values for {count} seats", "Give each seat exactly one")
        if not all(map(is_number, values)):
            for i, value in enumerate(values):
                if not is_number(value):
                    source.complain((*path, key, i), f"{key} is {str(value)[:40]}", "Use a finite number")
    for key in ("numbers", "ids"):
        values = source.array(row, path, key, optional=key == "ids")
        wanted = (str, int) if key == "numbers" else (str,)
        for i, value in enumerate(values):
            if type(value) not in wanted:
                source.complain((*path, key, i), f"expected a text, found {str(value)[:40]}", "Put it in quotes")
    for i, index in enumerate(source.array(row, path, "accessible", optional=True)):
        if type(index) is not int:
            source.complain((*path, "accessible", i), "expected the index of a seat", "Use whole numbers from 0")
