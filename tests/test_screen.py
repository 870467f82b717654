"""Screening and disagreement: which papers are judged, and which disagree with each other."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from agent.core.disagreement import tensions
from agent.core.screening import Limits, query_variants, screen
from agent.retrieval.corpus import Corpus, Query, Weights, lexical_text, query_of
from agent.retrieval.ranking import rank
from agent.retrieval.search import (
    BY_LINE,
    RELEVANT,
    ClaimSearch,
    Hit,
    closest,
    relevant,
    telling_words,
    units_of,
)  # fmt: skip
from agent.retrieval.words import WordIndex, tokens
from store.records import Atom, Line, Source
from store.vectors.in_memory import NONE, Vectors
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


def units(*rows: list[float]) -> Any:
    made = np.array(rows, np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def test_claims_are_found_by_meaning_words_name_source_and_line() -> None:
    one = make_claim("one", text="Longer chains help.", sources=(Source("2401.00001"),), lines=("a",))
    two = make_claim("two", text="Bread rises slowly.", sources=(Source("2401.00002"),), lines=("b",))
    lines = [Line("a", "A", "Do chains help?"), Line("b", "B", "Does bread rise?")]
    wordings = units_of([one, two], lines)
    assert (wordings[0].text, wordings[0].claim_id, wordings[0].line_id) == ("Longer chains help.", "one", "")
    assert [u.line_id for u in wordings if not u.claim_id] == ["a", "b"]
    vectors = units([1, 0, 0], [1, 0.2, 0], [0, 1, 0], [0.2, 1, 0], [0.9, 0, 0.4], [0, 0.9, 0.4])
    search = ClaimSearch([one, two], wordings, vectors)
    ask = units([1, 0, 0])[0]
    by_meaning = search.find(ask, "", (), 2)
    assert [h.id for h in by_meaning] == ["one", "two"]
    assert by_meaning[0].score == pytest.approx(1 + BY_LINE * (0.9 / math.hypot(0.9, 0.4)) ** 2)
    assert by_meaning[1].score == pytest.approx(0.2 / math.hypot(0.2, 1))
    assert [h.id for h in search.find(ask, "", (), 1)] == ["one"]
    assert search.find(ask, "two", (), 1)[0].id == "two"
    by_source = {h.id: h.score for h in search.find(ask, "", ("2401.00002",), 2)}
    assert by_source["two"] == pytest.approx(by_meaning[1].score + 1)
    worded = {h.id: h.score for h in search.find(ask, "bread rises slowly", (), 2)}
    assert worded["two"] > by_meaning[1].score
    assert worded["one"] == pytest.approx(by_meaning[0].score)
    assert search.line_of(units([0.9, 0, 0.4])[0]) == "a"
    assert search.line_of(units([0, 0, 1])[0]) is None
    empty = ClaimSearch([], [], np.zeros((0, 3), np.float32))
    assert (empty.find(ask, "x", (), 5), empty.line_of(ask)) == ([], None)


def test_what_bears_on_a_question_scores_enough_and_is_near_the_best() -> None:
    hits = [Hit("a", 1.0), Hit("b", 0.66), Hit("c", 0.64)]
    assert [h.id for h in relevant(hits)] == ["a", "b"]
    assert relevant([Hit("a", RELEVANT), Hit("b", RELEVANT - 0.01)]) == [Hit("a", RELEVANT)]


def test_the_closest_vectors_come_first() -> None:
    corpus = Vectors(("p1", "p2", "p3"), units([0, 1], [1, 0], [1, 1]), "x")
    found = closest(corpus, units([1, 0])[0], 2)
    assert [h.id for h in found] == ["p2", "p3"]
    assert [round(h.score, 3) for h in found] == [1.0, 0.707]
    assert closest(NONE, units([1, 0])[0], 2) == []
    assert len(closest(corpus, units([1, 0])[0], 9)) == 3


def test_words_weigh_by_their_rarity() -> None:
    index = WordIndex(["chains help models", "chains hurt", "bread rises"])
    scores = index.scores(["chains", "bread", "unknown"])
    assert scores.shape == (3,)
    assert scores[2] > scores[1] > scores[0] > 0
    assert index.rarity("bread") == pytest.approx(math.log(4 / 1.5))
    assert index.rarity("chains") == pytest.approx(math.log(4 / 2.5))
    assert index.rarity("unknown") == pytest.approx(math.log(4 / 0.5))
    assert WordIndex(["", "the of"]).scores(["chains"]).tolist() == [0, 0]
    assert tokens(["The Chains, of models"]) == [["chains", "models"]]
    assert telling_words("the chains and the chains of models") == ["chains", "models"]


def test_a_claim_ranks_papers_by_words_meaning_and_its_sources() -> None:
    embedder, claim = WordEmbedder(), make_claim()
    corpus = corpus_of(embedder)
    rows, limits = corpus.rows(["c", "b", "a", "unknown"]), Limits(keep=3, floor=0.0)
    assert rows.tolist() == [2, 1, 0]
    found = rank(corpus, embedder, claim, [], rows, limits)
    assert {s.claim_id for s in found} == {claim.id}
    assert found[-1].paper_id == "c"
    source = make_paper(7, title="Sourdough bread", abstract="Bread recipes with sourdough and rye flour.")
    drawn = {s.paper_id: s.fused for s in rank(corpus, embedder, claim, [source], rows, limits)}
    plain = {s.paper_id: s.fused for s in found}
    assert drawn["c"] > plain["c"]


def test_a_corpus_asks_in_several_ways_and_weighs_them() -> None:
    corpus = Corpus(["x", "y", "z"], ["alpha beta", "gamma delta delta", "delta epsilon"])
    rows = corpus.rows(["x", "y", "z"])
    alone = Weights(titles=0.5, abstracts=0.25, feedback=0)
    own, titles, abstracts = (corpus.lexical(Query(w), rows, alone) for w in ("alpha", "gamma", "epsilon"))
    joined = corpus.lexical(Query("alpha", "gamma", "epsilon"), rows, alone)
    assert joined.tolist() == pytest.approx((own + 0.5 * titles + 0.25 * abstracts).tolist())
    assert corpus.shortlist(Query("gamma delta"), rows, 2).tolist() == [1, 2]
    fed = corpus.lexical(Query("gamma"), rows, Weights(feedback=1.0))
    assert fed[2] > 0  # "delta" comes from the best paper
    assert query_of(make_claim(atoms=(Atom("x", "Part x."),))).claim.endswith("Part x.")
    assert lexical_text(make_paper(1, title="T", abstract="A")) == "T T\n\nA"
    half = Corpus(["x", "y"], ["alpha", "beta"])
    half.hold(["y"], np.ones((1, 2), np.float32))
    assert half.with_vectors(half.rows(["x", "y"])).tolist() == [1]
    assert half.dense(np.array([[2, 1]], np.float32), half.rows(["y"])).tolist() == [[3]]
