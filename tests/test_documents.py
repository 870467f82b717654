"""Documents as people have them: each layout gives exactly its claims, and nothing is dropped in silence."""

from __future__ import annotations

import csv
import gzip
import html
import io
import json
import textwrap
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.claims import intake
from agent.claims.reading.files import text_of
from agent.claims.reading.pieces import CLAIMS, Document
from agent.errors import UsageError

Rows = list[tuple[str, str, str]]
"""Claim, arXiv id, month."""


def listed(mark: str) -> Callable[[Rows], str]:
    return lambda rows: "".join(f"{mark} {c} (arXiv:{i}, {m})\n" for c, i, m in rows)


def table(rows: Rows) -> str:
    cells = "".join(f"| {c.replace('|', chr(92) + '|')} | {i} | {m} |\n" for c, i, m in rows)
    return f"| Claim | arXiv | As of |\n|---|---|---|\n{cells}"


def separated(delimiter: str) -> Callable[[Rows], str]:
    def made(rows: Rows) -> str:
        out = io.StringIO()
        writer = csv.writer(out, delimiter=delimiter)
        writer.writerows([("claim", "arxiv_id", "as_of"), *rows])
        return out.getvalue()

    return made


def wrapped(rows: Rows) -> str:
    return "".join(
        textwrap.fill(f"- {c} (arXiv:{i}, {m})", 60, subsequent_indent="  ", break_long_words=False,
                      break_on_hyphens=False) + "\n"
        for c, i, m in rows
    )  # fmt: skip


def page(rows: Rows) -> str:
    items = "".join(
        f'<li>{html.escape(c)} (<a href="https://arxiv.org/abs/{i}">paper</a>, {m})</li>' for c, i, m in rows
    )
    return f"<html><script>var claims = 1;</script><body><h2>What we know</h2><ul>{items}</ul></body></html>"


LAYOUTS: dict[str, tuple[str, Callable[[Rows], str]]] = {
    "dashes": ("a.md", listed("-")),
    "stars": ("a.md", listed("*")),
    "numbers": ("a.md", lambda rows: "".join(listed(f"{n}.")([r]) for n, r in enumerate(rows, 1))),
    "letters": ("a.md", lambda rows: "".join(listed(f"{chr(96 + n)})")([r]) for n, r in enumerate(rows, 1))),
    "bullets": ("a.txt", listed("•")),
    "tasks": ("a.md", listed("- [ ]")),
    "findings": (
        "a.md",
        lambda rows: f"# My notes\n\nFindings\n\n{listed('-')(rows)}\nTasks:\n- Cite ids.\n",
    ),
    "wrapped": ("a.md", wrapped),
    "table": ("a.md", table),
    "csv": ("a.CSV", separated(",")),
    "tsv": ("a.tsv", separated("\t")),
    "html": ("a.html", page),
}


def read(text: str, name: str) -> Document:
    return intake.recognised(text_of(text.encode(), name), name)


def in_words(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


@pytest.fixture(scope="module")
def rows() -> Rows:
    from tests.conftest import SHARED

    if not SHARED.exists():
        pytest.skip(f"shared data is absent: {SHARED}")
    found: dict[str, tuple[str, str, str]] = {}
    with gzip.open(SHARED / "stance" / "labels.jsonl.gz", "rt") as labels:
        for label in map(json.loads, labels):
            paper = label["paper"]
            if len(paper) == 10 and paper[4] == "." and len(label["claim"]) < 300:
                found.setdefault(label["claim"], (label["claim"], paper, f"20{paper[:2]}-{paper[2:4]}"))
    return list(found.values())[:1500]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_document_gives_exactly_its_claims(rows: Rows, layout: str) -> None:
    name, make = LAYOUTS[layout]
    number = list(LAYOUTS).index(layout)
    for start in range(number * 125, (number + 1) * 125, 5):
        given = rows[start : start + 5]
        found = read(make(given), name).of(*CLAIMS)
        assert [in_words(p.text) for p in found] == [in_words(c) for c, _, _ in given]
        assert [(p.sources[0].arxiv_id, p.as_of) for p in found] == [(i, m) for _, i, m in given]


def test_orders_are_no_claims_and_every_line_is_somewhere() -> None:
    text = """RESEARCH PROMPT: protein folding

Main findings
- Structure prediction is solved for single chains (arXiv:2207.06616, 2022).
- Keep hydrogen bonds in mind, they decide (2021-05).
- Re-test each claim.
- Cite ids for all of them.

What to do
- Search the newest papers.
"""
    document = read(text, "prompt.txt")
    assert [p.text for p in document.of(*CLAIMS)] == [
        "Structure prediction is solved for single chains", "Keep hydrogen bonds in mind, they decide",
    ]  # fmt: skip
    assert len(document.of("instruction")) == 3
    covered = {n for p in document.pieces for n in range(p.first, p.last + 1)}
    assert covered == {n for n, line in enumerate(text.splitlines(), 1) if line.strip()}


def test_what_is_refuted_is_set_aside_and_short_or_foreign_claims_are_read() -> None:
    text = """## Beliefs that are FALSE
- Confidence measures flexibility well (2022-01).

## Findings
- MSAs hurt (2021-09).
- AlphaFold2 不能预测多结构域蛋白质的构象变化。
- It holds for all chains as of March 2024.
- Too short.
"""
    document = read(text, "a.md")
    assert [(p.text, p.as_of) for p in document.of(*CLAIMS)] == [
        ("MSAs hurt", "2021-09"), ("AlphaFold2 不能预测多结构域蛋白质的构象变化。", None),
        ("It holds for all chains as of March 2024.", "2024-03"), ("Too short.", None),
    ]  # fmt: skip
    assert [p.text for p in document.of("set aside")] == ["Confidence measures flexibility well (2022-01)."]


def docx(*paragraphs: str) -> bytes:
    """The least that is a Word document."""
    w = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    body = "".join(f"<w:p><w:r><w:t>{html.escape(p)}</w:t></w:r></w:p>" for p in paragraphs)
    kinds = "http://schemas.openxmlformats.org/package/2006"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
    main = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    part, target = f'PartName="/word/document.xml" ContentType="{main}"', 'Target="word/document.xml"'
    files = {
        "word/document.xml": f"<w:document {w}><w:body>{body}</w:body></w:document>",
        "[Content_Types].xml": f'<Types xmlns="{kinds}/content-types"><Override {part}/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{kinds}/relationships">'
        f'<Relationship Id="r1" Type="{office}" {target}/></Relationships>',
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return out.getvalue()


def test_a_word_document_is_read(tmp_path: Path) -> None:
    body = docx("Findings", "- Longer chains help (arXiv:2502.07266, 2025-02).", "- Cite ids.")
    (claim,) = intake.recognised(text_of(body, "notes.docx"), "notes.docx").of(*CLAIMS)
    assert (claim.text, claim.as_of) == ("Longer chains help", "2025-02")


@pytest.mark.parametrize(
    ("body", "name", "said"),
    [(b"no zip", "a.docx", "not a Word document"), (b"\xff\xfe", "a.html", "line 1: not UTF-8"),
     (b"x" * 2_000_001, "a.txt", "larger than 2 MB")],
)  # fmt: skip
def test_a_bad_file_is_named(body: bytes, name: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        text_of(body, name)
