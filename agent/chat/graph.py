"""The question graph: condense, recall, think and act in turn (or extract, if no model), settle.

No node writes to the ledger: it is opened read-only. A tool with side effects interrupts the graph until a
person has approved or declined it.
"""

from __future__ import annotations

from typing import Any

from langgraph.config import get_stream_writer
from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from langgraph.types import interrupt

from agent.chat import retrieving as recalling
from agent.chat import tools
from agent.chat.answer import EXTRACTED, EXTRACTION, answer_document
from agent.chat.answer_context import beside
from agent.chat.extractive import extract
from agent.chat.ledger.answers import answer_exactly
from agent.chat.ledger.query import LedgerQuery, parse_query
from agent.chat.memory import condensed
from agent.chat.parts import ChatParts
from agent.chat.question import parse
from agent.chat.sources import quotes_of, sources_of, statuses
from agent.chat.state import ChatState, labels_of, with_refs
from agent.chat.thinking import think
from store.remarks import Sentence

ChatRuntime = Runtime[ChatParts]
A_SIDE = 2


def build(checkpointer: Any = None) -> Any:
    """Compile the graph. Nothing is built at import."""
    graph = StateGraph(ChatState, context_schema=ChatParts)
    graph.add_node("condense", condense)
    graph.add_node("recall", recall)
    graph.add_node("think", think)
    graph.add_node("act", act)
    graph.add_node("extract", extract_answer)
    graph.add_node("settle", settle)
    graph.add_edge(START, "condense")
    graph.add_edge("condense", "recall")
    graph.add_conditional_edges("recall", _who_answers, ["think", "extract", "settle"])
    graph.add_conditional_edges("think", _after_thinking, ["act", "extract", "settle"])
    graph.add_conditional_edges("act", _after_acting, ["act", "think", "settle"])
    graph.add_edge("extract", "settle")
    graph.add_edge("settle", END)
    return graph.compile(checkpointer=checkpointer)


def condense(state: ChatState, runtime: ChatRuntime) -> ChatState:
    """Summarize earlier turns once they are long."""
    return {"memory": condensed(runtime.context, state.get("memory", []))}


def recall(state: ChatState, runtime: ChatRuntime) -> ChatState:
    """Find claims and papers for the question, taking earlier turns into account."""
    parts = runtime.context
    query = parse_query(state["question"], parts.today())
    if query:
        return _recall_exactly(parts, query)
    found = recalling.recall(parts, parse(state["question"], parts.today()), state["memory"])
    refs = [f"claim:{i}" for i in found.found] + [
        r for s in found.found.values() for r in quotes_of(s, A_SIDE)
    ]
    get_stream_writer()({"kind": "found", "claims": [
        {"id": s.claim.id, "text": s.claim.text, "verdict": s.standing} for s in found.found.values()
    ]})  # fmt: skip
    return {
        "hits": [(h.id, h.score) for h in found.hits], "refs": refs, "papers": found.papers, "steps": 0,
        "summary": found.summary,
    }  # fmt: skip


def _recall_exactly(parts: ChatParts, query: LedgerQuery) -> ChatState:
    """Answer a question about the ledger itself; no model is asked."""

    def closest(topic: str) -> str | None:
        hits = parts.finder.claims(topic, (), parts.finder.vector(topic))
        return hits[0].id if hits else None

    with parts.ledger.read() as db:
        exact = answer_exactly(db, parts.today(), query, closest)
    said = [{"text": s.text, "cites": list(s.cites), "role": s.role} for s in exact.said]
    return {
        "hits": [(i, 1.0) for i in exact.claim_ids], "refs": [], "papers": [], "steps": 0, "summary": "",
        "said": said, "note": exact.note, "is_exact": True, "is_extracted": True,
    }  # fmt: skip


def act(state: ChatState, runtime: ChatRuntime) -> ChatState:
    """Run the first pending tool call; if the tool has side effects, wait for a person's approval."""
    (call_id, name, arguments), *rest = state["pending"]
    read, write = tools.read_call(name, arguments), get_stream_writer()
    if isinstance(read, str):
        return {"pending": rest, "messages": [*state["messages"], _tool_message(call_id, read)]}
    tool, asked = read
    if tool.ask_first:
        answer = interrupt({"ask": tools.question_first(tool, asked), "tool": name})
        if answer is not True:
            content = "the person said no; do not ask again"
            return {"pending": rest, "messages": [*state["messages"], _tool_message(call_id, content)]}
    write({"kind": "tool", "name": name, "asked": asked.model_dump()})
    outcome = tools.run(tool, runtime.context, asked)
    refs = with_refs(state["refs"], outcome.refs)
    content = tools.told_to_model(runtime.context, outcome, labels_of(refs))
    return {
        "pending": rest, "refs": refs, "messages": [*state["messages"], _tool_message(call_id, content)],
        "papers": _each_once([*outcome.papers, *state["papers"]]),
        "did": [*state.get("did", []), *([outcome.did] if outcome.did else [])],
    }  # fmt: skip


def extract_answer(state: ChatState, runtime: ChatRuntime) -> ChatState:
    """Answer from the ledger's own sentences."""
    parts = runtime.context
    asked = parse(state["question"], parts.today())
    with parts.ledger.read() as db:
        found = statuses(db, parts.today(), [claim_id for claim_id, _ in state["hits"]])
    said = [{"text": s.text, "cites": list(s.cites), "role": s.role}
            for s in extract(asked, list(found.values()), parts.today(), state["summary"])]  # fmt: skip
    note = " ".join(t for t in (state.get("note", ""), EXTRACTED if said else "") if t)
    return {"said": said, "is_extracted": True, "note": note}


def settle(state: ChatState, runtime: ChatRuntime) -> ChatState:
    """Assemble the answer, citing only what is in the ledger now."""
    parts = runtime.context
    said = [Sentence(s["text"], tuple(s["cites"]), s["role"]) for s in state.get("said", [])]
    with parts.ledger.read() as db:
        known = sources_of(db, parts.today(), [r for s in said for r in s.cites])
        more = beside(db, parts.today(), state)
    if state.get("is_exact"):
        more |= {"leads": [], "next_lines": []}  # an exact answer is the whole answer
    by = EXTRACTION if state.get("is_extracted") or parts.chat_model is None else parts.chat_model.name
    note = state.get("note", "") or ("" if said else state.get("summary", ""))
    answer = answer_document(state["question"], said, known, by=by, note=note, beside=more)
    return {"answer": answer}


def _who_answers(state: ChatState, runtime: ChatRuntime) -> str:
    if state.get("is_exact"):
        return "settle"
    return "think" if runtime.context.chat_model else "extract"


def _after_thinking(state: ChatState, runtime: ChatRuntime) -> str:
    if runtime.context.stop.is_set():
        return "settle"
    if state.get("is_extracted"):
        return "extract"
    return "act" if state["pending"] else "settle"


def _after_acting(state: ChatState, runtime: ChatRuntime) -> str:
    if runtime.context.stop.is_set():
        return "settle"
    return "act" if state["pending"] else "think"


def _tool_message(call_id: str, text: str) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call_id, "content": text}


def _each_once(papers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return list({p["arxiv_id"]: p for p in reversed(papers)}.values())[::-1]
