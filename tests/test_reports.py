"""The report: text from papers is data, and nothing is shown that has not passed through the gates."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.reports import markdown
from agent.reports.to_schema import publish
from agent.telling.badge import of_claim
from agent.text import escape
from agent.views.model import Contents, build
from agent.views.run import status_document
from agent.views.why_not import why_not
from store.records import GateResult, Line, Run, Verdict
from tests.conftest import make_claim, make_paper
from tests.test_rule import item

HOSTILE = (
    "](https://evil.example/x) ![i](http://evil.example/i.png) <script>alert(1)</script> `x` | "
    "www.evil.example and six words more"
)


def contents(quote: str = "A quote of at least six words.", **claim: Any) -> Contents:
    """One relaxed claim with one counted quote and one adverse lead."""
    counted = item(1, "relaxes", claim_id="tuning-hurts", quote=quote)
    held = (GateResult("threshold", "failed", "weak", settleable=True),)
    lead = item(2, "contradicts", claim_id="tuning-hurts", status="lead", quote=quote, gates=held)
    verdict = Verdict("relaxed", "narrowed", "when so", 0.9, False, (counted.id,), id=1,
                      claim_id="tuning-hurts", run_id="run-1", reason="1 paper narrowing it")  # fmt: skip
    return Contents(
        lines=[Line("faith", "Faithfulness", "Is it?")], claims=[make_claim(**claim)],
        histories={"tuning-hurts": [verdict]}, evidence={("tuning-hurts", 1): [counted, lead]}, retests={},
        papers={p.id: p for p in (make_paper(1, title=quote), make_paper(2))}, nearest={}, today="2026-09-01",
        run=Run("run-1", "t", "2026-09-01", "snapshot", "j", {}, "complete"),
    )  # fmt: skip


def test_sections_come_in_the_order_people_need_them() -> None:
    text = markdown.render(build(contents()))
    titles = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert titles == [
        "What changed", "Faithfulness", "Disagreements of the last six months", "Regime-shift questions",
        "Next lines", "Could not be grounded", "Never tested, or not yet", "The run",
    ]  # fmt: skip
    assert "- durable question: Does tuning decide faithfulness?" in text
    assert "- what may have perished: Outcome rewards only. (by [arXiv:2506.00001](" in text
    assert "- `tuning-hurts` is now relaxed: Does tuning decide faithfulness?" in text
    assert "none yet → relaxed" in text
    assert "[arXiv:2506.00001v1](https://arxiv.org/abs/2506.00001v1)" in text


def test_a_hostile_paper_adds_no_link_image_or_tag() -> None:
    text = markdown.render(build(contents(quote=HOSTILE)))
    links = re.findall(r"(?<!\\)\]\((.*?)\)", text)
    assert links
    assert all(link.startswith("https://arxiv.org/abs/") for link in links)
    assert not re.search(r"(?<!\\)<script|(?<!\\)!\[|(?<!\\)`x|https?://evil|www\.evil", text)


@given(st.text(max_size=200))
def test_escaping_loses_nothing_and_stays_on_one_line(text: str) -> None:
    escaped = escape(text)
    assert "\n" not in escaped
    assert re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", escaped) == " ".join(text.split())


def test_the_status_document_keeps_its_contract_and_counts_no_lead() -> None:
    (claim,) = status_document(build(contents()))["claims"]
    assert (claim["verdict"], claim["basis"], claim["confidence"], claim["leads"]) == (
        "relaxed",
        "narrowed",
        0.9,
        1,
    )
    (citation,) = claim["citations"]
    assert set(citation) >= {"arxiv_id", "version", "quote", "stance", "url"}
    assert citation["url"] == "https://arxiv.org/abs/2506.00001v1"


def test_why_not_contradicted_names_the_gate_that_held_it_back() -> None:
    (status,) = build(contents()).statuses
    reasons = why_not(status)
    assert set(reasons) == {"still-holds", "contradicted"}
    assert "threshold (1)" in reasons["contradicted"]


def test_a_verdict_on_an_earlier_wording_is_history() -> None:
    (status,) = build(contents(revision=2)).statuses
    assert status.verdict is None
    assert status.name == "none yet"
    assert len(status.history) == 1


@pytest.mark.parametrize(
    ("changes", "why"), [({"sources": ()}, "names no source"), ({"as_of": None}, "unknown")]
)
def test_what_cannot_be_grounded_is_reported(changes: dict[str, Any], why: str) -> None:
    ((_, said),) = build(contents(**changes)).ungrounded
    assert why in said


def silent(*found: Any, near: list[str]) -> Contents:
    """An unchallenged claim, with its closest papers."""
    verdict = Verdict("still-holds", "unchallenged", id=1, claim_id="tuning-hurts", run_id="run-1",
                      reason="9 relevant newer papers screened and settled, none adverse")  # fmt: skip
    whole = contents()
    return replace(
        whole, histories={"tuning-hurts": [verdict]}, evidence={("tuning-hurts", 1): list(found)},
        papers={p.id: p for p in map(make_paper, range(1, 5))}, nearest={"tuning-hurts": near},
    )  # fmt: skip


def test_silence_is_not_green_and_adverse_leads_are_not_listed_as_nearest() -> None:
    lead = item(2, "relaxes", claim_id="tuning-hurts", status="lead", strength=0.2)
    report = build(silent(lead, near=["2506.00001", "2506.00002", "2506.00003"]))
    (status,) = report.statuses
    assert [p.id for p in status.nearest] == ["2506.00001", "2506.00003"]
    (claim,) = status_document(report)["claims"]
    assert (claim["verdict"], claim["basis"], claim["standing"]) == (
        "still-holds", "unchallenged", "no challenge found",
    )  # fmt: skip
    text = markdown.render(report)
    assert (
        "1 claim: 0 contradicted, 0 relaxed, 0 open, 0 still-holds, 1 no challenge found, 0 none yet." in text
    )
    assert "### no challenge found: " in text
    assert "unchallenged" not in text
    published = publish(report)
    assert (published.tally["still-holds"], published.tally["no challenge found"]) == (0, 1)
    assert "no challenge found" in of_claim(status)
