"""An OpenAPI document as one HTML page without scripts: what can be called, by whom, with what, and what comes back."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from html import escape
from typing import Any

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 62rem; margin: 0 auto; padding: 1rem; }
code, pre { font-family: ui-monospace, monospace; font-size: .9em; }
pre { overflow-x: auto; padding: .75rem; border: 1px solid #8886; border-radius: .4rem; }
details { border: 1px solid #8886; border-radius: .4rem; margin: .5rem 0; padding: .25rem .75rem; }
summary { cursor: pointer; padding: .25rem 0; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .25rem .5rem; border-top: 1px solid #8884; }
.method { display: inline-block; min-width: 4.5rem; font-weight: 700; }
.note { opacity: .75; }
"""
_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The page's policy: it loads nothing and runs nothing."""


def render_page(document: dict[str, Any]) -> str:
    """The page of a document."""
    info = document["info"]
    groups: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            tag = (operation.get("tags") or ["other"])[0]
            groups.setdefault(tag, []).append("".join(_operation(method, path, operation)))
    sections = "".join(f"<h2>{escape(tag)}</h2>{''.join(items)}" for tag, items in sorted(groups.items()))
    schemas = document.get("components", {}).get("schemas", {})
    shapes = "".join(_shape(name, schema) for name, schema in sorted(schemas.items()))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(info['title'])} API</title><style>{_STYLE}</style></head><body>"
        f"<h1>{escape(info['title'])} API {escape(info['version'])}</h1><p>{escape(info.get('description', ''))}</p>"
        '<p>For machines: <a href="/openapi.json">/openapi.json</a> (OpenAPI 3.1)</p>'
        f"{sections}<h2>Shapes</h2>{shapes}</body></html>"
    )


def _operation(method: str, path: str, operation: dict[str, Any]) -> Iterator[str]:
    yield (
        f'<details><summary><span class="method">{method.upper()}</span> <code>{escape(path)}</code> '
        f'<span class="note">{escape(operation.get("summary", ""))}</span></summary>'
    )
    yield f"<p>{escape(operation.get('description', ''))}</p><p class='note'>{_who(operation)}</p>"
    if parameters := operation.get("parameters"):
        yield "<table><tr><th>parameter</th><th>in</th><th>type</th><th></th></tr>"
        for each in parameters:
            need = "required" if each.get("required") else "optional"
            yield (
                f"<tr><td><code>{escape(each['name'])}</code></td><td>{each['in']}, {need}</td>"
                f"<td>{_type(each.get('schema', {}))}</td><td>{escape(each.get('description', ''))}</td></tr>"
            )
        yield "</table>"
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"<p>body: {_type(content.get('schema', {}))} <span class='note'>{escape(media_type)}</span></p>"
    yield "<table><tr><th>answer</th><th>content</th><th></th></tr>"
    for status, response in sorted(operation["responses"].items()):
        forms = "<br>".join(
            f"{_type(content.get('schema', {}))} <span class='note'>{escape(media_type)}</span>"
            for media_type, content in response.get("content", {}).items()
        )
        yield f"<tr><td>{status}</td><td>{forms}</td><td>{escape(response.get('description', ''))}</td></tr>"
    yield "</table></details>"


def _who(operation: dict[str, Any]) -> str:
    if "security" not in operation:
        return "No sign-in needed."
    roles = operation.get("x-roles")
    return f"For signed-in accounts with role {escape(', '.join(roles))}." if roles else "For signed-in accounts."


def _type(schema: dict[str, Any]) -> str:
    if reference := schema.get("$ref"):
        name = escape(reference.rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if parts := schema.get("oneOf") or schema.get("anyOf"):
        return " or ".join(_type(part) for part in parts)
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    kind = schema.get("type", "any")
    return escape(" or ".join(kind) if isinstance(kind, list) else str(kind))


def _shape(name: str, schema: dict[str, Any]) -> str:
    text = escape(json.dumps(schema, ensure_ascii=False, indent=2))
    return f'<details id="{escape(name)}"><summary><code>{escape(name)}</code></summary><pre>{text}</pre></details>'
