"""Earlier turns of a thread, summarized once they are long; every remembered sentence keeps its citations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import prompts
from agent.chat.parts import ChatParts, talked
from agent.chat.sources import sources_of
from agent.chat.state import labels_of
from agent.chat.threads import Threads
from agent.chat.verifying import Cutter, draft_of, why_not_shown
from agent.core.budget import BudgetReached
from agent.errors import JudgeError
from agent.ports.models import ChatModel, Retracted

Turn = dict[str, Any]
MOST_CHARACTERS, KEPT_WHOLE, MOST_SENTENCES = 6000, 2, 6


def remembered(threads: Threads, thread_id: str) -> list[Turn]:
    """A thread's summary, if there is one, then each later turn, including questions without an answer."""
    summary = threads.summary(thread_id)
    after = summary["number"] if summary else 0
    later = [t for t in threads.turns(thread_id) if t.number > after]
    return [*([summary] if summary else []), *(turn_of(t.number, t.question, t.answer) for t in later)]


def turn_of(number: int, question: str, answer: Mapping[str, Any] | None) -> Turn:
    """What is remembered of a turn."""
    if answer is None:
        return {"number": number, "question": question, "sentences": []}
    refs = {s["label"]: s["ref"] for s in answer["sources"]}
    return {
        "number": number,
        "question": question,
        "sentences": [
            {"text": s["text"], "cites": [refs[c] for c in s["cites"]]} for s in answer["sentences"]
        ],
    }


def as_text(memory: Sequence[Turn], labels: Mapping[str, str]) -> str:
    """Earlier turns as text for a prompt, fenced as data."""
    shown = []
    for turn in memory:
        asked = [f"Q: {turn['question']}"] if turn["question"] else []
        said = [f"A: {s['text']} [{']['.join(labels[r] for r in s['cites'])}]" for s in turn["sentences"]]
        shown.append(prompts.fenced("turn", "\n".join([*asked, *said])))
    return "\n".join(shown)


def condensed(parts: ChatParts, memory: Sequence[Turn]) -> list[Turn]:
    """Earlier turns, with the oldest replaced by a summary if together they are too long."""
    turns = list(memory)
    if sum(_length(t) for t in turns) <= MOST_CHARACTERS or len(turns) <= KEPT_WHOLE:
        return turns
    old, new = turns[:-KEPT_WHOLE], turns[-KEPT_WHOLE:]
    sentences = _by_model(parts, parts.chat_model, old) if parts.chat_model else []
    summary = {"number": old[-1]["number"], "question": "", "sentences": sentences or _first_sentences(old)}
    return [summary, *new]


def _by_model(parts: ChatParts, chat_model: ChatModel, old: Sequence[Turn]) -> list[Turn]:
    """A model's summary, with each sentence checked like any other; empty if the model fails."""
    refs = list(dict.fromkeys(r for t in old for s in t["sentences"] for r in s["cites"]))
    labels = labels_of(refs)
    with parts.ledger.read() as db:
        sources = {labels[ref]: s for ref, s in sources_of(db, parts.today(), refs).items()}
    prompt, cutter = prompts.load("condense"), Cutter()
    messages = [{"role": "system", "content": prompt.system},
                {"role": "user", "content": prompt.render(turns=as_text(old, labels))}]  # fmt: skip
    try:
        pieces = list[Any]()
        for piece in talked(parts, chat_model, messages):
            pieces = [] if isinstance(piece, Retracted) else [*pieces, piece]
    except (JudgeError, BudgetReached):
        return []
    text = "".join(p for p in pieces if isinstance(p, str))
    drafts = [draft_of(s) for s in (*cutter.feed(text), *cutter.end())]
    kept = [d for d in drafts if not why_not_shown(d, sources)][:MOST_SENTENCES]
    return [{"text": d.text, "cites": [sources[c].ref for c in d.cites]} for d in kept]


def _first_sentences(old: Sequence[Turn]) -> list[Turn]:
    """The first sentence of each old turn, for use without a model."""
    return [t["sentences"][0] for t in old if t["sentences"]][-MOST_SENTENCES:]


def _length(turn: Turn) -> int:
    return len(turn["question"]) + sum(len(s["text"]) for s in turn["sentences"])
