"""The chat page: answers stream in as they are checked; each citation opens its quote."""

from __future__ import annotations

import threading
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Annotated, Any

import anyio.to_thread
from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import PlainTextResponse, RedirectResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent

from agent.chat.answer import as_markdown
from agent.chat.background import listened
from agent.errors import NotFound
from agent.web.render import page, part
from agent.web.shared import Changes, StateOf
from agent.web.state import AppState
from store.errors import Failure

router = APIRouter()
Events = Callable[[threading.Event], Iterator[dict[str, Any]]]
_END = object()
_stops: dict[str, threading.Event] = {}
"""The stop event of each answer in progress, by name."""


@router.get("/chat")
@router.get("/chat/{thread_id}")
def chat(request: Request, state: StateOf, thread_id: str = "", q: str = "") -> Response:
    """A thread, or the form to start one."""
    threads = state.chat.threads
    turns = threads.turns(thread_id) if thread_id else []
    waits = state.chat.asked(thread_id) if thread_id else ""
    model = state.chat.parts.chat_model
    return page(request, "chat.html", threads=threads.every(), thread=thread_id, turns=turns, waits=waits,
                question=q[:2000], model=model.name if model else "", number=len(turns))  # fmt: skip


@router.post("/chat/ask", dependencies=[Changes], response_class=EventSourceResponse)
async def ask(
    request: Request, state: StateOf, question: Annotated[str, Form(max_length=4000)],
    thread: Annotated[str, Form(max_length=40)] = "",
) -> AsyncIterator[ServerSentEvent]:  # fmt: skip
    """Stream the answer as fragments of the page."""
    chat = state.chat
    async for event in _streamed(request, partial(chat.ask, question, thread or None)):
        yield event


@router.post("/chat/{thread_id}/answer", dependencies=[Changes], response_class=EventSourceResponse)
async def go_on(
    request: Request, state: StateOf, thread_id: str, yes: Annotated[bool, Form()] = False
) -> AsyncIterator[ServerSentEvent]:
    """Resume after a person was asked for approval."""
    async for event in _streamed(request, partial(state.chat.go_on, thread_id, yes=yes)):
        yield event


@router.post("/chat/stop/{name}", dependencies=[Changes])
def stop(name: str) -> Response:
    """Stop an answer."""
    event = _stops.get(name)
    if event is not None:
        event.set()
    return Response(status_code=204)


@router.post("/chat", dependencies=[Changes])
def ask_plainly(
    state: StateOf, question: Annotated[str, Form(max_length=4000)],
    thread: Annotated[str, Form(max_length=40)] = "",
) -> Response:  # fmt: skip
    """The same without scripts: the page is reloaded with the answer."""
    for event in state.chat.ask(question, thread or None):
        thread = event["id"] if event["kind"] == "thread" else thread
    return RedirectResponse(f"/chat/{thread}", status_code=303)


@router.post("/chat/{thread_id}/plain-answer", dependencies=[Changes])
def go_on_plainly(state: StateOf, thread_id: str, yes: Annotated[bool, Form()] = False) -> Response:
    """Resume without scripts."""
    list(state.chat.go_on(thread_id, yes=yes))
    return RedirectResponse(f"/chat/{thread_id}", status_code=303)


@router.post("/chat/{thread_id}/forget", dependencies=[Changes])
def forget(state: StateOf, thread_id: str) -> Response:
    """Delete a thread."""
    state.chat.threads.forget(thread_id)
    return RedirectResponse("/chat", status_code=303)


@router.get("/chat/{thread_id}/{number}.md")
def markdown(state: StateOf, thread_id: str, number: int) -> Response:
    """An answer as Markdown."""
    return PlainTextResponse(as_markdown(_answer(state, thread_id, number)), media_type="text/markdown")


def _answer(state: AppState, thread_id: str, number: int) -> dict[str, Any]:
    for turn in state.chat.threads.turns(thread_id):
        if turn.number == number and turn.answer is not None:
            return turn.answer
    raise NotFound(f"there is no answer {number} in that thread", "open the thread")


async def _streamed(request: Request, ask: Events) -> AsyncIterator[ServerSentEvent]:
    """Events as HTML fragments. If the browser disconnects, the answer is stopped."""
    name, stop = uuid.uuid4().hex, threading.Event()
    _stops[name] = stop
    events, labels = listened(ask, stop), dict[str, str]()
    try:
        yield ServerSentEvent(event="begin", data={"name": name})
        while True:
            event = await anyio.to_thread.run_sync(_next, events, abandon_on_cancel=True)
            if event is _END:
                return
            yield _server_event(request, event, labels)
    finally:
        stop.set()
        _stops.pop(name, None)


def _next(events: Iterator[dict[str, Any]]) -> Any:
    """The next event; an expected failure also becomes an event."""
    try:
        return next(events, _END)
    except Failure as error:
        return {"kind": "failed", "error": str(error)}


def _server_event(request: Request, event: dict[str, Any], labels: dict[str, str]) -> ServerSentEvent:
    """An event for the page; `labels` numbers sources in order of citation."""
    kind, key = event["kind"], uuid.uuid4().hex[:8]
    data: dict[str, Any] = {}
    if kind == "sentence":
        cites = [c | {"label": labels.setdefault(c["ref"], f"S{len(labels) + 1}")} for c in event["cites"]]
        data = {"html": part(request, "_sentence.html", s=event, cites=cites, key=key)}
    elif kind == "answer":
        html = part(request, "_answer.html", answer=event, key=key, number=event["number"])
        data = {"html": html, "thread": event["thread"]}
    elif kind == "found":
        data = {"claims": len(event["claims"])}
    else:
        data = {name: event[name] for name in _PLAIN if name in event}
    return ServerSentEvent(event=kind, data=data)


_PLAIN = ("id", "number", "ask", "name", "why", "error", "thread")
