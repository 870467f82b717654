"""Re-check every citation in a finished home, without using any of the product's own code.

    python bench/recheck.py [HOME] [--snapshot FILE]

For each piece of evidence that a verdict rests on or that is shown as a lead: the quote must appear
verbatim in the paper's record, apart from white space; the paper must be newer than the claim and
not one of its sources. With --snapshot the record is taken from the snapshot itself rather than from
the ledger. Every quote printed in report.md must be one of them. Prints how many citations were
checked and how many failed; the exit code is 1 if any failed.
"""

from __future__ import annotations

import argparse
import gzip
import json
import lzma
import re
import sqlite3
import sys
from pathlib import Path
from typing import Any

PRINTED = re.compile(r"“((?:[^“”]|“[^“”]*”)*)” — \[arXiv:([^\]v]+)(?:v\d+)?\]")


def main() -> int:
    """Check a home; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path, nargs="?", default=Path("runs"))
    parser.add_argument("--snapshot", type=Path)
    args = parser.parse_args()
    db = sqlite3.connect(f"file:{args.home}/ledger.sqlite?mode=ro", uri=True)
    db.row_factory = sqlite3.Row
    records = from_snapshot(args.snapshot) if args.snapshot else from_ledger(db)
    cited = list(db.execute(CITED))
    faults = [f"{row['id']}: {why}" for row in cited if (why := fault(row, records))]
    printed = sorted(args.home.glob("run-*/report.md"))
    shown = [pair for report in printed for pair in PRINTED.findall(report.read_text())]
    known = {(flat(row["quote"]), row["paper_id"]) for row in cited}
    faults += [f"report prints {q[:60]!r} of {p}" for q, p in shown if (unescaped(q), p) not in known]
    resting = sum(row["resting"] for row in cited)
    print(
        f"citations checked {len(cited)} ({resting} under verdicts, {len(cited) - resting} leads), "
        f"printed in reports {len(shown)}, failed {len(faults)}"
    )
    print("\n".join(faults), end="\n" if faults else "")
    return 1 if faults else 0


CITED = """
SELECT e.id, e.quote, e.paper_id, r.as_of, r.sources,
       EXISTS (SELECT 1 FROM verdict_evidence v WHERE v.evidence_id = e.id) AS resting
FROM evidence e
JOIN claim_revisions r ON r.claim_id = e.claim_id AND r.revision = e.revision
WHERE e.status IN ('counted', 'lead')
"""


def fault(row: sqlite3.Row, records: dict[str, dict[str, Any]]) -> str:
    """What is wrong with a citation; empty if nothing is."""
    paper = records.get(row["paper_id"])
    if paper is None:
        return f"no record of {row['paper_id']}"
    if flat(row["quote"]) not in flat(f"{paper['title']}\n\n{paper['abstract']}"):
        return f"the quote is not in {row['paper_id']}: {row['quote'][:80]!r}"
    if row["resting"] and (row["as_of"] is None or paper["published"][:7] <= row["as_of"]):
        return f"{row['paper_id']} of {paper['published']} is not newer than {row['as_of']}"
    if row["paper_id"] in {s["arxiv_id"] for s in json.loads(row["sources"])}:
        return f"{row['paper_id']} is the claim's own source"
    return ""


def flat(text: str) -> str:
    """Collapse all white space to single spaces."""
    return " ".join(text.split())


def unescaped(text: str) -> str:
    """Undo Markdown's backslash escapes."""
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text)


def from_ledger(db: sqlite3.Connection) -> dict[str, dict[str, Any]]:
    """Records from the ledger."""
    return {r["id"]: dict(r) for r in db.execute("SELECT id, title, abstract, published FROM papers")}


def from_snapshot(path: Path) -> dict[str, dict[str, Any]]:
    """Records from the snapshot."""
    opener: Any = {".gz": gzip.open, ".xz": lzma.open}.get(path.suffix, open)
    with opener(path, "rt", encoding="utf-8") as lines:
        return {r["id"]: r for r in map(json.loads, lines)}


if __name__ == "__main__":
    sys.exit(main())
