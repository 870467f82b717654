"""Does the cited paper state the claim? The answer is a quote, or that it does not."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from agent.adapters.reading.abstract import AbstractReader
from agent.adapters.reading.full_text import WholeReader
from agent.adapters.reading.sandbox import Sandbox
from agent.claims.source_check import by_judge, by_writer, check, may_be_whole
from agent.core import passages
from agent.core.key_findings import ORDER, key_findings
from agent.core.passages import is_outside
from agent.core.quotes import find_quote
from agent.errors import JudgeUnreachable
from agent.ports.sources import PaperFile
from store.home.files import Home
from store.records import Atom
from tests.conftest import make_claim, make_paper
from tests.standins.judge import WordJudge
from tests.standins.llm import Behaviour, fails, says
from tests.test_cli import retest
from tests.test_writing import desk_at

SIZE = "It does so at scale, for models of seven sizes."
SOURCE = make_paper(1, id="2411.15382", published="2024-11-20")
SOURCE = replace(SOURCE, abstract=f"{SOURCE.abstract} {SIZE}")
TWO = (Atom("lowers", "Fine-tuning lowers faithfulness."), Atom("size", "It does so at scale."))
NUMBER = {"lowers": 1, "size": 2}
QUOTE = "We find that fine-tuning lowers the faithfulness of its chain of thought in 1 of 9 tasks."


def asked(answer: Behaviour, home: Home) -> tuple[str, str, tuple[tuple[str, str, str], ...]]:
    """The state, reason and quotes from a check by a scripted LLM."""
    with desk_at(answer, home) as writer:
        told = check(make_claim(atoms=TWO), {SOURCE.id: SOURCE}, by_writer(writer, AbstractReader()), "m")
    return told.state, told.reason, told.quotes


def stated(**parts: tuple[str, str, str]) -> Behaviour:
    """An answer that gives (states, quote, missing) for each part."""
    return says(json.dumps({"parts": [
        {"part": NUMBER.get(i, 7), "states": states, "quotes": [quote] if quote else [], "missing": missing}
        for i, (states, quote, missing) in parts.items()
    ]}))  # fmt: skip


def test_a_claim_is_stated_wholly_partly_or_not(home: Home) -> None:
    yes, no = ("whole", QUOTE, ""), ("no", "", "at any size")
    part_of_it = asked(stated(lowers=yes, size=no), home)
    assert part_of_it[:2] == ("states part of it", "no sentence was found for: It does so at scale.")


def test_a_claim_is_stated_only_if_every_part_is(home: Home) -> None:
    assert asked(stated(lowers=("whole", QUOTE, ""), size=("whole", SIZE, "")), home)[0] == "states it"


def test_an_unsupported_claim_is_reported(home: Home) -> None:
    told = asked(stated(lowers=("no", QUOTE, ""), size=("no", "", "")), home)
    assert (told[0], told[2]) == ("does not say so in the text read", ())


@pytest.mark.parametrize(
    "lie",
    [
        {"lowers": ("whole", "We find that this holds at every size, without exception.", "")},
        {"invented-part": ("whole", QUOTE, "")},
        {"lowers": ("whole", "fine-tuning lowers", "")},
        {"lowers": ("whole", "", "")},
    ],
)
def test_made_up_support_does_not_count(lie: dict[str, tuple[str, str, str]], home: Home) -> None:
    state, _, quotes = asked(stated(**lie), home)
    assert (state, quotes) == ("does not say so in the text read", ())


@pytest.mark.parametrize(
    "part", ["It always lowers it.", "It lowers it by 40 points.", "Only tuning lowers it."]
)
def test_a_strong_word_or_number_that_no_quote_has_is_not_stated(part: str) -> None:
    assert not may_be_whole(part, [QUOTE])
    assert may_be_whole("Fine-tuning lowers faithfulness in 1 of 9 tasks.", [QUOTE])


def test_a_failing_judge_says_nothing_about_the_source(home: Home) -> None:
    with pytest.raises(JudgeUnreachable):
        asked(fails(503), home)


def test_what_cannot_be_checked_is_distinguished() -> None:
    judge = by_judge(WordJudge(), AbstractReader())
    assert check(make_claim(sources=()), {}, judge, "w").state == "no source named"
    assert check(make_claim(), {}, judge, "w").state == "paper not found"
    late = check(make_claim(as_of="2024-12"), {SOURCE.id: SOURCE}, judge, "w")
    assert late.state == "wrong date"
    assert "dated 2024-12, its sources were first submitted in 2024-11" in late.reason
    embedded = check(make_claim(), {SOURCE.id: SOURCE}, judge, "w")
    assert (embedded.state, embedded.quotes[0][2]) == ("states part of it", QUOTE)


@pytest.mark.slow
def test_the_command_shows_it_and_reports_flag_it(tmp_path: Path) -> None:
    home, snapshot = tmp_path / "home", tmp_path / "s.jsonl"
    retest("init", home=home)
    record = SOURCE.__dict__ | {
        "title": "On stars",
        "abstract": "We find that stars shine by fusion in their cores.",
    }
    snapshot.write_text(json.dumps(record))
    args = ("source", "check", "--claim", "finetuning-decouples-reasoning", "--snapshot", str(snapshot))
    done = retest(*args, "--source", "snapshot", "--json", home=home)
    assert [c["state"] for c in json.loads(done.stdout)] == ["does not say so in the text read"]
    shown = retest("claim", "show", "finetuning-decouples-reasoning", home=home).stdout
    assert "source check: does not say so in the text read" in shown
    retest("report", "--out", str(tmp_path / "r.md"), home=home)
    assert "source check: does not say so" in (tmp_path / "r.md").read_text()


@pytest.mark.slow
def test_key_findings_are_the_papers_own_sentences(shared_data: Path) -> None:
    box = Sandbox()
    file = PaperFile(shared_data / "pdfs/papermage__2023.eacl-main.121.pdf", "pdf", "0" * 64)
    reading = WholeReader(box).read(make_paper(), file)
    box.close()
    cuts = passages.cut(reading, 1, "2506.00001")
    found = key_findings(cuts)
    assert tuple(found) == ORDER
    told = [t for sentences in found.values() for t in sentences]
    assert len(told) >= 12
    assert all(find_quote(t.quote, reading.text) for t in told)
    assert all(not is_outside(t.section) for t in told)
    assert {t.section for t in found["limitations"]} & {"limitations"}
    assert max(Counter(t.quote for t in told).values()) == 1


@pytest.mark.slow
def test_a_paper_is_shown_or_the_id_refused(tmp_path: Path) -> None:
    home, snapshot = tmp_path / "home", tmp_path / "s.jsonl"
    retest("init", home=home)
    snapshot.write_text(json.dumps(SOURCE.__dict__))
    args = ("--source", "snapshot", "--snapshot", str(snapshot))
    told = json.loads(retest("paper", "show", SOURCE.id, *args, "--json", home=home).stdout)
    assert told["findings"]["key results"][0]["quote"] == QUOTE
    assert told["read"] == "abstract"
    assert "nothing found" in retest("paper", "show", SOURCE.id, *args, home=home).stdout
    for wrong, said in (("../x", "is not an arXiv id"), ("2401.99999", "no paper 2401.99999")):
        refused = retest("paper", "show", wrong, *args, home=home)
        assert (refused.returncode, said in refused.stderr) == (2, True)
