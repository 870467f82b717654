"""Read the kinds of document people paste: research prompt, inquiring line, paper summary, list. Pure.

One pass over the items. A heading decides how the items after it are read; an item that fits nowhere is kept
as "unplaced", so no line is lost or guessed at.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from agent.arxiv_ids import mentions
from agent.claims.reading.cleaning import is_bullet, is_struck_whole, plain
from agent.claims.reading.items import Item, items
from agent.claims.reading.pieces import CLAIMS, Document, Piece, dated, in_context
from agent.claims.reading.tables import MarkdownTable

_HEADINGS = (
    (r"inquiring line", "question"),
    (r"(?:sources|notes)(?:\s*\d+\s*notes?)?:?", "notes"),
    (r"next (?:inquiring )?lines:?|where to go next:?", "next"),
    (r"research prompt\b.*", "prompt"),
    (r"(?:what|which) .*\bfound\b.*|findings span\b.*|(?:key|dated)? ?constraints\b.*:", "constraints"),
    (r"(?:what (?:we|is|i) (?:know|known|believe|established)|(?:main|our|known|current|dated|recent)? ?"
     r"(?:findings|claims|facts|beliefs|hypotheses)|claims to (?:re-?)?test|state of the art)[ :]*",
     "constraints"),
    (r"(?:your )?(?:instructions?|task|to ?do|deliverables?|output|format|rules|guidelines)[ :]*", "tasks"),
    (r"(?:refuted|discredited|debunked|disproved|overturned|myths?|misconceptions?)(?: \w+){0,3}:?"
     r"|.*\b(?:false|not true|untrue|wrong|refuted|discredited|debunked|disproved)\b.*:", "refuted"),
    (r"anchor papers\b.*", "anchors"),
    (r"(?:your )?tasks?:", "tasks"),
    (r"summary|abstract", "summary"),
    (r"(?:ai )?key findings", "summary-end"),
    (r"methodology", "methodology"), (r"key results", "key-result"), (r"significance", "significance"),
    (r"technical contribution", "contribution"), (r"novelty", "novelty"), (r"limitations?", "limitation"),
    (r"future (?:work|directions)", "future-work"),
    (r"paper details|pdf preview|download pdf|comments \(\d+\)|generated \w+ \d+, \d{4}", "furniture"),
)  # fmt: skip
_KINDS = {"question": "inquiring line", "prompt": "research prompt", "constraints": "research prompt",
          "key-result": "paper summary", "methodology": "paper summary"}  # fmt: skip
_ROLE = re.compile(r"^you are an? .{3,80}?\.", re.I)
_ASKED = re.compile(r"the question:\s*(?P<question>.+?\?)", re.I)
_TASK = re.compile(r"^\(\d+\)")
_NOW = re.compile(r"^Now: ")
"""Starts the line of an exported prompt that gives a claim's current verdict."""
_FOOTNOTE = re.compile(r"^\s{0,3}\[\^(?P<mark>[^\]\s]{1,40})\]:[ \t]*(?P<text>.*)$", re.M)
_NUMBERED_NOTE = re.compile(r"^\s{0,3}\[(?P<mark>\d{1,3})\]:?[ \t]+(?P<text>.*)$", re.M)
"""A list of sources at the end of an answer: [1] Chen et al., arXiv:2505.05410."""
_MARK = re.compile(r"(?<!^)(?<!\n)\[\^?(?P<mark>[^\]\s^]{1,40})\](?![:(])")
_ORDER = re.compile(
    r"(?:please |always |never |do not |don['’]t )?(?:re-?test|re-?check|cite|list|report|include|search|look"
    r"|avoid|return|write|give|provide|verify|summari[sz]e|identify|flag|ignore|consider|answer|make sure"
    r"|ensure|keep|output|quote|prioriti[sz]e|distinguish|separate|state|name|say)\b"
    r"(?! (?:of|is|are|was|were|has|have|that)\b)", re.I,
)  # fmt: skip
"""An imperative at the beginning of an item."""
_A_YEAR = re.compile(r"\b(?:19|20)\d{2}\b")
_INSTRUCTION = re.compile(r"^(?:cite arxiv|copy into|flag anything|this website uses cookies)", re.I)


