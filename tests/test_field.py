"""Inputs that went wrong for people who do this work; the README beside them says what is right."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import store.claims
import store.evidence
import store.lines
import store.papers
from agent.adapters.arxiv.snapshot import SnapshotSource, newest
from agent.adapters.reading.sandbox import Sandbox
from agent.arxiv_ids import BadId, ids_in, mentions, read_id
from agent.claims import pack
from agent.claims.reading import documents, tables
from agent.claims.reading.pieces import CLAIMS, Document, Piece
from agent.core.duplicates import doubles
from agent.core.quotes import find_quote
from agent.core.rule import voices
from agent.errors import PackError
from agent.run import service
from agent.views.model import build
from store.home.files import Home
from store.ledger import Ledger
from store.records import Evidence, Line, Paper, Run
from tests.conftest import make_claim, make_paper
from tests.standins.arxiv import arxiv_server
from tests.standins.world import World
from tests.test_reports import contents
from tests.test_rule import item


@pytest.fixture
def field(shared_data: Path) -> Path:
    """The folder with those inputs."""
    return shared_data / "field"


def read(path: Path) -> Document:
    return documents.read(path.read_text(), path.name)


def claims(document: Document) -> list[Piece]:
    return document.of(*CLAIMS)


def ids(piece: Piece) -> list[str]:
    return [s.arxiv_id for s in piece.sources]


def test_an_answer_copied_from_a_chat_gives_its_claims_and_their_sources(field: Path) -> None:
    found = claims(read(field / "01-chatgpt.md"))
    assert [ids(c) for c in found] == [
        ["2411.15382"], ["2502.07266"], [], [], ["2505.05410"], ["2505.05410"], ["2503.08679"],
        ["2405.18512"], ["2502.12143"], ["2408.03314"], ["2305.20050"], ["2407.21787"],
    ]  # fmt: skip
    residue = ("cite", "oaicite", "【", "[^", "[ ]", "[x]", "**", "http", "arXiv", "1️", "‣", "•", "a)", "(1)")
    assert not [c.text for c in found for mark in residue if mark in c.text]
    assert found[0].text.startswith("Fine-tuning lowers faithfulness of chain-of-thought")
    assert found[5].text == "Reasoning models are more faithful than chat models (Chen et al., 2025)"
    assert found[2].text == "Self-verification improves smaller models by 12.5%"


def test_ids_are_never_shortened_to_another_paper(field: Path) -> None:
    six, version, old, capitals, hyphen, early = claims(read(field / "02-ids.md"))
    assert ids(six) == []
    assert any("'2411.153821' is not an arXiv id" in lack for lack in six.lacks)
    assert [ids(c) for c in (version, old, capitals)] == [
        ["2408.03314"],
        ["math/0309136"],
        ["hep-th/9901001"],
    ]
    assert (hyphen.as_of, hyphen.lacks) == ("2024-11", ())
    assert early.lacks == ("month 2023-01 is before its source's own, 2024-11",)


@pytest.mark.parametrize("name", ["03-UPPER.CSV", "03-tab.tsv"])
def test_a_table_is_read_whatever_its_case_and_separator(field: Path, name: str) -> None:
    found = tables.read_csv((field / name).read_text(), name).pieces
    assert [ids(c) for c in found] == [
        ["2411.15382"], ["2502.07266"], ["2505.05410"], ["2502.12143"], ["2407.21787"], [],
        ["2411.15382", "2502.07266"], ["hep-th/9901001"],
    ]  # fmt: skip
    assert [c.as_of for c in found][4:6] == ["2024-07", "2024-01"]
    assert "zeros" in found[5].lacks[-1]


def test_an_extra_column_is_named_and_headers_have_any_case(field: Path) -> None:
    extra = tables.read_csv((field / "03-extra.csv").read_text(), "x.csv")
    assert [p.text for p in extra.of("unread column")] == ["id", "notes"]
    (one,) = claims(tables.read_csv((field / "03-headcase.csv").read_text(), "x.csv"))
    assert (one.as_of, ids(one)) == ("2024-11", ["2411.15382"])


@pytest.mark.parametrize("name", ["11a-float", "11b-day", "11d-version"])
def test_ids_and_dates_of_a_pack_need_no_quotes(field: Path, tmp_path: Path, name: str) -> None:
    text = (field / f"{name}.yaml").read_text()
    (tmp_path / "p.yaml").write_text(text.replace('"2401.12340"', "2401.12340"))
    (claim,) = pack.read(tmp_path / "p.yaml").claims
    assert claim.as_of == "2024-11"
    assert claim.sources[0].arxiv_id in ("2401.12340", "2411.15382")


@pytest.mark.parametrize(("name", "said"), [("11e-colon", "line 9"), ("11f-no", "c1.text")])
def test_a_pack_that_needs_quotes_says_so_and_where(field: Path, name: str, said: str) -> None:
    with pytest.raises(PackError, match="quotes") as raised:
        pack.read(field / f"{name}.yaml")
    assert said in str(raised.value)


def test_no_item_loses_its_context(field: Path) -> None:
    document = read(field / "13-wrapped.md")
    assert [c.text for c in claims(document)] == [
        "Fine-tuning lowers the faithfulness of chain-of-thought reasoning only for models below 3B "
        "parameters",
        "Longer chains of thought help reasoning models in no setting we know of",
        "Self-correction works for small models, it was said, but this has been refuted since",
        "Best-of-n saturates early when the verifier is weak: on MATH after about 64 samples",
        "Best-of-n saturates early when the verifier is weak: on code it does not saturate up to 10,000",
        "It is not true that larger models are always more faithful",
        "Accuracy drops by >5% with p < 0.05 for Q&A",
        "Word's own bullet when copied as plain text is a middle dot",
        "Word's second-level bullet is a small letter o with blanks",
        "Small models inherit unfaithful chains from teachers",
    ]
    assert [p.text[:30] for p in document.of("struck out")] == ["~~Chain of thought always expl"]
    assert claims(document)[-1].as_of == "2024-05"


@pytest.mark.parametrize(("text", "told"), [
    ("arXiv:2411.15382v12", "2411.15382"), ("arxiv : 2411.15382", "2411.15382"),
    ("arXiv：2411.15382", "2411.15382"), ("arXiv:arXiv:2411.15382", "2411.15382"),
    ("https://www.arxiv.org/pdf/2411.15382v3.pdf", "2411.15382"),
    ("export.arxiv.org/abs/hep-th/9901001v1", "hep-th/9901001"),
    ("https://doi.org/10.48550/arXiv.2411.15382", "2411.15382"), ("math.GT/0309136", "math/0309136"),
    ("cond-mat.mes-hall/0101001", "cond-mat/0101001"), ("0704.0001", "0704.0001"),
])  # fmt: skip
def test_an_id_is_read_in_every_form(text: str, told: str) -> None:
    assert read_id(text).id == told
    assert ids_in(f"See ({text}), and more.") == [told]


@pytest.mark.parametrize(("text", "why"), [
    ("2413.00001", "no month 13"), ("2411.153821", "6 digits"), ("2401.1", "lacks 4 of 5"),
    ("1501.0001", "lacks 1 of 5"), ("0703.0001", "begin in April 2007"), ("1412.00001", "5 digits"),
    ("hep-th/0801001", "end in March 2007"), ("foo/9901001", "no archive 'foo'"), ("hep-th/9913001", "13"),
    ("hep-th/990100", "seven digits"), ("2411.15382v0", "no version 0"),
    ("2411.15382/../x", "not an arXiv id"), ("", "not an arXiv id"),
])  # fmt: skip
def test_an_invalid_id_is_refused_by_name(text: str, why: str) -> None:
    with pytest.raises(BadId, match=why):
        read_id(text)


def run_on(tmp_path: Path, snapshot: Path) -> tuple[Run, dict[str, Paper], list[Evidence]]:
    """A run of a claim about fine-tuning on a snapshot, with the word judge."""
    home = Home(tmp_path / "home")
    home.root.mkdir(exist_ok=True)
    ledger = Ledger.open(home.ledger, create=True)
    claim = make_claim(text="Fine-tuning lowers the faithfulness of chain-of-thought reasoning.")
    with ledger.write() as db:
        store.lines.save_all(db, [Line("faith", "Faithfulness", "Is reasoning faithful?")])
        store.claims.save(db, claim, "2026-08-01T00:00:00+00:00")
    ledger.close()
    sandbox = Sandbox()
    world = World(tmp_path / "gate", sandbox)
    with arxiv_server([]) as server, world.parts(home, server) as parts:
        parts = replace(parts, source=SnapshotSource(snapshot), downloads=None)
        run = service.start(parts, "2026-09-01", [], [], lambda _: None, 2)
        with parts.ledger.read() as db:
            papers = store.papers.get_many(db, store.papers.all_ids(db))
            found = store.evidence.of_claim(db, claim.id, 1)
    sandbox.close()
    return run, papers, found


def test_withdrawn_papers_are_left_out_and_named(tmp_path: Path, field: Path) -> None:
    run, papers, found = run_on(tmp_path, field / "05-withdrawn.jsonl")
    assert {i for i, p in papers.items() if p.withdrawn} == {"2503.00011", "2503.00014"}
    assert {e.paper_id for e in found} == {"2503.00012", "2503.00013"}
    assert run.counts["notices"] == [
        "left out because they are withdrawn: arXiv:2503.00011, arXiv:2503.00014"
    ]


def test_the_newest_version_wins_in_any_order(tmp_path: Path, field: Path) -> None:
    lines = (field / "08-versions.jsonl").read_text().splitlines()
    for n, order in enumerate((lines, lines[::-1])):
        (tmp_path / f"{n}.jsonl").write_text("\n".join(order))
        folder = tmp_path / f"home-{n}"
        folder.mkdir()
        run, papers, _ = run_on(folder, tmp_path / f"{n}.jsonl")
        assert (papers["2503.00031"].version, "five datasets" in papers["2503.00031"].abstract) == (2, True)
        assert run.counts["notices"] == [
            "came in several versions, of which the newest was taken: arXiv:2503.00031"
        ]
        (kept,) = newest(SnapshotSource(tmp_path / f"{n}.jsonl").everything()).values()
        assert kept.version == 2


def test_arxivs_public_snapshot_is_read_as_published(field: Path) -> None:
    (paper,) = SnapshotSource(field / "14-kaggle.jsonl").everything()
    assert (paper.id, paper.version, paper.published, paper.updated) == (
        "2503.00001", 2, "2025-03-01", "2025-06-24",
    )  # fmt: skip
    assert (paper.authors, paper.categories) == (("Ada Lovelace",), ("cs.CL", "cs.LG"))
    assert paper.title == "Fine-tuning lowers the faithfulness of chain-of-thought reasoning"
    assert paper.comment == "9 pages"


def test_the_same_work_under_two_ids_is_one_voice_and_shown_as_such() -> None:
    said = (
        "We find that fine-tuning lowers the faithfulness of reasoning in all of our nine tasks and models."
    )
    first = make_paper(1, authors=("Ann Bee", "Dan Wu"), abstract=said)
    again = make_paper(2, authors=("A. Bee", "D. Wu"), abstract=said + " Code is available.")
    other = make_paper(3, authors=("Ann Bee", "Dan Wu"), abstract="We study stars, and how they shine.")
    assert doubles([again, other, first]) == {again.id: first.id}
    assert doubles([replace(again, authors=("Bee, Ann", "Dan Wu Jr.")), first]) == {again.id: first.id}
    assert voices([item(1, author="Ann Bee"), item(2, author="Ann Bee")]) == 1
    held = contents()
    held.papers.update({p.id: replace(p, title="One work") for p in (first, again)})
    (lead,) = build(held).statuses[0].leads
    assert lead.place.endswith("; the same work as arXiv:2506.00001")
    assert doubles([replace(first, authors=()), replace(again, authors=())]) == {}


def test_a_range_is_not_its_concatenated_digits(field: Path) -> None:
    record = json.loads((field / "07-range.jsonl").read_text())
    assert find_quote(
        "lowers the faithfulness of chain-of-thought reasoning by 3–5 points", record["abstract"]
    )
    assert not find_quote(
        "lowers the faithfulness of chain-of-thought reasoning by 35 points", record["abstract"]
    )


def test_a_table_from_a_chat_keeps_its_links_and_loses_its_markup() -> None:
    document = documents.read(
        "| Claim | Paper | Source |\n|---|---|---|\n"
        "| Small **models** fail【1†source】 ~~never~~ | Bee et al. 2024 | "
        "[link](https://arxiv.org/abs/2411.15382) |\n", "x",
    )  # fmt: skip
    (one,) = claims(document)
    assert (one.text, ids(one)) == ("Small models fail", ["2411.15382"])


def test_findings_under_their_heading_are_claims() -> None:
    document = documents.read(
        "## Key findings\n\n- Reranking improves exact match by 3 points (arXiv:1901.04085).\n"
        "- Does it hold for all of the models?\n", "x",
    )  # fmt: skip
    assert [ids(c) for c in claims(document)] == [["1901.04085"]]


@pytest.mark.parametrize(("given", "month"), [
    ("Jul-24", "2024-07"), ("Jul 3, 2024", "2024-07"), ("07/2024", "2024-07"), ("2024-7", "2024-07"),
    ("15.07.2024", "2024-07"), ("Sept. 2023", "2023-09"), ("2024-07-15", "2024-07"), ("03/04/2023", None),
    ("Mayer 2023", None), ("Decoding-24", None),
])  # fmt: skip
def test_a_month_is_read_as_people_write_it(given: str, month: str | None) -> None:
    (claim,) = tables.read_csv(f'text,as_of\nA claim of five words,"{given}"\n', "x.csv").pieces
    assert claim.as_of == month


def test_a_paragraph_in_between_detaches_no_item() -> None:
    document = documents.read(
        "- It is not true that:\n\n  as Bee says,\n\n  - models reason well on maths (2411.15382)", "x"
    )
    assert [c.text for c in claims(document)] == ["It is not true that models reason well on maths"]


def test_a_nested_item_keeps_its_own_month_and_source_problem() -> None:
    document = documents.read(
        "- It holds for models (arXiv:2411.15382, 2024-11)\n"
        "  - but not for small ones (arXiv:2411.153821, 2025-03)\n", "x",
    )  # fmt: skip
    _, child = claims(document)
    assert (child.as_of, ids(child)) == ("2025-03", ["2411.15382"])
    assert "'2411.153821' is not an arXiv id" in child.lacks[0]


@pytest.mark.parametrize("line", [
    '{"id": "2503.00001", "title": "T", "abstract": "A.", "published": "2025-03-01", "comment": 5}',
    '{"id": "2503.00001", "title": "T", "abstract": "A.", "versions": ["v1"]}',
    '{"id": "2503.00001", "title": "T", "abstract": "A.", "published": "2025-02-31"}', "[" * 100_000,
])  # fmt: skip
def test_an_odd_line_does_not_spoil_the_others(tmp_path: Path, line: str) -> None:
    good = '{"id": "2503.00002", "title": "T", "abstract": "A.", "published": "2025-03-01"}'
    (tmp_path / "s.jsonl").write_text(f"{line}\n{good}\n")
    source = SnapshotSource(tmp_path / "s.jsonl")
    assert [p.id for p in source.everything()] == ["2503.00002"]
    assert "1 snapshot lines skipped" in source.problems[0]


def test_a_number_is_taken_for_an_id_only_if_it_can_be_one() -> None:
    assert ids_in("It costs 2023.1234 and 1.5, at 10.48550 or 3/4, in cs/ML and 2411.15382.") == [
        "2411.15382"
    ]
    (told,) = mentions("It is said (arXiv:2411.153821) and 2411.153822.")
    assert (told.id, "6 digits" in told.wrong) == ("", True)
