"""A user's own cross-encoder as judge: a tiny one is built here and loaded like a real one."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.adapters.embedding.packaged_minilm import model_folder
from agent.adapters.reading.abstract import AbstractReader
from agent.core.passages import cut
from agent.errors import ModelError
from agent.settings import load
from agent.wiring.judges import embedded_judge
from tests.conftest import make_claim, make_paper

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A one-layer NLI model with random weights."""
    transformers = pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("tiny-nli")
    config = transformers.BertConfig(
        vocab_size=30522, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        id2label={0: "contradiction", 1: "entailment", 2: "neutral"}, num_labels=3,
    )  # fmt: skip
    transformers.BertForSequenceClassification(config).save_pretrained(folder)
    transformers.AutoTokenizer.from_pretrained(model_folder()).save_pretrained(folder)
    return folder


@pytest.mark.filterwarnings("ignore")
def test_any_cross_encoder_judges_by_its_label_names(tiny: Path) -> None:
    judge = embedded_judge(load({"stance_model": str(tiny)}, {}))
    other = embedded_judge(load({"stance_model": str(tiny), "stance_labels": "contradiction=neutral,"
                                 "entailment=contradicts,neutral=supports"}, {}))  # fmt: skip
    pairs = [("Fine-tuning helps.", "We find that it helps."), ("Fine-tuning helps.", "It does not.")]
    mine, swapped = judge.model.probabilities(pairs), other.model.probabilities(pairs)
    assert mine.sum(axis=1) == pytest.approx([1, 1], abs=1e-5)
    assert mine[:, 0] == pytest.approx(swapped[:, 1], abs=1e-5)
    assert judge.name != other.name
    paper = make_paper()
    assert judge.judge(make_claim(), paper, cut(AbstractReader().read(paper), 1, paper.id)) is not None


@pytest.mark.filterwarnings("ignore")
def test_meaningless_labels_need_a_mapping(tiny: Path) -> None:
    with pytest.raises(ModelError, match="RETEST_STANCE_LABELS"):
        embedded_judge(load({"stance_model": str(tiny), "stance_labels": "entailment=helps"}, {}))


@pytest.mark.filterwarnings("ignore")
def test_a_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="RETEST_STANCE_MODEL"):
        embedded_judge(load({"stance_model": str(tmp_path / "none")}, {"HF_HUB_OFFLINE": "1"}))
