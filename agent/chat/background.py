"""Run an answer in its own thread, so that a person can stop it even while the model sends nothing."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from agent.chat.service import Chat, Event

GRACE, TICK = 1.0, 0.1
_END = object()


def listened(ask: Callable[[threading.Event], Iterator[Event]], stop: threading.Event) -> Iterator[Event]:
    """Yield the events of `ask`; once `stop` is set, end within about a second whatever the model does.

    The thread continues in the background to save the answer. Errors are raised here.
    """
    events: queue.Queue[Any] = queue.Queue()

    def work() -> None:
        try:
            for event in ask(stop):
                events.put(event)
        except BaseException as error:  # raised again in the consumer
            events.put(error)
        events.put(_END)

    threading.Thread(target=work, daemon=True, name="answer").start()
    for event in _until_stopped(events, stop):
        if isinstance(event, BaseException):
            raise event
        yield event


def _until_stopped(events: queue.Queue[Any], stop: threading.Event) -> Iterator[Any]:
    patience = GRACE
    while patience > 0:
        try:
            event = events.get(timeout=TICK)
        except queue.Empty:
            patience -= TICK if stop.is_set() else 0
            continue
        if event is _END:
            return
        yield event
    yield {"kind": "stopped"}


def conversed(
    chat: Chat,
    question: str,
    thread_id: str | None,
    stop: threading.Event,
    agree: Callable[[str], bool],
) -> Iterator[Event]:
    """Yield all events of an answer; `agree` returns whether a person approves what they are asked."""
    thread, events = thread_id or "", listened(partial(chat.ask, question, thread_id), stop)
    while True:
        event: Event = {"kind": ""}
        for event in events:
            thread = event["id"] if event["kind"] == "thread" else thread
            yield event
        if event["kind"] != "ask":
            return
        events = listened(partial(chat.go_on, thread, yes=agree(str(event["ask"]))), stop)
