"""Every gate, through the one function that all evidence passes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agent.core.findings import Finding
from agent.core.gates import Case, weigh
from store.records import Axis, Evidence, Passage
from tests.conftest import make_claim, make_paper

PAPER = make_paper(1)
QUOTE = "We find that fine-tuning lowers the faithfulness of its chain of thought in 1 of 9 tasks."
FINDING = Finding("tuning-hurts", "supports", QUOTE, 0.9, {"training": "same"})
CASE = Case(
    claim=make_claim(), paper=PAPER, text_id=1, text=PAPER.text, finding=FINDING, judge="j",
    threshold_in=lambda _: 0.6,
    passages=(Passage("1.0", 1, PAPER.id, "abstract", None, 0, len(PAPER.text), PAPER.text),),
    until="2026-09-01",
)  # fmt: skip


def failed(case: Case) -> tuple[set[str], str]:
    """The gates a case fails, and the resulting status."""
    item = weigh(case)
    return {g.gate for g in item.gates if g.failed}, item.status


def with_finding(**changes: Any) -> Case:
    return replace(CASE, finding=replace(FINDING, **changes))


def test_good_evidence_passes_every_gate_and_is_pinned_to_its_place() -> None:
    item: Evidence = weigh(CASE)
    assert item.status == "counted"
    assert [g.gate for g in item.gates] == [
        "found", "newer", "exists", "own words", "in scope", "second opinion", "threshold",
    ]  # fmt: skip
    assert PAPER.text[item.start : item.end] == item.quote == QUOTE
    assert (item.version, item.section) == (1, "abstract")


@pytest.mark.parametrize(
    ("case", "gate", "status"),
    [
        (with_finding(quote=QUOTE.replace("1 of 9", "2 of 9")), "found", "rejected"),
        (with_finding(quote="fine-tuning lowers the faithfulness"), "found", "rejected"),
        (replace(CASE, claim=make_claim(as_of="2025-06")), "newer", "rejected"),
        (replace(CASE, claim=make_claim(as_of=None)), "newer", "lead"),
        (replace(CASE, paper=replace(PAPER, id="2411.15382")), "newer", "rejected"),
        (replace(CASE, until="2025-01-01"), "newer", "rejected"),
        (replace(CASE, paper=replace(PAPER, withdrawn=True)), "exists", "rejected"),
        (with_finding(passage_id="9.9"), "exists", "rejected"),
        (with_finding(atom_id="no-such-part"), "exists", "rejected"),
        (with_finding(own_words=False), "own words", "lead"),
        (with_finding(strength=0.599), "threshold", "lead"),
        (with_finding(scope_match={}), "in scope", "lead"),
        (with_finding(stance="relaxes", scope_match={}), "in scope", "lead"),
        (with_finding(agreement=0.65), "second opinion", "lead"),
        (with_finding(evidence_type="survey"), "own words", "lead"),
        (replace(CASE, other_stances=frozenset({"contradicts"})), "second opinion", "lead"),
    ],
)
def test_each_gate_fails_alone_for_its_own_reason(case: Case, gate: str, status: str) -> None:
    assert failed(case) == ({gate}, status)


def test_a_paper_that_is_not_in_the_ledger_is_neither_newer_nor_there() -> None:
    assert failed(replace(CASE, paper=None)) == ({"newer", "exists"}, "rejected")


def test_what_just_reaches_a_threshold_counts() -> None:
    assert failed(with_finding(strength=0.6)) == (set(), "counted")
    assert failed(with_finding(agreement=0.66)) == (set(), "counted")


def test_another_setting_narrows_and_an_unknown_one_is_left_to_a_person() -> None:
    other = weigh(with_finding(stance="contradicts", scope_match={"training": "different"}))
    unknown = weigh(with_finding(stance="contradicts", scope_match={}))
    same = weigh(with_finding(stance="contradicts", scope_match={"training": "same"}))
    assert (other.stance, other.status, other.condition) == ("relaxes", "counted", "another training")
    assert (unknown.stance, unknown.status) == ("relaxes", "lead")
    assert (same.stance, same.status) == ("contradicts", "counted")


def test_a_claim_without_load_bearing_axes_can_be_contradicted() -> None:
    claim = make_claim(scope={"training": Axis("any", ())})
    assert weigh(replace(with_finding(stance="contradicts"), claim=claim)).stance == "contradicts"


@pytest.mark.parametrize(
    "sentence",
    [
        "Prior work has shown that fine-tuning always raises faithfulness.",
        "It is widely believed that fine-tuning raises faithfulness everywhere.",
        "Smith et al. report that fine-tuning raises faithfulness by far.",
        "Many researchers have argued that fine-tuning raises faithfulness.",
        "Prior work shows that fine-tuning improves faithfulness on most tasks.",
        "Previous studies have found that fine-tuning reduces faithfulness by 20%.",
        "It is widely believed that tuned models are less faithful than base ones.",
        "Smith et al. report that fine-tuning improves faithfulness by far.",
    ],
)
def test_reported_speech_does_not_count(sentence: str) -> None:
    paper = make_paper(1, abstract=f"Context here. {sentence} We ran tests.")
    case = replace(with_finding(quote=sentence), paper=paper, text=paper.text)
    assert failed(case) == ({"own words"}, "lead")


@pytest.mark.parametrize(
    "sentence",
    [
        "We propose a method that improves the faithfulness of fine-tuned models.",
        "This paper introduces a framework for faithful fine-tuning of models.",
        "FaithBench includes six categories of fine-tuned models and their chains.",
        "Does fine-tuning lower the faithfulness of chain-of-thought results?",
        "Towards a scalable and faithful architecture for fine-tuned reasoning.",
    ],
)
def test_an_aim_is_not_a_result(sentence: str) -> None:
    paper = make_paper(1, abstract=f"Context here. {sentence} We ran tests.")
    case = replace(with_finding(quote=sentence), paper=paper, text=paper.text)
    assert failed(case) == ({"own words"}, "lead")


def test_background_before_the_authors_speak_is_not_a_result() -> None:
    background = "Tuned models achieve high faithfulness by emitting long chains of thought."
    paper = make_paper(1, abstract=f"{background} We test this. {QUOTE}")
    passage = replace(
        CASE.passages[0], start=len(paper.title), end=len(paper.text), text=paper.text[len(paper.title) :]
    )
    case = replace(with_finding(quote=background), paper=paper, text=paper.text, passages=(passage,))
    assert failed(case) == ({"own words"}, "lead")
    assert failed(replace(case, finding=FINDING)) == (set(), "counted")


def test_a_reference_list_is_not_the_authors_own_words() -> None:
    passage = replace(CASE.passages[0], section="References")
    assert failed(replace(CASE, passages=(passage,))) == ({"own words"}, "lead")


def gate(case: Case, name: str) -> tuple[str, str]:
    """Outcome and reason of one gate."""
    return next((g.outcome, g.reason) for g in weigh(case).gates if g.gate == name)


MEASURED = make_claim(scope={
    "training": Axis("fine-tuning", ("fine-tun",), load_bearing=True),
    "metric": Axis("faithfulness of the chain of thought", ("faithful", "unfaithful"), load_bearing=True),
})  # fmt: skip


def test_a_paper_narrows_a_claim_only_if_it_mentions_the_claims_subject() -> None:
    trains = replace(with_finding(stance="relaxes", scope_match={"training": "same"}), claim=MEASURED)
    outcome, reason = gate(trains, "in scope")
    assert outcome == "failed"
    assert "faithfulness of the chain of thought" in reason
    assert weigh(trains).status == "lead"
    measures = replace(
        trains, finding=replace(trains.finding, scope_match={"training": "same", "metric": "same"})
    )
    assert gate(measures, "in scope") == (
        "passed",
        "speaks of metric (“faithfulness”); training (“fine-tuning”)",
    )
    supports = replace(trains, finding=replace(trains.finding, stance="supports"))
    assert gate(supports, "in scope")[0] == "passed"


def test_a_gate_with_nothing_to_check_was_not_run() -> None:
    assert gate(CASE, "second opinion")[0] == "not run"
    assert gate(replace(CASE, other_stances=frozenset({"supports"})), "second opinion")[0] == "passed"
    without_axes = replace(CASE, claim=make_claim(scope={}))
    for stance in ("supports", "relaxes", "contradicts"):
        case = replace(without_axes, finding=replace(FINDING, stance=stance))
        assert gate(case, "in scope")[0] == "not run"
        assert weigh(case).status == "counted"


def test_a_bare_title_is_not_a_quote() -> None:
    title = Passage("1.0", 1, PAPER.id, "title", None, 0, len(PAPER.title), PAPER.title)
    case = replace(with_finding(quote=PAPER.title), passages=(title,))
    assert gate(case, "own words") == ("failed", "a bare title is not a quote")
