"""Ask a question in a thread, and resume after a person was asked for approval."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

from langgraph.types import Command

from agent.chat.graph import build
from agent.chat.memory import remembered
from agent.chat.parts import ChatParts
from agent.chat.threads import Threads
from agent.errors import UsageError
from agent.text import without_controls

Event = dict[str, Any]
LONGEST_QUESTION, MOST_NODES = 2000, 60


def question_of(text: str) -> str:
    """Normalize a question. Raises UsageError if it is empty or too long."""
    flat = " ".join(without_controls(text).split())
    if not flat or len(flat) > LONGEST_QUESTION:
        raise UsageError("the question is empty" if not flat else f"the question has {len(flat)} characters",
                         f"use 1 to {LONGEST_QUESTION} characters")  # fmt: skip
    return flat


class Chat:
    """Answers questions as a stream of events: documents with a `kind`.

    thread (its id), found (claims), writing (the model has started), sentence (checked, with its sources),
    struck (why one was left out), retracted (the sentences of this reply were reasoning), tool (one being
    run), ask (approval needed), answer (the complete answer).
    """

    def __init__(self, parts: ChatParts, threads: Threads, saver: Any, now: Callable[[], str]) -> None:
        self.parts, self.threads = parts, threads
        self._saver, self._graph, self._now = saver, build(saver), now
        self._under_way: set[tuple[str, int]] = set()
        self._lock = threading.Lock()
        self._warming: threading.Thread | None = None

    def warm(self) -> None:
        """Load what is slow to load in the background, before the first question."""
        self._warming = threading.Thread(target=self._warm, daemon=True, name="warming")
        self._warming.start()

    def close(self) -> None:
        """Wait for a model that is being loaded: a process must not end in the middle of that."""
        if self._warming:
            self._warming.join()

    def _warm(self) -> None:
        with suppress(Exception):  # any problem is reported when a question is asked
            self.parts.finder.every_claim("claims", (), self.parts.finder.vector("claims"))

    def ask(
        self, question: str, thread_id: str | None = None, stop: threading.Event | None = None
    ) -> Iterator[Event]:
        """Ask in a new or existing thread. Raises UsageError if the question or thread is invalid."""
        text = question_of(question)
        thread = thread_id or self.threads.begin(text, self._now())
        self._drop_waiting(thread)
        begin = {"question": text, "memory": remembered(self.threads, thread)}
        number = self.threads.ask(thread, text, self._now())
        yield {"kind": "thread", "id": thread, "number": number}
        yield from self._drive(thread, number, begin, stop)

    def go_on(self, thread_id: str, stop: threading.Event | None = None, *, yes: bool) -> Iterator[Event]:
        """Resume after a person was asked for approval. Raises UsageError if nothing is waiting."""
        with self._lock:  # one approval runs the tool once, even if clicked twice
            number = self.waiting(thread_id)
            if number is None or (thread_id, number) in self._under_way:
                raise UsageError(f"nothing waits in thread {thread_id!r}", "ask a question")
            self._under_way.add((thread_id, number))
        yield from self._drive(thread_id, number, Command(resume=yes), stop)

    def waiting(self, thread_id: str) -> int | None:
        """The number of the question waiting for approval, or None."""
        open_turns = [t.number for t in self.threads.turns(thread_id) if t.answer is None]
        if not open_turns:
            return None
        state = self._graph.get_state(self._config(thread_id, open_turns[-1]))
        return open_turns[-1] if state.interrupts else None

    def asked(self, thread_id: str) -> str:
        """What a person is asked to approve in a thread, or "" if nothing is waiting."""
        number = self.waiting(thread_id)
        if number is None:
            return ""
        state = self._graph.get_state(self._config(thread_id, number))
        return str(state.interrupts[0].value["ask"])

    def _drive(self, thread: str, number: int, begin: Any, stop: threading.Event | None) -> Iterator[Event]:
        config = self._config(thread, number)
        parts = replace(self.parts, stop=stop or threading.Event())
        with self._lock:
            self._under_way.add((thread, number))
        try:
            yield from self._events(thread, number, begin, parts, config)
        finally:
            with self._lock:
                self._under_way.discard((thread, number))

    def _events(
        self, thread: str, number: int, begin: Any, parts: ChatParts, config: dict[str, Any]
    ) -> Iterator[Event]:
        answer = None
        for mode, event in self._graph.stream(
            begin, config, context=parts, stream_mode=["custom", "updates"], durability="sync"
        ):
            if mode == "custom":
                yield event
            elif "__interrupt__" in event:
                yield {"kind": "ask", "thread": thread, **event["__interrupt__"][0].value}
                return
            elif "settle" in event:
                answer = event["settle"]["answer"] | self._place(thread, number)
        if answer is not None:
            memory = self._graph.get_state(config).values["memory"]
            if memory and not memory[0]["question"]:
                self.threads.summarise(thread, memory[0])
            self.threads.answer(thread, number, answer, self._now())
            self._saver.delete_thread(config["configurable"]["thread_id"])
            yield {"kind": "answer", **answer}

    def _place(self, thread: str, number: int) -> dict[str, Any]:
        return {"thread": thread, "number": number, "asked_at": self._now()}

    def _drop_waiting(self, thread: str) -> None:
        """Drop a pending approval: asking a new question declines it."""
        for turn in self.threads.turns(thread):
            if turn.answer is None and (thread, turn.number) not in self._under_way:
                self._saver.delete_thread(self._config(thread, turn.number)["configurable"]["thread_id"])

    @staticmethod
    def _config(thread: str, number: int) -> dict[str, Any]:
        return {"configurable": {"thread_id": f"{thread}:{number}"}, "recursion_limit": MOST_NODES}
