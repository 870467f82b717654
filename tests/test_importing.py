"""Documents in, prompts out: nothing lost, nothing guessed, nothing twice."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import store.claims
import store.remarks.notes
from agent.arxiv_ids import month_of
from agent.claims import importing, pack
from agent.claims.exporting import prompt_of
from agent.claims.reading import documents
from agent.claims.reading.documents import read
from agent.claims.reading.pieces import Document, Piece
from agent.claims.reading.tables import read_csv
from agent.errors import UsageError
from store.home.files import Home
from store.ledger import Ledger
from store.records import Claim, Line, Source, Verdict
from tests.conftest import make_claim, make_paper
from tests.standins.world import WordEmbedder
from tests.test_cli import retest

SEEDS = ("000_1ec5bdf48014560b.txt", "001_8e18d13bdc738d9e.txt", "002_720b9a53cd5bca92.txt")
LINE = Line("faith", "Faithfulness", "Is reasoning faithful?")
EMBED = WordEmbedder().embed


def seed(shared_data: Path, number: int) -> Document:
    path = shared_data.parent / "seeds" / SEEDS[number]
    return documents.read(path.read_text(), path.name)


def check_nothing_is_lost(text: str, document: Document) -> None:
    """Every line that is not empty is in exactly one piece, word for word except for markup."""
    held = Counter(
        n for p in document.pieces for n in range(p.first, p.last + 1) if text.splitlines()[n - 1].strip()
    )
    full = [n for n, line in enumerate(text.splitlines(), 1) if line.strip()]
    assert held == Counter(full)


def test_the_seed_documents_import_with_nothing_lost(shared_data: Path) -> None:
    weaker, summary, smaller = (seed(shared_data, n) for n in range(3))
    for number, document in enumerate((weaker, summary, smaller)):
        text = (shared_data.parent / "seeds" / SEEDS[number]).read_text()
        check_nothing_is_lost(text, document)
        assert document.of("unplaced") == []
    assert [(p.as_of, [s.arxiv_id for s in p.sources]) for p in smaller.of("constraint")] == [
        ("2024-11", ["2411.15382"]), ("2023-05", ["2305.14825"]), ("2025-05", ["2502.07266", "2505.14810"]),
        ("2026-02", ["2602.06176"]), (None, []),
    ]  # fmt: skip
    assert [s.month for s in smaller.of("constraint")[2].sources] == ["2025-02", "2025-05"]
    assert smaller.of("constraint")[4].lacks == ("arXiv id", "month")
    assert (len(weaker.of("note")), len(smaller.of("note"))) == (11, 8)
    assert [len(smaller.of(k)) for k in ("anchor", "task", "synthesis", "explanation")] == [4, 3, 5, 1]
    assert [len(summary.of(k)) for k in ("key-result", "limitation", "future-work", "summary")] == [
        3,
        2,
        3,
        1,
    ]
    assert weaker.question.startswith("Can weaker models match")
    assert (weaker.kind, summary.kind) == ("inquiring line", "paper summary")
    assert smaller.kind == "inquiring line and research prompt"


def test_notes_shared_by_two_documents_are_one_claim(home: Home, shared_data: Path) -> None:
    ledger = Ledger.open(home.ledger)
    for number in (0, 2, 2):
        with ledger.write() as db:
            document, known = seed(shared_data, number), store.claims.active(db)
            line = Line(f"line-{number}", document.question, document.question)
            found = importing.prepare(document, line, known, EMBED)
            done = importing.add(db, found, [importing.SAME], "t")
            assert done["merged"] == {0: 0, 2: 13 if done["added"] == 0 else 3}[number]
    with ledger.read() as db:
        claims = store.claims.active(db)
        notes = store.remarks.notes.of_line(db, "line-2")
    ledger.close()
    both = [c for c in claims if {"line-0", "line-2"} <= set(c.lines)]
    assert len(both) == 3
    assert all(c.revision == 1 for c in claims)
    assert len(claims) == 1 + 11 + 13 - 3
    assert {n.claim_id for n in notes if n.kind == "sighting"} >= {c.id for c in both}
    assert len([n for n in notes if n.kind == "task"]) == 3


def test_every_claim_keeps_its_document_line_and_what_it_lacks(shared_data: Path) -> None:
    found = importing.prepare(seed(shared_data, 2), LINE, [], EMBED)
    last = found.rows[-1].claim
    assert (last.provenance[0].document, last.provenance[0].place) == (SEEDS[2], "line 65")
    assert last.provenance[0].note == "no arXiv id; no month"
    assert (last.as_of, last.sources) == (None, ())
    summary = importing.prepare(seed(shared_data, 1), LINE, [], EMBED)
    assert all("math and reasoning tasks" in row.claim.perishable_limitation for row in summary.rows)


def test_similar_claims_are_offered_and_others_are_new() -> None:
    known = [make_claim(), make_claim("stars", text="Stars shine by fusion in their cores.")]
    same, near, far = (
        make_claim("a"),
        make_claim("b", text=make_claim().text[:-1] + " badly."),
        make_claim("c", text="Rye bread rises slowly."),
    )
    told = importing.compare([same, near, far], known, EMBED)
    assert [(what, same_as) for what, same_as, _ in told[:2]] == [
        (importing.SAME, "tuning-hurts"), (importing.LIKELY, "tuning-hurts")
    ]  # fmt: skip
    assert importing.compare([same], [], EMBED) == [(importing.NEW, "", 0.0)]


@pytest.mark.slow
@settings(max_examples=5000, deadline=None)
@given(st.text(max_size=400) | st.lists(st.sampled_from([
    "INQUIRING LINE", "Sources 3 notes", "What is it?",
    "• A claim of many words (2024-13, arXiv:2411.15382).",
    "Anchor papers", "Your task:", "(1) do", "Key Results", "Limitations", "• x", "", "Now: held",
    "You are a reader. The question: **Why?** Open.", "Summary", "Next lines", "Key constraints:",
    "1. one two three four", "\x0c", "\u2028 y",
])).map("\n".join))  # fmt: skip
def test_any_text_is_read_without_loss(text: str) -> None:
    document = documents.read(text, "x")
    check_nothing_is_lost(text, document)
    importing.prepare(document, LINE, [], EMBED)


words = st.from_regex(r"[A-Z][a-z]{2,8}( [a-z]{2,8}){4,9}[.]", fullmatch=True)
months = st.builds("{}-{:02d}".format, st.integers(2019, 2026), st.integers(1, 12))
sources = st.builds(
    Source,
    st.from_regex(r"2[0-6](0[1-9]|1[0-2])\.[0-9]{5}", fullmatch=True),
    st.sampled_from(["cited", "likely"]),
)


@pytest.mark.slow
@given(
    st.lists(
        st.tuples(words, st.none() | months, st.lists(sources, max_size=3, unique_by=lambda s: s.arxiv_id)),
        min_size=1,
        max_size=6,
    )
)
def test_an_exported_prompt_imports_as_the_same_claims(
    made: list[tuple[str, str | None, list[Source]]],
) -> None:
    claims = [make_claim(f"c{n}", text=t, as_of=m, sources=tuple(s)) for n, (t, m, s) in enumerate(made)]
    verdicts = {c.id: Verdict("relaxed", "narrowed", "when • it\nrains") for c in claims}
    text = prompt_of(LINE, claims, verdicts, [make_paper()])
    document = documents.read(text, "x")
    again: list[Piece] = document.of("constraint")
    assert [(p.text, p.as_of) for p in again] == [
        (c.text, c.as_of or max((month_of(s.arxiv_id) for s in c.sources), default=None)) for c in claims
    ]
    assert [[(s.arxiv_id, s.status) for s in p.sources] for p in again] == [
        [(s.arxiv_id, s.status) for s in c.sources] for c in claims
    ]
    assert document.question == LINE.question
    assert document.of("unplaced") == []
    assert len(document.of("task")) == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title\nx\n", "no column named text"),
        ("text,text\nx,y\n", "two columns for text"),
        ("text,as_of\nA claim.,2024-01\n\nB,2024-01,x\n", "line 4"),
        ('text\n"A claim\n', "line 2"),
        ("text,kind\nA claim.,rumour\n", "line 2: unknown kind 'rumour'"),
    ],
)
def test_a_malformed_table_names_the_line(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read_csv(text, "t.csv")


def test_a_table_is_read_as_claims() -> None:
    (one, two) = read_csv(
        "text,as_of,sources\nA claim.,2024-01,2401.00001;arXiv:2401.00002\nB claim.,2024-13,\n", "t"
    ).pieces
    assert (one.text, one.as_of, [s.arxiv_id for s in one.sources]) == (
        "A claim.",
        "2024-01",
        ["2401.00001", "2401.00002"],
    )
    assert two.lacks == ("arXiv id", "month", "2024-13 is no month")


@pytest.mark.slow
def test_the_command_previews_before_it_adds(tmp_path: Path, shared_data: Path) -> None:
    home, file = tmp_path / "home", shared_data.parent / "seeds" / SEEDS[2]
    retest("init", home=home)
    shown = retest("claim", "import", str(file), "--preview", "--json", home=home)
    document = json.loads(shown.stdout)
    assert len(document["claims"]) == 13
    assert "nothing was written" not in shown.stdout
    assert len(json.loads(retest("claim", "list", "--json", home=home).stdout)) == 24
    known = [c["merged"] or c["left_out"] for c in document["claims"]]
    assert sum(known) == 13, "the seeded ledger has them all"
    added = json.loads(retest("claim", "import", str(file), "--json", home=home).stdout)["done"]
    assert (added["merged"], added["left out"], "added" in added) == (6, 7, False)
    args = ("claim", "import", str(file), "--merge", "same", "--json")
    assert json.loads(retest(*args, home=home).stdout)["done"]["added"] == 13
    line = document["lines"][0]["id"]
    exported = retest("line", "export", line, home=home).stdout
    assert exported.startswith("You are a research analyst. The question: **Do smaller models")
    assert exported.count("• ") >= 13
    (tmp_path / "bad.txt").write_bytes(b"one\ntwo \xff")
    refused = retest("claim", "import", str(tmp_path / "bad.txt"), home=home)
    assert refused.returncode == 2
    assert "line 2: not UTF-8" in refused.stderr


def test_a_prompt_is_read_without_the_home_it_came_from() -> None:
    claim: Claim = make_claim(as_of=None, sources=())
    text = prompt_of(LINE, [claim], {}, [])
    assert "Now: not tested yet." in text
    assert documents.read(text, "x").of("constraint")[0].lacks == ("arXiv id", "month")


@pytest.mark.slow
def test_a_pack_is_known_by_its_ids(tmp_path: Path) -> None:
    home, file = tmp_path / "home", pack.shipped()[0]
    retest("init", home=home)
    told = json.loads(retest("claim", "import", str(file), "--json", home=home).stdout)
    assert {c["what"] for c in told["claims"]} == {importing.KNOWN}
    assert told["done"] == {"unchanged": len(told["claims"]), "notes": 0}


@pytest.mark.slow
def test_hostile_text_is_shown_as_text(tmp_path: Path) -> None:
    home, file = tmp_path / "home", tmp_path / "list.txt"
    retest("init", home=home)
    file.write_text(
        "• A claim with [/bold] [link=https://evil.example]marks[/link] and \x1b[31mcolour :smile: in it\n"
    )
    shown = retest("claim", "import", str(file), "--line", "size-and-faithfulness", home=home, COLUMNS="200")
    assert shown.returncode == 0
    assert "[/bold] [link=https://evil.example]marks[/link]" in shown.stdout
    assert "\x1b" not in retest("claim", "list", home=home).stdout + shown.stdout
    assert retest("status", home=home).returncode == 0


@pytest.mark.slow
def test_claims_by_hand_are_added_changed_retired_and_restored(tmp_path: Path) -> None:
    home = tmp_path / "home"
    retest("init", home=home)
    made = retest(
        "claim", "add", "--text", "Tuning lowers faithfulness.", "--line", "size-and-faithfulness",
        "--as-of", "2024-11", "--source", "arXiv:2411.15382", "--scope", "training=fine-tuning",
        "--terms", "training=fine-tun, SFT", "--load-bearing", "training", home=home,
    )  # fmt: skip
    claim_id = made.stdout.strip()
    assert claim_id == "tuning-lowers-faithfulness"
    assert (
        retest("claim", "edit", claim_id, "--as-of", "2024-12", home=home).stderr.strip()
        == f"{claim_id}: revised"
    )
    told = json.loads(retest("claim", "show", claim_id, "--json", home=home).stdout)
    assert (told["revision"], told["as_of"], told["text"]) == (2, "2024-12", "Tuning lowers faithfulness.")
    assert told["scope"]["training"] == {
        "value": "fine-tuning",
        "terms": ["fine-tun", "SFT"],
        "load_bearing": True,
    }
    assert claim_id in retest("line", "show", "size-and-faithfulness", home=home).stdout
    retest("claim", "retire", claim_id, home=home)
    assert claim_id not in retest("claim", "list", home=home).stdout
    retest("claim", "restore", claim_id, home=home)
    assert claim_id in retest("claim", "list", home=home).stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("add", "--text", "x"), "needs a text and a line"),
        (("edit", "no-such", "--text", "x"), "no claim 'no-such'"),
        (("edit", "conservative-default", "--as-of", "2024-13"), "'2024-13' is not a valid month"),
        (("edit", "conservative-default", "--as-of", "2099-01"), "2099-01 is in the future"),
        (("edit", "conservative-default", "--text", "   "), "cannot be blank"),
        (("edit", "conservative-default", "--source", "../x"), "'../x' is not an arXiv id"),
        (("edit", "conservative-default", "--scope", "colour=red"), "is not AXIS=VALUE"),
        (("edit", "conservative-default", "--line", "nowhere"), "no line 'nowhere'"),
    ],
)
def test_impossible_edits_are_named(tmp_path: Path, args: tuple[str, ...], said: str) -> None:
    home = tmp_path / "home"
    retest("init", home=home)
    refused = retest("claim", *args, home=home)
    assert refused.returncode == 2
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr


def test_markdown_headings_need_no_colon() -> None:
    text = (
        "# Research prompt: do longer chains help?\n\n## Constraints found so far\n\n"
        "- Longer chains of thought help small models (2025-02, arXiv:2502.07266).\n\n"
        "## Your task\n\n- Retest each of them.\n"
    )
    found = read(text, "prompt.md").of("constraint")
    assert [c.text for c in found] == ["Longer chains of thought help small models"]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("OmegaFold works without MSAs.", importing.SAME),
        ("OmegaFold does not work without MSAs", importing.NEW),
        ("OmegaFold never works without MSAs", importing.NEW),
        ("OmegaFold works without 12 MSAs", importing.NEW),
        ("Without any MSAs OmegaFold still works", importing.LIKELY),
    ],
)
def test_a_claim_turned_round_is_another_claim(text: str, what: str) -> None:
    known = make_claim("omega", text="OmegaFold works without MSAs", sources=())
    other = make_claim("other", text="Stars shine.", sources=())

    def alike(texts: Any) -> Any:
        return np.array([[1.0, 0.0] if "MSA" in t else [0.0, 1.0] for t in texts], dtype=np.float32)

    ((found, _, _),) = importing.compare([make_claim("new", text=text, sources=())], [known, other], alike)
    assert found == what
