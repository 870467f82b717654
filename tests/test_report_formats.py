"""The report in all its formats, each opened by an independent reader."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import html5lib
import jsonschema
import pandas
import pytest
import rispy
import yaml
from bibtexparser.entrypoint import parse_string
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from pypdf import PdfReader
from rocrate.rocrate import ROCrate

import store.claims
from agent.reports import references, schema, tables
from agent.reports.building import make
from agent.reports.forms import FORMS, Made
from agent.reports.schema import ReportDocument, json_schema
from store.home.files import Home
from store.ledger import Ledger
from tests.conftest import make_claim, make_paper
from tests.hostile import HOSTILE
from tests.test_chat import retested as retested
from tests.test_chat import talked as talked
from tests.test_cli import one_line, retest

pytestmark = pytest.mark.slow

TODAY = "2026-09-02"


def made_of(home: Home, **chosen: Any) -> Made:
    """A report on a home."""
    ledger = Ledger.view(home.ledger)
    with ledger.read() as db:
        made = make(db, TODAY, **chosen)
    ledger.close()
    return made


@pytest.fixture
def made(talked: Home) -> Made:
    return made_of(talked)


@pytest.mark.parametrize("name", list(FORMS))
def test_the_same_ledger_gives_the_same_bytes(talked: Home, name: str) -> None:
    assert FORMS[name].render(made_of(talked)) == FORMS[name].render(made_of(talked))


def test_pdf_has_the_text_the_links_and_a_title(made: Made) -> None:
    pdf = PdfReader(io.BytesIO(FORMS["pdf"].render(made)))
    text = " ".join(" ".join(page.extract_text() for page in pdf.pages).split())
    assert "Claim status report, 2026-09-02" in text
    order = ["What changed", "Faithfulness", "Disagreements of the last six months", "Regime-shift questions",
             "Could not be grounded", "Never tested, or not yet", "The run", "Rule and prompts"]  # fmt: skip
    places = [text.index(title) for title in order]
    assert places == sorted(places)
    assert "fine-tuning lowers the faithfulness of its chain of thought in 1 of 9 tasks" in text.replace(
        "- ", "-"
    )
    links = {a.get_object()["/A"]["/URI"] for page in pdf.pages for a in page.get("/Annots", [])
             if "/A" in a.get_object()}  # fmt: skip
    assert "https://arxiv.org/abs/2506.00001v1" in links
    assert all(link.startswith("https://arxiv.org/abs/") for link in links)
    assert pdf.metadata is not None
    assert pdf.metadata.title == "Claim status report, 2026-09-02"
    assert pdf.trailer["/Root"]["/MarkInfo"]["/Marked"]  # type: ignore[index]  # pypdf's types are loose


def test_html_is_one_valid_file_that_fetches_nothing(made: Made) -> None:
    text = FORMS["html"].render(made).decode()
    parser = html5lib.HTMLParser(strict=True)
    parser.parse(text)
    tree: Any = etree.HTML(text)
    assert not tree.xpath("//script | //iframe | //object | //link | //*[@srcset] | //form")
    assert all(str(src).startswith("data:image/svg+xml;base64,") for src in tree.xpath("//img/@src"))
    assert all(str(alt).strip() for alt in tree.xpath("//img/@alt"))
    assert all(str(h).startswith(("https://arxiv.org/abs/", "#")) for h in tree.xpath("//a/@href"))
    ids = set(tree.xpath("//@id"))
    assert {str(h)[1:] for h in tree.xpath("//a/@href") if str(h).startswith("#")} <= ids


def test_json_follows_the_published_schema(made: Made) -> None:
    document = json.loads(FORMS["json"].render(made))
    jsonschema.Draft202012Validator.check_schema(json_schema())
    jsonschema.validate(document, json_schema())
    shown = json.loads((Path(__file__).parents[1] / "docs/report.schema.json").read_text())
    assert shown == json_schema(), "run: retest report --schema > docs/report.schema.json"
    claim = document["claims"][0]
    assert (claim["verdict"], claim["trend"]) == ("relaxed", [{"day": "2026-09-01", "verdict": "relaxed"}])
    assert document["prompts"][0]["sha256"]
    assert document["run"]["settings"] == {}


def test_csv_opens_in_pandas_with_one_row_per_claim(made: Made) -> None:
    frame = pandas.read_csv(io.BytesIO(FORMS["csv"].render(made)))
    assert list(frame.columns) == list(tables.COLUMNS)
    assert frame.loc[0, "verdict"] == "relaxed"
    assert str(frame.loc[0, "narrowing"]) == "2506.00001"


def test_references_are_read_by_their_parsers(made: Made) -> None:
    library = parse_string(FORMS["bib"].render(made).decode())
    assert not library.failed_blocks
    assert {e["eprint"] for e in library.entries} == {f"2506.{n:05d}v1" for n in range(1, 7)}
    assert library.entries[0]["author"] == "Author 1"
    records = rispy.loads(FORMS["ris"].render(made).decode())
    assert [r["urls"] for r in records][:1] == [["https://arxiv.org/abs/2506.00001v1"]]
    assert [r["authors"] for r in records] == [[f"{n}, Author"] for n in range(1, 7)]


def test_all_links_in_the_vault_resolve(made: Made) -> None:
    with zipfile.ZipFile(io.BytesIO(FORMS["vault"].render(made))) as vault:
        notes = {name.removesuffix(".md"): vault.read(name).decode() for name in vault.namelist()}
    import re

    links = {link for text in notes.values() for link in re.findall(r"\[\[([^|\]]+)\|", text)}
    assert links
    assert links <= set(notes)
    front = yaml.safe_load(notes["claims/tuning-hurts"].split("---")[1])
    assert (front["verdict"], front["tags"]) == ("relaxed", ["verdict/relaxed"])


def test_the_crate_is_read_by_its_own_library(made: Made, tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(FORMS["crate"].render(made))) as packed:
        packed.extractall(tmp_path)
    crate = ROCrate(str(tmp_path))
    files = {e.id for e in crate.get_entities() if e.type == "File"}
    assert files == {f"report.{s}" for s in ("md", "html", "pdf", "json", "csv", "bib", "ris")}
    assert all((tmp_path / name).exists() for name in files)
    action = next(e for e in crate.get_entities() if e.type == "CreateAction")
    assert action["instrument"].id == "#retest"
    assert {e["identifier"] for e in crate.get_entities() if e.id.startswith("#prompt-")}


def test_changes_are_counted_from_a_day_or_a_run(talked: Home) -> None:
    run = made_of(talked).report.run
    assert run is not None
    assert [c.after.name for c in made_of(talked, since="2026-08-31").report.changes] == ["relaxed"]
    assert made_of(talked, since="2026-09-01").report.changes == []
    assert made_of(talked, since=run.id).report.changes == []


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--line", "nowhere"), "no line 'nowhere'"),
        (("--claim", "nobody"), "no claim 'nobody'"),
        (("--since", "last tuesday"), "is no run and no day"),
        (("--out", "x.zip"), "vault or crate"),
        (("--out", "x.docx"), "unknown format 'docx'"),
        (("--out", "x.csv", "--format", "md"), "is named as csv"),
        (("--json", "--format", "md"), "contradict each other"),
        (("--since", "2099-01-01"), "in the future"),
        (("--out", "/proc/x.md"), "cannot write"),
    ],
)
def test_what_cannot_be_reported_is_a_one_line_error(talked: Home, args: tuple[str, ...], said: str) -> None:
    one_line(retest("report", *args, home=talked.root), 2, said)


def test_the_file_name_decides_the_format(talked: Home, tmp_path: Path) -> None:
    done = retest("report", "--line", "faith", "--out", str(tmp_path / "r.pdf"), home=talked.root)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "r.pdf").read_bytes().startswith(b"%PDF")


@pytest.fixture
def hostile(talked: Home) -> Made:
    """A report whose every text from outside is hostile: claims, quotes, titles, questions, remarks."""
    made = made_of(talked)
    base = made.document.claims[0]
    claims = [
        base.model_copy(update={
            "id": f"c{n}", "text": text, "condition": text, "reason": text, "durable_question": text,
            "quotes": [
                q.model_copy(update={"quote": text, "title": text, "condition": text}) for q in base.quotes
            ],
        })
        for n, text in enumerate(HOSTILE)
    ]  # fmt: skip
    change = made.document.changes[0].model_copy(update={"claim_id": "c0", "text": HOSTILE[0]})
    line = schema.Line(id="faith", title=HOSTILE[1], question=HOSTILE[2], claims=[c.id for c in claims])
    remarks = [schema.Remark(claim_id=c.id, why=c.text) for c in claims]
    written = [schema.Written(line="faith", text=c.text, role="question", cites=[c.text]) for c in claims]
    document = made.document.model_copy(update={
        "claims": claims, "lines": [line], "changes": [change], "ungrounded": remarks, "untested": remarks,
        "questions": written, "disagreements": [],
    })  # fmt: skip
    found = replace(made)
    found.__dict__["document"] = document
    return found


def test_hostile_text_stays_text_in_every_format(hostile: Made) -> None:
    tree: Any = etree.HTML(FORMS["html"].render(hostile).decode())
    assert not tree.xpath(
        "//script | //iframe | //svg | //object | //embed | //form | //base | //meta[@http-equiv='refresh']"
    )
    assert not [a for e in tree.iter() for a in e.attrib if a.startswith("on")]
    assert all(str(h).startswith(("https://arxiv.org/abs/", "#")) for h in tree.xpath("//a/@href"))
    heads = ["".join(h.itertext()).split(" ", 1)[1] for h in tree.xpath("//h3[span]")]
    assert [" ".join(h.split()) for h in heads] == [" ".join(shown(t).split()) for t in HOSTILE]
    pdf = PdfReader(io.BytesIO(FORMS["pdf"].render(hostile)))
    links = {a.get_object()["/A"].get("/URI", "") for page in pdf.pages for a in page.get("/Annots", [])
             if "/A" in a.get_object()}  # fmt: skip
    assert all(link.startswith("https://arxiv.org/abs/") for link in links)
    root: Any = pdf.trailer["/Root"]
    assert not {"/JavaScript", "/OpenAction", "/AA"} & set(dict(root))
    jsonschema.validate(json.loads(FORMS["json"].render(hostile)), json_schema())
    rows = list(csv.reader(io.StringIO(FORMS["csv"].render(hostile).decode(), newline="")))
    assert len(rows) == 1 + len(HOSTILE)
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t"))]
    assert not parse_string(FORMS["bib"].render(hostile).decode()).failed_blocks
    assert rispy.loads(FORMS["ris"].render(hostile).decode())
    with zipfile.ZipFile(io.BytesIO(FORMS["vault"].render(hostile))) as vault:
        assert all(".." not in name and name.endswith(".md") for name in vault.namelist())


def shown(text: str) -> str:
    """A text as pages show it: without control characters."""
    from agent.text import without_controls

    return without_controls(text).replace("\x00", " ")


@settings(max_examples=50)
@given(st.lists(st.text(max_size=60), min_size=5, max_size=5))
def test_any_cell_round_trips_and_is_not_a_formula(texts: list[str]) -> None:
    names = ("id", "text", "condition", "reason", "basis")
    values: dict[str, Any] = dict(zip(names, texts, strict=True))
    claim = schema.Claim.model_construct(
        lines=[], as_of=None, age_months=None, sources=[], verdict="relaxed", standing="relaxed",
        confidence=None,
        contested=False, tested_at=None, quotes=[], leads=0, **values,
    )  # fmt: skip
    report = ReportDocument.model_construct(claims=[claim])
    row = next(csv.DictReader(io.StringIO(tables.render(report), newline="")))
    for name, text in zip(names, texts, strict=True):
        flat = " ".join(text.split())
        assert row[name] in (flat, f"'{flat}")
        assert not row[name].startswith(("=", "+", "-", "@"))


def test_a_claim_edited_since_is_reported_in_its_new_wording(talked: Home) -> None:
    ledger = Ledger.open(talked.ledger)
    with ledger.write() as db:
        store.claims.save(db, make_claim(text="A new wording of the claim."), "2026-09-02T00:00:00+00:00")
    ledger.close()
    claim = made_of(talked).document.claims[0]
    assert (claim.text, claim.verdict, claim.trend) == ("A new wording of the claim.", "none yet", [])


def test_the_schema_is_printed_for_other_programs(talked: Home) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "agent", "--home", str(talked.root), "report", "--schema"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout) == json_schema()


def test_author_names_of_any_kind_stay_readable(made: Made) -> None:
    authors = ("Ludwig van der Berg", "The ATLAS Collaboration and friends", "Anders Andersson Jr.",
               "O'Neil, Shaun", "María José García-Pérez", "Plato")  # fmt: skip
    paper = make_paper(1, authors=authors)
    papers = {q.arxiv_id: paper for q in made.document.cited}
    told = references.bibtex(made.document, papers)
    assert (
        "Ludwig van der Berg and {The ATLAS Collaboration and friends} and Andersson, Jr., Anders and "
        "O'Neil, Shaun and María José García-Pérez and Plato"
    ) in told
    listed = references.ris(made.document, papers)
    assert "AU  - van der Berg, Ludwig" in listed
    assert "AU  - The ATLAS Collaboration and friends" in listed
    assert "AU  - García-Pérez, María José" in listed
