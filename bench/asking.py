"""Sixty questions to the seeded ledger, and how long search takes over 100,000 passages.

    python -m bench.asking --home runs            a home that `make run` made

Answers come from the ledger alone, and again from a scripted model that says one thing that its sources
support and one that they do not: this measures mechanics, not a model. A citation resolves if its claim,
verdict or counted evidence is in the ledger and its quote is in the stored text of that paper version.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import openai
import yaml

from agent.adapters.llm.chat_model import LlmChatModel
from agent.chat.background import conversed
from agent.chat.question import parse
from agent.chat.service import Chat
from agent.retrieval.finder import READ_AHEAD
from agent.retrieval.search import closest
from agent.settings import load
from agent.wiring.chat import open_chat
from store.home.files import Home
from store.records import Verdict
from store.vectors.in_memory import Vectors
from tests.standins.llm import llm_server, streams

QUESTIONS = Path(__file__).with_name("questions.yaml")
PASSAGES, WIDTH = 100_000, 384
GOOD, BAD = "This is what the ledger says of it [S1].", "It was shown by Nobody in 1907 [S1]."


def main() -> None:
    """Print one JSON document."""
    options = argparse.ArgumentParser(description="Sixty questions to the seeded ledger.")
    options.add_argument("--home", default="runs")
    home = Home(Path(options.parse_args().home))
    asked = yaml.safe_load(QUESTIONS.read_text())
    with open_chat(load({"home": str(home.root), "writer": "none"})) as chat:
        print(json.dumps({
            "questions": len(asked),
            "found": {h: found(chat, [a for a in asked if a["half"] == h]) for h in ("tune", "held")},
            "extracted": answered(chat, home, asked),
            "scripted model": with_model(chat, home, asked),
            f"finding among {PASSAGES:,} passages": speed(chat, asked),
        }, indent=1))  # fmt: skip


def found(chat: Chat, asked: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Recall of the expected claims among the first five; the share refused of questions without any."""
    recalls, refused = [], []
    for one in asked:
        question = parse(one["ask"], chat.parts.today())
        vector = chat.parts.finder.vector(question.topic)
        if one["claims"]:
            first = {h.id for h in chat.parts.finder.every_claim(question.topic, question.ids, vector, 5)}
            recalls.append(len(first & set(one["claims"])) / len(one["claims"]))
        else:
            refused.append(not chat.parts.finder.claims(question.topic, question.ids, vector))
    return {"recall at 5": round(float(np.mean(recalls)), 3), "refused": round(float(np.mean(refused)), 3)}


def answered(chat: Chat, home: Home, asked: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Full answers, with every citation looked up in SQL alone."""
    answers = [_ask(chat, a["ask"]) for a in asked]
    nonempty = [a for a in answers if a["found"]]
    unanswerable = [a for a, q in zip(answers, asked, strict=True) if not q["claims"]]
    return {
        "answers with sentences": len(nonempty),
        "whose every citation resolves": round(float(np.mean([resolves(home, a) for a in nonempty])), 3),
        "citations": sum(len(a["sources"]) for a in nonempty),
        "unanswerable refused": round(float(np.mean([not a["found"] for a in unanswerable])), 3),
    }


def with_model(chat: Chat, home: Home, asked: Sequence[dict[str, Any]]) -> dict[str, float]:
    """The same, with a model that writes one right and one wrong sentence."""
    with llm_server(streams(f"{GOOD}\n{BAD}\n")) as server:
        client = openai.OpenAI(api_key="none", base_url=server.url, max_retries=0)
        talking = Chat(
            replace(chat.parts, chat_model=LlmChatModel(client, "scripted")),
            chat.threads,
            chat._saver,
            chat._now,
        )
        answers = [_ask(talking, a["ask"]) for a in asked]
    wrong = sum(s["text"].startswith("It was shown") for a in answers for s in a["sentences"])
    nonempty = [a for a in answers if a["found"]]
    return {
        "whose every citation resolves": round(float(np.mean([resolves(home, a) for a in nonempty])), 3),
        "ungrounded sentences shown": wrong,
        "unanswerable refused": round(
            float(np.mean([not a["found"] for a, q in zip(answers, asked, strict=True) if not q["claims"]])),
            3,
        ),
    }


def resolves(home: Home, answer: dict[str, Any]) -> bool:
    """Whether every source of an answer is in the ledger, and every label names a source."""
    labels = {s["label"] for s in answer["sources"]}
    with _sql(home) as db:
        return all(set(s["cites"]) <= labels and s["cites"] for s in answer["sentences"]) and all(
            _stands(db, s) for s in answer["sources"]
        )


def _stands(db: sqlite3.Connection, source: dict[str, Any]) -> bool:
    if source["kind"] == "claim":
        return bool(db.execute("SELECT 1 FROM claims WHERE id = ?", (source["id"],)).fetchone())
    if source["kind"] == "verdict":
        row = db.execute(
            "SELECT name, basis, open_leads FROM verdicts WHERE id = ?", (source["id"],)
        ).fetchone()
        return bool(row) and Verdict(row[0], row[1], open_leads=row[2]).standing == source["verdict"]
    row = db.execute(
        "SELECT e.status, substr(t.text, e.start + 1, e.end - e.start), e.paper_id FROM evidence e "
        "JOIN texts t ON t.id = e.text_id WHERE e.id = ?", (source["id"],),
    ).fetchone()  # fmt: skip
    plain = "".join(c for c in source["quote"].casefold() if c.isalnum())
    return bool(row) and row[0] == "counted" and row[2] == source["arxiv_id"] and plain == "".join(
        c for c in row[1].casefold() if c.isalnum()
    )  # fmt: skip


def speed(chat: Chat, asked: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Milliseconds to find claims and passages, also as a fraction of embedding the question."""
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(PASSAGES, WIDTH)).astype(np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder) / "v.npy", matrix)
        corpus = Vectors(
            tuple(map(str, range(PASSAGES))), np.load(Path(folder) / "v.npy", mmap_mode="r"), "x"
        )
        finding, embedding = [], []
        for one in [*asked, *asked, *asked]:
            question, start = parse(one["ask"], chat.parts.today()), time.perf_counter()
            vector = chat.parts.finder.vector(question.topic)
            middle = time.perf_counter()
            chat.parts.finder.claims(question.topic, question.ids, vector)
            closest(corpus, vector, READ_AHEAD)
            finding.append(1000 * (time.perf_counter() - middle))
            embedding.append(1000 * (middle - start))
    return {
        "p50 ms": round(float(np.percentile(finding, 50)), 1),
        "p95 ms": round(float(np.percentile(finding, 95)), 1),
        "of embedding the question": round(float(np.median(finding) / np.median(embedding)), 2),
    }


def _ask(chat: Chat, question: str) -> dict[str, Any]:
    return list(conversed(chat, question, None, threading.Event(), lambda _: False))[-1]


@contextmanager
def _sql(home: Home) -> Iterator[sqlite3.Connection]:
    db = sqlite3.connect(f"file:{home.ledger}?mode=ro", uri=True)
    try:
        yield db
    finally:
        db.close()


if __name__ == "__main__":
    main()
