#!/usr/bin/env python3
"""Writes the tables of inputs and outputs into the READMEs of the Terraform modules, from the code.

    scripts/terraform-docs.py            writes
    scripts/terraform-docs.py --check    only tells which READMEs are out of date, and fails then

The tables stand between `<!-- BEGIN_TF_DOCS -->` and `<!-- END_TF_DOCS -->`; all else is written by hand.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import hcl2

BEGIN, END = "<!-- BEGIN_TF_DOCS -->", "<!-- END_TF_DOCS -->"
ROOT = Path(__file__).resolve().parent.parent


def folders() -> list[Path]:
    """The modules, and the configuration that makes the bucket of the state."""
    found = sorted(path for path in (ROOT / "modules").iterdir() if (path / "versions.tf").exists())
    return [*found, *(path for path in (ROOT / "bootstrap",) if path.exists())]


def text(value: Any) -> str:
    """A value as HCL's parser gives it, without its quotation marks and interpolation."""
    if isinstance(value, str):
        if len(value) >= 2 and value[0] == value[-1] == '"':
            return value[1:-1].replace('\\"', '"').replace("\\\\", "\\")
        if value.startswith("${") and value.endswith("}"):
            return value[2:-1]
    return str(value)


def blocks(folder: Path, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and body of the blocks of a kind that have one label, in order of their names."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.glob("*.tf")):
        for block in hcl2.loads(path.read_text()).get(kind, []):
            for name, body in block.items():
                if name != "__is_block__":
                    found[text(name)] = body
    yield from sorted(found.items())


def shown(value: Any) -> str:
    """A default as one would write it; long ones are cut down to what they are."""
    if isinstance(value, list):
        inner = ", ".join(shown(one) for one in value)
        return f"[{inner}]" if len(inner) <= 60 else "[…]"
    if isinstance(value, dict):
        inner = ", ".join(f"{text(key)} = {shown(one)}" for key, one in value.items() if key != "__is_block__")
        return (f"{{ {inner} }}" if inner else "{}") if len(inner) <= 60 else "{…}"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, str) and value.startswith('"'):
        return value
    return text(value)


def type_of(value: Any) -> str:
    """A type; objects by their name only, since the variable itself says what is in them."""
    whole = " ".join(text(value).split())
    return whole if len(whole) <= 40 else f"{whole.split('(')[0]}(…)" if "object" not in whole else "object"


def cell(words: str) -> str:
    """Words as they may stand in a table."""
    return " ".join(words.replace("|", "\\|").split())


def tables(folder: Path) -> str:
    """The generated part of a README."""
    lines = ["## Inputs", "", "| name | what it is | type | default |", "|---|---|---|---|"]
    inputs = list(blocks(folder, "variable"))
    # What must be given comes first.
    for name, body in sorted(inputs, key=lambda one: "default" in one[1]):
        default = f"`{cell(shown(body['default']))}`" if "default" in body else "required"
        words = cell(text(body.get("description", "")))
        lines.append(f"| `{name}` | {words} | `{cell(type_of(body.get('type', 'any')))}` | {default} |")
    lines += ["", "## Outputs", "", "| name | what it is |", "|---|---|"]
    for name, body in blocks(folder, "output"):
        secret = " (sensitive)" if body.get("sensitive") in (True, "true") else ""
        lines.append(f"| `{name}` | {cell(text(body.get('description', '')))}{secret} |")
    return "\n".join(lines)


def rendered(folder: Path) -> str:
    """The README as it should be."""
    readme = folder / "README.md"
    before = readme.read_text() if readme.exists() else f"# {folder.name}\n\n{BEGIN}\n{END}\n"
    if BEGIN not in before or END not in before:
        before = f"{before.rstrip()}\n\n{BEGIN}\n{END}\n"
    head, rest = before.split(BEGIN, 1)
    tail = rest.split(END, 1)[1]
    return f"{head}{BEGIN}\n{tables(folder)}\n{END}{tail}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a README is out of date")
    check = parser.parse_args(arguments).check
    stale = []
    for folder in folders():
        readme, wanted = folder / "README.md", rendered(folder)
        if readme.exists() and readme.read_text() == wanted:
            continue
        stale.append(readme.relative_to(ROOT))
        if not check:
            readme.write_text(wanted)
    if stale:
        said = "out of date, run scripts/terraform-docs.py" if check else "written"
        print(f"{said}: {', '.join(map(str, stale))}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
