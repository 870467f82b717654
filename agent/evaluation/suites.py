"""Public labelled sets read into our cases, for stance quality; no verdict is expected.

`scifact`: claims_train.jsonl with corpus.jsonl beside it (Wadden et al. 2020, arXiv:2004.14974);
only the fifth of its documents that the shipped judge was never trained on. `scitab`: sci_tab.json
(Lu et al. 2023, arXiv:2305.13186); each table's caption and rows are the abstract.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from agent.errors import UsageError
from agent.evaluation.cases import Labelled, LabelledCase
from store.records import Paper, Stance

Suite = tuple[list[LabelledCase], dict[str, Paper]]
_SCIFACT: dict[str, Stance] = {"SUPPORT": "supports", "CONTRADICT": "contradicts"}
_SCITAB: dict[str, Stance] = {"supports": "supports", "refutes": "contradicts", "not enough info": "neutral"}
_BEFORE, _AFTER = "1900-01", "1900-02"


def held_out(doc_id: str | int, folds: int = 5) -> bool:
    """Whether a document belongs to the fixed fifth that no training ever sees."""
    return int(hashlib.sha256(str(doc_id).encode()).hexdigest(), 16) % folds == 0


def read_suite(name: str, path: Path) -> Suite:
    """Read a suite. Raises UsageError if the file is missing or malformed."""
    try:
        return SUITES[name](path)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"{path} is not a {name} file ({type(error).__name__}: {error})", "name the set's claims file"
        ) from error


def _scifact(path: Path) -> Suite:
    corpus = {str(d["doc_id"]): d for d in _lines(path.with_name("corpus.jsonl"))}
    cases, papers = [], {}
    for row in _lines(path):
        docs = [str(d) for d in row["cited_doc_ids"]]
        if not any(held_out(d) for d in docs):
            continue
        for doc in docs:
            papers[doc] = _paper(doc, corpus[doc]["title"], " ".join(corpus[doc]["abstract"]))
            sets = row["evidence"].get(doc, [])
            stance = _SCIFACT[sets[0]["label"]] if sets else "neutral"
            cases.append(_case(f"scifact-{row['id']}-{doc}", row["claim"], doc, stance))
    return cases, papers


def _scitab(path: Path) -> Suite:
    cases, papers = [], {}
    for row in json.loads(path.read_text(encoding="utf-8")):
        names = [str(n) for n in row["table_column_names"]]
        rows = [_table_row(names, cells) for cells in row["table_content_values"]]
        papers[row["id"]] = _paper(row["id"], row["table_caption"], " ".join(rows))
        cases.append(_case(f"scitab-{row['id']}", row["claim"], row["id"], _SCITAB[row["label"]]))
    return cases, papers


def _table_row(names: list[str], cells: list[str]) -> str:
    return "In our results, " + ", ".join(f"{n} is {c}" for n, c in zip(names, cells, strict=False)) + "."


SUITES: dict[str, Callable[[Path], Suite]] = {"scifact": _scifact, "scitab": _scitab}


def _case(case_id: str, claim: str, doc: str, stance: Stance) -> LabelledCase:
    return LabelledCase(
        id=case_id, claim=claim, claim_date=_BEFORE, expected_verdict=None,
        evidence=(Labelled(arxiv_id=doc, stance=stance),),
    )  # fmt: skip


def _paper(doc: str, title: str, abstract: str) -> Paper:
    return Paper(id=doc, title=title or "Untitled", abstract=abstract, published=_AFTER)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
