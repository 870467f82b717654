"""`retest start`: three questions in the terminal, every row editable; and claims from papers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import store.claims
import store.lines
from agent.claims import pack
from agent.claims.pack_export import pack_of
from agent.cli import cli
from store.home.files import Home
from store.ledger import Ledger
from store.records import Claim, Line
from tests.conftest import make_claim, make_paper
from tests.test_run import write_snapshot

PROMPT = """RESEARCH PROMPT

What we know
- Machine-learned potentials reach the accuracy of DFT (arXiv:2102.03150, 2021).
- Equivariant networks need less data
  when forces are trained on (arXiv:2101.03164).
- Longer runs reveal no errors, in no system we know of.

Instructions
- Re-test each claim against newer papers.
- Cite ids for everything.
"""


def start(home: Path, *answers: str, args: tuple[str, ...] = ("--no-run",)) -> Result:
    done = CliRunner().invoke(
        cli, ["--home", str(home), "start", *args], input="\n".join([*answers, ""]), standalone_mode=False,
        env={"RETEST_SOURCE": "snapshot", "RETEST_SNAPSHOT": str(home.parent / "s.jsonl")},
    )  # fmt: skip
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def kept(home: Path) -> tuple[list[Line], list[Claim]]:
    ledger = Ledger.open(Home(home).ledger)
    with ledger.read() as db:
        found = store.lines.active(db), store.claims.active(db)
    ledger.close()
    return found


def test_a_prompt_of_another_field_becomes_a_line(tmp_path: Path) -> None:
    home, file = tmp_path / "home", tmp_path / "prompt.md"
    file.write_text(PROMPT)
    done = start(
        home, "Potentials", "Are they accurate?", "biomole", "physics.chem-ph", str(file), "2023-05", ""
    )
    assert "q-bio.BM" in done.output, "a word is looked up"
    (line,), claims = kept(home)
    assert (line.title, line.question, line.categories) == (
        "Potentials", "Are they accurate?", ("physics.chem-ph",)
    )  # fmt: skip
    assert [(c.text, c.as_of) for c in claims] == [
        ("Machine-learned potentials reach the accuracy of DFT", "2021-02"),
        ("Equivariant networks need less data when forces are trained on", "2021-01"),
        ("Longer runs reveal no errors, in no system we know of.", "2023-05"),
    ]
    assert f"retest run --line {line.id}" in done.output


def test_defaults_do_and_every_row_can_be_edited_or_dropped(tmp_path: Path) -> None:
    home = tmp_path / "home"
    claims = ("First claim of four words.", "Second claim of four words.", "Third one of four words.", ".")
    edits = ("2", "The second, reworded.", "2020-01", "2001.00001", "drop 3", "9", "")
    done = start(home, "", "", "", "", *claims, "unknown", *edits)
    assert "There is no claim 9" in done.output
    (line,), found = kept(home)
    assert (line.title, line.categories) == ("My line of inquiry", ())
    assert [(c.text, c.as_of, sorted(c.source_ids)) for c in found] == [
        ("First claim of four words.", None, []), ("The second, reworded.", "2020-01", ["2001.00001"]),
    ]  # fmt: skip


def test_known_claims_are_marked_and_can_be_kept_and_future_months_are_none(tmp_path: Path) -> None:
    home, same = tmp_path / "home", "It folds without any alignment."
    start(home, "One", "", "", "", same, ".", "2021-01", "")
    again = start(home, "One", "Two", "", "", "", f"- {same} (2031-01)", ".", "2022-02", "keep 1", "")
    assert "there is a line titled 'One'" in again.output
    assert "the same words: it-folds-without-any-alignment (kept out)" in again.output
    assert "2031-01 is in the future" in again.output
    assert [(c.text, c.as_of) for c in kept(home)[1]] == [(same, "2021-01"), (same, "2022-02")]


def test_the_end_of_input_says_that_nothing_was_added(tmp_path: Path) -> None:
    home = tmp_path / "home"
    args = ["--home", str(home), "start", "--no-run"]
    done = CliRunner().invoke(cli, args, input="A title\n", standalone_mode=False)
    assert "Nothing was added" in done.output


def test_bad_answers_are_asked_again_and_quitting_adds_nothing(tmp_path: Path) -> None:
    home, empty = tmp_path / "home", tmp_path / "empty.md"
    empty.write_text("Just prose, and no claim.\n")
    write_snapshot(tmp_path / "s.jsonl", [make_paper(1)])
    done = start(home, "", "", "", str(empty), "nowhere.md", "2506.99999", "2506.00001", "q")
    for said in (
        "No claim found",
        "neither a file nor an arXiv id",
        "no paper 2506.99999",
        "Nothing was added",
    ):
        assert said in done.output
    assert kept(home) == ([], [])


def test_claims_are_taken_from_papers_with_quote_and_month(tmp_path: Path) -> None:
    home = tmp_path / "home"
    snapshot = write_snapshot(tmp_path / "s.jsonl", [make_paper(1), make_paper(2)])
    runner, base = CliRunner(), ["--home", str(home)]
    runner.invoke(cli, [*base, "init", "--no-seeds"], standalone_mode=False)
    args = [*base, "claim", "from-paper", "2506.00001", "2506.00002", "--new-line", "Tuning",
            "--snapshot", str(snapshot), "--source", "snapshot"]  # fmt: skip
    done = runner.invoke(cli, args, input="y\nn\n", standalone_mode=False)
    assert done.exception is None, done.exception
    (line,), (claim,) = kept(home)
    assert claim.lines == (line.id,)
    assert claim.text in make_paper(1).abstract
    assert (claim.as_of, sorted(claim.source_ids)) == ("2025-06", ["2506.00001"])
    shown = runner.invoke(cli, [*args[:5], "--preview", "--json", *args[8:]], standalone_mode=False)
    assert json.loads(shown.stdout)["claims"]


def test_a_home_without_seeds_is_empty(tmp_path: Path) -> None:
    CliRunner().invoke(cli, ["--home", str(tmp_path / "h"), "init", "--no-seeds"], standalone_mode=False)
    assert kept(tmp_path / "h") == ([], [])


@pytest.mark.parametrize("path", [*pack.shipped(), *pack.examples().values()], ids=lambda p: p.stem)
def test_a_pack_survives_the_round_trip(path: Path, tmp_path: Path) -> None:
    first = pack.read(path)
    file = tmp_path / "again.yaml"
    file.write_text(pack_of(first.lines, first.claims))
    again = pack.read(file)
    assert (again.lines, again.claims) == (first.lines, first.claims)


def test_a_claim_made_by_hand_travels_too(tmp_path: Path) -> None:
    claim = make_claim(
        as_of=None, sources=(), durable_question="", perishable_limitation="", lines=("faith",)
    )
    file = tmp_path / "pack.yaml"
    file.write_text(pack_of([Line("faith", "Faithfulness", "Is it so?", ("q-bio.BM",))], [claim]))
    assert pack.read(file).claims == [claim]
    assert pack.read(file).lines[0].categories == ("q-bio.BM",)
