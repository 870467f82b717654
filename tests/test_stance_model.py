"""The shipped stance model: small, whole, described; its quality is measured in bench/, not here."""

from __future__ import annotations

import numpy as np
import pytest

from agent.adapters.abstract_reader import AbstractReader
from agent.adapters.embedded_judge import EmbeddedJudge, Scored, own_results, stronger
from agent.adapters.packaged_minilm import model_folder, verify_weights
from agent.adapters.stance_model import SHIPPED, StanceModel
from agent.errors import ModelError
from agent.retest.passages import cut
from tests.conftest import make_claim, make_paper


@pytest.fixture(scope="module")
def model() -> StanceModel:
    return StanceModel()


def test_it_fits_and_has_a_card() -> None:
    assert (SHIPPED / "model.onnx").stat().st_size <= 25e6
    card = (SHIPPED / "README.md").read_text()
    for word in ("CC BY 4.0", "CC0", "SciFact", "macro-F1", "Limits"):
        assert word in card


def test_shares_are_probabilities_whatever_the_batch(model: StanceModel) -> None:
    pairs = [("Fine-tuning lowers faithfulness.", f"We find that it {v}." * n) for n, v in
             [(1, "does"), (9, "does not"), (3, "is unclear"), (30, "may")]]  # fmt: skip
    together = model.probabilities(pairs)
    assert np.allclose(together.sum(axis=1), 1, atol=1e-5)
    alone = np.vstack([model.probabilities([p]) for p in pairs])
    assert np.allclose(together, alone, atol=0.05)  # int8 rounds by what it is batched with


def test_it_tells_a_statement_from_its_opposite(model: StanceModel) -> None:
    sentence = "We find that fine-tuning significantly improves reasoning accuracy."
    claims = [f"Fine-tuning {verb} reasoning accuracy." for verb in ("improves", "degrades")]
    for_it, against = model.probabilities([(claim, sentence) for claim in claims])
    assert for_it[0] > for_it[1]
    assert against[1] > against[0]


def test_a_judge_quotes_whole_sentences_of_the_paper_and_says_what_it_read(model: StanceModel) -> None:
    paper = make_paper(1)
    passages = cut(AbstractReader().read(paper), 1, paper.id)
    judge = EmbeddedJudge(model)
    answer = judge.judge(make_claim(), paper, passages)
    assert all(f.quote in paper.text for f in answer.findings)
    assert judge.request(make_claim(), paper, passages) == judge.request(make_claim(), paper, passages)
    other = make_claim(text="Another wording altogether.")
    assert judge.request(other, paper, passages) != judge.request(make_claim(), paper, passages)


def test_a_paper_takes_one_side_by_its_most_telling_sentence() -> None:
    told = [Scored("One.", 0.7, 0.1), Scored("Two.", 0.2, 0.5, 0.3), Scored("Three.", 0.1, 0.1)]
    assert stronger(told, 0.6) == ("contradicts", told[1])
    assert stronger(told[:1], 0.6) == ("supports", told[0])
    assert stronger(told[2:], 0.6) is None
    assert stronger([], 0.6) is None


def test_background_and_aims_are_not_judged_and_later_passages_are_no_background() -> None:
    last = "In contrast, base models collapse on them."
    long = "We show that tuned models stay faithful on every task we tried. " * 25
    abstract = (
        f"Tuned models are popular for many tasks today. {long}In contrast, base models collapse on them."
    )
    paper = make_paper(1, title="Faithful tuning", abstract=abstract)
    passages = cut(AbstractReader().read(paper), 1, paper.id)
    assert len(passages) > 2
    told = own_results(passages)
    assert "Tuned models are popular for many tasks today." not in told
    assert told[-1] == last


def test_papers_a_person_names_count_from_less_than_papers_found(model: StanceModel) -> None:
    found, given = EmbeddedJudge(model), EmbeddedJudge(model, given=True)
    assert given.name == found.name
    for stance in ("supports", "contradicts"):
        assert given.threshold_of(stance, "abstract") <= found.threshold_of(stance, "abstract")


def test_the_packaged_minilm_is_the_published_file(monkeypatch: pytest.MonkeyPatch) -> None:
    verify_weights()
    assert (model_folder() / "tokenizer.json").exists()
    monkeypatch.setattr("agent.adapters.packaged_minilm.SHA256", "0" * 64)
    with pytest.raises(ModelError, match="RETEST_EMBEDDER"):
        verify_weights()
