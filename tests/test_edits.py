"""What a person or a model does to a claim: parts, tags, overrides, merging. No history is lost."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.claims import atoms
from agent.claims.pack import read, shipped
from agent.evaluation.cases import read_cases
from agent.run import service
from store.home.files import Home
from tests.conftest import make_claim
from tests.standins.llm import Behaviour, llm_server, says
from tests.test_cli import one_line, retest
from tests.test_run import DAY, answer_by, parts_for, write_snapshot
from tests.test_writing import RECENT, desk_at

pytestmark = pytest.mark.slow

SURE = "Longer chains help on sums of many digits; shorter chains suffice for common sense."


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (SURE, 2),
        ("Tuning lowers faithfulness in small models. Scale does not restore it.", 1),  # "it" leans
        ("Tools help weak models, whereas strong models need no tools at all.", 2),
        ("In small models, tuning lowers faithfulness; scale raises accuracy only.", 1),  # shared, perhaps
        ("Accuracy peaks at a middle length; the same is true of cost.", 1),
        ("Tuning, by preferences or supervised, hurts; not by size.", 1),
        ("One claim with nothing to split", 1),
    ],
)
def test_the_rule_splits_only_independent_clauses(text: str, parts: int) -> None:
    assert len(atoms.by_rule(text)) == parts


@given(st.text(max_size=200))
def test_what_the_rule_splits_keeps_every_word(text: str) -> None:
    parts = atoms.by_rule(text)
    assert parts == [text] or atoms.why_not(text, parts) == ""


def test_the_rule_is_right_on_the_bundled_claims() -> None:
    claims = [c for path in shipped() for c in read(path).claims]
    split = [c.text for c in claims if len(atoms.by_rule(c.text)) > 1]
    assert [text.split("; ")[1][:15] for text in split] == ["longer thinking"]  # of 8 that are compound


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        (["Longer chains help on sums of many digits", "shorter chains suffice for common sense"], ""),
        (
            ["Longer chains help on sums", "shorter chains suffice for common sense"],
            "'many' is missing from the parts",
        ),
        ([SURE.replace("Longer", "Endless")], "'endless' is not a word of the claim"),
        (["shorter chains suffice for sums", SURE], "another order"),
        ([SURE, SURE], "all different"),
        ([], "a claim has one to"),
        ([SURE, "chains"], "too little"),
    ],
)
def test_a_part_is_in_the_claims_own_words(parts: list[str], why: str) -> None:
    told = atoms.why_not(SURE, parts)
    assert why in told if why else told == ""


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Larger models do not reason faithfully on math; small models do not plan.",
         ["Larger models reason faithfully on math", "small models do not plan"]),
        ("RL never improves faithfulness in small models", ["RL improves faithfulness in small models",
                                                            "RL never improves faithfulness"]),
        ("Tools only help weak models and rarely hurt", ["Tools help weak models", "Tools only rarely hurt"]),
    ],
)  # fmt: skip
def test_no_part_says_the_opposite_of_the_claim(text: str, parts: list[str]) -> None:
    assert "reverse its meaning" in atoms.why_not(text, parts)


def test_splitting_again_removes_no_parts(home: Home) -> None:
    retest("init", home=home.root)
    parts = json.loads(retest("claim", "split", "chain-length-inverted-u", "--json", home=home.root).stdout)[
        "parts"
    ]
    assert len(parts) == 3


def part(text: str, **more: Any) -> dict[str, Any]:
    return {"text": text, "direction": "other", "quantifier": "", "scope": []} | more


def splitting(*parts: dict[str, Any]) -> Behaviour:
    return says(json.dumps({"parts": list(parts)}))


def test_a_model_that_sees_one_part_removes_none(home: Home) -> None:
    claim = atoms.with_parts(make_claim(text=SURE), atoms.by_rule(SURE))
    with desk_at(splitting(part(SURE)), home) as writer:
        assert atoms.split(claim, writer).atoms == claim.atoms


def test_a_model_splits_in_the_claims_words_or_the_rule_does(home: Home) -> None:
    claim = make_claim(text=SURE, scope={})
    axis = {"axis": "task", "value": "sums of many digits", "terms": ["addition"], "load_bearing": True}
    strange = axis | {"axis": "model", "value": "GPT-9"}
    good = splitting(
        part("Longer chains help on sums of many digits", direction="increases", quantifier="all",
             scope=[axis, strange]),
        part("shorter chains suffice for common sense"),
    )  # fmt: skip
    with desk_at(good, home) as writer:
        first, second = atoms.split(claim, writer).atoms
    assert (first.direction, first.quantifier, second.quantifier) == ("increases", "", "")
    assert {name: a.value for name, a in first.scope.items()} == {"task": "sums of many digits"}
    assert first.scope["task"].load_bearing
    with desk_at(splitting(part("Everything is always better with longer chains")), home) as writer:
        other = make_claim("other", text=SURE + " ")
        assert [a.text for a in atoms.split(other, writer).atoms] == atoms.by_rule(SURE)


def test_a_split_is_a_new_revision_and_can_be_undone(home: Home) -> None:
    retest("claim", "edit", "tuning-hurts", "--text", SURE, home=home.root)
    shown = retest("claim", "split", "tuning-hurts", "--preview", home=home.root)
    assert "part-2: Shorter chains suffice for common sense." in shown.stdout
    told = json.loads(retest("claim", "split", "tuning-hurts", "--json", home=home.root).stdout)
    assert [p["id"] for p in told["parts"]] == ["part-1", "part-2"]
    assert "revised" in retest("claim", "split", "tuning-hurts", "--whole", home=home.root).stderr
    by_hand = ("--into", "Longer chains help", "--into", "Shorter chains suffice")
    noted = retest("claim", "split", "tuning-hurts", *by_hand, home=home.root)
    assert "note: 'on' is missing from the parts" in noted.stderr
    one_line(retest("claim", "split", "nobody", home=home.root), 2, "no claim 'nobody'")
    one_line(retest("claim", "split", "tuning-hurts", "--into", "x", home=home.root), 2, "not a split")


def test_an_override_stands_beside_the_rule_and_can_be_lifted(home: Home, tmp_path: Path) -> None:
    judge = answer_by(lambda _: "relaxes")
    with llm_server(judge) as server:
        snapshot = write_snapshot(tmp_path / "s.jsonl", RECENT[:3])
        with parts_for(home, snapshot, server.url) as parts:
            service.start(parts, DAY, [], [], lambda _: None, 2)
    cases = tmp_path / "cases.jsonl"
    said = ("--reason", "I <b>reran</b> it", "--by", "Ada Lovelace")
    args = ("claim", "override", "tuning-hurts", "--verdict", "still-holds", *said, "--case", str(cases))
    assert retest(*args, home=home.root).returncode == 0
    (claim,) = json.loads(retest("status", "--json", home=home.root).stdout)["claims"]
    assert (claim["verdict"], claim["override"]["rule_verdict"]) == ("still-holds", "relaxed")
    assert (claim["override"]["by"], claim["override"]["rule_decided_since"]) == ("Ada Lovelace", False)
    report = retest("report", home=home.root).stdout
    assert "**Override** by Ada Lovelace" in report
    assert "The rule says relaxed." in report
    assert "<b>" not in report.replace("\\<b", "")
    assert "override by Ada Lovelace" in retest("claim", "show", "tuning-hurts", home=home.root).stdout
    (case,) = read_cases(cases)
    assert (case.expected_verdict, case.claim_date, len(case.evidence)) == ("still-holds", "2024-11", 3)
    lifted = retest("claim", "override", "tuning-hurts", "--lift", *said, home=home.root)
    assert lifted.returncode == 0
    (claim,) = json.loads(retest("status", "--json", home=home.root).stdout)["claims"]
    assert (claim["verdict"], claim["override"]) == ("relaxed", None)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--verdict", "relaxed", "--by", "A"), "--reason"),
        (("--reason", "x", "--by", "A"), "--verdict or --lift"),
        (("--verdict", "relaxed", "--lift", "--reason", "x", "--by", "A"), "--verdict or --lift"),
        (("--verdict", "relaxed", "--reason", " ", "--by", "A"), "a reason and a name"),
    ],
)
def test_an_override_needs_a_reason_and_a_name(home: Home, args: tuple[str, ...], said: str) -> None:
    done = retest("claim", "override", "tuning-hurts", *args, home=home.root)
    assert (done.returncode, said in done.stderr) == (2, True)


def test_tags_find_claims_and_change_no_revision(home: Home) -> None:
    retest("claim", "tag", "tuning-hurts", "--add", "Urgent", "--add", "talk", home=home.root)
    retest("claim", "tag", "tuning-hurts", "--add", "urgent", "--remove", "talk", home=home.root)
    (claim,) = json.loads(retest("claim", "list", "--tag", "urgent", "--json", home=home.root).stdout)
    assert claim["tags"] == ["urgent"]
    assert json.loads(retest("claim", "list", "--tag", "talk", "--json", home=home.root).stdout) == []
    assert json.loads(retest("status", "--tag", "urgent", "--json", home=home.root).stdout)["claims"]
    assert (
        json.loads(retest("claim", "show", "tuning-hurts", "--json", home=home.root).stdout)["revision"] == 1
    )
    one_line(retest("claim", "tag", "tuning-hurts", "--add", " ", home=home.root), 2, "is not a valid tag")


def test_merging_is_offered_claim_by_claim(home: Home, tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("- Fine-tuning lowers the faithfulness of a model's stated chain of thought.\n"
                     "- Fine-tuning raises the faithfulness of a model's chain of thought.\n")  # fmt: skip
    command = [sys.executable, "-m", "agent", "--home", str(home.root)]
    args = ["claim", "import", str(notes), "--line", "faith", "--merge", "ask"]
    done = subprocess.run([*command, *args], input="y\nn\n", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("the same claim?") == 2
    assert "1 merged" in done.stderr
    assert len(json.loads(retest("claim", "list", "--json", home=home.root).stdout)) == 2
    one_line(retest("claim", "import", "-", "--merge", "ask", home=home.root), 2, "name a file")


def test_prose_is_read_by_a_model_or_kept_and_reported(home: Home, tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    sentence = "Tools carry weak models past the cliff (2026-01, arXiv:2601.00001)."
    notes.write_text(f"I met Bo today. {sentence} We had tea.\n")
    args = ("claim", "import", str(notes), "--line", "faith", "--json")
    silent = retest(*args, "--preview", home=home.root)
    assert silent.returncode == 2
    assert "no claim found in notes.txt (it has 1 unplaced)" in silent.stderr
    assert "use --writer llm" in silent.stderr
    with llm_server(says(json.dumps({"claims": [sentence]}))) as server:
        told = retest(*args, "--writer", "llm", home=home.root, RETEST_BASE_URL=server.url, RETEST_MODEL="m")
    (claim,) = json.loads(told.stdout)["claims"]
    assert claim["text"] == "Tools carry weak models past the cliff"
    assert (claim["as_of"], claim["sources"], claim["place"]) == ("2026-01", ["2601.00001"], "line 1")
