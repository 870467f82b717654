"""Read lists of references: BibTeX, RIS, and CSL-JSON as Zotero and others export them. Pure."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from agent.arxiv_ids import mentions
from agent.errors import UsageError

KINDS = (".bib", ".ris", ".json")
_PLACES = (
    "doi", "url", "urls", "journal", "journal_name", "secondary_title", "container-title", "note", "notes",
    "howpublished", "number", "volume", "publisher",
)  # fmt: skip
"""Fields that say where a paper is; an abstract may name other papers."""
_BRACES = re.compile(r"[{}\\]")


class Reference(NamedTuple):
    """One reference: its title, and its arXiv id if it names one.

    An entry that cannot be read has neither, and `unreadable` says which one it is.
    """

    title: str
    arxiv_id: str = ""
    unreadable: str = ""

    @property
    def name(self) -> str:
        """What to call it in a list of what was not found."""
        return self.title or self.unreadable or "a reference without a title"


def is_list(name: str) -> bool:
    """Whether a file's name says that it is a list of references."""
    return name.lower().endswith(KINDS)


def read(text: str, name: str) -> list[Reference]:
    """The references in a file, each paper once. Raises UsageError if it has none."""
    kind = name.lower().rpartition(".")[2]
    found = dict.fromkeys({"bib": _bibtex, "ris": _ris, "json": _csl}[kind](text))
    if not found:
        raise UsageError(f"no reference found in {name}", "export it again as BibTeX, RIS or CSL JSON")
    return list(found)


def words_of(title: str) -> str:
    """A title for comparison: its letters and digits alone."""
    return " ".join(re.findall(r"\w+", title.casefold()))


def _reference(fields: Mapping[str, Any], title: str, eprint: str = "") -> Reference:
    """A reference from its fields; an id is looked for in `eprint`, then in those that name places."""
    named = [fields[name] for name in fields if name.lower() in _PLACES]
    texts = [f"arXiv:{eprint}"] if eprint else []
    texts += [v if isinstance(v, str) else " ".join(map(str, v)) for v in named if isinstance(v, str | list)]
    ids = (m.id for text in texts for m in mentions(text) if m.id)
    return Reference(" ".join(_BRACES.sub("", title).split()), next(ids, ""))


def _bibtex(text: str) -> Iterator[Reference]:
    from bibtexparser.entrypoint import parse_string
    from bibtexparser.model import Entry

    logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)  # it reports each broken entry at length
    library = parse_string(text)
    repeated = [b.ignore_error_block for b in library.failed_blocks if b.ignore_error_block]
    for entry in [*library.entries, *(e for e in repeated if isinstance(e, Entry))]:
        fields = {name.lower(): str(field.value) for name, field in entry.fields_dict.items()}
        is_arxiv = "arxiv" in (fields.get("archiveprefix", "") + fields.get("eprinttype", "")).lower()
        yield _reference(fields, fields.get("title", ""), fields.get("eprint", "") if is_arxiv else "")
    for block in library.failed_blocks:
        if block.ignore_error_block is None:
            yield Reference(
                "", unreadable=f"the entry on line {(block.start_line or 0) + 1}: not valid BibTeX"
            )


def _ris(text: str) -> Iterator[Reference]:
    import rispy

    for entry in rispy.loads(text, skip_unknown_tags=True):
        yield _reference(entry, str(entry.get("title") or entry.get("primary_title") or ""))


def _csl(text: str) -> Iterator[Reference]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise UsageError(f"the references are not JSON: {error}", "export them as CSL JSON") from error
    entries = found.get("items", []) if isinstance(found, dict) else found
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict):
            yield _reference(entry, str(entry.get("title") or ""))
