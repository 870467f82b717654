"""The quote gate on real papers: true quotes in badly extracted text, and quotes with one alteration.

    python -m bench.quotes [--altered 1000]

True quotes are sentences of arXiv abstracts, looked up in text damaged the way PDF extraction damages
it, and sentences of real PDF pages, as pypdf extracts them, cleaned up. Altered quotes differ from a
true one in one number, negation, direction word, or dropped or swapped word; or in how a figure is
written: a range, an exponent, a fraction, a ratio, a sign, a unit.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator

from pypdf import PdfReader

from agent.core.own_result import why_not_own_result
from agent.core.quotes import MIN_WORDS, find_quote, word_count
from agent.core.sentences import split_sentences
from bench.data import DATA, read_jsonl, require
from bench.flips import swap_antonym, toggle_negation

LIGATURES = (("ffi", "\ufb03"), ("ffl", "\ufb04"), ("ff", "\ufb00"), ("fi", "\ufb01"), ("fl", "\ufb02"))
SPACES = (" ", " ", " ", "\n", "  ", "\u00a0", "\u2009", " \n")


def main() -> None:
    """Print the figures as one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--altered", type=int, default=1000, help="altered quotes to try")
    args = parser.parse_args()
    rng, started = random.Random(7), time.perf_counter()
    quotes = list(abstract_quotes(rng, 2 * args.altered))
    figures = {
        "true_from_broken_abstracts": accepted([(q, broken(text, rng)) for q, text in quotes]),
        "true_from_pdf_pages": accepted(list(pdf_quotes(rng))),
        "reference_lists": references(),
        "altered": altered(quotes, rng, args.altered),
        "figures": figures_of(quotes, rng),
        "seconds": round(time.perf_counter() - started, 1),
    }
    print(json.dumps(figures, indent=1))


def abstract_quotes(rng: random.Random, most: int) -> Iterator[tuple[str, str]]:
    """(sentence, abstract) pairs from the sample of arXiv records, at most `most`."""
    records = list(read_jsonl(DATA / "arxiv/sample-7k.jsonl.gz"))
    for record in rng.sample(records, most):
        candidates = [s for s in split_sentences(record["abstract"]) if word_count(s) >= MIN_WORDS]
        if candidates:
            yield rng.choice(candidates), record["abstract"]


def broken(text: str, rng: random.Random) -> str:
    """The text as PDF extraction gives it: ligatures, words hyphenated at line ends, odd spaces."""
    for plain, joined in LIGATURES:
        text = text.replace(plain, joined)
    words = [_cut(word, rng) for word in text.split(" ")]
    return "".join(word + rng.choice(SPACES) for word in words)


def _cut(word: str, rng: random.Random) -> str:
    if len(word) < 7 or not word.isalpha() or rng.random() > 0.15:
        return word
    at = rng.randrange(3, len(word) - 2)
    return f"{word[:at]}-\n{word[at:]}"


def pdf_quotes(rng: random.Random, most: int = 400) -> Iterator[tuple[str, str]]:
    """(sentence as a person would write it, page as pypdf extracts it) pairs from the shared PDFs."""
    found = []
    for path in sorted(require(DATA / "pdfs").glob("*.pdf")):
        for page in PdfReader(path).pages:
            text = page.extract_text()
            found += [(_clean(s), text) for s in split_sentences(text) if 8 <= word_count(s) <= 60]
    yield from rng.sample(found, min(most, len(found)))


def references() -> dict[str, float]:
    """How many entries of the PDFs' reference lists are recognised as such."""
    found = []
    for path in sorted(require(DATA / "pdfs").glob("*.pdf")):
        text = "\n".join(page.extract_text() for page in PdfReader(path).pages)
        lists = re.split(r"\nReferences\n", text)[1:]
        entries = [e for part in lists for e in re.split(r"(?<=\.)\n(?=[A-Z][\w-]+ [A-Z])", part)]
        found += [e for e in entries if re.search(r"\b(?:19|20)\d{2}[a-z]?\.", e) and word_count(e) < 120]
    reasons = [why_not_own_result(_clean(e)) for e in found]
    hits = sum("reference list" in why or "others" in why for why in reasons)
    return {"entries": len(found), "recognised": hits, "share": round(hits / max(len(found), 1), 4)}


