"""Does the cited abstract state the claim? The development rows, by the judge that settings name.

    python -m bench.sources [--judge embedded]

Printed: accuracy over stated / partly / not, precision of "states it", and each row.
"""

from __future__ import annotations

import argparse
import json

from agent.adapters.abstract_reader import AbstractReader
from agent.adapters.snapshot import SnapshotSource
from agent.claims.source_check import NOT_SAID, PART, STATED, WRONG_DATE, check
from agent.settings import load
from agent.wiring.judges import stance_judge
from bench.data import DATA, read_jsonl
from store.records import Claim, Provenance, Source

MEANS = {STATED: "supported", PART: "partly", NOT_SAID: "not-in-abstract", WRONG_DATE: "wrong-date"}


def main() -> None:
    """Print the figures as one JSON document."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--judge", choices=["embedded", "llm"], default="embedded")
    args = parser.parse_args()
    rows = list(read_jsonl(DATA / "cases/source-checks.dev.jsonl"))
    ids = {r["cited_arxiv_id"] for r in rows}
    papers = {p.id: p for p in SnapshotSource(DATA / "arxiv/sample-7k.jsonl.gz").everything() if p.id in ids}
    judge, told = stance_judge(load({"judge": args.judge}), given=True), []
    for n, row in enumerate(rows):
        claim = Claim(
            id=f"row-{n}", text=row["claim"], kind="claim", lines=(), as_of=row["claim_date"],
            sources=(Source(row["cited_arxiv_id"]),), provenance=(Provenance("rows", str(n)),),
            durable_question="", perishable_limitation="",
        )  # fmt: skip
        said = MEANS.get(check(claim, papers, judge, AbstractReader()).state, "not-found")
        told.append({"claim": row["claim"], "expected": row["acceptable_support"], "said": said})
    right = [t["said"] in t["expected"] for t in told]
    stated = [ok for t, ok in zip(told, right, strict=True) if t["said"] == "supported"]
    print(json.dumps({
        "judge": judge.name, "n": len(told), "accuracy": round(sum(right) / len(right), 2),
        "precision_of_states_it": round(sum(stated) / len(stated), 2) if stated else None, "rows": told,
    }, indent=1))  # fmt: skip


if __name__ == "__main__":
    main()
