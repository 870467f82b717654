"""Retest beside PaperQA2: the same papers, questions, embedder and scripted LLM, in one run.

    python -m bench.peers --peer work/peer/bin/python [--latency 0.2]

`--peer` is a Python with `paper-qa` installed, in an environment of its own (python -m venv work/peer;
work/peer/bin/pip install paper-qa==2026.8.12). Fifty abstracts that words bring up for the seeded claims are
added and twenty questions asked; then ten more abstracts are added and the same questions asked again. Both
speak to the same server over HTTP, which answers each chat after `--latency` seconds. Retest's embedder runs
in its own process, PaperQA2's behind the server: the same weights. Tokens are characters / 4 of what was sent
and answered. What is embedded is counted by text, and so is what is embedded twice. Retest also judges the
papers against its claims, with the embedded judge: that is in `add`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import openai
import yaml
from numpy.typing import NDArray

from agent.adapters.embedding.cached import CachedEmbedder
from agent.adapters.embedding.minilm import PackagedMiniLM
from agent.adapters.llm.chat_model import LlmChatModel
from agent.chat.service import Chat
from agent.claims import pack
from agent.retrieval.words import WordIndex, tokens
from agent.run import service
from agent.settings import load
from agent.wiring.chat import open_chat
from agent.wiring.run import open_parts
from bench.asking import QUESTIONS
from bench.data import DATA, read_jsonl, require
from store import claims, lines
from store.home.files import Home
from store.ledger import Ledger
from tests.standins.http import Quiet, served
from tests.standins.llm import streams

PAPERS, MORE, ASKED, DAY = 50, 10, 20, "2026-09-01"
SUMMARY = json.dumps({"summary": "The excerpt reports a result on the question.", "relevance_score": 8})
SENTENCE = "This is what the ledger says of it [S1]."
PEER = r"""
import asyncio, json, os, sys, time
os.environ |= {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "OPENAI_API_KEY": "none", "LITELLM_LOG": "ERROR"}
from paperqa import Docs, Settings
base, work = sys.argv[1:]
job = json.load(open(work))
def llm():
    return {"model_list": [{"model_name": "openai/scripted", "litellm_params": {
        "model": "openai/scripted", "api_base": base, "api_key": "none"}}]}
settings = Settings(llm="openai/scripted", summary_llm="openai/scripted", embedding="openai/minilm",
    llm_config=llm(), summary_llm_config=llm(),
    embedding_config={"kwargs": {"api_base": base, "api_key": "none", "encoding_format": "float"}})
settings.parsing.use_doc_details = False
async def main():
    docs, walls = Docs(), []
    for stage in job["stages"]:
        started = time.perf_counter()
        for name, path in stage:
            await docs.aadd(path, citation=f"arXiv:{name}", docname=name, settings=settings)
        added = time.perf_counter()
        for question in job["questions"]:
            await docs.aquery(question, settings=settings)
        walls.append([added - started, time.perf_counter() - added])
    print("WALLS " + json.dumps(walls))
asyncio.run(main())
"""


@dataclass
class Use:
    """What one system asked of the models."""

    calls: int = 0
    tokens: int = 0
    embedded: Counter[str] = field(default_factory=Counter)

    def row(self) -> dict[str, int]:
        """The figures of a table."""
        return {
            "LLM calls": self.calls, "tokens": self.tokens,
            "bytes embedded": sum(len(t.encode()) * n for t, n in self.embedded.items()),
            "texts embedded twice": sum(n - 1 for n in self.embedded.values()),
        }  # fmt: skip


def main() -> None:
    """Print both rows as one JSON document."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peer", type=Path, required=True, help="a Python with paper-qa installed")
    parser.add_argument("--latency", type=float, default=0.2, help="seconds the LLM takes")
    args = parser.parse_args()
    records = chosen()
    questions = [q["ask"] for q in yaml.safe_load(QUESTIONS.read_text()) if q["claims"]][:ASKED]
    stages = [records[:PAPERS], records[PAPERS:]]
    with tempfile.TemporaryDirectory() as folder:
        rows = {
            "PaperQA2": peer(args.peer, Path(folder), stages, questions, args.latency),
            "Retest": ours(Path(folder), stages, questions, args.latency),
        }
    print(json.dumps({"papers": PAPERS, "then": MORE, "questions": len(questions), **rows}, indent=1))


def chosen() -> list[dict[str, Any]]:
    """The records that words bring up for the seeded claims, best first."""
    records = list(read_jsonl(require(DATA / "arxiv/sample-7k.jsonl.gz")))
    index = WordIndex([f"{r['title']} {r['abstract']}" for r in records])
    seeded = [c for path in pack.shipped() for c in pack.read(path).claims]
    scores = np.sum([index.scores(tokens([c.text])[0]) for c in seeded], axis=0)
    return [records[n] for n in np.argsort(-scores, kind="stable")[: PAPERS + MORE]]


