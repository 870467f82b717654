"""`retest eval` through its public interface: real files, the shipped judge, exact figures on small cases."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.adapters.reading.abstract import AbstractReader
from agent.core.findings import Answer, Finding
from agent.core.screening import Limits
from agent.errors import UsageError
from agent.evaluation import scores
from agent.evaluation.cases import LabelledCase, read_cases
from agent.evaluation.finding import Finder
from agent.evaluation.scores import STANCES, VERDICTS, Scored
from agent.evaluation.service import on_found, on_given
from agent.evaluation.suites import read_suite
from store.records import Claim, Paper, Passage, Stance
from tests.conftest import make_paper
from tests.standins.llm import fails, judged, llm_server, part
from tests.standins.world import WordEmbedder
from tests.test_cli import retest

pytestmark = pytest.mark.slow

KEYS = {
    "n", "accuracy", "accuracy_ci", "macro_f1", "macro_f1_ci", "majority_macro_f1", "contradicted_precision",
    "untested_accuracy", "stance_macro_f1", "evidence_recall_20", "evidence_recall_50", "evidence_recall_100",
    "quotes_found_share", "ece", "seconds", "cases",
}  # fmt: skip
RESULT = "We find that fine-tuning lowers the faithfulness of its chain of thought in {n} of 9 tasks."


class Scripted:
    """Answers with the stance written for a (claim, paper), quoting the paper's result sentence."""

    name, kind, calibration, open_from = "scripted", "embedded", (1.0, 0.0), 0.5

    def __init__(self, stances: Mapping[str, Any], **more: Any) -> None:
        self._stances, self._more = stances, more

    def threshold_of(self, stance: Stance, section: str) -> float:
        return 0.5

    def request(self, claim: Claim, paper: Paper, passages: Sequence[Passage]) -> dict[str, Any]:
        return {}

    def judge(self, claim: Claim, paper: Paper, passages: Sequence[Passage]) -> Answer:
        stance = self._stances.get(paper.id, "neutral")
        quote = RESULT.format(n=int(paper.id[-5:]))
        return Answer((Finding(claim.id, stance, quote, 0.9, **self._more),))


def case(case_id: str, stances: dict[str, str], expected: str | None, *accepted: str | None) -> LabelledCase:
    return LabelledCase.model_validate({
        "id": case_id, "claim": "Fine-tuning lowers the faithfulness of a chain of thought.",
        "claim_date": "2024-11", "source_arxiv_ids": ["2411.15382"], "expected_verdict": expected,
        "acceptable_verdicts": list(accepted),
        "evidence": [{"arxiv_id": i, "stance": s, "quote": None} for i, s in stances.items()],
    })  # fmt: skip


PAPERS = {p.id: p for p in (make_paper(n) for n in range(1, 9))}
IDS = list(PAPERS)


def quiet(done: int, total: int) -> None:
    assert done <= total


def measured(cases: list[LabelledCase], stances: dict[str, str], **more: Any) -> dict[str, Any]:
    return on_given(cases, PAPERS, Scripted(stances, **more), AbstractReader(), quiet)


def test_figures_of_a_judge_that_is_half_right() -> None:
    cases = [
        case("holds", {IDS[0]: "supports"}, "still-holds"),
        case("refuted", {IDS[1]: "contradicts", IDS[2]: "contradicts"}, "contradicted"),
        case("either", {IDS[3]: "contradicts"}, "contradicted", "contradicted", "relaxed"),
        case("silent", {IDS[4]: "neutral"}, None),
    ]
    stances = {IDS[0]: "supports", IDS[1]: "contradicts", IDS[3]: "contradicts", IDS[4]: "supports"}
    found = measured(cases, stances)
    assert set(found) >= KEYS
    assert [c["predicted"] for c in found["cases"]] == ["still-holds", "relaxed", "relaxed", "still-holds"]
    assert (found["accuracy"], found["untested_accuracy"], found["coverage"]) == (0.5, 0.0, 1.0)
    # hits of predicted and gold: still-holds 1 of 2 and 1, relaxed 1 of 2 and 1, contradicted 0 of 0 and 1
    assert found["macro_f1"] == pytest.approx((2 / 3 + 2 / 3 + 0) / 3, abs=1e-4)
    assert found["contradicted_precision"] is None
    assert found["confusion"]["none"]["still-holds"] == 1
    assert found["accuracy_ci"][0] <= found["accuracy"] <= found["accuracy_ci"][1]
    assert found["quotes_found_share"] == 1.0


