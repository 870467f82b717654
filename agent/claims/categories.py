"""arXiv's categories: their names, and what people mean when they write one."""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from agent.errors import UsageError

_FILE = Path(__file__).with_name("categories.txt")


@cache
def names() -> dict[str, str]:
    """The name of each category, in arXiv's order."""
    lines = (line for line in _FILE.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    return {code: name for code, _, name in (line.partition(" ") for line in lines)}


def read(text: str) -> tuple[str, ...]:
    """Categories from what a person wrote, separated by spaces or commas, in any capitals.

    Raises UsageError naming one that arXiv does not have, with the closest ones.
    """
    known = {code.lower(): code for code in names()}
    found = []
    for word in re.split(r"[\s,;]+", text.strip()):
        if word and word.lower() not in known:
            raise UsageError(f"arXiv has no category {word!r}", _closest(word))
        found += [known[word.lower()]] if word else []
    return tuple(dict.fromkeys(found))


def about(words: str) -> list[str]:
    """The categories in whose name or code words begin with all of these."""
    wanted = [re.compile(rf"\b{re.escape(w)}", re.I) for w in words.split()]
    return [code for code, name in names().items() if all(w.search(f"{code} {name}") for w in wanted)]


def _closest(word: str) -> str:
    by_name = {name: code for code, name in names().items()}
    close = [by_name[n] for n in get_close_matches(word, by_name, n=2, cutoff=0.5)]
    close += get_close_matches(word, names(), n=3, cutoff=0.5)
    found = list(dict.fromkeys([*about(word)[:3], *close]))[:4]
    shown = ", ".join(f"{code} ({names()[code]})" for code in found)
    return f"did you mean {shown}?" if shown else "retest line categories lists them"
