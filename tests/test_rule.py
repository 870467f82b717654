"""The verdict rule: single cases, and properties that must hold for any evidence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agent.core.confidence import Calibration
from agent.core.rule import (  # fmt: skip
    combine,
    decide,
    decide_claim,
    decide_claim_v1,
    settle,
    unsettled,
    voices,
)
from store.records import Atom, Evidence, GateResult, Verdict
from tests.conftest import make_claim

BASE = Evidence(
    id="e", claim_id="c", revision=1, atom_id="c", paper_id="2506.00001", version=1, text_id=1,
    published="2025-06-01", stance="supports", quote="q", start=0, end=1, section="abstract", scope_match={},
    condition="", own_words=True, replication=False, strength=0.8, judge="j", status="counted", gates=(),
)  # fmt: skip
ORDER = {"contradicted": 0, "relaxed": 1, None: 2, "still-holds": 3}


def item(number: int, stance: Any = "contradicts", author: str | None = None, **more: Any) -> Evidence:
    """Evidence from one paper."""
    return replace(BASE, id=f"e{number}{stance}", paper_id=f"2506.{number:05d}", stance=stance,
                   authors=(author or f"Author {number}",), **more)  # fmt: skip


evidence = st.builds(
    item,
    st.integers(1, 6),
    st.sampled_from(["supports", "relaxes", "contradicts", "neutral"]),
    st.sampled_from(["Ann", "Bo", "Cy", "Di"]),
    status=st.sampled_from(["counted", "lead", "rejected"]),
    strength=st.floats(0.5, 1),
    replication=st.booleans(),
)
some = st.lists(evidence, max_size=8, unique_by=lambda e: e.id)


def judge(found: list[Evidence], relevant: int = 9, *, healthy: bool = True) -> Verdict:
    return decide(found, relevant=relevant, healthy=healthy)


def test_two_independent_papers_refute_and_one_only_narrows() -> None:
    assert judge([item(1), item(2)]).name == "contradicted"
    assert judge([item(1)]).name == "relaxed"
    assert judge([item(1, author="Ann"), item(2, author="Ann")]).name == "relaxed"
    assert judge([item(1, replication=True)]).name == "contradicted"


def test_papers_with_unknown_authors_count_as_one_voice() -> None:
    assert voices([replace(item(1), authors=()), replace(item(2), authors=())]) == 1


def test_support_beside_contradiction_keeps_the_weaker_and_says_contested() -> None:
    verdict = judge([item(1), item(2), item(3, "supports")])
    assert (verdict.name, verdict.contested) == ("relaxed", True)


def test_a_narrowing_states_its_condition() -> None:
    assert judge([item(1, "relaxes", condition="when tools are given")]).condition == "when tools are given"
    assert "2506.00001" in judge([item(1)]).condition


def test_confidence_joins_voices_and_not_papers() -> None:
    one, other = item(1, strength=0.8), item(2, strength=0.6)
    assert judge([one, other]).confidence == 0.92  # 1 - 0.2 * 0.4
    assert judge([replace(one, authors=("Ann",)), replace(other, authors=("Ann",))]).confidence == 0.8
    assert judge([item(n, strength=0.9) for n in range(1, 6)]).confidence == 0.99  # never certain
    narrowed = judge([item(1, "relaxes", strength=0.7), item(2, "supports", strength=0.9)])
    assert narrowed.confidence == 0.7


def test_the_strongest_narrowing_gives_the_condition_and_the_strongest_quote_of_a_paper_counts() -> None:
    weak, strong = (item(n, "relaxes", condition=c, strength=s) for n, c, s in
                    ((1, "weak", 0.7), (2, "strong", 0.9)))  # fmt: skip
    assert judge([weak, strong]).condition == judge([strong, weak]).condition == "strong"
    twice = [item(1, strength=0.6), replace(item(1, strength=0.9), id="again")]
    assert (judge(twice).confidence, judge(twice).evidence_ids) == (0.9, ("again",))


def test_a_compound_claim_is_as_sure_as_its_least_sure_part_unless_one_is_enough() -> None:
    parts = [Atom("a", "A."), Atom("b", "B.")]
    sure, less = (judge([item(n, "supports", strength=s)]) for n, s in ((1, 0.9), (2, 0.7)))
    assert combine([(parts[0], sure), (parts[1], less)]).confidence == 0.7
    narrow, wide = (judge([item(n, "relaxes", strength=s)]) for n, s in ((1, 0.9), (2, 0.7)))
    assert combine([(parts[0], narrow), (parts[1], wide)]).confidence == 0.9


def test_silence_is_not_confirmation() -> None:
    assert judge([], relevant=4).basis == "untested"
    assert (judge([], relevant=5).name, judge([], relevant=5).basis) == ("still-holds", "unchallenged")
    assert judge([], relevant=50, healthy=False).name is None
    assert judge([item(1, "supports")], healthy=False).name is None


@given(some, st.randoms())
def test_order_does_not_matter(found: list[Evidence], rng: Any) -> None:
    shuffled = list(found)
    rng.shuffle(shuffled)
    assert judge(shuffled) == judge(found)


@given(some)
def test_a_duplicate_changes_nothing(found: list[Evidence]) -> None:
    assert judge(found + found[:1]) == judge(found)


@given(some)
def test_what_failed_a_gate_changes_nothing(found: list[Evidence]) -> None:
    assert judge([e for e in found if e.status == "counted"]) == judge(found)


@given(some, st.integers(7, 9), st.booleans(), st.integers(0, 9))
def test_more_contradiction_never_moves_towards_still_holds(
    found: list[Evidence], number: int, healthy: bool, relevant: int
) -> None:
    before = judge(found, relevant, healthy=healthy)
    after = judge([*found, item(number)], relevant, healthy=healthy)
    assert ORDER[after.name] <= ORDER[before.name]


@given(some, st.integers(0, 9))
def test_a_degraded_run_never_confirms(found: list[Evidence], relevant: int) -> None:
    assert judge(found, relevant, healthy=False).name != "still-holds"


@given(some)
def test_every_verdict_but_the_unchallenged_cites_what_it_rests_on(found: list[Evidence]) -> None:
    verdict = judge(found)
    assert set(verdict.evidence_ids) <= {e.id for e in found if e.status == "counted"}
    assert bool(verdict.evidence_ids) == (verdict.basis not in ("unchallenged", "untested"))


def test_the_weakest_part_of_a_compound_claim_decides() -> None:
    parts = [Atom("a", "Part a."), Atom("b", "Part b.")]
    holds, against = judge([item(1, "supports")]), judge([item(1), item(2)])
    silent = judge([], relevant=0)
    assert combine([(parts[0], holds), (parts[1], against)]).name == "relaxed"
    assert "Part b." in combine([(parts[0], holds), (parts[1], against)]).condition
    assert combine([(parts[0], against), (parts[1], against)]).name == "contradicted"
    assert combine([(parts[0], holds), (parts[1], silent)]).name is None
    assert combine([(parts[0], holds), (parts[1], holds)]).basis == "reconfirmed"


def test_history_grows_only_with_new_evidence() -> None:
    holds, against = judge([item(1, "supports")]), judge([item(2), item(3)])
    assert settle(None, holds, frozenset()) == holds
    assert settle(holds, holds, frozenset()) is None
    assert settle(holds, judge([], relevant=0), frozenset()) is None
    assert settle(holds, against, frozenset()) == against
    assert settle(holds, against, frozenset(against.evidence_ids)) is None


def test_silence_needs_papers_that_the_judge_could_settle() -> None:
    def open_paper(number: int, gate: str) -> Evidence:
        failed = (GateResult(gate, "failed", reason="why", settleable=True),)
        return item(number, "relaxes", status="lead", gates=failed)

    weak = [open_paper(n, "threshold") for n in range(1, 4)]
    misquoted = [replace(open_paper(4, "found"), status="rejected")]
    background = [open_paper(5, "own words")]
    assert unsettled(weak + misquoted + background) == 4
    claim = make_claim()
    mine = [replace(e, atom_id=claim.parts[0].id) for e in weak + misquoted]
    assert decide_claim(claim, mine, relevant=9, healthy=True).basis == "unchallenged"
    assert decide_claim(claim, mine, relevant=8, healthy=True).basis == "untested"


def test_calibration_keeps_the_order_and_stays_below_certainty() -> None:
    raw = [0.0, 0.3, 0.5, 0.9, 1.0]
    told = [Calibration(0.5, -0.4).of(r) for r in raw]
    assert told == sorted(told)
    assert 0 < told[0] < told[-1] < 1
    assert Calibration().of(0.8) == 0.8


LEVEL = 0.4


def leads(*strengths: float, stance: str = "relaxes") -> list[Evidence]:
    """Leads on a claim, one per paper; a person could settle what failed."""
    failed = (GateResult("threshold", "failed", "weak", settleable=True),)
    atom = make_claim().parts[0].id
    return [
        replace(item(n, stance, status="lead", gates=failed), atom_id=atom, strength=s)
        for n, s in enumerate(strengths, 1)
    ]  # fmt: skip


def test_an_adverse_lead_keeps_a_claim_open_and_a_weak_or_supporting_one_does_not() -> None:
    def decided(found: list[Evidence]) -> Verdict:
        return decide_claim(make_claim(), found, relevant=20, healthy=True, open_from=LEVEL)

    waits = decided(leads(0.5, 0.45, 0.2))
    assert (waits.name, waits.open_leads, waits.standing) == (None, 2, "open")
    assert "2 adverse leads are not reviewed yet" in waits.reason
    assert decided(leads(0.2, 0.3)).standing == "no challenge found"
    assert decided(leads(0.9, stance="supports")).standing == "no challenge found"
    support = replace(item(9, "supports"), atom_id=make_claim().parts[0].id)
    assert decided([*leads(0.5), support]).standing == "still-holds"


def test_version_1_called_the_same_silence_unchallenged() -> None:
    before = decide_claim_v1(make_claim(), leads(0.9), relevant=20, healthy=True, open_from=LEVEL)
    assert (before.standing, before.rule_version) == ("no challenge found", 1)


def test_a_part_that_is_open_keeps_the_whole_claim_open() -> None:
    parts = [Atom("a", "A."), Atom("b", "B.")]
    holds, waits = judge([item(1, "supports")]), decide([], relevant=9, healthy=True, open_leads=1)
    joined = combine([(parts[0], holds), (parts[1], waits)])
    assert (joined.standing, joined.open_leads) == ("open", 1)


def test_an_adverse_lead_ends_a_verdict_that_rested_on_silence_and_no_other() -> None:
    silent, waits = judge([], relevant=9), decide([], relevant=9, healthy=True, open_leads=1)
    assert settle(silent, waits, frozenset()) == waits
    assert settle(judge([item(1, "supports")]), waits, frozenset()) is None
    assert settle(waits, waits, frozenset()) is None
