"""arXiv's HTML (LaTeXML's) by lxml: text with its sections. Runs in the reading child."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lxml import html

from agent.adapters.reading.layout import KNOWN, MOST_NAME, Part

_SKIP = frozenset(
    ["script", "style", "nav", "header", "footer", "button", "svg", "head", "form", "noscript", "iframe",
     "template", "object", "audio", "video", "select"]
)  # fmt: skip
_SKIP_CLASSES = frozenset(["ltx_page_footer", "ltx_page_header", "ltx_TOC", "ltx_note_outer", "ltx_authors",
                           "ltx_role_refnum", "ltx_ERROR", "ltx_dates"])  # fmt: skip
_BLOCKS = frozenset(
    ["p", "div", "section", "article", "li", "ul", "ol", "dl", "dt", "dd", "table", "tr", "figure",
     "figcaption", "blockquote", "pre", "h1", "h2", "h3", "h4", "h5", "h6", "br"]
)  # fmt: skip
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_WHITE = (
    r"(?:#(?:f[0-9a-f]){3}\b|#f{3}\b|white\b|transparent\b"
    r"|rgba?\(\s*2[45]\d\s*,\s*2[45]\d\s*,\s*2[45]\d\b)"
)
_UNSEEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|opacity\s*:\s*0*(?:\.0\d*)?\s*(?:;|$)"
    r"|font-size\s*:\s*0*(?:\.\d+|[01](?:\.\d+)?)(?:px|pt|em|rem|%)?\s*(?:;|$)"
    rf"|(?:^|[;\s])(?:--ltx-fg-)?color\s*:\s*{_WHITE}"
    r"|(?:left|top|text-indent)\s*:\s*-\d{4,}",
    re.I,
)
_PHANTOM = re.compile(
    r"\\(?:[hv]?phantom|color\s*\[rgb\]\s*\{1,1,1\}|textcolor\s*\{white\}|color\s*\{white\})"
)
"""Commands that make part of a formula invisible; the whole formula is then left out."""
_NUMBER = re.compile(r"^(?:Appendix\s+)?(?:\d+(?:\.\d+)*|[A-Z](?:\.\d+)*|[IVX]+)\.?\s+")
MOST_DEPTH = 200


def read_html(body: bytes) -> tuple[str, list[Part], int]:
    """Return the visible text of a page, its sections, and the number of hidden characters."""
    parser = html.HTMLParser(encoding="utf-8", huge_tree=False, no_network=True, remove_comments=True)
    root = html.document_fromstring(body, parser=parser)
    walk = _Walk()
    walk.into(next(root.iter("article"), root), 0)
    return walk.finished()


class _Walk:
    """Collects the text and the positions of headings."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._length = self.hidden = 0
        self._marks: list[tuple[int, str]] = []
        self._above = ""

    def into(self, node: Any, depth: int) -> None:
        """Write an element and its contents, but not its tail."""
        if not isinstance(node.tag, str) or node.tag in _SKIP or depth > MOST_DEPTH:
            return
        classes = set((node.get("class") or "").split())
        if classes & _SKIP_CLASSES:
            return
        if is_unseen(node):
            self.hidden += len("".join(node.itertext()).strip())
            return
        if node.tag == "math":
            formula = node.get("alttext") or " ".join(node.itertext())
            hides = _PHANTOM.search(formula)
            self.hidden += len(formula) if hides else 0
            self._write(" " if hides else formula)
            return
        if node.tag in _HEADINGS and "ltx_title_document" not in classes:
            self._heading(node, classes)
            return
        self._inside(node, classes, depth)

    def _inside(self, node: Any, classes: set[str], depth: int) -> None:
        block = node.tag in _BLOCKS
        if "ltx_bibliography" in classes:
            self._marks.append((self._length, "references"))
        if block:
            self._write("\n")
        self._write(re.sub(r"\s+", " ", node.text or ""))
        for child in node:
            self.into(child, depth + 1)
            self._write(re.sub(r"\s+", " ", child.tail or ""))
        if block or node.tag in ("td", "th"):
            self._write("\n" if block else " ")

    def _heading(self, node: Any, classes: set[str]) -> None:
        title = " ".join("".join(_seen(node)).split())
        bare = _NUMBER.sub("", title).rstrip(".:")
        name = KNOWN.get(bare.casefold(), bare)
        deep = node.tag in ("h3", "h4", "h5", "h6") and not classes & {"ltx_title_abstract"}
        if deep and self._above and "ltx_title_bibliography" not in classes:
            name = f"{self._above}: {bare}"
        elif name:
            self._above = name
        self._write(f"\n{title}\n")
        if name:
            self._marks.append((self._length, name[:MOST_NAME]))

    def _write(self, text: str) -> None:
        if text:
            self._text.append(text)
            self._length += len(text)

    def finished(self) -> tuple[str, list[Part], int]:
        """Return the text, its sections except the abstract, and the number of hidden characters."""
        text = "".join(self._text)
        ends = [*(at for at, _ in self._marks[1:]), len(text)]
        parts: list[Part] = []
        for (at, name), end in zip(self._marks, ends, strict=False):
            if parts and parts[-1].name == name:
                parts[-1] = Part(name, None, parts[-1].start, end)
            elif name != "abstract" and end > at:
                parts.append(Part(name, None, at, end))
        return text, parts or [Part("body", None, 0, len(text))], self.hidden


def is_unseen(node: Any) -> bool:
    """Whether an element's own attributes make it invisible."""
    white = re.fullmatch(_WHITE, (node.get("color") or "").strip(), re.I)
    return bool(node.get("hidden") is not None or white or _UNSEEN.search(node.get("style") or ""))


def _seen(node: Any) -> Iterator[str]:
    """Yield the visible text in an element."""
    if not isinstance(node.tag, str) or is_unseen(node) or node.tag in _SKIP:
        return
    yield node.text or ""
    for child in node:
        yield from _seen(child)
        yield child.tail or ""
