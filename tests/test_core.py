"""What decides, in its small parts: what it says word for word, and where exactly its borders lie.

People read these reasons and the ledger keeps them, so they are part of the behaviour.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agent.core.budget import Budget, BudgetReached, ClaimBudgetReached, Price
from agent.core.disagreement import tensions
from agent.core.duplicates import doubles, overlap
from agent.core.findings import Finding, Reading, Section
from agent.core.gates import Case, as_of_run, weigh
from agent.core.key_findings import heading_of, key_findings
from agent.core.passages import MAX_CHARS, choose, cut, section_around, to_embed
from agent.core.rule import combine, decide, decide_claim, open_leads, settle
from agent.core.sampling import agreed, would_flip
from agent.core.scope import match_scope, property_axis
from agent.core.screening import Limits, fuse, screen
from agent.core.sentences import Span
from agent.core.window import certain_day, existed_by, first_day_after, is_newer, shown_bound, window_start
from store.records import Atom, Axis, Evidence, GateResult, Passage, Verdict
from tests.conftest import make_claim, make_paper
from tests.test_gates import CASE, FINDING, PAPER, QUOTE, with_finding
from tests.test_rule import item, leads

TWO_AXES = {
    "training": Axis("fine-tuning", ("fine-tun",), load_bearing=True),
    "model": Axis("language models", ("language model",), load_bearing=True),
}
TITLE = Passage("1.0", 1, PAPER.id, "title", None, 0, len(PAPER.text), PAPER.text)


def of_two(**changes: Any) -> Case:
    return replace(with_finding(**changes), claim=make_claim(scope=TWO_AXES))


@pytest.mark.parametrize(
    ("case", "gate", "said"),
    [
        (with_finding(quote="fine-tuning lowers the faithfulness"), "found",
         ("failed", "the quote has fewer than 6 words", False)),
        (with_finding(quote=QUOTE.replace("1 of 9", "2 of 9")), "found",
         ("failed", "the quote is not in the stored text", False)),
        (CASE, "found", ("passed", "characters 95 to 183 of the stored text", False)),
        (replace(CASE, paper=None), "newer", ("failed", "no such paper", False)),
        (replace(CASE, paper=replace(PAPER, id="2411.15382")), "newer",
         ("failed", "the paper is the claim's own source", False)),
        (replace(CASE, claim=make_claim(as_of=None)), "newer",
         ("failed", "the claim's as-of month is unknown", True)),
        (replace(CASE, until="2025-01-01"), "newer", ("failed", "2025-06-15 is after 2025-01-01", False)),
        (replace(CASE, claim=make_claim(as_of="2025-06")), "newer",
         ("failed", "2025-06-15 is not later than 2025-06", False)),
        (CASE, "newer", ("passed", "2025-06-15 is later than 2024-11", False)),
        (replace(CASE, paper=None), "exists", ("failed", "the ledger holds no such paper", False)),
        (with_finding(atom_id="no-part"), "exists", ("failed", "the claim has no part 'no-part'", False)),
        (with_finding(passage_id="9.9"), "exists", ("failed", "no passage '9.9' was shown", False)),
        (replace(CASE, paper=replace(PAPER, withdrawn=True)), "exists",
         ("failed", "the paper is withdrawn", False)),
        (CASE, "exists", ("passed", "https://arxiv.org/abs/2506.00001v1", False)),
        (with_finding(own_words=False), "own words", ("failed", "the judge reads it as others' work", True)),
        (with_finding(evidence_type="argument"), "own words",
         ("failed", "the judge reads it as argument, not as a result", True)),
        (replace(CASE, passages=(TITLE,)), "own words", ("failed", "a bare title is not a quote", True)),
        (CASE, "own words", ("passed", "the authors assert it as their result", False)),
        (with_finding(scope_match={}), "in scope",
         ("failed", "nothing that was read speaks of the claim's training (fine-tuning)", True)),
        (of_two(scope_match={}), "in scope",
         ("failed", "nothing that was read speaks of the claim's training (fine-tuning), "
          "model (language models)", True)),
        (of_two(stance="contradicts", scope_match={}), "in scope",
         ("failed", "contradicts needs the same training, model; the text does not say", True)),
        (of_two(stance="contradicts", scope_match={"training": "different", "model": "different"}),
         "in scope", ("passed", "other training, model: relaxes at most", False)),
        (replace(CASE, claim=make_claim(scope={"training": Axis("any")})), "in scope",
         ("not run", "the claim names no axis that decides", False)),
        (of_two(scope_match={"training": "same", "model": "same"}), "in scope",
         ("passed", "speaks of training (“fine-tuning”); model", False)),
        (replace(CASE, other_stances=frozenset({"contradicts"})), "second opinion",
         ("failed", "the other judge reads contradicts", True)),
        (replace(CASE, other_stances=frozenset({"supports", "relaxes"})), "second opinion",
         ("passed", "the other judge reads relaxes and supports", False)),
        (with_finding(agreement=1 / 3), "second opinion",
         ("failed", "the judge wavers; 33% of its samples agree", True)),
        (with_finding(agreement=2 / 3), "second opinion",
         ("passed", "the judge was asked again; 67% of its samples agree", False)),
        (CASE, "second opinion", ("not run", "no other judge took a side on this paper", False)),
        (with_finding(strength=0.55), "threshold", ("failed", "strength 0.55 is under 0.60", True)),
        (replace(CASE, threshold_in=lambda _: 1.01), "threshold",
         ("failed", "this judge is not calibrated on the body of papers", True)),
        (replace(CASE, threshold_in=lambda section: 0.9 if section == "abstract" else 2.0), "threshold",
         ("passed", "strength 0.90", False)),
    ],
)  # fmt: skip
def test_what_a_gate_says(case: Case, gate: str, said: tuple[str, str, bool]) -> None:
    result = next(g for g in weigh(case).gates if g.gate == gate)
    assert (result.outcome, result.reason, result.settleable) == said


def test_what_evidence_holds() -> None:
    found = weigh(with_finding(condition="small models", replication=True))
    assert replace(found, gates=()) == Evidence(
        id="e7ac5158e9d8abb4", claim_id="tuning-hurts", revision=1, atom_id="tuning-hurts",
        paper_id="2506.00001", version=1, text_id=1, published="2025-06-15", stance="supports", quote=QUOTE,
        start=95, end=95 + len(QUOTE), section="abstract", scope_match={"training": "same"}, condition="",
        own_words=True, replication=True, strength=0.9, judge="j", status="counted", gates=(),
        authors=("Author 1",),
    )  # fmt: skip
    assert as_of_run(found, "r").run_id == "r"
    lost = weigh(replace(with_finding(quote="no such words are in this text"), paper=None, passages=()))
    assert (lost.paper_id, lost.published, lost.authors, lost.section) == ("", "", (), "")
    assert (lost.start, lost.end, lost.quote) == (None, None, "no such words are in this text")


def test_a_quote_is_widened_to_the_sentences_of_its_own_section() -> None:
    cut_off = weigh(with_finding(quote="lowers the faithfulness of its chain of thought in 1"))
    assert cut_off.quote == QUOTE
    text = "We find that models of size 7B fail. Yes they"
    two = tuple(
        Passage(f"1.{n}", 1, PAPER.id, name, None, start, end, text[start:end])
        for n, (name, start, end) in enumerate((("abstract", 0, 36), ("results", 37, 45)))
    )
    found = weigh(replace(with_finding(quote="that models of size 7B fail"), text=text, passages=two))
    assert found.quote == "We find that models of size 7B fail."


HOLDS = Verdict("still-holds", "reconfirmed", rule_version=2)


def decided(*evidence: Evidence, relevant: int = 9, healthy: bool = True) -> tuple[Any, ...]:
    verdict = decide(list(evidence), relevant=relevant, healthy=healthy)
    return verdict.name, verdict.basis, verdict.reason, verdict.contested, verdict.rule_version


@pytest.mark.parametrize(
    ("evidence", "said"),
    [
        ([item(1), item(2)], ("contradicted", "refuted", "2 papers reporting the opposite", False)),
        ([item(1, author="A"), item(2, author="A"), item(3, author="B")],
         ("contradicted", "refuted", "3 papers (2 independent) reporting the opposite", False)),
        ([item(1)], ("relaxed", "narrowed", "1 paper reporting the opposite", False)),
        ([item(1), item(2, "relaxes"), item(3, "supports")],
         ("relaxed", "narrowed",
          "1 paper reporting the opposite; 1 paper narrowing it; 1 paper agreeing", True)),
        ([item(2, "relaxes"), item(3, "supports")],
         ("relaxed", "narrowed", "1 paper narrowing it; 1 paper agreeing", False)),
        ([item(1, "supports")], ("still-holds", "reconfirmed", "1 paper agreeing", False)),
        ([item(1, "neutral")], ("still-holds", "unchallenged",
                                "9 relevant newer papers screened and settled, none adverse", False)),
    ],
)  # fmt: skip
def test_what_the_rule_says(evidence: list[Evidence], said: tuple[Any, ...]) -> None:
    assert decided(*evidence) == (*said, 2)


def test_what_the_rule_says_of_too_little() -> None:
    few = "4 newer papers could be settled; silence counts from 5"
    assert decided(relevant=4) == (None, "untested", few, False, 2)
    broken = "the search was not healthy: nothing is confirmed on it"
    assert decided(healthy=False) == (None, "untested", broken, False, 2)
    agreeing = f"1 paper agreeing, but {broken}"
    assert decided(item(1, "supports"), healthy=False) == (None, "untested", agreeing, False, 2)
    one = decide([], relevant=9, healthy=True, open_leads=1)
    assert one.reason == "1 adverse lead is not reviewed yet: until then silence confirms nothing"
    undated = decide_claim(make_claim(as_of=None), [], relevant=9, healthy=True)
    assert undated.reason == "the as-of month is unknown: nothing can be shown to be newer"


def test_what_the_rule_says_of_parts() -> None:
    a, b = Atom("a", "A."), Atom("b", "B.")
    holds, against = (
        decide([item(1, "supports")], relevant=9, healthy=True),
        decide([item(1), item(2)], relevant=9, healthy=True),
    )
    silent, narrow = (
        decide([], relevant=9, healthy=True),
        decide([item(3, "relaxes", condition="if small")], relevant=9, healthy=True),
    )
    both = combine([(a, against), (b, against)])
    assert (both.name, both.basis, both.condition) == ("contradicted", "refuted", "")
    mixed = combine([(a, against), (b, narrow)])
    assert (mixed.basis, mixed.condition) == ("narrowed", "“A.”: contradicted; “B.”: if small")
    assert (
        mixed.reason
        == "part 1: contradicted, 2 papers reporting the opposite; part 2: relaxed, 1 paper narrowing it"
    )
    assert mixed.evidence_ids == ("e1contradicts", "e2contradicts", "e3relaxes")
    quiet = combine([(a, holds), (b, silent)])
    assert (quiet.name, quiet.basis, quiet.rule_version) == ("still-holds", "unchallenged", 2)
    some = combine([(a, holds), (b, decide([], relevant=0, healthy=True))])
    assert some.reason == "1 of 2 parts are tested and unharmed, the others are not tested yet"
    assert combine([(a, holds)]) is holds


def test_a_verdict_ends_with_the_evidence_it_rests_on() -> None:
    before, after = replace(HOLDS, evidence_ids=("x", "y")), decide([], relevant=0, healthy=True)
    settled = settle(before, after, frozenset({"x", "y"}), {"y": "arXiv:1 was withdrawn"})
    assert settled
    assert settled.reason == f"arXiv:1 was withdrawn; {after.reason}"
    assert settle(before, after, frozenset({"x", "y"}), {"z": "another"}) is None
    more = replace(HOLDS, evidence_ids=("x", "y", "z"))
    assert settle(before, more, frozenset({"x", "y", "z"})) == more  # no flip: nothing new is needed


def test_a_lead_just_at_the_level_keeps_a_claim_open() -> None:
    assert open_leads(leads(0.4, 0.399), 0.4) == {"2506.00001"}
    counted = [replace(e, status="counted") for e in leads(0.9)]
    assert open_leads(counted, 0.4) == set()


def test_money() -> None:
    price = Price(tokens_in=2.0, tokens_out=8.0, cached=0.5)
    budget = Budget(cap=1.0, claim_cap=0.6, price=price, answer_tokens=10_000)
    assert budget.cost(1_000_000, 500_000, 400_000) == pytest.approx(1.2 + 0.2 + 4.0)
    first = budget.reserve(100_000, "a")
    assert first == pytest.approx(0.28)
    second = budget.reserve(100_000, "a")
    with pytest.raises(ClaimBudgetReached):
        budget.reserve(100_000, "a")
    assert budget.was_reached
    third = budget.reserve(100_000, "b")
    with pytest.raises(BudgetReached):
        budget.reserve(100_000, "c")
    budget.settle(first, 10_000, 1_000, claim="a")
    budget.forfeit(second, "a", answers=0)
    budget.forfeit(third, "b", answers=1)
    assert budget.spent == pytest.approx(0.028 + 0.28)
    assert budget.by_claim == pytest.approx({"a": 0.028, "b": 0.28})
    budget.before("a", 0.5)
    assert (budget.spent, budget.by_claim["a"]) == pytest.approx((0.808, 0.528))
    exact = Budget(cap=0.28, claim_cap=0.28, price=price, answer_tokens=10_000)
    assert exact.reserve(100_000, "a") == pytest.approx(0.28)
    assert not exact.was_reached


ABSTRACT = "We find that longer chains of thought lower the accuracy of small language models on sums."


def test_the_same_work_under_two_ids() -> None:
    def paper(number: int, day: str, *authors: str, abstract: str = ABSTRACT) -> Any:
        return make_paper(number, published=day, authors=authors, abstract=abstract)

    first = paper(2, "2025-06-01", "Ann Bée", "Bo Cy")
    again = paper(1, "2025-07-01", "A. Bee", "Cy, B.", "Jr")
    assert doubles([again, first]) == {again.id: first.id}
    assert doubles([first, paper(3, "2025-07-01", "Ann Bee", "Di Ek", "Fa Gi")]) == {}
    assert doubles([first, paper(3, "2025-07-01", "Ann Bee", "Bo Cy", abstract="Another text.")]) == {}
    assert doubles([paper(1, "2025-06-01"), paper(2, "2025-06-01")]) == {}
    assert doubles([first, again, paper(4, "2025-08-01", "Ann Bee", "Bo Cy")])[f"2506.{4:05d}"] == first.id
    assert overlap("a b c", "a b d") == pytest.approx(1 / 3)
    assert overlap("", "a") == 0.0


def test_samples() -> None:
    one, other = FINDING, replace(FINDING, stance="contradicts")
    assert [f.agreement for f in agreed([[one], [one], [other]], 3)] == [0.667]
    assert agreed([[one, replace(one, atom_id="b")], [], [one]], 3)[1].agreement == 0.333
    flips = {("still-holds", "relaxes"), ("still-holds", "contradicts"), (None, "relaxes"),
             (None, "contradicts"), ("relaxed", "contradicts"), ("contradicted", "supports")}  # fmt: skip
    names: tuple[Any, ...] = ("still-holds", "relaxed", "contradicted", None)
    stances: tuple[Any, ...] = ("supports", "relaxes", "contradicts", "neutral")
    found = {(n, s) for n in names for s in stances if would_flip(n, [replace(one, stance=s)])}
    assert found == flips


def test_what_disagrees_is_paired_strongest_first() -> None:
    new = {"published": "2026-03-01"}
    support = [item(n, "supports", strength=s, **new) for n, s in ((1, 0.9), (2, 0.7))]
    weak = replace(item(3, strength=0.6, scope_match={"model": "same"}, **new), id="weak")
    strong = replace(weak, id="strong", strength=0.8)
    found = tensions([*support, weak, strong], "2026-09-01")
    assert [(t.claim_id, t.atom_id, t.supporting, t.adverse, t.axes) for t in found] == [
        ("c", "c", "e1supports", "strong", ("model",)), ("c", "c", "e2supports", "strong", ("model",)),
    ]  # fmt: skip
    assert tensions([*support, strong], "2026-10-01") == []
    same_paper = replace(support[0], id="x", paper_id=strong.paper_id)
    assert tensions([same_paper, strong, replace(support[0], atom_id="b")], "2026-09-01") == []


def passage(number: int, section: str, start: int, end: int, text: str) -> Passage:
    return Passage(f"1.{number}", 1, "p", section, None, start, end, text[start:end])


def test_a_section_goes_on_over_a_page_and_ends_with_its_name() -> None:
    text = "Aaa. Bbb.\n\nCcc. Ddd. Eee."
    rows = [
        ("methods", 0, 4),
        ("results", 5, 9),
        ("results", 11, 15),
        ("results", 16, 20),
        ("limits", 21, 25),
    ]
    cuts = [passage(n, *row, text) for n, row in enumerate(rows)]
    for at in (5, 11, 14, 16, 19):
        assert section_around(Span(at, at + 1), cuts[::-1], text) == Span(5, 20)
    assert section_around(Span(0, 3), cuts, text) == Span(0, 4)
    assert section_around(Span(21, 30), cuts, text) == Span(21, 30)
    assert section_around(Span(25, 26), cuts, text) is None
    apart = "Aaa. xx Bbb."
    two = [passage(0, "results", 0, 4, apart), passage(1, "results", 8, 12, apart)]
    assert section_around(Span(0, 3), two, apart) == Span(0, 4)


def test_passages_hold_whole_sentences_and_stay_in_their_section() -> None:
    sentence = "Longer chains of thought lower the accuracy of small models on sums of many digits. "
    number = MAX_CHARS // len(sentence) + 2
    text = f"Title\n\n{sentence * number}"
    reading = Reading("full", text, (Section("title", None, 0, 5), Section("results", 3, 7, len(text))))
    title, first, second = cut(reading, 7, "p")
    assert (title.id, title.text, first.id, first.section, first.page) == (
        "7.0",
        "Title",
        "7.1",
        "results",
        3,
    )
    assert len(first.text) <= MAX_CHARS < len(first.text) + len(sentence) + 1
    assert first.text.endswith("digits.")
    assert text[second.start : second.end] == second.text
    assert (first.text + " " + second.text).strip() == (sentence * number).strip()


def test_what_is_embedded_and_shown_of_a_paper() -> None:
    names = ("title", "abstract", "results", "related work", "limitations", "references")
    cuts = [Passage(f"1.{n}", 1, "p", s, None, n, n + 1, s) for n, s in enumerate(names)]
    assert to_embed(cuts) == {"1.2": "results", "1.4": "limitations"}
    near = {"1.2": 0.3, "1.4": 0.9, "1.5": 0.3}
    assert [p.id for p in choose(cuts, near, 2)] == ["1.0", "1.1", "1.2", "1.4"]
    assert [p.id for p in choose(cuts, near, 1)] == ["1.0", "1.1", "1.4"]


def test_scope_by_words() -> None:
    claim = make_claim(
        scope=TWO_AXES | {"metric": Axis("faithfulness"), "task": Axis("sums", load_bearing=True)}
    )
    paper = make_paper(1, title="On models", abstract="Tuned by Fine-Tuning for SUMS.")
    assert match_scope(claim, claim.id, paper) == {
        "training": "same", "model": "unknown", "metric": "unknown", "task": "same",
    }  # fmt: skip
    assert property_axis(claim, claim.id) == "task"
    assert property_axis(make_claim(scope={"metric": Axis("m"), "task": Axis("t")}), "x") == "metric"
    assert property_axis(make_claim(), "x") is None


def test_scores_are_standardised_and_weighted() -> None:
    np = pytest.importorskip("numpy")
    lexical, claim, source = (np.array(v, np.float32) for v in ([2, 0], [0, 1], [1, 0]))
    assert fuse(lexical, claim, source).tolist() == [1 - 1 + 0.3, -1 + 1 - 0.3]
    level = np.array([1, 1], np.float32)
    assert fuse(level, level, level).tolist() == [0, 0]
    none = np.zeros((0, 3), np.float32)
    dense = np.array([[0.91239, 0.5, 0.5]], np.float32)
    found = screen("c", ["b", "d", "a"], dense[0], dense, none, Limits(keep=1, floor=0, record=1))
    assert [(s.paper_id, s.rank, s.dense, s.lexical, s.kept) for s in found] == [
        ("b", 1, 0.9124, 0.9124, True), ("a", 2, 0.5, 0.5, False),
    ]  # fmt: skip
    assert screen("c", [], dense[0], dense, none, Limits(1, 0)) == []


def test_days_and_months() -> None:
    assert [is_newer("2025-06-15", m) for m in ("2025-05", "2025-06")] == [True, False]
    assert [existed_by("2025-06", d) for d in ("2025-06-30", "2025-07-01")] == [False, True]
    assert [existed_by("2025-06-15", d) for d in ("2025-06-14", "2025-06-15")] == [False, True]
    assert (first_day_after("2024-12-32"), first_day_after("2024-11-05")) == ("2025-01-01", "2024-11-05")
    assert (shown_bound("2024-12-32"), shown_bound("2024-11-05")) == ("2024-12", "2024-11-05")
    assert (certain_day("2025-06"), certain_day("2025-06-30")) == ("2025-06-28", "2025-06-30")
    assert window_start("2024-11", None) == "2024-11-32"
    assert window_start("2024-11", "2025-06-15") == "2025-06-08"
    assert window_start("2025-06", "2025-06-15") == "2025-06-32"
    assert window_start(None, "2025-06-15") == "2025-06-08"
    failed = GateResult("g", "failed", "r")
    assert (failed.failed, replace(failed, outcome="not run").failed) == (True, False)
    assert Finding("a", "supports", "q", 0.5).agreement == 1.0


def test_key_findings_by_section_and_wording() -> None:
    said = {
        "title": "We find that longer chains lower the accuracy of models.",
        "abstract": "Chains of thought are widely used by many people today. We propose a method that prunes "
                    "the chains of small models. We find that pruning improves accuracy by 5% on nine tasks.",
        "limitations": "All of our experiments use English text from a single source.",
        "results": "We find that larger models improve accuracy on all nine of the tasks. Short.",
        "related work": "We find that others improve accuracy on all of the nine tasks.",
    }  # fmt: skip
    text = " ".join(said.values())
    cuts, at = [], 0
    for n, (section, words) in enumerate(said.items()):
        cuts.append(Passage(f"1.{n}", 1, "p", section, n, at, at + len(words), words))
        at += len(words) + 1
    assert text[cuts[1].start : cuts[1].end] == said["abstract"]
    found = {
        name: [(f.section, f.page, f.quote[:22]) for f in held] for name, held in key_findings(cuts).items()
    }
    assert {name: held for name, held in found.items() if held} == {
        "technical contribution": [("abstract", 1, "We propose a method th")],
        "key results": [("abstract", 1, "We find that pruning i"), ("results", 3, "We find that larger mo")],
        "limitations": [("limitations", 2, "All of our experiments")],
    }
    assert heading_of("We introduce a benchmark.", "results") == "technical contribution"
    assert heading_of("Nothing of the kind.", "results") == ""
    assert heading_of("Nothing of the kind.", "methods") == "methodology"
    sentences = [f"We find that model {n} improves accuracy on all tasks." for n in range(5)]
    many = [replace(cuts[3], id=f"2.{n}", start=n, text=s) for n, s in enumerate(sentences)]
    assert [f.quote[19:20] for f in key_findings(many)["key results"]] == ["0", "1", "2"]


def test_a_budget_says_what_to_do() -> None:
    over = BudgetReached()
    assert (over.message, over.way_out) == (
        "the budget is reached: the next call could go over it", "give a larger one"
    )  # fmt: skip
    capped = Budget(cap=0.1, price=Price(tokens_in=2.0), answer_tokens=0)
    with pytest.raises(BudgetReached):
        capped.reserve(100_000, "a")
    assert capped.was_reached
    held = [capped.reserve(10_000, "a") for _ in range(3)]
    capped.settle(held[0], 10_000, 0, 5_000, claim="a")
    assert capped.spent == pytest.approx(0.01)
    capped.forfeit(held[1], "a", answers=0)
    capped.settle(held[2], 10_000, 0, claim="a")
    assert capped.spent == pytest.approx(0.03)
    assert capped.reserve(35_000, "a") == pytest.approx(0.07)