def _clean(sentence: str) -> str:
    """The sentence with ligatures spelt out and lines joined."""
    for plain, joined in LIGATURES:
        sentence = sentence.replace(joined, plain)
    return " ".join(re.sub(r"(?<=[a-z])-\n(?=[a-z])", "", sentence).split())


def accepted(pairs: list[tuple[str, str]]) -> dict[str, float]:
    """How many true quotes the gate finds."""
    hits = sum(find_quote(quote, text) is not None for quote, text in pairs)
    return {"quotes": len(pairs), "found": hits, "share": round(hits / len(pairs), 4)}


def altered(pairs: list[tuple[str, str]], rng: random.Random, most: int) -> dict[str, object]:
    """How many quotes with one alteration the gate lets pass; it should be none."""
    tried, passed, examples = Counter[str](), Counter[str](), []
    while sum(tried.values()) < most:
        quote, text = rng.choice(pairs)
        kind = rng.choice(list(ALTERATIONS))
        changed = ALTERATIONS[kind](quote, rng)
        if changed is None or changed in text:
            continue
        tried[kind] += 1
        if find_quote(changed, text) is not None:
            passed[kind] += 1
            examples.append({"kind": kind, "true": quote, "altered": changed})
    return {"tried": dict(tried), "passed": sum(passed.values()), "examples": examples[:5]}


FIGURES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "3–5": (("3-5", "3 – 5", "3 - 5"), ("35", "5", "3", "3,5", "3.5")),
    "10^5": (("10⁵", "10^{5}", "$10^5$"), ("105", "10^6", "10 5", "10")),
    "1/2": (("½", "1 / 2"), ("12", "1 2", "1-2", "1")),
    "3:1": (("3 : 1",), ("31", "3 1", "3.1")),
    "−2.5": (("-2.5", "–2.5"), ("2.5", "+2.5", "-25")),
    "10⁻³": (("10^-3", "10^{-3}"), ("103", "10^3", "10-3")),
    "2×10": (("2 × 10", "2*10"), ("210", "2+10", "20")),
    "5 MW": (("5MW",), ("5 mW", "5 M", "55 MW")),
    "1,200": (("1,200",), ("1200", "12,00", "1.200")),
    "0.5%": (("0.5 %",), ("0.5", "5%", "05%")),
    "<0.05": (("< 0.05",), ("0.05", ">0.05", "<0.5")),
    "GPT-4": (("GPT–4",), ("GPT4", "GPT-40", "GPT-3")),
}
"""A figure, other ways to write it, and figures that differ from it."""


def figures_of(pairs: list[tuple[str, str]], rng: random.Random) -> dict[str, object]:
    """Figures inserted into real sentences: other notations must be found, different figures never."""
    counts, examples = Counter[str](), []
    for quote, text in pairs:
        words = quote.split()
        at, figure = rng.randrange(2, len(words) - 2), rng.choice(list(FIGURES))
        edited = text.replace(quote, " ".join([*words[:at], figure, *words[at:]]))
        for kind, forms in zip(("same", "other"), FIGURES[figure], strict=True):
            for form in forms:
                hit = find_quote(" ".join([*words[:at], form, *words[at:]]), edited) is not None
                counts.update({kind: 1, f"{kind}_found": hit})
                if hit != (kind == "same"):
                    examples.append({"held": figure, "asked": form, "after": " ".join(words[:at][-3:])})
    return {**counts, "examples": examples[:8]}


def _number(quote: str, rng: random.Random) -> str | None:
    digits = list(re.finditer(r"\d", quote))
    if not digits:
        return None
    hit = rng.choice(digits)
    return quote[: hit.start()] + str((int(hit[0]) + rng.randrange(1, 10)) % 10) + quote[hit.end() :]


def _drop(quote: str, rng: random.Random) -> str | None:
    words = quote.split()
    at = rng.randrange(1, len(words) - 1)
    return " ".join(words[:at] + words[at + 1 :])


def _swap(quote: str, rng: random.Random) -> str | None:
    words = quote.split()
    at = rng.randrange(len(words) - 1)
    if words[at].casefold() == words[at + 1].casefold():
        return None
    words[at], words[at + 1] = words[at + 1], words[at]
    return " ".join(words)


ALTERATIONS: dict[str, Callable[[str, random.Random], str | None]] = {
    "number": _number,
    "negation": toggle_negation,
    "direction": swap_antonym,
    "word dropped": _drop,
    "words swapped": _swap,
}

if __name__ == "__main__":
    main()
