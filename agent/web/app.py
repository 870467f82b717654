"""The web application: pages and API for one home."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AbstractContextManager, asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.staticfiles import StaticFiles

from agent import __version__
from agent.chat.service import Chat
from agent.errors import NotFound
from agent.settings import Settings
from agent.web import api, chat, claims, exports, login, overview, papers, runs, system
from agent.web.editing import editor, lines, start
from agent.web.guards import Access, Guard
from agent.web.render import FOLDER, environment, page
from agent.web.state import AppState
from agent.wiring.chat import open_chat
from store.errors import Failure

LOOPBACK = ("localhost", "127.0.0.1", "::1")


def build(
    settings: Settings,
    hosts: Collection[str] = LOOPBACK,
    token: str = "",
    *,
    is_secure: bool = False,
    chat_of: Callable[[Settings], AbstractContextManager[Chat]] = open_chat,
) -> FastAPI:
    """The application, wrapped in its guard. `hosts` are accepted host names; `chat_of` opens the chat."""
    state = AppState(settings, chat_of)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        state.close()

    app = FastAPI(
        title="Retest", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None,
        openapi_url="/api/openapi.json",
        description="Dated research claims, their verdicts, and the quotes behind them.",
    )  # fmt: skip
    access = Access(tuple(hosts), token, is_secure)
    app.state.retest, app.state.templates, app.state.access = state, environment(), access
    app.mount("/static", StaticFiles(directory=FOLDER / "static"), name="static")
    for pages in (overview, claims, papers, runs, chat, editor, start, lines, exports, system, login):
        app.include_router(pages.router, include_in_schema=False)
    app.include_router(api.router, prefix="/api")
    for kind in (Failure, HTTPException, RequestValidationError):
        app.add_exception_handler(kind, _failure_response)
    app.add_middleware(Guard, access=access)
    return app


async def _failure_response(request: Request, error: Exception) -> Response:
    """Report an expected failure in one sentence: as a page for people, as JSON for programs."""
    status, said, way_out = _of(error)
    if request.url.path.startswith("/api/"):
        return JSONResponse({"error": said, "way_out": way_out}, status)
    return page(request, "error.html", status, status=status, said=said, way_out=way_out)


def _of(error: Exception) -> tuple[int, str, str]:
    if isinstance(error, HTTPException):
        return error.status_code, str(error.detail), ""
    if isinstance(error, RequestValidationError):
        first = error.errors()[0]
        return 422, f"{'.'.join(map(str, first['loc'][1:]))}: {first['msg']}", "correct the value"
    said, way_out = getattr(error, "message", str(error)), getattr(error, "way_out", "")
    return 404 if isinstance(error, NotFound) else 400, said, way_out