def read(text: str, title: str) -> Document:
    """Read a document. Every non-empty line ends up in exactly one piece."""
    reader = _Reader()
    for item in items(with_footnotes(text), reader.stands_alone):
        reader.take(item)
    pieces = tuple(reader.finished())
    kinds = list(dict.fromkeys(reader.kinds)) or (
        ["list"] if any(p.kind in CLAIMS for p in pieces) else ["text"]
    )
    return Document(" and ".join(kinds), title, reader.question, pieces)


def with_footnotes(text: str) -> str:
    """Copy the papers that footnotes name to the footnote marks, so that each claim has its source."""
    notes = [*_FOOTNOTE.finditer(text), *_NUMBERED_NOTE.finditer(text)]
    cited = {note["mark"]: _named_in(note["text"]) for note in notes}
    return _MARK.sub(lambda m: cited.get(m["mark"]) or m[0], text) if any(cited.values()) else text


def _named_in(note: str) -> str:
    """Return the ids in a note, malformed ones included, and its months; empty if it names no paper."""
    named = [f"arXiv:{m.id}" if m.id else note[m.start : m.end] for m in mentions(note)]
    months = re.findall(r"\b(?:19|20)\d{2}-\d{2}\b", note)
    return f" ({', '.join([*named, *months])})" if named else ""


def is_long_enough(text: str) -> bool:
    """Whether an item may be a claim: four words, or two and a source or month."""
    words = len(plain(text).split()) + sum(not c.isascii() and c.isalpha() for c in text) // LETTERS_A_WORD
    piece = dated("claim", text, 1)
    return words >= LEAST_WORDS or bool(words > 1 and (piece.sources or piece.as_of))


def is_order(text: str) -> bool:
    """Whether an item tells the reader what to do, in the imperative, and names no paper or year."""
    names_source = any(True for _ in mentions(text)) or _A_YEAR.search(text)
    return bool(_ORDER.match(plain(text))) and not names_source


