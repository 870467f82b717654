"""Screening and disagreement: which papers are judged, and which disagree with each other."""

from __future__ import annotations

import numpy as np

from agent.core.disagreement import tensions
from agent.core.screening import Limits, query_variants, screen
from agent.retrieval.corpus import Corpus, query_of
from store.records import Atom
from tests.conftest import make_claim, make_paper
from tests.standins.world import WordEmbedder
from tests.test_rule import item

TEXTS = {
    "a": "fine-tuning lowers the faithfulness of a chain of thought",
    "b": "chain of thought faithfulness after fine-tuning of models",
    "c": "bread recipes with sourdough and rye flour",
}


def corpus_of(embedder: WordEmbedder) -> Corpus:
    corpus = Corpus(list(TEXTS), list(TEXTS.values()))
    corpus.hold(list(TEXTS), embedder.embed(list(TEXTS.values())))
    return corpus


def test_the_nearest_papers_are_kept_and_the_rest_recorded_with_scores() -> None:
    embedder = WordEmbedder()
    corpus, claim = corpus_of(embedder), make_claim()
    rows = corpus.rows(list(TEXTS))
    dense, none = corpus.dense(embedder.embed(query_variants(claim)), rows), np.zeros((0, 3), np.float32)
    lexical = corpus.lexical(query_of(claim), rows)
    found = screen("c1", list(TEXTS), lexical, dense, none, Limits(keep=1, floor=0.1))
    assert [s.rank for s in found] == [1, 2, 3]
    assert [s.kept for s in found] == [True, False, False]
    assert found[0].paper_id in "ab"
    assert found[-1].paper_id == "c"
    strict = screen("c1", list(TEXTS), lexical, dense, none, Limits(keep=3, floor=0.999))
    assert not any(s.kept for s in strict)


def test_the_order_of_papers_does_not_matter() -> None:
    rng = np.random.default_rng(3)
    ids = [f"p{i}" for i in range(9)]
    dense, lexical = rng.random((2, 9)).astype(np.float32), np.zeros(9, np.float32)
    order, limits = rng.permutation(9), Limits(keep=4, floor=0)
    there = [s.paper_id for s in screen("c", ids, lexical, dense, dense[:1], limits)]
    back = screen("c", [ids[i] for i in order], lexical[order], dense[:, order], dense[:1, order], limits)
    assert there[:4] == [s.paper_id for s in back if s.kept]


def test_the_best_of_a_claims_queries_decides_and_its_sources_have_a_say() -> None:
    ids, silent = ["spread", "peaked"], np.zeros(2, np.float32)
    dense = np.array([[0.5, 0.9], [0.5, 0.0]], np.float32)  # the means are 0.50 and 0.45
    none = np.zeros((0, 2), np.float32)
    found = screen("c", ids, silent, dense, none, Limits(keep=1, floor=0.6))
    assert [(s.paper_id, s.dense, s.kept) for s in found] == [("peaked", 0.9, True), ("spread", 0.5, False)]
    level, sources = np.full((1, 2), 0.7, np.float32), np.array([[0.9, 0.1], [0.0, 0.2]], np.float32)
    first = screen("c", ids, silent, level, sources, Limits(keep=1, floor=0))[0]
    assert (first.paper_id, first.fused) == ("spread", 0.3)


def test_a_paper_just_at_the_floor_is_kept() -> None:
    none, dense = np.zeros((0, 2), np.float32), np.array([[0.5, 0.25]], np.float32)
    found = screen("c", ["a", "b"], dense[0], dense, none, Limits(keep=2, floor=0.5))
    assert [s.kept for s in found] == [True, False]
    assert len(screen("c", ["a", "b"], dense[0], dense, none, Limits(keep=0, floor=0, record=1))) == 1


def test_words_of_the_sources_find_papers_with_other_wording() -> None:
    corpus = Corpus(
        ["far", "near"], ["sourdough bread and rye flour", "counterfactual sensitivity of rationales"]
    )
    claim, rows = make_claim(text="Tuned models explain themselves badly."), corpus.rows(["far", "near"])
    source = make_paper(1, title="Rationales under counterfactual edits", abstract="We study sensitivity.")
    assert corpus.lexical(query_of(claim), rows).max() == 0
    assert corpus.ids[corpus.shortlist(query_of(claim, [source]), rows, 1)[0]] == "near"


def test_a_claim_is_also_searched_for_by_its_parts() -> None:
    claim = make_claim(atoms=(Atom("x", "Part x."), Atom("y", "Part y.")))
    assert {"Part x.", "Part y.", claim.text, claim.durable_question} <= set(query_variants(claim))


def test_tensions_pair_recent_papers_of_opposite_sides() -> None:
    new, old = {"published": "2026-06-01"}, {"published": "2025-01-01"}
    support = item(1, "supports", scope_match={"scale": "same"}, **new)
    against = item(2, "contradicts", scope_match={"scale": "different"}, **new)
    stale, lead = item(3, "contradicts", **old), item(4, "contradicts", status="lead", **new)
    (found,) = tensions([support, against, stale, lead], "2026-09-01")
    assert (found.supporting, found.adverse, found.axes) == (support.id, against.id, ("scale",))
