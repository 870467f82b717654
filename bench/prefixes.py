"""How much of what the LLM judge sends a provider has in its prompt cache, counted by a stand-in.

    python -m bench.prefixes [--papers 10]

The seeded claims are put with papers of the shared sample to a server that counts common beginnings of
prompts as OpenAI does. Papers of one claim are asked about one after another, as a run does.
"""

from __future__ import annotations

import argparse
import json
from itertools import islice

import openai

from agent.adapters.arxiv.snapshot import SnapshotSource
from agent.adapters.judges.llm import LlmJudge
from agent.adapters.llm.client import LlmClient
from agent.adapters.reading.abstract import AbstractReader
from agent.claims import pack
from agent.core.passages import cut
from bench.data import DATA, require
from tests.standins.llm import llm_server, part, with_prefix_cache


def main() -> None:
    """Print tokens sent and the cached share as one JSON document."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--papers", type=int, default=10)
    each = parser.parse_args().papers
    papers = list(islice(SnapshotSource(require(DATA / "arxiv/sample-7k.jsonl.gz")).everything(), each))
    claims = [c for file in pack.shipped() for c in pack.read(file).claims if not c.atoms]
    reply = json.dumps({"parts": [part(1, "neutral", "", "") | {"quotes": []}]})
    sent = cached = 0
    with llm_server(with_prefix_cache(reply)) as server:
        client = openai.OpenAI(api_key="k", base_url=server.url, max_retries=0)
        judge, reader = LlmJudge(LlmClient(client, "m"), threshold=0.6), AbstractReader()
        for claim in claims:
            for paper in papers:
                answer = judge.judge(claim, paper, tuple(cut(reader.read(paper), 1, paper.id)))
                sent, cached = sent + answer.tokens_in, cached + answer.tokens_cached
    print(json.dumps({"questions": len(claims) * len(papers), "tokens_in": sent, "tokens_cached": cached,
                      "cached_share": round(cached / sent, 3)}))  # fmt: skip


if __name__ == "__main__":
    main()
