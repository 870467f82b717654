"""Reading PDFs: abstract sentences found again, pages per CPU second, and damaged files survived.

    python -m bench.reading [--damaged 2000]

The abstracts are those printed in the three ACL papers, as another reader (pypdfium2) finds them, normalised
to the form that the ACL Anthology has; the rates come from one run, with each reader on the same pages.
"""

from __future__ import annotations

import argparse
import io
import json
import logging
import random
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pypdfium2
from pdfminer.high_level import extract_pages
from pypdf import PdfReader, PdfWriter

from agent.adapters.reading import pdfminer_reader, pypdf_reader
from agent.adapters.reading.layout import join_pages, parts_of
from agent.adapters.reading.reading_order import Page, running
from agent.adapters.reading.sandbox import Limits, Sandbox
from agent.core.quotes import MIN_WORDS, find_quote, word_count
from agent.core.sentences import split_sentences
from agent.errors import ReadError
from bench.data import DATA, require

PAPERS = ("papermage__2020.acl-main.447.pdf", "papermage__2023.eacl-main.121.pdf", "papermage__papermage.pdf")
ROUNDS = 3


def main() -> None:
    """Print the figures as one JSON document."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--damaged", type=int, default=2000, help="damaged files to read")
    args = parser.parse_args()
    logging.disable(logging.ERROR)
    folder = DATA / "pdfs"
    require(folder)
    sandbox = Sandbox(Limits(cpu_s=4, wall_s=20))
    figures = {
        "abstract_sentences_found": found_again(folder, sandbox),
        "pages_a_cpu_second": rates([folder / name for name in PAPERS]),
        "damaged": survived(folder, sandbox, args.damaged),
    }
    sandbox.close()
    print(json.dumps(figures, indent=1))


def abstract_sentences(path: Path) -> list[str]:
    """The sentences of a paper's printed abstract, by pypdfium2, as the ACL Anthology has them.

    Words hyphenated at line ends are joined, and footnote marks are left out.
    """
    first = pypdfium2.PdfDocument(path)[0].get_textpage().get_text_range().replace("\r\n", "\n")
    match = re.search(r"\nAbstract\n(.*?)\n1\s+Introduction", first, re.DOTALL)
    text = re.sub(r"(\w)[-\ufffe\u0002]\n?(?=\w)", r"\1", match[1] if match else "")
    text = re.sub(r"(?<=[a-zA-Z][,.])\d(?=\s|$)", "", text)
    return [s for s in split_sentences(" ".join(text.split())) if word_count(s) >= MIN_WORDS]


def found_again(folder: Path, sandbox: Sandbox) -> dict[str, str]:
    """How many of each abstract's sentences the quote gate finds in the text we read."""
    found = {}
    for name in PAPERS:
        text = sandbox.parse(folder / name, "pdf")["text"]
        asked = abstract_sentences(folder / name)
        found[name] = f"{sum(find_quote(s, text) is not None for s in asked)} of {len(asked)}"
    return found


def rates(paths: Sequence[Path]) -> dict[str, float]:
    """Pages per CPU second of each reader, the best of several rounds, and ours over raw pdfminer.six."""
    readers: dict[str, Callable[[Path], int]] = {
        "pypdf, raw": _raw_pypdf, "ours with pypdf": lambda p: _ours(pypdf_reader.pages_of, p),
        "pdfminer.six, raw": lambda p: sum(1 for _ in extract_pages(p)),
        "ours with pdfminer.six": lambda p: _ours(pdfminer_reader.pages_of, p), "pypdfium2, raw": _raw_pdfium,
    }  # fmt: skip
    best: dict[str, float] = {}
    for _ in range(ROUNDS):
        for name, reader in readers.items():
            began = time.process_time()
            pages = sum(reader(path) for path in paths)
            best[name] = max(best.get(name, 0.0), round(pages / (time.process_time() - began), 1))
    return best | {"ours over raw": round(best["ours with pdfminer.six"] / best["pdfminer.six, raw"], 3)}


def _raw_pypdf(path: Path) -> int:
    return sum(1 for page in PdfReader(path).pages if page.extract_text() is not None)


def _raw_pdfium(path: Path) -> int:
    return sum(1 for page in pypdfium2.PdfDocument(path) if page.get_textpage().get_text_range() is not None)


def _ours(pages_of: Callable[[str], tuple[int, Callable[[int], Page]]], path: Path) -> int:
    number, page_at = pages_of(str(path))
    text, starts = join_pages(running([page_at(n) for n in range(number)])[0])
    return number if parts_of(text, starts) else 0


def small_pdfs(folder: Path) -> list[bytes]:
    """Single pages of the papers, as separate files."""
    bodies = []
    for name in PAPERS:
        pages = PdfReader(folder / name).pages
        for n in (0, len(pages) // 2, len(pages) - 1):
            writer, buffer = PdfWriter(), io.BytesIO()
            writer.add_page(pages[n])
            writer.write(buffer)
            bodies.append(buffer.getvalue())
    return bodies


def damaged(bodies: Sequence[bytes], rng: random.Random, number: int) -> Iterator[bytes]:
    """Files with bytes changed, removed, doubled, overwritten or inserted, some of them truncated."""
    for _ in range(number):
        body = bytearray(rng.choice(bodies))
        for _ in range(rng.choice((1, 4, 20, 100))):
            at, size = rng.randrange(len(body)), rng.randrange(1, 40)
            how = rng.randrange(5)
            if how == 0:
                body[at] = rng.randrange(256)
            elif how == 1:
                del body[at : at + size]
            elif how == 2:
                body[at:at] = body[at : at + size]
            elif how == 3:
                body[at : at + size] = rng.randbytes(size)
            else:
                body[at:at] = str(rng.choice((-1, 0, 2**31, 10**12))).encode()
        if rng.random() < 0.2:
            del body[rng.randrange(len(body)) :]
        yield bytes(body)


def survived(folder: Path, sandbox: Sandbox, number: int) -> dict[str, object]:
    """What became of damaged files; that this is printed at all shows that the parent survived."""
    outcomes, slowest, began = Counter[str](), 0.0, time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "damaged.pdf"
        for body in damaged(small_pdfs(folder), random.Random(11), number):
            path.write_bytes(body)
            started = time.perf_counter()
            try:
                sandbox.parse(path, "pdf")
                outcomes["read"] += 1
            except ReadError as error:
                outcomes[error.message.partition("cannot be read: ")[2].partition(":")[0]] += 1
            slowest = max(slowest, time.perf_counter() - started)
    seconds = round(time.perf_counter() - began, 1)
    return {"files": number, **outcomes, "slowest_s": round(slowest, 2), "seconds": seconds,
            "children": sandbox.started}  # fmt: skip


if __name__ == "__main__":
    main()