class _Reader:
    """Sorts items into pieces, following the headings."""

    def __init__(self) -> None:
        self._pieces: list[Piece] = []
        self._mode = ""
        self._title: Item | None = None
        self._table = MarkdownTable()
        self.kinds: list[str] = []
        self.question = ""

    def stands_alone(self, line: str) -> bool:
        """Whether a line never continues the item before it."""
        return bool(self._mode_of(line) or _NOW.match(line) or _INSTRUCTION.match(line))

    def take(self, item: Item) -> None:
        """Classify one item."""
        line = item.text
        if mode := self._mode_of(line):
            self.kinds += [_KINDS[mode]] if mode in _KINDS else []
            self._drop_title()
            self._mode = mode
            self._add("heading" if mode != "furniture" else mode, item)
        elif _FOOTNOTE.match(line) or _NUMBERED_NOTE.match(line):
            self._add("footnote", item)
        elif self._table.takes(line):
            self._pieces.append(self._table.piece(line, item.first))
        elif _INSTRUCTION.match(plain(line)):
            self._add("instruction", item)
        elif _ROLE.match(line) and _ASKED.search(line):
            self._role(item)
        else:
            _PLACES.get(self._mode, _Reader._anywhere)(self, item)

    def finished(self) -> list[Piece]:
        """The pieces, in order."""
        self._drop_title()
        return sorted(self._pieces, key=lambda p: p.first)

    def _mode_of(self, line: str) -> str:
        """Return the mode that a heading sets; empty if the line is not a heading."""
        if is_bullet(line) or _TASK.match(line) or len(line) > MOST_HEADING:
            return ""
        bare = plain(line.lstrip("# ")).rstrip(".").strip()
        # A colon says that a line is a heading; Markdown's own marks say so too.
        written = (bare, f"{bare}:") if line.lstrip().startswith("#") else (bare,)
        for pattern, mode in _HEADINGS:
            if any(re.fullmatch(pattern, w, re.I) for w in written) and (mode != "notes" or bare[-1:] != "?"):
                return mode
        return ""

    def _add(self, kind: str, item: Item) -> None:
        text = item.text if kind in ("heading", "furniture", "footnote") else plain(item.text)
        self._pieces.append(Piece(kind, text, item.first, item.last))

    def _role(self, item: Item) -> None:
        asked = _ASKED.search(item.text)
        self.question = plain(asked["question"]).strip("*") if asked else self.question
        self.kinds.append("research prompt")
        self._add("role", item)
        self._mode = ""

    def _asked(self, item: Item) -> None:
        """Under "inquiring line": the question, its explanation, then the synthesis."""
        if not self.question:
            self.question = plain(item.text)
            self._add("question", item)
        else:
            before = any(p.kind == "explanation" for p in self._pieces)
            self._add("synthesis" if before else "explanation", item)

    def _note(self, item: Item) -> None:
        """A note is a question followed by a statement."""
        if item.text.endswith("?") and len(item.text) <= MOST_TITLE:
            self._drop_title()
            self._title = Item(item.first, item.last, plain(item.text), 0, is_listed=False)
        elif self._title:
            title, self._title = self._title, None
            self._pieces.append(dated("note", item.text, title.first, title=title.text, last=item.last))
        else:
            self._add("unplaced", item)

    def _drop_title(self) -> None:
        if self._title:
            title, self._title = self._title, None
            self._add("unplaced", title)

    def _constraint(self, item: Item) -> None:
        self._listed("constraint", item)

    def _result(self, item: Item) -> None:
        self._listed("key-result", item)

    def _listed(self, kind: str, item: Item) -> None:
        """A list item is a claim, or the context of the items under it."""
        if item.is_listed and is_struck_whole(item.text):
            self._add("struck out", item)
        elif item.is_listed and plain(item.text).endswith(":"):
            self._add("context" if item.has_children else "unplaced", item)
        elif kind == "claim" and plain(item.text).endswith("?"):
            self._add("unplaced", item)
        elif item.is_listed and is_order(item.text):
            self._add("instruction", item)
        elif item.is_listed:
            piece = dated(kind, item.text, item.first, last=item.last)
            self._pieces.append(in_context(piece, item.under) if item.under else piece)
        else:
            self._add("verdict" if _NOW.match(item.text) else "unplaced", item)

    def _found(self, item: Item) -> None:
        """Under "key findings" a paper page has a sentence, and a chat answer a list of claims."""
        self._listed("claim", item)

    def _prompt(self, item: Item) -> None:
        """After a prompt's heading: list items that name a paper or month are claims, the rest is orders."""
        if item.is_listed and not is_order(item.text) and dated("constraint", item.text, item.first).as_of:
            self._listed("constraint", item)
        else:
            self._add("instruction", item)

    def _task(self, item: Item) -> None:
        self._add("task" if _TASK.match(item.text) or item.is_listed else "unplaced", item)

    def _anywhere(self, item: Item) -> None:
        """Outside every heading, a list item is a claim, and prose is kept as "unplaced"."""
        if item.is_listed and (item.under or is_long_enough(item.text)):
            self._listed("claim", item)
        else:
            self._add(self._mode or "unplaced", item)


LEAST_WORDS, LETTERS_A_WORD = 4, 4
MOST_HEADING, MOST_TITLE = 160, 200
Place = Callable[[_Reader, Item], None]


def _plainly(kind: str) -> Place:
    return lambda reader, item: reader._add(kind, item)


_PLACES: dict[str, Place] = {
    "question": _Reader._asked, "notes": _Reader._note, "constraints": _Reader._constraint,
    "tasks": _Reader._task, "key-result": _Reader._result, "prompt": _Reader._prompt,
    "anchors": _plainly("anchor"), "next": _plainly("next-line"), "summary-end": _Reader._found,
    "furniture": _plainly("furniture"), "refuted": _plainly("set aside"),
    **{kind: _plainly(kind) for kind in (
        "summary", "methodology", "significance", "contribution", "novelty", "limitation", "future-work",
    )},
}  # fmt: skip
