"""The pages and the API over real HTTP: what they show, who may ask, and what they refuse to do."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
from lxml import etree
from sqlalchemy import Connection

import store.claims
import store.evidence
import store.papers
import store.runs
import store.verdicts
from agent.web import chat as web_chat
from agent.web.guards import MOST_REQUESTS
from agent.web.server import LimitedProtocol
from store.home.files import Home
from store.ledger import Ledger
from store.records import Evidence, GateResult, Paper, Passage, Run, Verdict
from tests.conftest import make_claim, make_paper
from tests.hostile import HOSTILE
from tests.standins.llm import llm_server, streams
from tests.standins.site import site
from tests.standins.talk import contents
from tests.test_chat import ASKED
from tests.test_chat import retested as retested
from tests.test_chat import talked as talked
from tests.test_cli import one_line, retest

PAGES = (
    "/", "/claims", "/claims/tuning-hurts", "/lines/faith", "/papers/2506.00001", "/runs", "/chat", "/report",
    "/editor", "/start", "/editor?edit=tuning-hurts", "/settings", "/login",
)  # fmt: skip


@pytest.fixture
def at(talked: Home) -> Iterator[str]:
    with site(talked) as address:
        yield address


def run_of(home: Home) -> str:
    """The name of the home's run."""
    return next(p.name for p in home.root.glob("run-*") if p.is_dir())


class Visitor:
    """Behaves like a browser, with a session's cookie and token."""

    def __init__(self, at: str) -> None:
        self.at, self.session = at, requests.Session()
        self.csrf = re.findall(r'name="csrf" content="(\w+)"', self.session.get(at + "/").text)[0]

    def post(self, path: str, **fields: Any) -> requests.Response:
        return self.session.post(self.at + path, data={"csrf": self.csrf, **fields}, timeout=30)


def html(answer: requests.Response) -> Any:
    assert answer.status_code == 200, answer.text[:500]
    return etree.HTML(answer.text)


@pytest.mark.slow
@pytest.mark.parametrize("path", [*PAGES, "/runs/RUN"])
def test_every_page_is_there_with_its_safe_headers(at: str, talked: Home, path: str) -> None:
    answer = requests.get(at + path.replace("RUN", run_of(talked)), timeout=30)
    tree = html(answer)
    assert tree.xpath("//h1")
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    # With "no-referrer", browsers send "Origin: null" with our own forms, which is refused.
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert "SameSite=Strict" in answer.headers["Set-Cookie"]
    assert not tree.xpath("//*[@style] | //script[not(@src)]")
    assert all(str(s).startswith("/") for s in tree.xpath("//@src"))


def test_the_first_page_says_what_changed_and_who_decided(at: str) -> None:
    text = " ".join(" ".join(html(requests.get(at, timeout=9)).itertext()).split())
    assert "No verdict changed; 1 first verdict in the run as of" in text
    assert "none yet → relaxed Fine-tuning lowers" in text
    assert "in 1 of 9 tasks" in text


def test_a_claims_page_says_why_and_why_not(at: str) -> None:
    text = " ".join(" ".join(html(requests.get(at + "/claims/tuning-hurts", timeout=9)).itertext()).split())
    for said in ("Why relaxed", "Why not contradicted", "Narrows it (1)", "gates: ", "load-bearing"):
        assert said in text


def test_a_quote_is_marked_in_its_passage(at: str) -> None:
    tree = html(requests.get(at + "/papers/2506.00001", timeout=9))
    assert tree.xpath("//mark/text()") == [
        "We find that fine-tuning lowers the faithfulness of its chain of thought in 1 of 9 tasks."
    ]


