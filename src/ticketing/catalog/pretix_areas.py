"""Areas of a pretix seating plan (stages, walls, labels) as shapes, placed and turned as its editor draws them."""

from __future__ import annotations

import unicodedata
from typing import Any

from .check_plan import MAX_NAME
from .geometry import ellipse, rectangle, turned
from .json_source import JsonSource, Path
from .model import Point, Shape, ShapeKind
from .read_json import COLOR

DEFAULT_TEXT_SIZE = 16

_DRAWN = {"circle", "ellipse", "polygon", "rectangle"}


def printable(text: str) -> str:
    """The text without control characters, at most as long as a name may be."""
    text = unicodedata.normalize("NFC", text)
    return "".join(c if c.isprintable() else " " for c in text)[:MAX_NAME].strip()


def position(source: JsonSource, parent: dict[str, Any], path: Path, *, optional: bool = False) -> Point:
    """The `position` of an object, relative to what it is in."""
    if "position" not in parent and optional:
        return (0.0, 0.0)
    inner = (*path, "position")
    found = source.member(parent, path, "position")
    if "position" not in parent:
        source.complain(path, "'position' is missing", 'Add "position": {"x": …, "y": …}')
        return (0.0, 0.0)
    return (source.number(found, inner, "x"), source.number(found, inner, "y"))


def color_of(parent: dict[str, Any]) -> str | None:
    """The colour of an object; None when it has none, or one that is no colour."""
    color = parent.get("color")
    return color if isinstance(color, str) and COLOR.fullmatch(color) else None


def read_area(source: JsonSource, value: Any, path: Path, base: Point) -> list[Shape]:
    """The shapes of an area in a zone at `base`: its outline, its text, both or none."""
    area = source.object_at(value, path)
    dx, dy = position(source, area, path, optional=True)
    at = (base[0] + dx, base[1] + dy)
    rotation = source.number(area, path, "rotation", 0.0)
    kind = source.text(area, path, "shape", "rectangle").strip()
    shapes = _outline(source, kind, area, path, at, rotation)
    text = area.get("text")
    if isinstance(text, str):  # the first generation of the schema
        width, height = (source.number(area, path, side, 0.0) for side in ("width", "height"))
        center = (at[0] + width / 2, at[1] + height / 2)
        return shapes + _lettering(text, turned([center], at, rotation)[0], DEFAULT_TEXT_SIZE, rotation, None)
    inner = source.member(area, path, "text")
    words = source.text(inner, (*path, "text"), "text", "")
    if words:
        tx, ty = position(source, inner, (*path, "text"), optional=True)
        size = source.number(inner, (*path, "text"), "size", DEFAULT_TEXT_SIZE)
        anchor = turned([(at[0] + tx, at[1] + ty)], at, rotation)[0]
        shapes += _lettering(words, anchor, size, rotation, color_of(inner))
    return shapes


def _lettering(text: str, at: Point, size: float, rotation: float, color: str | None) -> list[Shape]:
    words = printable(text)
    if not words:
        return []
    return [Shape(ShapeKind.TEXT, x=at[0], y=at[1], height=abs(size), text=words, rotation=rotation, color=color)]


def _outline(
    source: JsonSource, kind: str, area: dict[str, Any], path: Path, at: Point, rotation: float
) -> list[Shape]:
    color = color_of(area)
    inner_path = (*path, kind)
    inner = source.member(area, path, kind) if kind in _DRAWN else {}
    if kind == "circle" and inner:
        radius = abs(source.number(inner, inner_path, "radius"))
        return [Shape(ShapeKind.CIRCLE, x=at[0], y=at[1], radius=radius, color=color)]
    points: tuple[Point, ...] = ()
    if kind == "ellipse" and inner:
        radii = source.member(inner, inner_path, "radius")
        sizes = [source.number(radii, (*inner_path, "radius"), axis) for axis in ("x", "y")]
        points = ellipse(at, sizes[0], sizes[1])
    elif kind == "polygon" and inner:
        corners = [
            (source.object_at(corner, (*inner_path, "points", i)), (*inner_path, "points", i))
            for i, corner in enumerate(source.array(inner, inner_path, "points"))
        ]
        points = tuple((at[0] + source.number(c, p, "x"), at[1] + source.number(c, p, "y")) for c, p in corners)
    elif kind == "rectangle":
        size, where = (inner, inner_path) if inner else (area, path)
        sides = [source.number(size, where, side, 0.0) for side in ("width", "height")]
        if not rotation and min(sides) >= 0:
            x, y = at
            return [Shape(ShapeKind.RECT, x=x, y=y, width=sides[0], height=sides[1], color=color)]
        points = rectangle(*at, *sides)
    if not points:
        return []
    return [Shape(ShapeKind.POLYGON, points=turned(points, at, rotation), color=color)]
