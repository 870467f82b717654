"""Does the cited paper state the claim? Told with a quote, or told that it does not."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import openai
import pytest

from agent.adapters.abstract_reader import AbstractReader
from agent.adapters.llm_client import LlmClient
from agent.adapters.llm_judge import LlmJudge
from agent.adapters.reading.sandbox import Sandbox
from agent.adapters.reading.whole_reader import WholeReader
from agent.claims.key_findings import ORDER, key_findings
from agent.claims.source_check import check
from agent.errors import JudgeUnreachable
from agent.ports import PaperFile
from agent.retest import passages
from agent.retest.passages import is_outside
from agent.retest.quotes import find_quote
from store.records import Atom
from tests.conftest import make_claim, make_paper
from tests.standins.judge import WordJudge
from tests.standins.llm import Behaviour, fails, judged, llm_server, part
from tests.test_cli import retest

SOURCE = make_paper(1, id="2411.15382", published="2024-11-20")
TWO = (Atom("lowers", "Fine-tuning lowers faithfulness."), Atom("size", "It does so at any size."))
QUOTE = "We find that fine-tuning lowers the faithfulness of its chain of thought in 1 of 9 tasks."


def asked(answer: Behaviour) -> tuple[str, str, tuple[tuple[str, str, str], ...]]:
    """State, reason and quotes of a check by a scripted LLM."""
    with llm_server(answer) as server:
        client = openai.OpenAI(api_key="k", base_url=server.url, max_retries=0)
        judge = LlmJudge(LlmClient(client, "m", sleep=lambda _: None), threshold=0.6)
        told = check(make_claim(atoms=TWO), {SOURCE.id: SOURCE}, judge, AbstractReader())
    return told.state, told.reason, told.quotes


def test_a_claim_is_stated_whole_in_part_or_not() -> None:
    yes, no = part("lowers", "supports", QUOTE, "1.0"), part("size", "neutral", "", "1.0", quotes=[])
    assert asked(judged(yes, no))[0] == "states part of it"
    assert asked(judged(yes, no))[1] == "no sentence was found for: It does so at any size."
    assert asked(judged(yes, part("size", "supports", QUOTE, "1.0")))[0] == "states it"
    assert (
        asked(judged(part("lowers", "contradicts", QUOTE, "1.0"), no))[0]
        == "does not say so in the text read"
    )


@pytest.mark.parametrize(
    "lie",
    [
        part("lowers", "supports", "We find that this holds at every size, without exception.", "1.0"),
        part("invented-part", "supports", QUOTE, "1.0"),
        part("lowers", "supports", QUOTE, "1.0", own_result=False),
        part("lowers", "supports", "fine-tuning lowers", "1.0"),
    ],
)
def test_support_that_is_made_up_is_none(lie: dict[str, object]) -> None:
    others = [part(a.id, "neutral", "", "1.0", quotes=[]) for a in TWO if a.id != lie["part_id"]]
    state, _, quotes = asked(judged(lie, *others))
    assert (state, quotes) == ("does not say so in the text read", ())


def test_a_judge_that_fails_says_nothing_of_the_source() -> None:
    with pytest.raises(JudgeUnreachable):
        asked(fails(503))


def test_what_cannot_be_checked_is_told_apart() -> None:
    judge, reader = WordJudge(), AbstractReader()
    assert check(make_claim(sources=()), {}, judge, reader).state == "no source named"
    assert check(make_claim(), {}, judge, reader).state == "paper not found"
    late = check(make_claim(as_of="2024-12"), {SOURCE.id: SOURCE}, judge, reader)
    assert late.state == "wrong date"
    assert "dated 2024-12, its sources were first submitted in 2024-11" in late.reason
    embedded = check(make_claim(), {SOURCE.id: SOURCE}, judge, reader)
    assert (embedded.state, embedded.quotes[0][2]) == ("states part of it", QUOTE)


def test_the_command_says_it_and_reports_flag_it(tmp_path: Path) -> None:
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


def test_a_paper_is_shown_or_the_id_refused(tmp_path: Path) -> None:
    home, snapshot = tmp_path / "home", tmp_path / "s.jsonl"
    retest("init", home=home)
    snapshot.write_text(json.dumps(SOURCE.__dict__))
    args = ("--source", "snapshot", "--snapshot", str(snapshot))
    told = json.loads(retest("paper", "show", SOURCE.id, *args, "--json", home=home).stdout)
    assert told["findings"]["key results"][0]["quote"] == QUOTE
    assert told["read"] == "abstract"
    assert "nothing found" in retest("paper", "show", SOURCE.id, *args, home=home).stdout
    for wrong, said in (("../x", "is no arXiv id"), ("2401.99999", "no paper 2401.99999")):
        refused = retest("paper", "show", wrong, *args, home=home)
        assert (refused.returncode, said in refused.stderr) == (2, True)
