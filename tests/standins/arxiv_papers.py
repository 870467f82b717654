"""The files of papers: HTML as LaTeXML writes it, and PDF, made from a record or a given body."""

from __future__ import annotations

from html import escape
from typing import Any

Record = dict[str, Any]
LINES_A_PAGE, LINE = 50, 85


def body_of(record: Record) -> list[tuple[str, str]]:
    """(heading, text) pairs: the record's `body`, or its abstract laid out as a paper."""
    if "body" in record:
        return [tuple(part) for part in record["body"]]
    said = record["abstract"]
    filler = " ".join(
        f"We repeat the experiment with seed {n} and report the mean of all runs." for n in range(12)
    )
    return [
        ("1 Introduction", f"This paper asks about {record['title'].lower()}. {filler}"),
        ("2 Related Work", "Earlier work has looked at other settings and found other things in them."),
        ("3 Results", said),
        ("References", "Ann Bee. 2020. A title of another paper. In Proceedings of Something."),
    ]


def page_of(record: Record) -> bytes:
    """The paper as HTML."""
    told = [(head, text if text.startswith("<") else escape(text)) for head, text in body_of(record)]
    parts = [
        f'<section class="ltx_{"bibliography" if head == "References" else "section"}">'
        f'<h2 class="ltx_title ltx_title_section">{escape(head)}</h2>'
        f'<div class="ltx_para"><p class="ltx_p">{text}</p></div></section>'
        for head, text in told
    ]
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>x</title></head><body>'
        '<nav class="ltx_TOC">Contents</nav><article class="ltx_document">'
        f'<h1 class="ltx_title ltx_title_document">{escape(record["title"])}</h1>'
        '<div class="ltx_abstract"><h6 class="ltx_title ltx_title_abstract">Abstract</h6>'
        f'<p class="ltx_p">{escape(record["abstract"])}</p></div>{"".join(parts)}</article></body></html>'
    ).encode()


def pdf_of(record: Record) -> bytes:
    """The paper as PDF."""
    lines = [record["title"], "Abstract", *wrapped(record["abstract"])]
    for head, text in body_of(record):
        lines += [head, *wrapped(text)]
    pages = [lines[n : n + LINES_A_PAGE] for n in range(0, len(lines), LINES_A_PAGE)]
    return written([_stream(page) for page in pages])


def wrapped(text: str) -> list[str]:
    """The text, wrapped into lines."""
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) > LINE:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def _stream(lines: list[str]) -> bytes:
    shown = b"".join(b"(" + _string(line) + b") Tj T* " for line in lines)
    return b"BT /F1 10 Tf 13 TL 50 760 Td " + shown + b"ET"


def _string(line: str) -> bytes:
    plain = line.encode("latin-1", "replace")
    return plain.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")


def written(streams: list[bytes], page_entries: bytes = b"") -> bytes:
    """A PDF with one content stream per page and one font (PDF 32000-1, 7.5)."""
    count = len(streams)
    kids = b" ".join(b"%d 0 R" % (4 + 2 * n) for n in range(count))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [" + kids + b"] /Count %d >>" % count,
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for n, stream in enumerate(streams):
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> "
            + page_entries + b" >> /Contents %d 0 R >>" % (5 + 2 * n)
        )  # fmt: skip
        objects.append(b"<< /Length %d >>\nstream\n" % len(stream) + stream + b"\nendstream")
    out, places = bytearray(b"%PDF-1.7\n"), []
    for n, held in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n" % n + held + b"\nendobj\n"
    table = b"".join(b"%010d 00000 n \n" % p for p in places)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + table
    return bytes(
        out + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    )