def test_the_api_returns_what_the_pages_show_and_describes_itself(at: str) -> None:
    claim = requests.get(at + "/api/claims/tuning-hurts", timeout=9).json()
    assert (claim["verdict"], len(claim["evidence"])) == ("relaxed", 6)
    paths = requests.get(at + "/api/openapi.json", timeout=9).json()["paths"]
    assert {"/api/overview", "/api/claims", "/api/claims/{claim_id}", "/api/ask"} <= set(paths)
    found = requests.get(
        at + "/api/claims", params={"verdict": "relaxed", "q": "faithfulness"}, timeout=9
    ).json()
    assert (found["total"], found["claims"][0]["id"]) == (1, "tuning-hurts")
    assert requests.get(at + "/api/claims", params={"q": "100%_"}, timeout=9).json()["total"] == 0
    missing = requests.get(at + "/api/claims/nobody", timeout=9)
    assert (missing.status_code, missing.json()["way_out"]) == (404, "search for it among the claims")
    answer = requests.post(at + "/api/ask", json={"question": ASKED}, timeout=30).json()
    assert answer["found"]
    assert requests.get(at + "/healthz", timeout=9).json()["health"] == "complete"


@pytest.mark.parametrize(
    ("path", "status"),
    [("/claims/nobody", 404), ("/lines/none", 404), ("/papers/9999.99999", 404), ("/papers/../../etc", 404),
     ("/runs/none", 404), ("/lines/faith/nope.svg", 404), ("/report/export?form=exe", 404), ("/nope", 404),
     ("/claims?page=0", 422), ("/chat/none", 400), ("/runs/none/events", 404)],
)  # fmt: skip
def test_a_missing_thing_gets_an_error_page(at: str, path: str, status: int) -> None:
    answer = requests.get(at + path, timeout=9)
    assert answer.status_code == status
    assert f"<h1>That is not {'there' if status == 404 else 'possible'}</h1>" in answer.text
    assert "Traceback" not in answer.text


def test_other_hosts_other_origins_and_old_pages_are_refused(at: str, talked: Home) -> None:
    before = contents(talked.ledger)
    rebound = requests.get(at, headers={"Host": "evil.example"}, timeout=9)
    assert rebound.status_code == 400
    assert requests.get(at, headers={"Host": "[bad"}, timeout=9).status_code == 400
    me = Visitor(at)
    path, fields = "/claims/tuning-hurts/retire", {"csrf": me.csrf}
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        assert me.session.post(at + path, data=fields, headers=headers, timeout=9).status_code == 403
    assert me.session.post(at + path, timeout=9).status_code == 403
    assert me.session.post(at + path, data={"csrf": "0" * 64}, timeout=9).status_code == 403
    assert requests.post(at + path, data=fields, timeout=9).status_code == 403  # another session's token
    assert contents(talked.ledger) == before


@pytest.mark.slow
def test_bodies_and_rates_have_limits(at: str) -> None:
    me = Visitor(at)
    assert me.post("/editor/preview", text="x" * 2_100_000).status_code == 413

    def endless() -> Iterator[bytes]:
        for _ in range(40):
            yield b"x" * 100_000

    with pytest.raises(requests.RequestException):
        me.session.post(at + "/chat/ask", data=endless(), timeout=9).raise_for_status()
    codes = {me.session.get(at + "/healthz", timeout=9).status_code for _ in range(650)}
    assert codes == {200, 429}


class Impatient(LimitedProtocol):
    """Closes at once what the real one closes after twenty seconds, and admits two clients."""

    seconds, most_connections = 0.2, 2


PIPELINED = (
    b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n"
)


@pytest.mark.parametrize(
    "sent", [b"", b"GET / HTTP/1.1\r\nHost: local", b"POST /chat/ask HTTP/1.1\r\nHost: localhost\r\n"
             b"Content-Length: 100\r\n\r\nhalf", PIPELINED],
    ids=["nothing", "half a header", "half a body", "a second one behind the first"],
)  # fmt: skip
def test_a_request_that_never_ends_is_cut_off(talked: Home, sent: bytes) -> None:
    with site(talked, protocol=Impatient) as at, closing(connected(at)) as client:
        client.sendall(sent)
        assert ended(client)
        assert requests.get(at + "/healthz", timeout=9).status_code == 200