def test_a_pool_is_scored_by_what_counts_in_it() -> None:
    labels = ["supports", "relaxes", "contradicts", "neutral", "neutral", "supports", "supports", "neutral"]
    said = ["supports", "contradicts", "supports", "relaxes", "neutral", "neutral", "relaxes", "neutral"]
    pool = case("pool", dict(zip(IDS, labels, strict=True)), None)
    judge = Scripted(dict(zip(IDS, said, strict=True)))
    found = on_given([pool], PAPERS, judge, AbstractReader(), quiet, pools=True)
    assert (found["pool_counted"], found["pool_counted_right"]) == (5, 2)
    assert (found["pool_precision"], found["pool_recall"]) == (0.4, 0.4)
    assert found["pool_adverse_precision"] == pytest.approx(1 / 3, abs=1e-4)
    assert found["pool_support_precision"] == 0.5
    assert found["pool_wrong_side"] == 0.4
    assert found["accuracy"] is None  # no verdict is expected of a pool
    assert "pool_counted" not in measured([pool], {})


def test_controls_unrelated_negated_reported_shifted() -> None:
    """What must hold for any judge: silence, opposites, reported speech and other settings."""
    two = {IDS[0]: "contradicts", IDS[1]: "contradicts"}

    def verdict(stances: dict[str, str], **more: Any) -> str | None:
        name: str | None = measured([case("c", two, None)], stances, **more)["cases"][0]["predicted"]
        return name

    assert verdict({}) is None
    assert verdict(two) == "contradicted"
    assert verdict(dict.fromkeys(two, "supports")) == "still-holds"
    assert verdict(two, own_words=False) is None
    assert verdict(two, evidence_type="survey") is None
    assert verdict(two, agreement=0.333) is None


@given(st.permutations(IDS[:4]), st.integers(0, 3))
def test_order_and_duplicates_do_not_matter(order: list[str], again: int) -> None:
    stances = dict(zip(IDS[:4], ["supports", "relaxes", "contradicts", "contradicts"], strict=True))
    first = measured([case("c", stances, "relaxed")], stances)["cases"][0]
    shuffled = case("c", {i: stances[i] for i in order}, "relaxed")
    more = shuffled.model_copy(update={"evidence": (*shuffled.evidence, shuffled.evidence[again])})
    other = measured([more], stances)["cases"][0]
    assert {k: first[k] for k in ("predicted", "basis", "confidence")} == {
        k: other[k] for k in ("predicted", "basis", "confidence")
    }


def test_papers_found_ranks_newer_papers_and_no_sources() -> None:
    source = make_paper(90, id="2411.15382", published="2024-11-23")
    old = make_paper(91, published="2024-10-01")
    noise = [
        make_paper(n, title="Sourdough", abstract="Bread. We find that rye rises.") for n in range(100, 130)
    ]
    every = {p.id: p for p in (*PAPERS.values(), source, old, *noise)}
    finder = Finder(every, WordEmbedder(), Limits(keep=6, floor=0.1))
    wanted = {IDS[0]: "supports", IDS[1]: "supports"}
    found = on_found([case("c", wanted, "still-holds")], finder, Scripted(wanted), AbstractReader(), quiet)
    assert found["evidence_recall_20"] == 1.0
    (told,) = found["cases"]
    ranks = {e["arxiv_id"]: e["rank"] for e in told["evidence"]}
    assert max(ranks.values()) <= 8
    ranked, kept = finder.find(case("c", wanted, None))
    assert not {source.id, old.id} & set(ranked)
    assert len(kept) == 6


tolds = st.lists(
    st.builds(
        lambda p, e, more: Scored(p, e, (e, *more)),
        st.sampled_from([*VERDICTS, None]), st.sampled_from([*VERDICTS, None]),
        st.lists(st.sampled_from(VERDICTS), max_size=1),
    ),
    min_size=1, max_size=20,
)  # fmt: skip


@given(tolds)
def test_scores_are_shares_and_perfect_if_everything_is_right(told: list[Scored]) -> None:
    for score in (scores.accuracy, scores.macro_f1, scores.majority_macro_f1):
        value = score(told)
        assert value is None or 0 <= value <= 1
    right = [t._replace(predicted=t.expected) for t in told]
    assert scores.accuracy(right) == 1
    named = [name for name in VERDICTS if any(t.expected == name for t in told)]
    assert scores.macro_f1(right, named) in (1, None)
    table = scores.confusion(told, VERDICTS)
    assert sum(sum(row.values()) for row in table.values()) == len(told)


