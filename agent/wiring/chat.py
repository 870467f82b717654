"""Build a chat from settings."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.adapters.clock import SystemClock
from agent.chat.parts import ChatParts
from agent.chat.service import Chat
from agent.chat.threads import Threads
from agent.ports.models import ChatModel
from agent.retrieval.finder import Finder
from agent.settings import Settings, secrets
from agent.wiring.actions import HomeActions
from agent.wiring.budget import budget
from agent.wiring.judges import dialect, endpoint, is_writing
from agent.wiring.vectors import embedder_of, open_vectors
from store.errors import Locked, VectorIndexError
from store.home.files import Home
from store.ledger import Ledger
from store.vectors import in_memory
from store.vectors.generation import generation
from store.vectors.in_memory import Vectors

Embed = Callable[[Sequence[str]], NDArray[np.float32]]


@contextmanager
def open_chat(settings: Settings) -> Iterator[Chat]:
    """A chat over the home. Raises a RetestError or StoreError naming what is unavailable."""
    from langgraph.checkpoint.sqlite import SqliteSaver

    home, clock = Home(settings.home), SystemClock()
    ledger = Ledger.view(home.ledger)
    threads = Threads(home.chats)
    # A separate connection keeps the transactions of threads and of checkpoints apart.
    checkpoints = sqlite3.connect(home.chats, check_same_thread=False, timeout=30)
    try:
        saver = SqliteSaver(checkpoints)
        parts = ChatParts(
            ledger=ledger, finder=open_finder(settings, ledger), actions=HomeActions(settings),
            today=lambda: clock.now().date().isoformat(), chat_model=chat_model(settings),
            budget=budget(settings),
            secrets=secrets(settings),
        )  # fmt: skip
        with closing(Chat(parts, threads, saver, lambda: clock.now().isoformat(timespec="seconds"))) as chat:
            yield chat
    finally:
        checkpoints.close()
        threads.close()
        ledger.close()


def chat_model(settings: Settings) -> ChatModel | None:
    """The model that answers; None if no LLM is configured to write."""
    if not is_writing(settings):
        return None
    from agent.adapters.llm.chat_model import LlmChatModel

    return LlmChatModel(
        endpoint(settings, "--writer llm"), settings.model, max_tokens=settings.llm_tokens,
        dialect=dialect(settings),
    )  # fmt: skip


def open_finder(settings: Settings, ledger: Ledger) -> Finder:
    """The finder for a home's claims and passages."""
    home, embedder = Home(settings.home), embedder_of(settings)
    kept = Kept(home, embedder.name, embedder.embed)
    corpus = Corpus(settings, home)
    return Finder(ledger, embedder.embed, kept.vectors, corpus.newest)


class Kept:
    """Vectors of wordings, each computed once as long as the embedder stays the same."""

    def __init__(self, home: Home, model: str, embed: Embed) -> None:
        self._folder, self._embed = home.search / "wordings", embed
        self._made_of = hashlib.sha256(model.encode()).hexdigest()[:16]

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors [len(texts), width] in the given order."""
        if not texts:
            return in_memory.NONE.matrix
        copy = in_memory.load(self._folder)
        cached = dict(zip(copy.ids, copy.matrix, strict=True)) if copy.made_of == self._made_of else {}
        keys = [hashlib.sha256(t.encode()).hexdigest() for t in texts]
        fresh = {k: t for k, t in zip(keys, texts, strict=True) if k not in cached}
        if fresh:
            made = self._embed(list(fresh.values()))
            cached |= dict(zip(fresh, made, strict=True))
            ids = tuple(dict.fromkeys(keys))
            in_memory.save(self._folder, Vectors(ids, np.array([cached[k] for k in ids]), self._made_of))
        return np.array([cached[k] for k in keys], dtype=np.float32).reshape(len(keys), -1)


class Corpus:
    """The newest available copy of the index: while a run writes, the previous one."""

    def __init__(self, settings: Settings, home: Home) -> None:
        self._settings, self._home = settings, home
        self._copy = in_memory.load(home.search / "corpus")

    def newest(self) -> Vectors:
        """The copy, rebuilt if the index has changed and is not locked."""
        now = generation(self._home.index)
        if now not in (self._copy.made_of, "none"):
            kept = in_memory.load(self._home.search / "corpus")
            self._copy = kept if kept.made_of == now else self._rebuilt(now)
        return self._copy

    def _rebuilt(self, now: str) -> Vectors:
        try:
            with open_vectors(self._settings) as index:
                collections = [(name, index.ids(name)) for name in ("papers", "passages")]
                rows: list[Any] = [index.vectors(name, ids) for name, ids in collections if ids]
        except (Locked, VectorIndexError):
            return self._copy
        ids = tuple(f"{name}:{i}" for name, found in collections for i in found)
        copy = Vectors(ids, np.concatenate(rows), now) if ids else Vectors((), in_memory.NONE.matrix, now)
        in_memory.save(self._home.search / "corpus", copy)
        return in_memory.load(self._home.search / "corpus") if ids else copy