def test_connections_are_counted(talked: Home) -> None:
    class Few(LimitedProtocol):
        most_connections = 2

    with site(talked, protocol=Few) as at, ExitStack() as held:
        for _ in range(2):
            client = held.enter_context(closing(connected(at)))
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert client.recv(9) == b"HTTP/1.1 "
        with closing(connected(at)) as one_too_many:
            assert ended(one_too_many)


def connected(at: str) -> socket.socket:
    host, port = at.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=20)


def ended(client: socket.socket) -> bool:
    """Whether the server closes the connection, having said no more than an error."""
    try:
        while client.recv(4096):
            pass
    except ConnectionError:
        return True
    return True


@pytest.mark.slow
def test_a_client_cannot_pass_for_others(at: str) -> None:
    codes = [
        requests.get(at + "/healthz", headers={"X-Forwarded-For": f"10.0.0.{n}"}, timeout=9).status_code
        for n in range(MOST_REQUESTS + 1)
    ]  # fmt: skip
    assert codes[-1] == 429


def test_an_authorization_header_is_no_csrf_token(at: str, talked: Home) -> None:
    me, path = Visitor(at), "/claims/tuning-hurts/retire"
    forged = {"Authorization": "Basic x"}
    assert me.session.post(at + path, headers=forged, timeout=9).status_code == 403
    with site(talked, token="open-sesame-1234") as guarded:
        for token, status in (("wrong", 401), ("open-sesame-1234", 200)):
            bearer = {"Authorization": f"Bearer {token}"}
            found = requests.get(guarded + "/api/overview", headers=bearer, timeout=9).status_code
            assert found == status


@pytest.mark.parametrize("path", ["/report/export?form=pdf", "/lines/faith/timeline.svg", "/api/overview"])
def test_other_sites_cannot_have_work_done(at: str, path: str) -> None:
    image = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert requests.get(at + path, headers=image, timeout=9).status_code == 403
    assert requests.get(at + path, headers=link, timeout=9).status_code == 403
    assert requests.get(at + "/claims/tuning-hurts", headers=link, timeout=9).status_code == 200


def test_beyond_this_machine_a_token_is_needed(talked: Home) -> None:
    with site(talked, token="open-sesame") as at:
        assert requests.get(at + "/api/overview", timeout=9).status_code == 401
        assert requests.get(at + "/", timeout=9).url.endswith("/login")
        assert requests.get(at + "/healthz", timeout=9).status_code == 200
        bearer = {"Authorization": "Bearer open-sesame"}
        assert requests.get(at + "/api/overview", headers=bearer, timeout=9).status_code == 200
        me = Visitor(at)
        assert me.post("/login", token="wrong").status_code == 403
        entered = me.post("/login", token="open-sesame")
        assert "What changed" in entered.text
        assert "open-sesame" not in str(me.session.cookies.get_dict())


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--host", "0.0.0.0"), "opens the pages to others"),
        (("--host", "0.0.0.0", "--token", "x" * 16), "without TLS"),
        (("--token", "x"), "too short"),
        (("--certfile", __file__), "--certfile and --keyfile"),
        (("--no-web",), "no schedule"),
    ],
)
def test_serving_to_others_must_be_intended(talked: Home, args: tuple[str, ...], said: str) -> None:
    one_line(retest("serve", *args, home=talked.root), 2, said)