def test_calibration_error_of_an_overconfident_judge() -> None:
    assert scores.calibration_error([0.9] * 10, [True] * 5 + [False] * 5) == pytest.approx(0.4)
    assert scores.calibration_error([], []) is None


def test_the_command_prints_one_json_document(tmp_path: Path) -> None:
    snapshot = tmp_path / "s.jsonl"
    snapshot.write_text("".join(json.dumps(p.__dict__) + "\n" for p in PAPERS.values()))
    cases = tmp_path / "cases.jsonl"
    cases.write_text(case("c", {IDS[0]: "supports"}, "still-holds").model_dump_json() + "\n")
    shown = retest("eval", str(cases), "--snapshot", str(snapshot), "--json", home=tmp_path)
    document = json.loads(shown.stdout)
    assert set(document) >= KEYS
    (told,) = document["cases"]
    assert {"id", "expected", "acceptable", "predicted", "basis", "confidence", "correct", "evidence"} <= set(
        told
    )
    assert {"arxiv_id", "expected_stance", "stance", "quote", "gates"} <= set(told["evidence"][0])
    said = retest("eval", str(cases), "--snapshot", str(snapshot), home=tmp_path).stdout
    assert "macro_f1" in said
    assert "c: " in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no case"),
        ("{", "line 1"),
        ('{"id": "a", "claim": "C", "claim_date": "2024-13", "evidence": [], "expected_verdict": null}',
         "claim_date"),
        ('{"id": "a", "claim": "C", "claim_date": "2024-11", "evidence": [], "expected_verdict": "maybe"}',
         "expected_verdict"),
    ],
)  # fmt: skip
def test_a_bad_file_is_named_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text(text)
    with pytest.raises(UsageError, match=said):
        read_cases(path)


def test_missing_papers_are_named() -> None:
    with pytest.raises(UsageError, match=r"2506\.99999.*--snapshot"):
        measured([case("c", {"2506.99999": "supports"}, None)], {})


def test_scifact_and_scitab_are_read_as_stances(shared_data: Path, tmp_path: Path) -> None:
    claims = shared_data / "claims"
    cases, papers = read_suite("scifact", claims / "scifact/claims_train.jsonl")
    assert len(cases) == 257
    assert all(i in papers for c in cases for i in c.labels)
    assert (
        {s for c in cases for s in c.labels.values()} == {"supports", "contradicts", "neutral"} < set(STANCES)
    )
    tables, _ = read_suite("scitab", claims / "scitab/sci_tab.json")
    assert len(tables) == 1224
    found = on_given(cases[:4], papers, Scripted({}), AbstractReader(), quiet, verdicts=False)
    assert (found["n"], found["macro_f1"], found["accuracy"]) == (4, None, None)
    wrong = tmp_path / "x.json"
    wrong.write_text("[1]")
    with pytest.raises(UsageError, match="is not a scitab file"):
        read_suite("scitab", wrong)


def test_a_stopped_paid_evaluation_continues_where_it_was(tmp_path: Path) -> None:
    snapshot, cases = tmp_path / "s.jsonl", tmp_path / "cases.jsonl"
    snapshot.write_text("".join(json.dumps(p.__dict__) + "\n" for p in PAPERS.values()))
    every = [case(f"c{n}", {i: "neutral"}, None) for n, i in enumerate(IDS[:4])]
    cases.write_text("".join(c.model_dump_json() + "\n" for c in every))
    args = ("eval", str(cases), "--snapshot", str(snapshot), "--judge", "llm", "--json")
    neutral = judged(part(1, "neutral", "", "") | {"quotes": []})
    with llm_server(neutral) as server:
        env = {"RETEST_BASE_URL": server.url, "RETEST_MODEL": "gpt-5-mini", "RETEST_CONCURRENCY": "1"}
        server.script = [neutral, neutral, *[fails(401)] * 2]  # a call may be under way when one fails
        stopped = retest(*args, home=tmp_path, **env)
        assert stopped.returncode == 3
        server.script, before = [], len(server.asked)
        (journal,) = (tmp_path / "evaluations").iterdir()
        journal.write_text(journal.read_text() + '\n{"key": "cut o')
        found = json.loads(retest(*args, home=tmp_path, **env).stdout)
        assert (found["answers_asked"], found["answers_reused"], len(server.asked)) == (2, 2, before + 2)
        assert found["dollars"] > 0
        again = json.loads(retest(*args, home=tmp_path, **env).stdout)
    assert (again["answers_asked"], again["confusion"]) == (0, found["confusion"])
