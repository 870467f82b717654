"""Weak pairs from arXiv records: what an abstract says of its own title, and of the limits it lifts.

Three recipes, all from metadata under CC0: a declarative title, or a stated finding, and another
result sentence of the same paper (supports), with one-edit opposites (contradicts); a limitation that
an abstract opens with and the result that shrinks it (relaxes); and for each claim a result sentence
of another paper that is lexically close to it (neutral).
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import bm25s

from agent.retest.reported import why_not_own_result
from agent.retest.sentences import split_sentences
from bench.data import DATA, case_paper_ids, read_jsonl
from bench.stance.beliefs import read_beliefs
from bench.stance.flips import flip
from bench.stance.pairs import CONTRADICTS, NEUTRAL, RELAXES, SUPPORTS, Pair

CATEGORIES = frozenset({"cs.CL", "cs.AI", "cs.LG", "cs.IR", "cs.CY", "cs.SE", "stat.ML"})
_DECLARATIVE = re.compile(
    r"\b(is|are|can|cannot|does|do|not|improves?|outperforms?|increases?|reduces?|helps?|hurts?|"
    r"enables?|leads|makes?|requires?|matters?|fails?|enhances?|emerges?|generalizes?|works|"
    r"degrades?|causes?|predicts?|need|learn|know|struggle|underperforms?)\b",
    re.I,
)
_RESULT = re.compile(
    r"\b(we (show|find|demonstrate|observe|prove|report)|results?|experiments?|outperform\w*|"
    r"improv\w+|reveal\w*|achiev\w+|suggest\w*|findings?|evidence|surpass\w*)\b",
    re.I,
)
_LIMIT = re.compile(
    r"\b(struggl\w*|fail\w*|limited|cannot|suffer\w*|lacks?|degrad\w*|unreliab\w*|poor\w*|brittle|"
    r"hallucinat\w*|inefficien\w*|vulnerab\w*|worse|inconsisten\w*|overfit\w*|forget\w*|sensitiv\w*|"
    r"unfaithful\w*|overconfiden\w*|difficult\w*|remains? challenging)\b",
    re.I,
)
_RELIEF = re.compile(
    r"\b(improv\w+|outperform\w*|mitigat\w+|overc[ao]m\w+|alleviat\w+|reduc\w+|surpass\w*|enabl\w+|"
    r"eliminat\w+|narrow\w*|clos\w+ the gap|boost\w*)\b",
    re.I,
)
_OWN = re.compile(r"\b(we|our|results|experiments|evaluations?)\b", re.I)
_FINDING = re.compile(
    r"\b(?:find|show|demonstrate|observe|reveal|suggest|indicate|conclude)s?,?\s+that\s+(?P<clause>.+)", re.I
)
_ANAPHORA = re.compile(
    r"\b(this|these|those|such|both|it|they|its|their|proposed|former|latter|our|we)\b", re.I
)
_OPENING = re.compile(
    r"^(however|yet|but|nevertheless|nonetheless|unfortunately|moreover|still)\s*,?\s+", re.I
)
_STOP = frozenset(
    re.findall(
        r"\w+",
        "the a an of for in on and to with by is are be can do does not as at from via or we that this "
        "large language models model llms llm using learning our their these have has which often however",
    )
)


class Told(NamedTuple):
    """A claim-like sentence, the sentence of the same paper that bears on it, and how."""

    paper: str
    claim: str
    sentence: str
    label: int
    belief: bool = False


def arxiv_pairs(rng: random.Random, titles: int, limits: int, beliefs: int) -> list[Pair]:
    """Weak pairs: so many titles or findings, and limitations, each with a neutral; beliefs repeated."""
    banned = case_paper_ids()
    records = read_jsonl(DATA / "arxiv/full-223k.jsonl.xz")
    told = [t for r in records if r["id"] not in banned for t in read_record(r)]
    rng.shuffle(told)
    found = [t for t in told if t.label == SUPPORTS and not t.belief][:titles]
    found += [t for t in told if t.label == RELAXES][:limits]
    named = [Pair(t.claim, t.sentence, t.label) for t in told if t.belief]
    strangers = similar_strangers(found, told, rng)
    pairs = [pair for row in zip(found, strangers, strict=True) for pair in _variants(*row, rng)]
    return pairs + named * beliefs


def read_record(record: dict[str, Any]) -> Iterator[Told]:
    """Yield what an abstract says of its title and of the limitation it opens with."""
    if not CATEGORIES.intersection(record.get("categories") or ()):
        return
    sentences = [s for s in split_sentences(" ".join(record["abstract"].split())) if s.endswith((".", "!"))]
    if told := _title_and_result(record, sentences) or _finding_and_result(sentences):
        yield Told(record["id"], *told, SUPPORTS)
    for belief in read_beliefs(sentences):
        yield Told(record["id"], *belief, belief=True)
    if told := _limit_and_relief(sentences):
        yield Told(record["id"], *told, RELAXES)


def _title_and_result(record: dict[str, Any], sentences: list[str]) -> tuple[str, str] | None:
    title = " ".join(record["title"].split())
    if "?" in title or title.startswith("Towards") or not _DECLARATIVE.search(title):
        return None
    claim = next((p for p in reversed(title.split(": ")) if _DECLARATIVE.search(p)), title)
    scored = [(_overlap(claim, s), s) for s in sentences if _RESULT.search(s)]
    if len(claim.split()) < 5 or not scored or max(scored)[0] < 0.4:
        return None
    return claim, max(scored)[1]


def _finding_and_result(sentences: list[str]) -> tuple[str, str] | None:
    for finding in sentences:
        clause = (hit["clause"] if (hit := _FINDING.search(finding)) else "").rstrip(".!")
        if not 8 <= len(clause.split()) <= 28 or _ANAPHORA.search(clause):
            continue
        others = [s for s in sentences if s != finding and _RESULT.search(s) and not why_not_own_result(s)]
        scored = [(_overlap(clause, s), s) for s in others]
        if scored and max(scored)[0] >= 0.4:
            return clause[:1].upper() + clause[1:], max(scored)[1]
    return None


def _limit_and_relief(sentences: list[str]) -> tuple[str, str] | None:
    for n, limit in enumerate(sentences[: (len(sentences) + 1) // 2]):
        if not 8 <= len(limit.split()) <= 28 or not _LIMIT.search(limit) or _OWN.search(limit):
            continue
        if _ANAPHORA.search(limit):
            continue
        later = [s for s in sentences[n + 1 :] if _RELIEF.search(s) and _OWN.search(s)]
        telling = [s for s in later if not why_not_own_result(s) and _overlap(limit, s) > 0.1]
        if telling:
            claim = _OPENING.sub("", limit)
            return claim[:1].upper() + claim[1:], max(telling, key=lambda s: (_overlap(limit, s), s))
    return None


def _overlap(claim: str, sentence: str) -> float:
    mine, theirs = _stems(claim), _stems(sentence)
    return len(mine & theirs) / max(len(mine), 1)


def _stems(text: str) -> set[str]:
    return {w[:6] for w in re.findall(r"[a-z]+", text.lower()) if w not in _STOP}


def similar_strangers(found: list[Told], pool: list[Told], rng: random.Random) -> list[str]:
    """For each claim, a result sentence of another paper among the dozen closest by BM25."""
    index = bm25s.BM25()
    index.index(bm25s.tokenize([t.sentence for t in pool], show_progress=False), show_progress=False)
    queries = bm25s.tokenize([t.claim for t in found], show_progress=False)
    rows, _ = index.retrieve(queries, k=14, show_progress=False)
    close = ([pool[i] for i in row if pool[i].paper != t.paper] for t, row in zip(found, rows, strict=True))
    return [rng.choice(others[1:12]).sentence for others in close]


def _variants(own: Told, stranger: str, rng: random.Random) -> Iterable[Pair]:
    yield Pair(own.claim, own.sentence, own.label)
    yield Pair(own.claim, stranger, NEUTRAL)
    if own.label == RELAXES:
        return
    against, opposite = flip(own.claim, rng), flip(own.sentence, rng)
    if against:
        yield Pair(against, own.sentence, CONTRADICTS)
        if rng.random() < 0.5:
            yield Pair(against, stranger, NEUTRAL)
    if opposite and not against:
        yield Pair(own.claim, opposite, CONTRADICTS)
    if against and opposite and rng.random() < 0.3:
        yield Pair(against, opposite, SUPPORTS)
