"""A retested home with a chat over it: real graph, ledger and threads; the model's server is scripted."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import openai
from langgraph.checkpoint.sqlite import SqliteSaver

from agent.adapters.llm.chat_model import LlmChatModel
from agent.chat.parts import ChatParts
from agent.chat.service import Chat
from agent.chat.threads import Threads
from agent.core.budget import Budget
from agent.retrieval.finder import Finder
from store.home.files import Home
from store.ledger import Ledger
from store.records import Paper
from store.vectors.in_memory import NONE, Vectors
from store.vectors.index import open_index
from tests.conftest import NOW
from tests.standins.world import WordEmbedder

KEY = "sk-never-shown"


class Actions:
    """Records what it is asked to do, and does nothing."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.papers: list[Paper] = []

    def newer(self, topic: str, after: str | None) -> Sequence[Paper]:
        self.done.append(f"newer {topic} {after}")
        return self.papers

    def retest(self, claim_ids: Sequence[str]) -> str:
        self.done.append(f"retest {' '.join(claim_ids)}")
        return "a retest has begun"

    def export(self) -> str:
        self.done.append("export")
        return "wrote it"


@contextmanager
def chat_over(
    home: Home, url: str | None = None, budget: Budget | None = None
) -> Iterator[tuple[Chat, Actions]]:
    """A chat over a home, with the model at `url` if one is given."""
    embedder, actions, ledger = WordEmbedder(), Actions(), Ledger.view(home.ledger)
    client = openai.OpenAI(api_key=KEY, base_url=url, max_retries=0, timeout=20) if url else None
    with open_index(home.index, embedder.name, holder="test") as index:
        ids = index.ids("papers")
        corpus = (
            Vectors(tuple(f"papers:{i}" for i in ids), index.vectors("papers", ids), "x") if ids else None
        )
    threads = Threads(home.chats)
    checkpoints = sqlite3.connect(home.chats, check_same_thread=False, timeout=30)
    parts = ChatParts(
        ledger=ledger, actions=actions, today=lambda: NOW.date().isoformat(), secrets=(KEY,),
        finder=Finder(ledger, embedder.embed, embedder.embed, lambda: corpus or NONE),
        budget=budget or Budget(),
        chat_model=LlmChatModel(client, "m", sleep=lambda _: None) if client else None,
    )  # fmt: skip
    try:
        yield Chat(parts, threads, SqliteSaver(checkpoints), NOW.isoformat), actions
    finally:
        checkpoints.close()
        threads.close()
        ledger.close()


def contents(ledger: Path) -> str:
    """A hash of everything in a ledger."""
    digest = hashlib.sha256()
    connection = sqlite3.connect(ledger)
    for line in connection.iterdump():
        digest.update(line.encode())
    connection.close()
    return digest.hexdigest()
