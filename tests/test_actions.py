"""What a chat does once a person has agreed, with the real parts; and copies of vectors for search."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import store.runs
from agent.errors import UsageError
from agent.settings import load
from agent.wiring.actions import HomeActions, run_command
from agent.wiring.chat import Corpus, Kept
from store.home.backup import backup, restore
from store.home.files import Home
from store.ledger import Ledger
from store.vectors import in_memory
from store.vectors.generation import generation
from store.vectors.index import open_index
from tests.conftest import make_paper
from tests.standins.arxiv import arxiv_server
from tests.standins.talk import chat_over
from tests.standins.world import WordEmbedder
from tests.test_chat import ask
from tests.test_chat import retested as retested
from tests.test_chat import talked as talked
from tests.test_run import write_snapshot


def test_newer_papers_come_from_a_snapshot(home: Home, tmp_path: Path) -> None:
    old, new = make_paper(1, published="2025-01-05"), make_paper(2, published="2026-01-05")
    gone = make_paper(3, published="2026-01-06", withdrawn=True)
    papers = write_snapshot(tmp_path / "s.jsonl", [old, new, gone])
    actions = HomeActions(load({"home": str(home.root), "source": "snapshot", "snapshot": str(papers)}, {}))
    assert [p.id for p in actions.newer("fine-tuning and faithfulness", "2025-06-01")] == [new.id]


def test_newer_papers_come_from_arxiv(home: Home, tmp_path: Path) -> None:
    papers = [make_paper(n, published=f"2026-0{n}-05", categories=("cs.CL",)) for n in (1, 2)]
    with arxiv_server([dict(p.__dict__) for p in papers]) as server:
        settings = load(
            {"home": str(home.root), "arxiv_url": server.url, "gate_dir": str(tmp_path / "gate")}, {}
        )
        found = HomeActions(settings).newer("faithfulness of fine-tuning", "2026-01-20")
    assert [p.id for p in found] == ["2506.00002"]
    assert "faithfulness" in server.asked[0]["search_query"]


@pytest.mark.slow
def test_a_retest_starts_with_the_given_flags_and_only_for_known_claims(home: Home, tmp_path: Path) -> None:
    papers = write_snapshot(tmp_path / "s.jsonl", [make_paper(n) for n in range(1, 4)])
    settings = load({"home": str(home.root), "source": "snapshot", "snapshot": str(papers)}, {})
    assert run_command(settings)[-4:] == ["--source", "snapshot", "--snapshot", str(papers)]
    with pytest.raises(UsageError, match="no claim 'nobody'"):
        HomeActions(settings).retest(["nobody"])
    assert "has begun" in HomeActions(settings).retest(["tuning-hurts"])
    ledger, until = Ledger.view(home.ledger), time.monotonic() + 90
    while time.monotonic() < until:
        with ledger.read() as db:
            run = store.runs.latest(db)
        if run and run.finished_at:
            break
        threading.Event().wait(0.5)
    ledger.close()
    assert run is not None
    assert run.counts["pairs_screened"] == 3


def test_a_report_is_exported_into_the_home(talked: Home) -> None:
    told = HomeActions(load({"home": str(talked.root)}, {})).export()
    path = Path(told.removeprefix("wrote "))
    assert path.parent == talked.root / "exports"
    assert "relaxed" in path.read_text()


def test_vectors_are_copied_when_the_index_has_changed_and_is_not_locked(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = WordEmbedder()
    monkeypatch.setattr("agent.wiring.vectors.embedder_of", lambda _: model)
    corpus = Corpus(load({"home": str(home.root)}, {}), home)
    assert corpus.newest().ids == ()
    with open_index(home.index, model.name, holder="a run") as index:
        index.add("papers", ["p1"], model.embed(["one"]))
        assert corpus.newest().ids == ()  # the run still holds it
    first = corpus.newest()
    assert first.ids == ("papers:p1",)
    assert corpus.newest() is first
    before = generation(home.index)
    with open_index(home.index, model.name, holder="a run") as index:
        index.add("passages", ["1.0"], model.embed(["two"]))
    assert generation(home.index) != before
    assert set(corpus.newest().ids) == {"papers:p1", "passages:1.0"}
    assert np.allclose(in_memory.load(home.search / "corpus").matrix, corpus.newest().matrix)


def test_wordings_are_embedded_once(home: Home) -> None:
    model = WordEmbedder()
    Kept(home, model.name, model.embed).vectors(["a", "b", "a"])
    again = Kept(home, model.name, model.embed).vectors(["b", "c"])
    assert model.embedded == 3
    assert np.allclose(again, model.embed(["b", "c"]))
    Kept(home, "another model", model.embed).vectors(["b"])
    assert model.embedded == 6


def test_a_backup_includes_threads(talked: Home, tmp_path: Path) -> None:
    with chat_over(talked) as (chat, _):
        thread: Any = ask(chat)[0]["id"]
        backup(talked, tmp_path / "b.tar.gz", "2026-09-01T00:00:00+00:00")
    other = Home(tmp_path / "other")
    restore(tmp_path / "b.tar.gz", other, "2026-09-02T00:00:00+00:00")
    with chat_over(other) as (chat, _):
        assert [t.id for t in chat.threads.every()] == [thread]