@pytest.mark.slow
def test_the_program_serves_until_it_is_told_to_stop(talked: Home) -> None:
    command = [sys.executable, "-m", "agent", "--home", str(talked.root), "serve", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as served:
        address = (served.stderr or (iter(()) and None)).readline().strip()  # type: ignore[union-attr]
        assert requests.get(address + "healthz", timeout=9).json()["status"] == "ok"
        served.terminate()
        assert served.wait(20) == 0


def test_claims_are_added_edited_tagged_and_retired_by_hand(at: str, talked: Home) -> None:
    me = Visitor(at)
    added = me.post("/editor/claim", text="Tools carry small models past the cliff.", line="faith",
                    as_of="2026-01", sources="2601.00001")  # fmt: skip
    assert added.url.endswith("/claims/tools-carry-small-models-past-the-cliff")
    edited = me.post("/editor/claim", claim="tuning-hurts", text="Tuning hurts.", line="faith",
                     as_of="2024-11", sources="2411.15382", question="Does it?", limitation="")  # fmt: skip
    assert "Tuning hurts." in edited.text
    assert "on an earlier wording" in edited.text
    assert "Tags: rl, tuning" in me.post("/claims/tuning-hurts/tags", words="Tuning, RL").text
    assert me.post("/claims/tuning-hurts/retire").url.endswith("/claims")
    assert requests.get(at + "/claims/tuning-hurts", timeout=9).status_code == 404
    wrong = me.post("/editor/claim", text="A claim kept as typed.", line="nowhere", sources="2601.00001")
    assert (wrong.status_code, "no line" in wrong.text) == (400, True)
    assert "A claim kept as typed." in wrong.text
    assert 'value="2601.00001"' in wrong.text
    assert me.post("/editor/claim", text="It folds.", new_line="Folding").url.endswith("/claims/it-folds")


def test_a_line_is_started_reworded_archived_and_restored(at: str) -> None:
    me = Visitor(at)
    asked = {"title": "Folding", "text": "- It folds well (2207.06616).\n- It holds."}
    wrong = me.post("/start", **asked, categories="q-bio.XX")
    assert wrong.status_code == 400
    assert "no category" in wrong.text
    assert "It folds well" in wrong.text
    assert "there are no claims" in me.post("/start", title="Folding").text
    shown = me.post("/start", **asked, categories="q-bio.BM").text
    assert "It folds well" in shown
    assert 'value="2022-07"' in shown
    given: dict[str, Any] = {"title": "Folding", "categories": "q-bio.BM", "keep": ["0"]}
    given |= {"claim": ["It folds well.", "It holds."], "sources": ["2207.06616", ""]}
    refused = me.post("/start/add", **given, as_of=["2099-01", "unknown"])
    assert refused.status_code == 400
    assert "claim 1: as-of 2099-01 is in the future" in " ".join(refused.text.split())
    line = me.post("/start/add", **given, as_of=["2022-07", "unknown"])
    assert line.url.endswith("/lines/folding")
    assert "It folds well." in line.text
    assert "It holds." not in line.text
    assert "q-bio.BM" in line.text
    again = me.post("/lines/folding/edit", title="Protein folding", question="Is it?", categories="cs.LG")
    assert "<h1>Protein folding</h1>" in again.text
    archived = me.post("/lines/folding/archive")
    assert "Archived lines" in archived.text
    assert requests.get(at + "/lines/folding", timeout=9).status_code == 404
    assert "It folds well." in me.post("/lines/folding/restore").text


def test_an_override_stands_beside_the_rules_verdict(at: str) -> None:
    me, path = Visitor(at), "/claims/tuning-hurts/override"
    held = html(me.post(path, verdict="contradicted", reason="Read it all.", by="Ada"))
    told = " ".join(" ".join(held.xpath("//section[@class='override']")[0].itertext()).split())
    assert told.startswith("Override by Ada, ")
    assert "Read it all. The rule says relaxed" in told
    found = {v: requests.get(f"{at}/api/claims", params={"verdict": v}, timeout=9).json()["total"]
             for v in ("contradicted", "relaxed")}  # fmt: skip
    assert found == {"contradicted": 1, "relaxed": 0}
    counts = requests.get(f"{at}/api/overview", timeout=9).json()["lines"][0]["counts"]
    assert (counts["contradicted"], counts["relaxed"]) == (1, 0)
    lifted = html(me.post(path, verdict="lift", reason="I was wrong.", by="Ada"))
    assert not lifted.xpath("//section[@class='override']")
    assert me.post(path, verdict="relaxed", reason=" ", by="Ada").status_code == 400


def test_the_rules_reasons_stay_unchanged_under_an_override(at: str) -> None:
    me = Visitor(at)
    held = html(me.post("/claims/tuning-hurts/override", verdict="still-holds", reason="I know.", by="Ada"))
    told = " ".join(" ".join(held.itertext()).split())
    assert "Why relaxed, by the rule" in told
    assert "Why not relaxed" not in told
    assert "no counted quote narrows" not in told


def test_arxiv_and_the_model_are_asked_only_through_our_own_form(at: str) -> None:
    assert requests.post(at + "/settings/ask", timeout=9).status_code == 403
    assert requests.get(at + "/settings/ask", timeout=9).status_code == 405


def test_a_browser_that_disconnects_stops_a_silent_model(talked: Home) -> None:
    held = threading.Event()
    said = streams("Fine", "-tuning [S1].", pause=lambda: held.wait(20))
    with llm_server(said) as server, site(talked, model=server.url) as at:
        me = Visitor(at)
        with me.session.post(at + "/chat/ask", data={"csrf": me.csrf, "question": ASKED}, stream=True,
                             timeout=30) as answer:  # fmt: skip
            next(line for line in answer.iter_lines() if b"writing" in line)
        begun = time.monotonic()
        while web_chat._stops and time.monotonic() - begun < 10:
            time.sleep(0.05)
        held.set()
    assert web_chat._stops == {}


def test_a_chat_without_javascript_answers_on_a_page(at: str) -> None:
    me = Visitor(at)
    page = me.post("/chat", question=ASKED)
    tree = html(page)
    assert tree.xpath("//article//*[@class='said']")
    assert tree.xpath("//button[@popovertarget]/@popovertarget") == tree.xpath("//article//*[@popover]/@id")
    link = at + tree.xpath("//a[contains(@class, 'copy')]/@href")[0]
    assert me.session.get(link, timeout=9).text.startswith(f"**{ASKED}**")


def test_an_answer_streams_in_pieces_and_can_be_stopped(talked: Home) -> None:
    held = threading.Event()
    said = streams(
        "Fine-tuning lowers faithfulness [S1].\n", "It is relaxed [S1].", pause=lambda: held.wait(20)
    )
    with llm_server(said) as server, site(talked, model=server.url) as at:
        me, kinds = Visitor(at), list[str]()
        with me.session.post(at + "/chat/ask", data={"csrf": me.csrf, "question": ASKED}, stream=True,
                             timeout=30) as answer:  # fmt: skip
            name = ""
            for raw in answer.iter_lines(decode_unicode=True):
                line = raw if isinstance(raw, str) else raw.decode()
                if line.startswith("event:"):
                    kinds.append(line.removeprefix("event:").strip())
                if line.startswith("data:") and kinds[-1] == "begin":
                    name = json.loads(line.removeprefix("data:"))["name"]
                if kinds and kinds[-1] == "sentence" and line.startswith("data:"):
                    me.post(f"/chat/stop/{name}")
        held.set()
    assert kinds[:2] == ["begin", "thread"]
    assert "sentence" in kinds
    assert kinds[-1] in ("stopped", "answer")


@pytest.mark.slow
@pytest.mark.parametrize("start", range(0, 200, 50))
def test_hostile_claims_stay_text_on_every_page(talked: Home, start: int) -> None:
    some = [" ".join(h.replace("\x00", "").split()) for h in HOSTILE[start : start + 50]]
    ledger = Ledger.open(talked.ledger)
    with ledger.write() as db:
        for n, text in enumerate(some):
            claim = make_claim(f"h{n}", text=text or "x", durable_question=text, perishable_limitation=text)
            store.claims.save(db, claim, "2026-08-01T00:00:00+00:00")
    ledger.close()
    with site(talked) as at:
        paths = ["/", "/claims", "/lines/faith", "/editor?edit=h1", *(f"/claims/h{n}" for n in range(50))]
        for path in paths:
            inert(requests.get(at + path, timeout=30))
        for text in some:
            inert(requests.get(at + f"/claims?q={quote(text[:150])}&tag={quote(text[:30])}", timeout=9))
            inert(requests.get(at + f"/chat?q={quote(text)}", timeout=9))
        me = Visitor(at)
        for text in some[::5]:
            inert(me.post("/chat", question=text))
            inert(me.post("/editor/preview", text=f"- {text}\n- {text}\n", line="faith"))
            me.post("/claims/h0/override", verdict="relaxed", reason=text, by=text, condition=text)
            inert(requests.get(at + "/claims/h0", timeout=9))


@pytest.mark.slow
def test_hostile_papers_stay_text_on_every_page(talked: Home) -> None:
    ledger = Ledger.open(talked.ledger)
    with ledger.write() as db:
        store.runs.start(db, Run("run-h", "2026-09-03T00:00:00+00:00", "2026-09-03", "snapshot", "j", {}))
        papers = [
            make_paper(
                n,
                id=f"2601.{n:05d}",
                title=text,
                abstract=f"{text} {text}",
                authors=(text,),
                published="2026-01-05",
            )
            for n, text in enumerate(h.replace("\x00", "") for h in HOSTILE)
        ]
        store.papers.save(db, papers, "snapshot", "run-h")
        found = [_quoted(db, p, n) for n, p in enumerate(papers)]
        store.evidence.save(db, found)
        store.verdicts.save(db, Verdict(
            "contradicted", "refuted", HOSTILE[0], 0.9, evidence_ids=tuple(e.id for e in found),
            claim_id="tuning-hurts", run_id="run-h", reason=HOSTILE[1],
            decided_at="2026-09-03T07:00:00+00:00",
        ))  # fmt: skip
    ledger.close()
    with site(talked) as at:
        for path in ("/", "/claims/tuning-hurts", "/lines/faith", "/runs/run-h"):
            inert(requests.get(at + path, timeout=30))
        for paper in papers:
            inert(requests.get(f"{at}/papers/{paper.id}", timeout=9))
        me = Visitor(at)
        answer = me.post("/chat", question=ASKED)
        inert(answer)
        assert "contradicted" in answer.text


def _quoted(db: Connection, paper: Paper, number: int) -> Evidence:
    """Evidence whose quote is the beginning of a paper."""
    text_id = store.papers.save_text(db, paper, "abstract", paper.text)
    store.papers.save_passages(
        db, [Passage(f"{text_id}.0", text_id, paper.id, paper.title[:80], None, 0, len(paper.text), "")]
    )
    return Evidence(
        id=f"h{number}", claim_id="tuning-hurts", revision=1, atom_id="tuning-hurts", paper_id=paper.id,
        version=1,
        text_id=text_id, published=paper.published, stance=("contradicts", "relaxes", "supports")[number % 3],
        quote=paper.title, start=0, end=len(paper.title), section=paper.title[:80], scope_match={},
        condition=paper.title, own_words=True, replication=False, strength=0.9, judge="j", status="counted",
        gates=(GateResult("found", "passed", paper.title),), run_id="run-h",
    )  # fmt: skip


def inert(answer: requests.Response) -> None:
    """Nothing on a page is active except what our own templates put there."""
    assert answer.status_code in (200, 400, 422)
    tree: Any = etree.HTML(answer.text)
    scripts = tree.xpath("//script/@src")
    assert scripts == ["/static/htmx.min.js", "/static/app.js"]
    assert len(tree.xpath("//script")) == 2
    assert not tree.xpath("//iframe | //object | //embed | //base | //math | //template | //style | //svg")
    assert not [a for e in tree.iter() if isinstance(e.tag, str) for a in e.attrib if a.startswith("on")]
    assert not tree.xpath("//meta[@http-equiv]")
    links = [str(h) for h in tree.xpath("//@href | //@src | //@action | //@hx-get")]
    assert all(h.startswith(("/", "#", "https://arxiv.org/abs/")) for h in links), links


def test_the_page_that_starts_a_retest_needs_the_token_too(at: str, talked: Home, tmp_path: Path) -> None:
    assert requests.post(at + "/runs", data={"csrf": "x"}, timeout=9).status_code == 403
    assert not list(talked.root.glob("web-run.log"))
