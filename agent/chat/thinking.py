"""Ask the model, and show each sentence as soon as it is complete and has been checked."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any

from langgraph.config import get_stream_writer
from langgraph.runtime import Runtime

import prompts
from agent.chat import tools
from agent.chat.memory import as_text
from agent.chat.parts import ChatParts, talked
from agent.chat.sources import Source, sources_of
from agent.chat.state import ChatState, labels_of, with_refs
from agent.chat.verifying import Cutter, draft_of, why_not_shown
from agent.core.budget import BudgetReached
from agent.errors import JudgeError
from agent.ports.models import ChatModel, Retracted, ToolCall, Usage

MOST_STEPS, MOST_CALLS = 6, 4
NOTHING = "NOTHING FOUND"
NO_ANSWER = "The model gave no answer."
NONE_GROUNDED = "No sentence that the model wrote could be verified, so none is shown."


def think(state: ChatState, runtime: Runtime[ChatParts]) -> ChatState:
    """One reply of the model: sentences or tool calls. If it fails, the answer is extracted by code."""
    parts = runtime.context
    if parts.chat_model is None:
        raise AssertionError("this node needs a chat model")
    refs = with_refs(
        state["refs"], [r for turn in state["memory"] for s in turn["sentences"] for r in s["cites"]]
    )
    with parts.ledger.read() as db:
        known = sources_of(db, parts.today(), refs)
    labels = labels_of(refs)
    given = {labels[ref]: source for ref, source in known.items()}
    messages = state.get("messages") or _opening(state, parts, given, labels)
    reader = _Reader(given, parts.secrets, get_stream_writer())
    note, is_last = "", state["steps"] + 1 >= MOST_STEPS
    try:
        _listen(parts, parts.chat_model, messages, is_last=is_last, reader=reader)
    except (JudgeError, BudgetReached) as error:
        note = f"The model gave no{' further' if reader.said else ''} answer: {error}."
    said = [*state.get("said", []), *reader.said]
    goes_on = reader.calls and not is_last
    if not note and not said and not goes_on and not reader.has_found_nothing:
        note = NONE_GROUNDED if reader.left_out else NO_ANSWER
    if parts.stop.is_set():
        note = "Stopped before it was complete."
    return {
        "refs": refs, "messages": [*messages, *reader.message()],
        # Calls made when no tools were offered are ignored; otherwise a model could call tools forever.
        "pending": [] if is_last else [(c.id, c.name, c.arguments) for c in reader.calls],
        "steps": state["steps"] + 1, "said": said, "note": note,
        "left_out": [*state.get("left_out", []), *([] if reader.calls else reader.left_out)],
        "spent": [a + b for a, b in zip(state.get("spent", [0, 0, 0]), reader.usage, strict=True)],
        "is_extracted": bool(note) and not said and not parts.stop.is_set(),
    }  # fmt: skip


class _Reader:
    """Receives one reply of the model."""

    def __init__(
        self, given: dict[str, Source], secrets: tuple[str, ...], write: Callable[[dict[str, Any]], None]
    ) -> None:
        self.said: list[dict[str, Any]] = []
        self.left_out: list[str] = []
        self.calls: list[ToolCall] = []
        self.usage = Usage()
        self.reply, self.has_found_nothing = "", False
        self._given, self._secrets, self._write, self._cutter = given, secrets, write, Cutter()

    def feed(self, piece: str | ToolCall | Usage | Retracted) -> None:
        """Process one piece of the stream."""
        if isinstance(piece, ToolCall):
            if len(self.calls) < MOST_CALLS:
                self.calls.append(piece)
        elif isinstance(piece, Usage):
            self.usage = piece
        elif isinstance(piece, Retracted):
            self._retract()
        else:
            if not self.reply:
                self._write({"kind": "writing"})
            self.reply += piece
            for statement in self._cutter.feed(piece):
                self._judge(statement)

    def _retract(self) -> None:
        """Take back every sentence of this reply: it was the model's reasoning."""
        self.said, self.left_out, self.reply, self._cutter = [], [], "", Cutter()
        self._write({"kind": "retracted"})

    def end(self) -> None:
        """Process what is left when the stream has ended."""
        for statement in self._cutter.end():
            self._judge(statement)

    def message(self) -> list[dict[str, Any]]:
        """The reply as a message for the rest of the conversation."""
        calls = [{"id": c.id, "type": "function", "function": {"name": c.name, "arguments": c.arguments}}
                 for c in self.calls]  # fmt: skip
        return [
            {"role": "assistant", "content": self.reply or None, **({"tool_calls": calls} if calls else {})}
        ]

    def _judge(self, statement: str) -> None:
        draft = draft_of(statement)
        if NOTHING in statement.upper():
            self.has_found_nothing = True
            return
        is_secret = any(secret in statement for secret in self._secrets)
        if why := "it contains a secret" if is_secret else why_not_shown(draft, self._given):
            self.left_out.append(why)
            self._write({"kind": "struck", "why": why})
            return
        cited = [self._given[c] for c in draft.cites]
        text = " ".join(draft.text.split())
        self.said.append({"text": text, "cites": [s.ref for s in cited], "role": ""})
        self._write({"kind": "sentence", "text": text, "role": "",
                     "cites": [{"ref": s.ref, **s.document} for s in cited]})  # fmt: skip


def _listen(
    parts: ChatParts, chat_model: ChatModel, messages: list[dict[str, Any]], *, is_last: bool, reader: _Reader
) -> None:
    """Receive the whole reply, or stop early if a person asked to."""
    with closing(talked(parts, chat_model, messages, [] if is_last else tools.schemas())) as stream:
        for piece in stream:
            if parts.stop.is_set():
                return
            reader.feed(piece)
    reader.end()


def _opening(
    state: ChatState, parts: ChatParts, given: dict[str, Source], labels: dict[str, str]
) -> list[dict[str, Any]]:
    prompt = prompts.load("ask")
    found = {labels[ref] for ref in state["refs"]}
    shown = [prompts.fenced(f"{label} ({source.document['kind']})", source.material.text)
             for label, source in given.items() if label in found]  # fmt: skip
    papers = tools.papers_as_data(state["papers"])
    said = prompt.render(
        question=prompts.fenced("question", state["question"]),
        memory=as_text(state["memory"], labels) or "nothing",
        given="\n".join([*shown, papers]).strip() or "none", today=parts.today(),
    )  # fmt: skip
    return [{"role": "system", "content": prompt.system}, {"role": "user", "content": said}]