def peer(
    python: Path, folder: Path, stages: Sequence[Sequence[dict[str, Any]]], questions: Sequence[str],
    latency: float,
) -> dict[str, Any]:  # fmt: skip
    """PaperQA2 in its own process."""
    named = []
    for stage in stages:
        paths = [(r["id"].replace("/", "-"), folder / f"{r['id'].replace('/', '-')}.txt") for r in stage]
        for (_, path), record in zip(paths, stage, strict=True):
            path.write_text(f"{record['title']}\n\n{record['abstract']}\n")
        named.append([(name, str(path)) for name, path in paths])
    job = folder / "job.json"
    job.write_text(json.dumps({"stages": named, "questions": list(questions)}))
    use, model = Use(), PackagedMiniLM()
    model.embed(["warm"])
    with models(use, latency, model.embed) as url:
        done = subprocess.run(
            [str(python), "-c", PEER, url, str(job)], capture_output=True, text=True, check=False
        )
    line = next((x for x in done.stdout.splitlines() if x.startswith("WALLS ")), None)
    if line is None:
        raise SystemExit(f"bench: paper-qa failed: {done.stderr[-800:]}")
    return walls(json.loads(line.removeprefix("WALLS "))) | use.row()


def ours(
    folder: Path, stages: Sequence[Sequence[dict[str, Any]]], questions: Sequence[str], latency: float
) -> dict[str, Any]:
    """Retest: a run over the papers with the embedded judge, then questions that the LLM words."""
    home, use, measured = Home(folder / "home"), Use(), []
    seed(home)
    counting = Counting(PackagedMiniLM(), use)
    counting.inner.embed(["warm"])
    seen: list[dict[str, Any]] = []
    with models(use, latency, counting.embed) as url:
        for number, stage in enumerate(stages):
            seen += stage
            snapshot = folder / f"stage-{number}.jsonl"
            snapshot.write_text("".join(json.dumps(r) + "\n" for r in seen))
            settings = load({"home": str(home.root), "source": "snapshot", "snapshot": str(snapshot)}, {})
            started = time.perf_counter()
            with open_parts(settings) as parts:
                parts.embedder = CachedEmbedder(counting)
                service.start(parts, DAY, [], [], lambda _: None, 2)
            added = time.perf_counter()
            ask(home, url, counting, questions)
            measured.append([added - started, time.perf_counter() - added])
    return walls(measured) | use.row()


class Counting:
    """The embedder, counting what it embeds."""

    def __init__(self, inner: PackagedMiniLM, use: Use) -> None:
        self.inner, self.name, self._use = inner, inner.name, use

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """As the embedder does."""
        self._use.embedded.update(texts)
        return self.inner.embed(texts)


def seed(home: Home) -> None:
    """A home with the claims that ship."""
    home.root.mkdir()
    ledger = Ledger.open(home.ledger, create=True)
    with ledger.write() as db:
        for path in pack.shipped():
            held = pack.read(path)
            lines.save_all(db, held.lines)
            for claim in held.claims:
                claims.save(db, claim, DAY)
    ledger.close()


def ask(home: Home, url: str, embedder: Counting, questions: Sequence[str]) -> None:
    """Ask each question in a thread of its own."""
    client = openai.OpenAI(api_key="none", base_url=url, max_retries=0)
    with open_chat(load({"home": str(home.root), "writer": "none"}, {})) as chat:
        chat.parts.finder._embed = CachedEmbedder(embedder).embed
        parts = replace(chat.parts, chat_model=LlmChatModel(client, "scripted"))
        worded = Chat(parts, chat.threads, chat._saver, chat._now)
        for question in questions:
            list(worded.ask(question))


@contextmanager
def models(use: Use, latency: float, embed: Callable[[Sequence[str]], NDArray[np.float32]]) -> Iterator[str]:
    """An OpenAI-compatible server for both; yields its base URL."""

    class Handler(Quiet):
        def do_POST(self) -> None:  # noqa: N802  the name that http.server calls
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path.endswith("/embeddings"):
                texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
                use.embedded.update(texts)
                self.answer(200, json.dumps(_embeddings(embed(texts))).encode(), "application/json")
                return
            use.calls += 1
            said = SENTENCE if body.get("stream") else SUMMARY
            sent = json.dumps(body["messages"]) + json.dumps(body.get("tools", []))
            use.tokens += (len(sent) + len(said)) // 4
            time.sleep(latency)
            if body.get("stream"):
                streams(said)(self, body)
            else:
                self.answer(200, json.dumps(_completion(said)).encode(), "application/json")

    with served(Handler) as address:
        yield address + "/v1"


def _embeddings(vectors: NDArray[np.float32]) -> dict[str, Any]:
    rows = [{"object": "embedding", "index": n, "embedding": v.tolist()} for n, v in enumerate(vectors)]
    usage = {"prompt_tokens": 1, "total_tokens": 1}
    return {"object": "list", "model": "minilm", "data": rows, "usage": usage}


def _completion(said: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": said}
    return {
        "id": "x", "object": "chat.completion", "created": 0, "model": "scripted",
        "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }  # fmt: skip


def walls(measured: Sequence[Sequence[float]]) -> dict[str, float]:
    """Seconds of the stages by name."""
    (add, asked), (more, again) = measured
    return {
        "add, s": round(add, 1), "ask, s": round(asked, 1), "add ten more, s": round(more, 1),
        "ask again, s": round(again, 1), "whole, s": round(add + asked + more + again, 1),
    }  # fmt: skip


if __name__ == "__main__":
    main()
