"""The OpenAPI document: Litestar's, completed with what follows from our conventions, and where it is served.

Conventions: a route wants a session unless `opt={"public": True}`; every 429 and 503 says when to come back; a route
that can answer 304 takes If-None-Match; `opt["media_types"]` names further forms of the 200 answer, and
`opt["header_schemas"]` headers that the route itself insists on, with their schemas.
"""

from __future__ import annotations

import json
from typing import Any

from litestar import Litestar, Request, Response, Router, get
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, OpenAPIRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.routes import HTTPRoute
from litestar.types import ControllerRouterHandler

from ticketing.base.openapi_page import CONTENT_SECURITY_POLICY, render_page

BEARER, COOKIE, CSRF = "bearer", "cookie", "csrf"

_HEADERS = {
    "RetryAfter": {"description": "Seconds to wait", "schema": {"type": "integer", "minimum": 1}, "required": True},
    "ETag": {"description": "Names this content; send it back in If-None-Match", "schema": {"type": "string"}},
    "CacheControl": {"description": "Who may keep the answer, and for how long", "schema": {"type": "string"}},
}
_IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "An ETag from an earlier answer: 304 when it still holds",
    "schema": {"type": "string"},
}
_INVALID_REQUEST = {
    "description": "A parameter cannot be understood; `detail` says which.",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}},
}
_WRITES = {"post", "put", "patch", "delete"}


def complete(app: Litestar) -> dict[str, Any]:
    """The finished document of an application, ready for JSON."""
    document: dict[str, Any] = app.openapi_schema.to_schema()
    document.setdefault("components", {})["headers"] = _HEADERS
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            described = document["paths"].get(route.path_format, {})
            for method, (handler, _) in route.route_handler_map.items():
                operation = described.get(method.lower())
                if operation is not None:
                    _complete_operation(operation, method.lower(), handler.opt)
    return document


def _complete_operation(operation: dict[str, Any], method: str, opt: dict[str, Any]) -> None:
    if not opt.get("public"):
        by_cookie: dict[str, list[str]] = {COOKIE: [], CSRF: []} if method in _WRITES else {COOKIE: []}
        operation["security"] = [{BEARER: []}, by_cookie]
    if roles := opt.get("roles"):
        operation["x-roles"] = sorted(roles)
    for name, schema in opt.get("header_schemas", {}).items():
        parameter = next(each for each in operation["parameters"] if each["name"] == name)
        parameter |= {"required": True, "schema": schema}
    responses = operation["responses"]
    responses.get("204", {}).pop("content", None)
    if "application/json" in responses.get("400", {}).get("content", {}):
        # Litestar's own description of a parameter that cannot be: ours are problem documents.
        responses["400"] = _INVALID_REQUEST
    for status in ("429", "503"):
        if status in responses and "application/problem+json" in responses[status].get("content", {}):
            responses[status].setdefault("headers", {})["Retry-After"] = {"$ref": "#/components/headers/RetryAfter"}
    if "304" in responses:
        operation.setdefault("parameters", []).append(_IF_NONE_MATCH)
        responses["304"].pop("content", None)
        for status in ("200", "304"):
            headers = responses[status].setdefault("headers", {})
            headers["ETag"] = {"$ref": "#/components/headers/ETag"}
            headers["Cache-Control"] = {"$ref": "#/components/headers/CacheControl"}
    for media_type in opt.get("media_types", ()):
        responses["200"]["content"][media_type] = {"schema": {"type": "string", "contentMediaType": media_type}}


class _Document(JsonRenderPlugin):
    """The finished document in place of Litestar's."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:  # noqa: ARG002
        """JSON, made once per application."""
        return _kept(request.app)[0]


class _Page(OpenAPIRenderPlugin):
    """A page of our own: it needs no script and no other host, so it works offline and under a strict policy."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:  # noqa: ARG002
        """HTML, made once per application."""
        return _kept(request.app)[1]


def _kept(app: Litestar) -> tuple[bytes, bytes]:
    kept: tuple[bytes, bytes] | None = app.state.get("openapi")
    if kept is None:
        document = complete(app)
        kept = (json.dumps(document, ensure_ascii=False).encode(), render_page(document).encode())
        app.state["openapi"] = kept
    return kept


def routes() -> list[ControllerRouterHandler]:
    """The route of the document; the page is configured by `openapi_config`."""

    @get("/openapi.json", include_in_schema=False, opt={"public": True})
    async def document_route(request: Request[Any, Any, Any]) -> Response[bytes]:
        return Response(_kept(request.app)[0], media_type="application/json", headers={"Cache-Control": "no-cache"})

    return [document_route]


def openapi_config(title: str, version: str, description: str, cookie: str) -> OpenAPIConfig:
    """Litestar's configuration: the page at /docs. `cookie` is the name of the session cookie."""
    return OpenAPIConfig(
        title=title,
        version=version,
        description=description,
        path="/docs",
        use_handler_docstrings=True,
        openapi_router=Router(
            "/docs",
            route_handlers=[],
            include_in_schema=False,
            opt={"public": True},
            response_headers={
                "Content-Security-Policy": CONTENT_SECURITY_POLICY,
                "X-Content-Type-Options": "nosniff",
                "Cache-Control": "no-cache",
            },
        ),
        render_plugins=[_Page(path="/"), _Document(path="/openapi.json")],
        components=Components(
            security_schemes={
                BEARER: SecurityScheme(type="http", scheme="bearer", description="`token` of POST /api/sessions"),
                COOKIE: SecurityScheme(
                    type="apiKey", security_scheme_in="cookie", name=cookie, description="Set by POST /api/sessions"
                ),
                CSRF: SecurityScheme(
                    type="apiKey",
                    security_scheme_in="header",
                    name="X-CSRF-Token",
                    description="`csrf_token` of GET /api/sessions; needed for writes with the cookie",
                ),
            }
        ),
    )
