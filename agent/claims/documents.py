"""Read a document of the kinds people paste: research prompt, inquiring line, paper summary, list. Pure.

One pass over the lines. A heading says what follows; a line that fits nowhere is kept as "unplaced". So
no line is lost, and none is guessed at.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from agent.claims.pieces import CLAIMS, Document, Piece, dated, is_bullet, numbered, plain

_HEADINGS = (
    (r"inquiring line", "question"),
    (r"(?:sources|notes)(?:\s*\d+\s*notes?)?:?", "notes"),
    (r"next (?:inquiring )?lines:?|where to go next:?", "next"),
    (r"research prompt\b.*", "prompt"),
    (r"(?:what|which) .*\bfound\b.*|findings span\b.*|(?:key|dated)? ?constraints\b.*:", "constraints"),
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
"""What an exported prompt says of a claim's present verdict."""
_INSTRUCTION = re.compile(r"^(?:cite arxiv|copy into|flag anything|this website uses cookies)", re.I)


def read(text: str, title: str) -> Document:
    """Read a document. Every line that is not empty is in exactly one piece."""
    reader = _Reader()
    for number, line in numbered(text):
        reader.take(number, line)
    pieces = tuple(reader.finished())
    kinds = list(dict.fromkeys(reader.kinds)) or (
        ["list"] if any(p.kind in CLAIMS for p in pieces) else ["text"]
    )
    return Document(" and ".join(kinds), title, reader.question, pieces)


class _Reader:
    """Follows the headings."""

    def __init__(self) -> None:
        self._pieces: list[Piece] = []
        self._mode = ""
        self._title: tuple[int, str] | None = None
        self.kinds: list[str] = []
        self.question = ""

    def take(self, number: int, line: str) -> None:
        """Put one line where it belongs."""
        if mode := self._heading(line):
            self._drop_title()
            self._mode = mode
            self._add("heading" if mode != "furniture" else mode, line, number)
        elif _INSTRUCTION.match(plain(line)):
            self._add("instruction", line, number)
        elif _ROLE.match(line) and _ASKED.search(line):
            self._role(number, line)
        else:
            _PLACES.get(self._mode, _Reader._anywhere)(self, number, line)

    def finished(self) -> list[Piece]:
        """The pieces, in order."""
        self._drop_title()
        return sorted(self._pieces, key=lambda p: p.first)

    def _heading(self, line: str) -> str:
        if is_bullet(line) or _TASK.match(line) or len(line) > 160:
            return ""
        bare = plain(line).rstrip(".").strip()
        for pattern, mode in _HEADINGS:
            if re.fullmatch(pattern, bare, re.I) and (mode != "notes" or bare[-1:] != "?"):
                self.kinds += [_KINDS[mode]] if mode in _KINDS else []
                return mode
        return ""

    def _add(self, kind: str, line: str, number: int) -> None:
        self._pieces.append(
            Piece(kind, plain(line) if kind not in ("heading", "furniture") else line, number, number)
        )

    def _role(self, number: int, line: str) -> None:
        asked = _ASKED.search(line)
        self.question = plain(asked["question"]).strip("*") if asked else self.question
        self.kinds.append("research prompt")
        self._add("role", line, number)
        self._mode = ""

    def _asked(self, number: int, line: str) -> None:
        """Under "inquiring line": the question, what it is about, then the synthesis."""
        if not self.question:
            self.question = plain(line)
            self._add("question", line, number)
        else:
            before = any(p.kind == "explanation" for p in self._pieces)
            self._add("synthesis" if before else "explanation", line, number)

    def _note(self, number: int, line: str) -> None:
        """A note is a question, and under it the statement."""
        if line.endswith("?") and len(line) <= 200:
            self._drop_title()
            self._title = (number, plain(line))
        elif self._title:
            first, title = self._title
            self._title = None
            self._pieces.append(dated("note", line, first, title=title, last=number))
        else:
            self._add("unplaced", line, number)

    def _drop_title(self) -> None:
        if self._title:
            number, title = self._title
            self._add("unplaced", title, number)
            self._title = None

    def _constraint(self, number: int, line: str) -> None:
        self._listed("constraint", number, line)

    def _result(self, number: int, line: str) -> None:
        self._listed("key-result", number, line)

    def _listed(self, kind: str, number: int, line: str) -> None:
        if is_bullet(line):
            self._pieces.append(dated(kind, line, number))
        elif _NOW.match(line):
            self._add("verdict", line, number)
        else:
            self._add("unplaced", line, number)

    def _task(self, number: int, line: str) -> None:
        self._add("task" if _TASK.match(line) or is_bullet(line) else "unplaced", line, number)

    def _anywhere(self, number: int, line: str) -> None:
        """Outside every heading: a bullet is a claim, prose is kept and waits for a reader."""
        if is_bullet(line) and len(plain(line).split()) >= LEAST_WORDS:
            self._pieces.append(dated("claim", line, number))
        else:
            self._add(self._mode or "unplaced", line, number)


LEAST_WORDS = 4
Place = Callable[[_Reader, int, str], None]


def _plainly(kind: str) -> Place:
    return lambda reader, number, line: reader._add(kind, line, number)


_PLACES: dict[str, Place] = {
    "question": _Reader._asked, "notes": _Reader._note, "constraints": _Reader._constraint,
    "tasks": _Reader._task, "key-result": _Reader._result, "prompt": _plainly("instruction"),
    "anchors": _plainly("anchor"), "next": _plainly("next-line"), "summary-end": _plainly("unplaced"),
    "furniture": _plainly("furniture"),
    **{kind: _plainly(kind) for kind in (
        "summary", "methodology", "significance", "contribution", "novelty", "limitation", "future-work",
    )},
}  # fmt: skip
