"""A plan as canonical JSON (the public plan document) and back, and the version that names its content.

{"version", "name", "width", "height", "seat_size"?, "grades"?: [{"grade", "color"}],
 "shapes": [{"kind", "x", "y", …}],
 "sections": [{"id", "name": {"ko", "en"}, "kind", "capacity", "grade"?, "outline": [[x, y]…], "label": [x, y]?,
    "rows": [{"name", "grade", "numbers": […], "x": […], "y": […], "ids"?, "accessible"?, "label"?}]}]}
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .model import GradeStyle, Localized, Point, Row, SeatPlan, Section, SectionKind, Shape, ShapeKind

_SHAPE_NUMBERS = ("width", "height", "radius", "rotation")


@dataclass(frozen=True, slots=True)
class EncodedPlan:
    """Canonical bytes and their version; equal plans have equal versions on every machine."""

    version: str
    body: bytes


def _number(value: float) -> float | int:
    # Hundredths of a unit are below what anyone sees; whole numbers without ".0" keep the document small.
    rounded = round(value, 2)
    return int(rounded) if rounded == int(rounded) else rounded


def _numbers(values: Iterable[float]) -> list[float | int]:
    return [_number(value) for value in values]


def _points(points: Iterable[Point]) -> list[list[float | int]]:
    return [_numbers(point) for point in points]


def _row_document(row: Row) -> dict[str, Any]:
    document: dict[str, Any] = {
        "name": row.name,
        "grade": row.grade,
        "numbers": row.numbers,
        "x": _numbers(row.x),
        "y": _numbers(row.y),
    }
    if row.ids is not None:
        document["ids"] = row.ids
    if row.accessible:
        document["accessible"] = row.accessible
    if row.label is not None:
        document["label"] = row.label
    return document


def _section_document(section: Section) -> dict[str, Any]:
    document: dict[str, Any] = {
        "id": section.id,
        "name": section.name.document(),
        "kind": section.kind.value,
        "capacity": section.capacity,
    }
    if section.grade is not None:
        document["grade"] = section.grade
    document["outline"] = _points(section.outline)
    if section.label is not None:
        document["label"] = _numbers(section.label)
    document["rows"] = [_row_document(row) for row in section.rows]
    return document


def _shape_document(shape: Shape) -> dict[str, Any]:
    document: dict[str, Any] = {"kind": shape.kind.value}
    if shape.kind is ShapeKind.POLYGON:
        document["points"] = _points(shape.points)
    else:
        document["x"], document["y"] = _number(shape.x), _number(shape.y)
    for name in _SHAPE_NUMBERS:
        value = getattr(shape, name)
        if value:
            document[name] = _number(value)
    if shape.text:
        document["text"] = shape.text
    if shape.color is not None:
        document["color"] = shape.color
    return document


def encode_plan(plan: SeatPlan) -> EncodedPlan:
    """The canonical document of a valid plan, and its version (80 bits of SHA-256, base32)."""
    content: dict[str, Any] = {"name": plan.name, "width": _number(plan.width), "height": _number(plan.height)}
    if plan.seat_size is not None:
        content["seat_size"] = _number(plan.seat_size)
    if plan.styles:
        content["grades"] = [{"grade": style.grade, "color": style.color} for style in plan.styles]
    content["shapes"] = [_shape_document(shape) for shape in plan.shapes]
    content["sections"] = [_section_document(section) for section in plan.sections]
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    version = base64.b32encode(hashlib.sha256(body).digest()[:10]).decode().lower()
    return EncodedPlan(version, b'{"version":"' + version.encode() + b'",' + body[1:])


def _localized(value: str | Mapping[str, str]) -> Localized:
    return Localized.same(value) if isinstance(value, str) else Localized(value["ko"], value["en"])


def _point(value: list[float]) -> Point:
    return (float(value[0]), float(value[1]))


def _row(document: Mapping[str, Any]) -> Row:
    ids = document.get("ids")
    return Row(
        name=str(document["name"]),
        grade=document["grade"],
        numbers=tuple(map(str, document["numbers"])),
        x=tuple(map(float, document["x"])),
        y=tuple(map(float, document["y"])),
        ids=None if ids is None else tuple(ids),
        accessible=tuple(document.get("accessible", ())),
        label=document.get("label"),
    )


def _section(document: Mapping[str, Any]) -> Section:
    rows = tuple(_row(row) for row in document.get("rows", ()))
    label = document.get("label")
    return Section(
        id=document["id"],
        name=_localized(document["name"]),
        kind=SectionKind(document["kind"]),
        capacity=document.get("capacity", sum(len(row.numbers) for row in rows)),
        rows=rows,
        grade=document.get("grade"),
        outline=tuple(_point(point) for point in document.get("outline", ())),
        label=None if label is None else _point(label),
    )


def _shape(document: Mapping[str, Any]) -> Shape:
    return Shape(
        kind=ShapeKind(document["kind"]),
        x=float(document.get("x", 0)),
        y=float(document.get("y", 0)),
        points=tuple(_point(point) for point in document.get("points", ())),
        text=document.get("text", ""),
        color=document.get("color"),
        **{name: float(document.get(name, 0)) for name in _SHAPE_NUMBERS},
    )


def decode_plan(document: Mapping[str, Any]) -> SeatPlan:
    """The plan of a document whose structure is known to be right (`read_json` checks those of strangers)."""
    size = document.get("seat_size")
    return SeatPlan(
        name=document["name"],
        width=float(document["width"]),
        height=float(document["height"]),
        sections=tuple(_section(section) for section in document["sections"]),
        shapes=tuple(_shape(shape) for shape in document.get("shapes", ())),
        styles=tuple(GradeStyle(style["grade"], style["color"]) for style in document.get("grades", ())),
        seat_size=None if size is None else float(size),
    )
