"""Where the shared data lives, and how to read it. Nothing is copied into the project."""

from __future__ import annotations

import gzip
import json
import lzma
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SHARED = Path(os.environ.get("RETEST_SHARED", Path(__file__).parents[2] / "shared"))
DATA = SHARED / "data"


def require(path: Path) -> Path:
    """Return `path`, or exit with a clear message if it is absent."""
    if not path.exists():
        sys.exit(f"bench: {path} is absent; set RETEST_SHARED to the folder that holds data/")
    return path


def read_jsonl(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of a JSON Lines file, plain, .gz or .xz."""
    require(path)
    opener: Any = {".gz": gzip.open, ".xz": lzma.open}.get(path.suffix, open)
    with opener(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def case_paper_ids() -> set[str]:
    """Ids of all papers that development cases rest on; kept out of all training data."""
    cases = list(read_jsonl(DATA / "cases/retest-cases.dev.jsonl"))
    return {e["arxiv_id"] for c in cases for e in c["evidence"]} | {
        source for c in cases for source in c["source_arxiv_ids"]
    }
