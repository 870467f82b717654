"""The shipped stance network: complete and documented; its quality is measured in bench/, not here."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from tokenizers import Tokenizer

from agent.adapters.embedding.cached import FEW, CachedEmbedder
from agent.adapters.embedding.minilm import PackagedMiniLM
from agent.adapters.embedding.packaged_minilm import model_folder, verify_weights
from agent.adapters.judges.embedded import EmbeddedJudge, own_results
from agent.adapters.judges.stance_model import LABELS, SHIPPED, StanceModel
from agent.adapters.judges.stance_pairs import CLAIM, MPNET, padded, tokenise
from agent.adapters.reading.abstract import AbstractReader
from agent.core.passages import cut
from agent.errors import ModelError
from tests.conftest import make_claim, make_paper


@pytest.fixture(scope="module")
def model() -> StanceModel:
    return StanceModel()


def test_it_is_small_enough_and_has_a_model_card() -> None:
    assert sum(p.stat().st_size for p in SHIPPED.glob("*.onnx")) <= 90e6
    card = (SHIPPED / "README.md").read_text()
    for word in ("CC BY 4.0", "CC0", "SciFact", "language model", "macro-F1", "Limits"):
        assert word in card


def test_shares_are_probabilities_in_any_batch(model: StanceModel) -> None:
    pairs = [("Fine-tuning lowers faithfulness.", f"We find that it {v}." * n) for n, v in
             [(1, "does"), (9, "does not"), (3, "is unclear"), (30, "may")]]  # fmt: skip
    together = model.probabilities(pairs)
    assert np.allclose(together.sum(axis=1), 1, atol=1e-5)
    alone = np.vstack([model.probabilities([p]) for p in pairs])
    assert np.allclose(together, alone, atol=0.05)  # rounding depends on the rest of the batch
    assert model.probabilities([]).shape == (0, 4)


def test_it_distinguishes_a_statement_from_its_opposite_and_from_silence(model: StanceModel) -> None:
    text = "Tuning and reasoning. We find that fine-tuning significantly improves reasoning accuracy."
    claims = [f"Fine-tuning {verb} reasoning accuracy." for verb in ("improves", "degrades")]
    silent = "Birds migrate further when winters are mild."
    for_it, against, nothing = model.probabilities([(c, text) for c in [*claims, silent]])
    assert for_it[0] > for_it[1]
    assert against[1] > against[0]
    assert nothing.argmax() == LABELS.index("neutral")


def test_a_long_abstract_is_truncated_and_a_long_claim_leaves_room_for_it() -> None:
    tokenizer = Tokenizer.from_file(str(SHIPPED / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    (pair,) = tokenise(tokenizer, MPNET, [("word " * 500, "other " * 500)])
    assert (pair.length, pair.claim) == (MPNET.most, MPNET.most_of_claim)
    ids, sides = padded([pair], MPNET)
    assert ids.shape == sides.shape == (1, MPNET.most)
    assert (sides == CLAIM).sum() == pair.claim


def test_a_judge_quotes_own_sentences_of_the_paper_and_says_what_it_read(model: StanceModel) -> None:
    paper = make_paper(1)
    passages = cut(AbstractReader().read(paper), 1, paper.id)
    judge = EmbeddedJudge(model, given=True)
    answer = judge.judge(make_claim(), paper, passages)
    assert answer.findings
    assert all(f.quote in paper.abstract for f in answer.findings)
    assert judge.request(make_claim(), paper, passages) == judge.request(make_claim(), paper, passages)
    other = make_claim(text="Another wording altogether.")
    assert judge.request(other, paper, passages) != judge.request(make_claim(), paper, passages)


def test_background_aims_and_titles_are_not_quoted_but_later_passages_are() -> None:
    last = "In contrast, base models collapse on them."
    long = "We show that tuned models stay faithful on every task we tried. " * 25
    abstract = (
        f"Tuned models are popular for many tasks today. {long}In contrast, base models collapse on them."
    )
    paper = make_paper(1, title="Tuned models stay faithful on every task that we tried", abstract=abstract)
    passages = cut(AbstractReader().read(paper), 1, paper.id)
    assert len(passages) > 2
    single = [q.text for q in own_results(passages) if not q.is_two]
    assert single[-1] == last
    for silent in (paper.title, "Tuned models are popular for many tasks today."):
        assert silent not in single


def test_two_sentences_are_quoted_together_only_where_they_are_adjacent() -> None:
    abstract = (
        "We tested it. We find that long chains help models. We propose a new method. It helps them a lot."
    )
    paper = make_paper(1, abstract=abstract)
    told = own_results(cut(AbstractReader().read(paper), 1, paper.id))
    assert all(q.text in abstract for q in told)
    assert not any("propose" in q.text for q in told)


def test_papers_named_by_a_person_have_a_lower_threshold_than_papers_found(model: StanceModel) -> None:
    found, given = EmbeddedJudge(model), EmbeddedJudge(model, given=True)
    assert given.name == found.name
    for stance in ("supports", "contradicts"):
        assert given.threshold_of(stance, "abstract") <= found.threshold_of(stance, "abstract")


def test_the_packaged_minilm_is_the_published_file(monkeypatch: pytest.MonkeyPatch) -> None:
    verify_weights()
    assert (model_folder() / "tokenizer.json").exists()
    monkeypatch.setattr("agent.adapters.embedding.packaged_minilm.SHA256", "0" * 64)
    with pytest.raises(ModelError, match="RETEST_EMBEDDER"):
        verify_weights()


class Counted:
    """An embedder that remembers what it was asked for."""

    name = "counted"

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked.append(list(texts))
        return np.array([[len(t), 1.0] for t in texts], np.float32).reshape(len(texts), 2)


def test_a_query_is_embedded_once_and_papers_pass_through() -> None:
    inner = Counted()
    cached = CachedEmbedder(inner, most=2)
    assert cached.embed(["a", "bb", "a"]).tolist() == [[1, 1], [2, 1], [1, 1]]
    assert cached.embed(["bb"]).tolist() == [[2, 1]]
    assert inner.asked == [["a"], ["bb"]]
    cached.embed(["ccc"])  # "a" was used longest ago
    cached.embed(["a"])
    assert inner.asked[2:] == [["ccc"], ["a"]]
    many = [f"paper {n}" for n in range(FEW + 1)]
    assert cached.embed(many).shape == (FEW + 1, 2)
    assert inner.asked[-1] == many
    assert cached.embed([]).shape == (0, 2)


def test_the_packaged_embedder_gives_unit_vectors_whatever_the_batch() -> None:
    model = PackagedMiniLM()
    texts = ["Longer chains help.", "Bread rises. " * 200, "Chains that are longer help."]
    found = model.embed(texts)
    assert found.shape == (3, 384)
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    assert np.allclose(np.vstack([model.embed([t]) for t in texts]), found, atol=1e-5)
    assert found[0] @ found[2] > 0.8 > 0.3 > found[0] @ found[1]
