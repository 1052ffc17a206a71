"""Built web pages from memory, for installations without a CDN in front. Clean URLs come from `routes.json`."""

from __future__ import annotations

import gzip
import json
import mimetypes
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from litestar import Request, Response, route
from litestar.types import ControllerRouterHandler

from ticketing.base.errors import NotFound
from ticketing.base.web import etag_of, matches

_TEXT = ("text/", "application/javascript", "application/json", "image/svg", "application/manifest")

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: blob:; style-src 'self'; script-src 'self'; object-src 'none'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
}


@dataclass(frozen=True)
class _File:
    body: bytes
    gzipped: bytes | None
    media_type: str
    etag: str
    cache: str


class Pages:
    """All files of a built site.

    Args:
        foreign: origins besides our own whose scripts and frames pages may load.
        folder: the build's output, with a `routes.json`: `[{"path": "/events/{id}", "file": "event.html"}, …]`; an
            entry with `to` instead of `file` leads elsewhere, such as from a page's own name for a page of the API.
    """

    def __init__(self, folder: Path, foreign: Sequence[str] = ()) -> None:
        policy = SECURITY_HEADERS["Content-Security-Policy"]
        if foreign:
            # A CAPTCHA's widget: its script, its frame, what it asks, how it looks. All else stays at home.
            hosts = " ".join(foreign)
            policy = policy.replace("script-src 'self'", f"script-src 'self' {hosts}").replace(
                "style-src 'self'", f"style-src 'self' {hosts}"
            )
            policy += f"; frame-src 'self' {hosts}; connect-src 'self' {hosts}"
        self.headers = SECURITY_HEADERS | {"Content-Security-Policy": policy}
        self._files = {
            path.relative_to(folder).as_posix(): _load(path) for path in sorted(folder.rglob("*")) if path.is_file()
        }
        routes = json.loads((folder / "routes.json").read_text(encoding="utf-8"))
        self._clean = [(_pattern(one["path"]), one["file"]) for one in routes if "file" in one]
        self._elsewhere = [(_pattern(one["path"]), one["to"]) for one in routes if "to" in one]

    def elsewhere(self, path: str) -> str | None:
        """Where a path leads that no file answers."""
        for pattern, to in self._elsewhere:
            if match := pattern.fullmatch(path):
                return str(to).format(**{name: quote(value) for name, value in match.groupdict().items()})
        return None

    def find(self, path: str) -> _File | None:
        """The file that answers a path."""
        for pattern, name in self._clean:
            if pattern.fullmatch(path):
                return self._files.get(name)
        return self._files.get(path.lstrip("/"))


def _pattern(path: str) -> re.Pattern[str]:
    """Of a clean URL: each `{name}` is one part of a path."""
    return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path)))


def _load(path: Path) -> _File:
    body = path.read_bytes()
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    if path.suffix == ".js":
        media_type = "text/javascript"
    squeezed = gzip.compress(body, 9, mtime=0) if media_type.startswith(_TEXT) and len(body) > 500 else None
    # Build tools put a hash of the content into the names below assets/.
    hashed = path.parent.name == "assets"
    cache = "public, max-age=31536000, immutable" if hashed else "no-cache"
    return _File(body, squeezed, media_type, etag_of(body), cache)


def routes(pages: Pages) -> list[ControllerRouterHandler]:
    """A route for everything that no API route answers."""

    @route(["/", "/{path:path}"], http_method=["GET", "HEAD"], include_in_schema=False, opt={"public": True})
    async def page_route(request: Request[Any, Any, Any]) -> Response[bytes]:
        path = request.url.path
        if to := pages.elsewhere(path):
            return Response(b"", status_code=302, headers={"Location": to, **pages.headers})
        file = None if path.startswith("/api/") else pages.find(path)
        if file is None:
            raise NotFound("There is no such page.")
        headers = {"ETag": file.etag, "Cache-Control": file.cache, "Vary": "Accept-Encoding", **pages.headers}
        if matches(request.headers.get("if-none-match"), file.etag):
            return Response(b"", status_code=304, headers=headers)
        body = file.body
        if file.gzipped is not None and "gzip" in request.headers.get("accept-encoding", ""):
            body = file.gzipped
            headers["Content-Encoding"] = "gzip"
        return Response(body, media_type=file.media_type, headers=headers)

    return [page_route]
