"""A CDN in small: pages and blobs from disk, everything else from the API, and 502 while that is away."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import uvicorn
from litestar import Litestar, Request, Response, route
from litestar.params import FromPath

from tests.stack import free_port
from ticketing.base.pages import Pages, routes
from ticketing.base.web import EXCEPTION_HANDLERS

_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding", "date", "server"}
_STATUS = {"Cache-Control": "public, max-age=1, stale-if-error=86400"}


def _app(pages: Path, blobs: Path, api: str) -> Litestar:
    client = httpx.AsyncClient(base_url=api, timeout=20)

    @route("/status/{name:str}", http_method=["GET"])
    async def status_route(name: FromPath[str]) -> Response[bytes]:
        file = blobs / "status" / name
        if not file.is_file():
            return Response(b"", status_code=404)
        return Response(file.read_bytes(), media_type="application/json", headers=_STATUS)

    methods = ["GET", "POST", "PATCH", "DELETE"]

    @route(["/api/{path:path}", "/line/{path:path}"], http_method=methods, status_code=200)  # type: ignore[arg-type]
    async def api_route(request: Request) -> Response[bytes]:  # type: ignore[type-arg]
        headers = {name: value for name, value in request.headers.items() if name != "host"}
        target = str(request.url.path) + (f"?{request.url.query}" if request.url.query else "")
        try:
            answer = await client.request(request.method, target, headers=headers, content=await request.body())
        except httpx.HTTPError:
            return Response(b"", status_code=502)
        response = Response(
            answer.content, status_code=answer.status_code, media_type=answer.headers.get("content-type")
        )
        for name, value in answer.headers.multi_items():
            if name not in _HOP_BY_HOP and name != "content-type":
                response.headers[name] = value
        return response

    handlers = [status_route, api_route, *routes(Pages(pages))]
    return Litestar(handlers, exception_handlers=EXCEPTION_HANDLERS, on_shutdown=[client.aclose])


@contextlib.contextmanager
def running(pages: Path, blobs: Path, api: str) -> Iterator[str]:
    """The address of an edge in front of `api`; it lives in a thread of its own."""
    port = free_port()
    config = uvicorn.Config(_app(pages, blobs, api), port=port, log_level="error", loop="asyncio")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        assert time.monotonic() < deadline, "the edge did not start"
        time.sleep(0.02)
    try:
        yield f"http://localhost:{port}"
    finally:
        server.should_exit = True
        thread.join(10)
