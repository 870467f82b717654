"""Does the cited abstract state the claim? The development rows, checked by the judge in the settings.

    python -m bench.sources [--judge embedded|llm|yes]

`llm` asks the endpoint that RETEST_BASE_URL and RETEST_MODEL name. `yes` is the worst possible model: it
says of every part that the paper states it whole, and quotes every sentence of the abstract, so the result
shows what code alone holds back.

Prints accuracy over stated / partly / not, precision of "states it", and each row.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from agent.adapters.arxiv.snapshot import SnapshotSource
from agent.adapters.reading.abstract import AbstractReader
from agent.claims.source_check import (
    Asked,
    StatedQuote,
    by_judge,
    by_writer,
    check,
    may_be_whole,
)
from agent.core.budget import Budget
from agent.core.quotes import MIN_WORDS, word_count
from agent.core.sentences import split_sentences
from agent.errors import JudgeNonsense
from agent.settings import load
from agent.wiring import judges
from agent.wiring.judges import stance_judge
from agent.writing.journalled_writer import JournalledWriter
from bench.data import DATA, read_jsonl
from store.home.files import Home
from store.ledger import Ledger
from store.records import Claim, Paper, Provenance, Source
from store.remarks import NOT_SAID, PART, STATED, WRONG_DATE

MEANS = {STATED: "supported", PART: "partly", NOT_SAID: "not-in-abstract", WRONG_DATE: "wrong-date"}


def asked_by(judge: str) -> tuple[Asked, str]:
    """The function that is asked about each paper, and its name."""
    if judge == "yes":
        return says_yes, "says yes to everything"
    if judge == "embedded":
        embedded = stance_judge(load({}), given=True)
        return by_judge(embedded, AbstractReader()), embedded.name
    folder = Path(tempfile.mkdtemp())
    settings = load({"judge": "llm", "home": str(folder)})
    writes = judges.writer(settings)
    if writes is None:
        raise SystemExit("bench: no writer is configured")
    ledger = Ledger.open(Home(folder).ledger, create=True)
    writer = JournalledWriter(ledger, writes, Budget(), lambda: "bench")
    return unanswered(by_writer(writer, AbstractReader())), writes.name


def unanswered(asked: Asked) -> Asked:
    """The same function, but an answer that is not the requested JSON counts as a no."""

    def checked(claim: Claim, paper: Paper) -> list[StatedQuote]:
        try:
            return asked(claim, paper)
        except JudgeNonsense as error:
            print(error, file=sys.stderr)
            return []

    return checked


def says_yes(claim: Claim, paper: Paper) -> list[StatedQuote]:
    """Say that everything is stated whole, by every sentence of the paper."""
    quotes = [q for q in split_sentences(paper.abstract) if word_count(q) >= MIN_WORDS]
    return [StatedQuote(a.id, paper.id, q, may_be_whole(a.text, quotes)) for a in claim.parts for q in quotes]


def main() -> None:
    """Print the figures as one JSON document."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--judge", choices=["embedded", "llm", "yes"], default="embedded")
    args = parser.parse_args()
    rows = list(read_jsonl(DATA / "cases/source-checks.dev.jsonl"))
    ids = {r["cited_arxiv_id"] for r in rows}
    papers = {p.id: p for p in SnapshotSource(DATA / "arxiv/sample-7k.jsonl.gz").everything() if p.id in ids}
    (asked, name), results = asked_by(args.judge), []
    for n, row in enumerate(rows):
        claim = Claim(
            id=f"row-{n}", text=row["claim"], kind="claim", lines=(), as_of=row["claim_date"],
            sources=(Source(row["cited_arxiv_id"]),), provenance=(Provenance("rows", str(n)),),
            durable_question="", perishable_limitation="",
        )  # fmt: skip
        outcome = MEANS.get(check(claim, papers, asked, name).state, "not-found")
        results.append({"claim": row["claim"], "expected": row["acceptable_support"], "said": outcome})
    right = [t["said"] in t["expected"] for t in results]
    stated = [ok for t, ok in zip(results, right, strict=True) if t["said"] == "supported"]
    print(json.dumps({
        "judge": name, "n": len(results), "accuracy": round(sum(right) / len(right), 2),
        "precision_of_states_it": round(sum(stated) / len(stated), 2) if stated else None, "rows": results,
    }, indent=1))  # fmt: skip


if __name__ == "__main__":
    main()
